"""The network of a request, as the limits on sign-ups use it."""

from django.http import HttpRequest
from django.utils import timezone

from votes import network
from web.client import client_address


def hash_network(request: HttpRequest) -> str:
    """Return the hash of the client's network under the key of the day, in hexadecimal. Votes use the same hash."""
    return network.hash_network(client_address(request), at=timezone.now()).hash.hex
