"""The network that a request comes from, as limits know it."""

import ipaddress

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from web.client import client_address


def network_hash(request: HttpRequest) -> str:
    """A keyed hash of the client's network (IPv4 /24, IPv6 /48), another one each day. "" where there is no address."""
    address = client_address(request)
    if not address:
        return ""
    prefix = 24 if ipaddress.ip_address(address).version == 4 else 48
    network = ipaddress.ip_network(f"{address}/{prefix}", strict=False)
    return salted_hmac("newsletter.network", f"{timezone.now().date()} {network}", algorithm="sha256").hexdigest()
