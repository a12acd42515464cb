"""From one address to Django's MAILERS: how mail leaves this machine."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# By scheme: (port, use_tls, use_ssl).
SMTP: dict[str, tuple[int, bool, bool]] = {
    "smtp": (25, False, False),
    "smtp+tls": (587, True, False),
    "smtps": (465, False, True),
}


def mailer(url: str, *, data_dir: Path) -> dict[str, Any]:
    """One entry of MAILERS for `smtp://`, `smtp+tls://` or `smtps://user:password@host:port`; files in
    `data_dir`/mail when the address is empty. Raises ImproperlyConfigured for anything else.
    """
    if not url:
        return {
            "BACKEND": "web.mail_files.EmailBackend",
            "OPTIONS": {"file_path": str(data_dir / "mail")},
        }
    parts = urlsplit(url)
    if parts.scheme not in SMTP or not parts.hostname:
        raise ImproperlyConfigured(f"MAIL_URL must be {', '.join(f'{scheme}://host' for scheme in SMTP)} or empty.")
    port, use_tls, use_ssl = SMTP[parts.scheme]
    return {
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
