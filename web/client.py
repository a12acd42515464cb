"""The IP address of the client, as seen behind our own proxies."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Return the client's IP address in its shortest form, or `""` if there is none (a server on a Unix socket).

    Each of the TRUSTED_PROXY_COUNT proxies appends its peer's address to X-Forwarded-For. The outermost of our proxies
    therefore wrote the entry that many places from the right, and anything left of it may be forged. gunicorn leaves
    REMOTE_ADDR as the nearest peer. If the header has fewer entries than we have proxies, the request bypassed them,
    and the peer is the client.
    """
    peer = _normalize_address(request.META.get("REMOTE_ADDR", ""))
    count = settings.TRUSTED_PROXY_COUNT
    if not count:
        return peer
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    return (_normalize_address(forwarded[-count]) if len(forwarded) >= count else "") or peer


def _normalize_address(text: str) -> str:
    """Return an address without port, brackets, zone, or IPv4-in-IPv6 prefix; `""` if the text is not an address."""
    text = text.strip()
    if text.startswith("["):  # [2001:db8::1]:443
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # 192.0.2.1:443
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address)
