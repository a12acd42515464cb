import pytest
from django.test import RequestFactory

from web.client import client_address

PEER = "10.0.0.9"


def make_request(*, forwarded: str | None = None, peer: str = PEER):
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    return RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        # Without a proxy, anyone can set the header.
        (0, None, PEER),
        (0, "203.0.113.7", PEER),
        (0, "203.0.113.7, 198.51.100.2", PEER),
        # One proxy: the entry that it appended, regardless of what it received.
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6,7.7.7.7,203.0.113.7", "203.0.113.7"),
        (1, None, PEER),
        # Two proxies: the entry of the outer one. The inner one appended the outer one's address.
        (2, "203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "6.6.6.6, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "10.0.0.1", PEER),
        (2, None, PEER),
        # An entry that is not an address is ignored.
        (1, "unknown", PEER),
        (1, "<script>", PEER),
        (1, "", PEER),
        (2, "203.0.113.7, nonsense, 10.0.0.1", PEER),
    ],
)
def test_client_address_comes_from_our_outermost_proxy(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXY_COUNT = proxies
    assert client_address(make_request(forwarded=forwarded)) == address


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:0db8:0000::0001", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7 ", "203.0.113.7"),
    ],
)
def test_client_address_is_normalized(settings, forwarded, address):
    settings.TRUSTED_PROXY_COUNT = 1
    assert client_address(make_request(forwarded=forwarded)) == address


def test_client_address_is_empty_on_a_unix_socket(settings):
    settings.TRUSTED_PROXY_COUNT = 0
    assert client_address(make_request(peer="")) == ""
