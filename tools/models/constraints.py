"""What columns of several models hold alike, and the constraints that see to it."""

from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q

is_web_address = URLValidator(schemes=["http", "https"])
WEB_ADDRESS_PATTERN = r"^https?://"
CURRENCY_PATTERN = r"^[A-Z]{3}$"


def web_address_constraint(field: str, *, name: str) -> models.CheckConstraint:
    """A column holds "" or an http(s) address, so that no `javascript:` link can ever be stored."""
    return models.CheckConstraint(
        name=name,
        condition=Q(**{field: ""}) | Q(**{f"{field}__regex": WEB_ADDRESS_PATTERN}),
        violation_error_message="An address starts with https:// or http://.",
    )


def unique_name_constraint(*, name: str) -> models.UniqueConstraint:
    """Names differ; checked at commit, so that two rows can exchange theirs in one transaction."""
    return models.UniqueConstraint(
        fields=["name"],
        name=name,
        deferrable=models.Deferrable.DEFERRED,
        violation_error_message="This name is taken.",
    )
