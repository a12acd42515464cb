"""Email addresses that mail servers take: the domain in ASCII, as it is resolved today, and an ASCII name before it."""

import re

import idna
from django.core.validators import EmailValidator


def encode_domain(domain: str) -> str:
    """Return a domain in lowercase ASCII: UTS 46, non-transitional, so that `faß.de` is not `fass.de`.

    Python's own codec and Django's `punycode` follow IDNA 2003, under which some names belonged to somebody else.
    Raises ValueError if a name has no ASCII form. An ASCII name is not checked.
    """
    return domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")


def encode_address(address: str) -> str:
    """Return an address with its domain in lowercase ASCII, or unchanged if the domain has no such form."""
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{encode_domain(domain)}"
    except ValueError:
        return address


class AddressValidator(EmailValidator):
    """Django's validator of email addresses, for addresses from `encode_address`.

    Django's pattern ignores case, and so takes `ſ` and `ı` for letters of ASCII. Mail servers refuse them.
    """

    user_regex = re.compile(EmailValidator.user_regex.pattern, re.IGNORECASE | re.ASCII)

    def validate_domain_part(self, domain_part: str) -> bool:
        return domain_part.isascii() and bool(super().validate_domain_part(domain_part))
