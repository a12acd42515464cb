"""Patterns that columns of several models share, and constraints that enforce them."""

from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q

validate_web_address = URLValidator(schemes=["http", "https"])
WEB_ADDRESS_PATTERN = r"^https?://"
CURRENCY_PATTERN = "[A-Z]{3}"  # unanchored: Python, PostgreSQL, and Pydantic anchor differently


def web_address_constraint(field: str, *, name: str) -> models.CheckConstraint:
    """Return a constraint that a column holds "" or an http(s) URL, so that no `javascript:` link can be stored."""
    return models.CheckConstraint(
        name=name,
        condition=Q(**{field: ""}) | Q(**{f"{field}__regex": WEB_ADDRESS_PATTERN}),
        violation_error_message="A URL must start with https:// or http://.",
    )


def unique_name_constraint(*, name: str) -> models.UniqueConstraint:
    """Return a constraint that names are unique, checked at commit so that two rows can swap names in a transaction."""
    return models.UniqueConstraint(
        fields=["name"],
        name=name,
        deferrable=models.Deferrable.DEFERRED,
        violation_error_message="This name is taken.",
    )
