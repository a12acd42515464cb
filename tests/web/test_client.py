import pytest
from django.test import RequestFactory

from web.client import client_address

PEER = "10.0.0.9"


def ask(*, forwarded: str | None = None, peer: str = PEER):
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    return RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        # Without a proxy the header is anybody's word.
        (0, None, PEER),
        (0, "203.0.113.7", PEER),
        (0, "203.0.113.7, 198.51.100.2", PEER),
        # One proxy: what it appended, whatever was sent to it.
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6,7.7.7.7,203.0.113.7", "203.0.113.7"),
        (1, None, PEER),
        # Two proxies: what the outer one appended; the inner one appended the outer's address.
        (2, "203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "6.6.6.6, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "10.0.0.1", PEER),
        (2, None, PEER),
        # What is no address names nobody.
        (1, "unknown", PEER),
        (1, "<script>", PEER),
        (1, "", PEER),
        (2, "203.0.113.7, nonsense, 10.0.0.1", PEER),
    ],
)
def test_client_address_is_what_our_outermost_proxy_saw(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXY_COUNT = proxies
    assert client_address(ask(forwarded=forwarded)) == address


@pytest.mark.parametrize(
    ("written", "address"),
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
def test_client_address_has_one_form(settings, written, address):
    settings.TRUSTED_PROXY_COUNT = 1
    assert client_address(ask(forwarded=written)) == address


def test_client_address_is_empty_on_a_socket(settings):
    settings.TRUSTED_PROXY_COUNT = 0
    assert client_address(ask(peer="")) == ""
