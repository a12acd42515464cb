"""Reports of errors to Sentry, if SENTRY_DSN is set, without anything about the person whose request failed.

What a report has: the exception with its stack, without the values of variables; method, path without secrets, and id
of the request; release and server. What it has not: addresses, cookies, headers, forms, query strings, users, and SQL
parameters.
"""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from web.logs import mask_secrets
from web.request_ids import current_request_id

_REQUEST_KEYS = ("method", "url")
_EVENT_KEYS = {
    "event_id", "timestamp", "platform", "level", "logger", "logentry", "exception", "release", "environment",
    "server_name", "transaction", "sdk", "tags", "type", "modules",
}  # fmt: skip


def start_reporting(dsn: str, *, environment: str, **options: Any) -> None:
    """Report what is logged as an error, and exceptions that nobody handles, from now on."""
    try:
        import sentry_sdk
        from sentry_sdk.integrations.django import DjangoIntegration
        from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger
    except ImportError:
        raise ImproperlyConfigured(
            "SENTRY_DSN needs the package sentry-sdk: install requirements/sentry.txt (docs/operations.md)."
        ) from None
    ignore_logger("django.security.DisallowedHost")  # scanners
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        # `send_default_pii` is off unless it is set, and to set it is deprecated.
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,  # they hold SQL and earlier log lines
        traces_sample_rate=None,
        auto_session_tracking=False,
        # Only these: others wrap what no report needs, or read more of a request.
        default_integrations=False,
        integrations=[DjangoIntegration(middleware_spans=False, signals_spans=False), LoggingIntegration()],
        auto_enabling_integrations=False,
        before_send=scrub,
        **options,
    )


def scrub(event: Any, hint: Any = None) -> Any:
    """Return an event with nothing but what is named above."""
    request = event.get("request") or {}
    event = {key: value for key, value in event.items() if key in _EVENT_KEYS}
    event["request"] = {key: mask_secrets(str(request[key])) for key in _REQUEST_KEYS if key in request}
    if "transaction" in event:
        event["transaction"] = mask_secrets(event["transaction"])
    if message := event.get("logentry"):
        text = message.get("formatted") or message.get("message") or ""
        event["logentry"] = {"message": mask_secrets(text)}
    for exception in (event.get("exception") or {}).get("values") or []:
        # PostgreSQL's second line quotes the row: "DETAIL: Key (email)=(ada@example.com) already exists."
        exception["value"] = mask_secrets(str(exception.get("value") or "").partition("\n")[0])
        for frame in (exception.get("stacktrace") or {}).get("frames") or []:
            frame.pop("vars", None)
    if request_id := current_request_id.get():
        event["tags"] = {**(event.get("tags") or {}), "request_id": request_id}
    return event
