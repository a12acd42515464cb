"""Who asks: the address of the client behind our own proxies."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The client's IP address in its shortest form; `""` when there is none (a server on a socket of the file system).

    Each of the TRUSTED_PROXY_COUNT proxies appends the address that it was asked from to X-Forwarded-For, so the
    entry that many from the right was written by the outermost one of ours, and what stands left of it is anybody's
    word. gunicorn leaves REMOTE_ADDR as the nearest peer. Where fewer entries have come than proxies should have
    written, somebody asked around them, and the peer itself is the client.
    """
    peer = _normalize_address(request.META.get("REMOTE_ADDR", ""))
    count = settings.TRUSTED_PROXY_COUNT
    if not count:
        return peer
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    return (_normalize_address(forwarded[-count]) if len(forwarded) >= count else "") or peer


def _normalize_address(text: str) -> str:
    """An address without port, brackets, zone or IPv4-in-IPv6 clothes; `""` when it is none."""
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
