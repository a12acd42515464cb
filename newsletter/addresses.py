"""E-mail addresses: how they are stored, and how they are known after they were erased."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.crypto import salted_hmac
from django.utils.encoding import punycode

_SALT = "newsletter.suppression"
LONGEST, LONGEST_LOCAL = 254, 64  # characters of an address, and of what stands before its @ (RFC 5321)


def normalised(email: str) -> str:
    """An address as it is stored: trimmed, its domain in ASCII (IDNA) and small letters.

    The part before the @ is its owner's and kept as it was typed; two addresses that differ in its case alone are one
    all the same (the table's unique index). Raises ValidationError where the domain has no form in ASCII or is no name
    on the internet (`root@localhost`, `x@[10.0.0.1]`: mail for machines, by which strangers could reach ours), or the
    address is too long in it.
    """
    local, _, domain = email.strip().rpartition("@")
    try:
        address = f"{local}@{punycode(domain).lower()}"
    except UnicodeError:
        raise ValidationError("The part after the @ is no domain.", code="invalid") from None
    if "." not in domain or domain.startswith("["):
        raise ValidationError("The part after the @ is no domain.", code="invalid")
    if len(address) > LONGEST or len(local) > LONGEST_LOCAL:
        raise ValidationError("This address is too long to be one.", code="invalid")
    return address


def digests(email: str) -> list[str]:
    """What is kept of an address that was erased: keyed hashes, that of today's key first.

    Those of former keys (SECRET_KEY_FALLBACKS) are looked for and never written.
    """
    return [
        salted_hmac(_SALT, email.lower(), secret=key, algorithm="sha256").hexdigest()
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]


def masked(email: str) -> str:
    """An address on a page that a forwarded link may open: `a…@example.com`."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}…@{domain}"
