"""From one address to Django's MAILERS: how mail leaves this machine."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# By scheme: (port, use_tls, use_ssl).
SMTP: dict[str, tuple[int, bool, bool]] = {
    "smtp": (25, False, False),
    "smtp+tls": (587, True, False),
    "smtps": (465, False, True),
}
PROVIDERS = ("brevo", "mailersend", "mailgun", "mailjet", "mailtrap", "postmark", "sparkpost")
WEBHOOK_SECRET = "webhook_secret"  # noqa: S105 (the name of one)


@dataclass(frozen=True, slots=True)
class Mail:
    """What MAIL_URL comes to: an entry of MAILERS, the provider ("" without one), and django-anymail's settings."""

    mailer: dict[str, Any]
    provider: str = ""
    anymail: dict[str, Any] = field(default_factory=dict)


def mail(url: str, *, data_dir: Path) -> Mail:
    """`smtp://`, `smtp+tls://` or `smtps://user:password@host:port`; a provider, as `anymail+postmark:?server_token=…`
    with django-anymail's options for it and `webhook_secret=name:password`; files in `data_dir`/mail when the address
    is empty. Raises ImproperlyConfigured for anything else.
    """
    if not url:
        return Mail({"BACKEND": "web.mail_files.EmailBackend", "OPTIONS": {"file_path": str(data_dir / "mail")}})
    parts = urlsplit(url)
    kind, _, provider = parts.scheme.partition("+")
    if kind == "anymail" and provider in PROVIDERS:
        return _by_provider(provider, dict(parse_qsl(parts.query)))
    if parts.scheme in SMTP and parts.hostname and _has_port(parts):
        port, use_tls, use_ssl = SMTP[parts.scheme]
        return Mail(
            {
                "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
                "OPTIONS": {
                    "host": parts.hostname,
                    "port": parts.port or port,
                    "username": unquote(parts.username or ""),
                    "password": unquote(parts.password or ""),
                    "use_tls": use_tls,
                    "use_ssl": use_ssl,
                    "timeout": 30,  # seconds
                },
            }
        )
    raise ImproperlyConfigured(
        f"MAIL_URL must be {', '.join(f'{scheme}://host' for scheme in SMTP)}, anymail+PROVIDER:?options "
        f"with one of {', '.join(PROVIDERS)}, or empty."
    )


def _has_port(parts: SplitResult) -> bool:
    """Whether the port of an address is one, or left out."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def _by_provider(provider: str, options: dict[str, str]) -> Mail:
    secret = options.pop(WEBHOOK_SECRET, "")
    if secret and ":" not in secret:
        raise ImproperlyConfigured("webhook_secret in MAIL_URL must be name:password, which the provider sends along.")
    anymail: dict[str, Any] = {f"{provider}_{name}".upper(): value for name, value in options.items()}
    # We promise that nobody counts who opens what; providers do unless they are told. Some cannot be told by a mail.
    anymail |= {
        "SEND_DEFAULTS": {"track_opens": False, "track_clicks": False},
        "IGNORE_UNSUPPORTED_FEATURES": True,
    }
    if secret:
        anymail["WEBHOOK_SECRET"] = secret
    return Mail({"BACKEND": f"anymail.backends.{provider}.EmailBackend"}, provider, anymail)
