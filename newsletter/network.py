"""The network that a request comes from, as limits know it."""

from django.http import HttpRequest
from django.utils import timezone

from votes.network import hash_network
from web.client import client_address


def network_hash(request: HttpRequest) -> str:
    """The hash of the client's network under the key of the day, as votes have it, in hexadecimal digits."""
    return hash_network(client_address(request), at=timezone.now()).hash.hex
