"""MAIL_URL as Django's MAILERS: how mail leaves this machine."""

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
WEBHOOK_SECRET = "webhook_secret"  # noqa: S105 (an option's name)


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The settings that MAIL_URL yields: an item of MAILERS, the provider ("" without one), and those of anymail."""

    mailer: dict[str, Any]
    provider: str = ""
    anymail: dict[str, Any] = field(default_factory=dict)


def parse_mail_url(url: str, *, data_dir: Path) -> MailSettings:
    """Return the settings for a MAIL_URL. Raises ImproperlyConfigured if it is invalid.

    `smtp://`, `smtp+tls://`, or `smtps://user:password@host:port`: a server. `anymail+postmark:?server_token=…`: a
    provider, with django-anymail's options for it and `webhook_secret=name:password`. Empty: files in `data_dir`/mail.
    """
    if not url:
        return MailSettings(
            {"BACKEND": "web.mail_files.EmailBackend", "OPTIONS": {"file_path": str(data_dir / "mail")}}
        )
    parts = urlsplit(url)
    kind, _, provider = parts.scheme.partition("+")
    if kind == "anymail" and provider in PROVIDERS:
        return _provider_settings(provider, dict(parse_qsl(parts.query)))
    if parts.scheme in SMTP and parts.hostname and _has_port(parts):
        port, use_tls, use_ssl = SMTP[parts.scheme]
        return MailSettings(
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
    """Return whether the URL's port is valid or left out."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def _provider_settings(provider: str, options: dict[str, str]) -> MailSettings:
    secret = options.pop(WEBHOOK_SECRET, "")
    if secret and ":" not in secret:
        raise ImproperlyConfigured("webhook_secret in MAIL_URL must be name:password, as the provider will send it.")
    anymail: dict[str, Any] = {f"{provider}_{name}".upper(): value for name, value in options.items()}
    # We promise not to track who opens what. Providers track by default, and some cannot turn it off per message.
    anymail |= {
        "SEND_DEFAULTS": {"track_opens": False, "track_clicks": False},
        "IGNORE_UNSUPPORTED_FEATURES": True,
    }
    if secret:
        anymail["WEBHOOK_SECRET"] = secret
    return MailSettings({"BACKEND": f"anymail.backends.{provider}.EmailBackend"}, provider, anymail)
