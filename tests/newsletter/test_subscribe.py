"""The sign-up form on every page: its responses, and what it puts into the outbox."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from newsletter.actions import confirm
from newsletter.models import LeaveReason, Outbox, Subscriber, Suppression
from tests import factories as make
from tests.conftest import SAME_ORIGIN
from votes.network import hash_network

pytestmark = pytest.mark.django_db
HTMX = {"hx-request": "true"}


def sign_up(email: str, *, client: Client | None = None, network: str = "192.0.2.7"):
    client = client or Client(headers=SAME_ORIGIN)
    return client.post("/newsletter/", {"email": email}, headers=HTMX, REMOTE_ADDR=network)


def list_queued() -> list[str]:
    return list(Outbox.objects.order_by("pk").values_list("subscriber__email", flat=True))


def test_plain_form_queues_one_message_and_says_to_look_for_it(form_client):
    response = form_client.post("/newsletter/", {"email": " Ada@Example.COM "}, follow=True)
    assert response.redirect_chain == [("/newsletter/noted/", 303)]
    assert "Check your inbox" in response.content.decode()
    assert list(Subscriber.objects.pending().values_list("email", flat=True)) == ["Ada@example.com"]
    assert list_queued() == ["Ada@example.com"]


def test_htmx_gets_the_response_in_place(form_client):
    response = form_client.post("/newsletter/", {"email": "ada@example.com"}, headers=HTMX)
    assert response.status_code == 200
    assert 'id="newsletter-signup"' in response.content.decode()
    assert "<html" not in response.content.decode()


def test_every_address_gets_the_same_response_from_the_same_statement(django_assert_num_queries):
    make.subscriber(email="pending@example.com", confirmed_at=None)
    make.subscriber(email="known@example.com")
    make.subscriber(email="left@example.com", left_at=timezone.now(), left_reason="unsubscribed")
    Suppression.objects.record("erased@example.com", LeaveReason.ERASED)
    Suppression.objects.record("spam@example.com", LeaveReason.COMPLAINED)
    hash_network("192.0.2.7", at=timezone.now())  # creates the key of the day
    responses = set()
    for name in ("new", "pending", "known", "left", "erased", "spam"):
        with django_assert_num_queries(1):
            responses.add(sign_up(f"{name}@example.com").content)
    assert len(responses) == 1
    # A reader who complained gets no request to confirm.
    assert list_queued() == [f"{name}@example.com" for name in ("new", "pending", "known", "left", "erased")]
    assert not Subscriber.objects.filter(email="spam@example.com").exists()


def test_addresses_that_differ_only_in_case_are_the_same():
    sign_up("ada@example.com")
    sign_up("ADA@example.com")
    sign_up("Ada@Example.com")
    assert list_queued() == ["ada@example.com"]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("O'Neil+x@EXAMPLE.org", "O'Neil+x@example.org"),
        ("me@faß.de", "me@xn--fa-hia.de"),  # and not fass.de, which is somebody else's
        ("me@STRAẞE.example", "me@xn--strae-oqa.example"),
        ("me@βόλος.com", "me@xn--nxasmm1c.com"),
        ("me@نامه\u200cای.com", "me@xn--mgba3gch31f060k.com"),
        ("me@例え。jp", "me@xn--r8jz45g.jp"),
        ("me@ＥＸＡＭＰＬＥ．com", "me@example.com"),
        ("me@ab--cd.example", "me@ab--cd.example"),
        ("\u212aate@\u212a.de", "Kate@k.de"),
    ],
)
def test_domain_is_stored_in_lowercase_ascii(typed, stored):
    assert sign_up(typed).status_code == 200
    assert list(Subscriber.objects.values_list("email", flat=True)) == [stored]


@pytest.mark.parametrize(
    "email",
    ["", "ada", "ada@", "a b@example.com", "x" * 300 + "@example.com", "ada@example.com\x00", "<b>@x.y",
     "ada@example.com\nBcc: all@example.com", "a@" + "ü" * 60 + ".example", "a@" + "ü." * 100 + "example",
     "x" * 65 + "@example.com", "root@localhost", "ada@[127.0.0.1]", "ada@[IPv6:::1]", "ada@127.0.0.1",
     "\u017fusan@example.com", "l\u0131sa@example.com", "\u0130sa@example.com", "a@☃.net", "a@ex..com", "a@ü-.com"],
)  # fmt: skip
def test_invalid_address_shows_an_error(form_client, email):
    for headers in ({}, HTMX):
        response = form_client.post("/newsletter/", {"email": email}, headers=headers)
        page = response.content.decode()
        assert response.status_code == 422
        assert 'role="alert"' in page
        assert 'aria-invalid="true"' in page
    assert Subscriber.objects.count() == 0


def test_cross_site_sign_up_is_refused():
    response = Client(headers={"sec-fetch-site": "cross-site"}).post("/newsletter/", {"email": "ada@example.com"})
    assert (response.status_code, Subscriber.objects.count()) == (403, 0)


@pytest.mark.parametrize("filled", ["x", "x\0"])  # the latter is not a valid text either
def test_filled_honeypot_says_so_and_the_form_works_when_it_is_sent_again(form_client, filled):
    """A password manager may have filled it in."""
    response = form_client.post("/newsletter/", {"email": "ada@example.com", "leave_empty": filled}, headers=HTMX)
    form = response.content.decode()
    assert response.status_code == 422
    assert "A program on your side filled in a field that you cannot see" in form
    assert 'value="ada@example.com"' in form
    assert 'value="x"' not in form
    assert list_queued() == []
    sign_up("ada@example.com")
    assert list_queued() == ["ada@example.com"]


def test_password_managers_are_told_to_leave_the_honeypot_alone(client):
    form = client.get("/newsletter/").content.decode()
    field = re.search(r'<input id="newsletter-leave-empty"[^>]*>', form)[0]
    for attribute in ('autocomplete="off"', "data-1p-ignore", "data-bwignore", 'data-lpignore="true"'):
        assert attribute in field
    assert not re.search(r'name="[^"]*(site|url|name|phone|company|address)', field)


def test_one_address_gets_one_message_per_ten_minutes_and_three_per_day():
    start = timezone.now()
    sent_after = []
    for minutes in [0, 5, 9, 10, 15, 21, 40, 600, 1441, 1445, 1452]:
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            before = Outbox.objects.count()
            sign_up("ada@example.com")
            if Outbox.objects.count() > before:
                sent_after.append(minutes)
    assert sent_after == [0, 10, 21, 1441, 1452]


def test_limit_per_network_and_limit_per_day_hold(settings):
    settings.NEWSLETTER_PER_NETWORK, settings.NEWSLETTER_PER_DAY = 5, 8
    for number in range(30):
        sign_up(f"ada{number}@example.com", network=f"192.0.2.{number}")
    # Refused sign-ups use up no other limit and store nothing.
    assert (Outbox.objects.count(), Subscriber.objects.count()) == (5, 5)
    for number in range(10):
        sign_up(f"bob{number}@example.com", network=f"2001:db8:{number}::1")
    assert Outbox.objects.count() == 8


def test_limit_per_day_is_logged_and_lifted_a_day_later(settings, caplog):
    settings.NEWSLETTER_PER_DAY = 1
    sign_up("ada@example.com")
    assert caplog.messages == []
    sign_up("bob@example.com")
    assert caplog.messages == ["A sign-up got no reply: the limit NEWSLETTER_PER_DAY is reached."]
    with time_machine.travel(timezone.now() + timedelta(days=1, seconds=1)):
        sign_up("cyd@example.com")
    assert list_queued() == ["ada@example.com", "cyd@example.com"]


def test_erased_address_is_asked_to_confirm_once_per_thirty_days():
    Suppression.objects.record("ada@example.com", LeaveReason.ERASED)
    start = timezone.now()
    sent_after = []
    for days in [0, 1, 29, 31]:
        with time_machine.travel(start + timedelta(days=days)):
            before = Outbox.objects.count()
            sign_up("Ada@example.com")
            if Outbox.objects.count() > before:
                sent_after.append(days)
    assert sent_after == [0, 31]


def test_suppression_under_a_former_key_is_recognized(settings):
    settings.SECRET_KEY = "former"
    Suppression.objects.record("ada@example.com", LeaveReason.COMPLAINED)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "later", ["former"]
    sign_up("ada@example.com")
    assert list_queued() == []


def test_address_erased_under_the_former_standard_is_recognized():
    """`me@faß.de` was stored, and erased, as `me@fass.de`."""
    Suppression.objects.record("me@fass.de", LeaveReason.COMPLAINED)
    sign_up("me@faß.de")
    assert not Subscriber.objects.exists()
    Suppression.objects.update(reason=LeaveReason.ERASED)
    sign_up("me@faß.de", network="192.0.2.8")
    assert list_queued() == []  # one request to confirm per ten minutes
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        sign_up("me@faß.de")
    assert list_queued() == ["me@xn--fa-hia.de"]
    confirm(subscriber=Subscriber.objects.get().pk)
    assert Suppression.objects.count() == 1  # it may be that of the other address
