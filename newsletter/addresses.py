"""Email addresses: how they are normalized for storage, and how an erased one is recognized."""

import idna
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.crypto import salted_hmac
from django.utils.encoding import punycode

from web.mail_addresses import encode_domain
from web.normalize import normalize_line

_SALT = "newsletter.suppression"
MAX_ADDRESS_LENGTH, MAX_LOCAL_LENGTH = 254, 64  # characters of an address, and of the part before its @ (RFC 5321)


def normalize(email: str) -> str:
    """Return an address as it is stored: trimmed, with its domain in lowercase ASCII (IDNA).

    The part before the @ is stored as typed, because its meaning is up to the receiving server. The table's unique
    index still treats two addresses that differ only in case as the same.

    Raises ValidationError if the domain has no ASCII form or is not a name on the internet (`root@localhost`,
    `x@[10.0.0.1]`: strangers could use such addresses to reach our own machines), or if the address is too long.
    """
    local, _, domain = normalize_line(email).rpartition("@")
    try:
        domain = encode_domain(domain)
    except ValueError:
        raise ValidationError("The part after the @ is no domain.", code="invalid") from None
    address = f"{local}@{domain}"
    if "." not in domain or domain.startswith("["):
        raise ValidationError("The part after the @ is no domain.", code="invalid")
    if len(address) > MAX_ADDRESS_LENGTH or len(local) > MAX_LOCAL_LENGTH:
        raise ValidationError("This address is too long to be one.", code="invalid")
    return address


def compute_digests(email: str) -> list[str]:
    """Return the keyed hashes by which an erased address is recognized; the first is under the current SECRET_KEY.

    The others are under former keys (SECRET_KEY_FALLBACKS). They are only looked up, never written.
    """
    return [
        salted_hmac(_SALT, email.lower(), secret=key, algorithm="sha256").hexdigest()
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]


def compute_known_digests(email: str) -> list[str]:
    """Return the digests of an address, including the ones computed when domains were encoded by IDNA 2003.

    Then `me@faß.de` was erased as `me@fass.de`. Such a digest may be somebody else's, so it is only looked up.
    """
    local, _, domain = email.rpartition("@")
    try:
        former = f"{local}@{punycode(idna.decode(domain)).lower()}"
    except UnicodeError:  # of both encodings
        former = email
    return list(dict.fromkeys(compute_digests(email) + compute_digests(former)))


def mask(email: str) -> str:
    """Return an address masked for a page that a forwarded link may open: `a…@example.com`."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}…@{domain}"
