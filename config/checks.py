"""The project's own conventions, as system checks (`manage.py check`)."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models

OUR_APPS = {"accounts", "tools", "reviews", "votes", "comparisons", "catalog", "newsletter", "desk"}


@register(Tags.models)
def check_time_and_day_names(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[Error]:
    """Require that datetimes end in `_at` and dates in `_on`, so that queries show which one they compare."""
    return [
        Error(f"{model.__name__}.{field.name} should end in {ending!r}.", obj=field, id="shipside.E001")
        for config in app_configs or apps.get_app_configs()
        if config.label in OUR_APPS
        for model in config.get_models()
        for field in model._meta.local_fields
        if field.model is model and not _is_inherited_from_django(model, field.name)
        if not field.name.startswith("history_")  # django-simple-history's own
        # DateTimeField is a subclass of DateField, so it is checked first.
        for ending in ["_at" if isinstance(field, models.DateTimeField) else "_on"]
        if isinstance(field, models.DateField) and not field.name.endswith(ending)
    ]


def _is_inherited_from_django(model: type[models.Model], name: str) -> bool:
    return any(
        base.__module__.startswith("django.") and any(field.name == name for field in base._meta.local_fields)
        for base in model.__mro__[1:]
        if hasattr(base, "_meta")
    )


@register(Tags.security)
def check_referrer_policy(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[Error]:
    """Forbid `no-referrer`: browsers would send `Origin: null` with our own forms, and we would reject them."""
    if settings.SECURE_REFERRER_POLICY == "no-referrer":
        return [Error("SECURE_REFERRER_POLICY must not be no-referrer.", id="shipside.E002")]
    return []


@register(Tags.security)
def check_proxy(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[Error]:
    """Require that the proxy that terminates TLS is trusted: otherwise every page redirects to itself."""
    if settings.SECURE_SSL_REDIRECT and not settings.TRUSTED_PROXY_COUNT:
        return [
            Error(
                "With https in SITE_URL, TRUSTED_PROXY_COUNT must count the proxy that terminates TLS: its "
                "X-Forwarded-Proto is ignored, and every page would redirect to itself.",
                id="shipside.E003",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def check_operator(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about a public site that does not say who runs it or where to report an error."""
    found: list[CheckMessage] = []
    if not settings.SITE_OPERATOR:
        found.append(CheckWarning("Without SITE_OPERATOR, /about/ names nobody.", id="shipside.W001"))
    if not settings.CONTACT_EMAIL:
        found.append(CheckWarning("Without CONTACT_EMAIL, readers cannot report errors.", id="shipside.W002"))
    else:
        try:
            validate_email(settings.CONTACT_EMAIL)
        except ValidationError:
            found.append(Error("CONTACT_EMAIL is not an email address.", id="shipside.E004"))
    return found
