"""The box on every page: what it says, and what it puts into the outbox."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from newsletter.models import Leaving, Outbox, Subscriber, Suppression
from tests import factories as make
from tests.conftest import SAME_ORIGIN
from votes.network import hash_network

pytestmark = pytest.mark.django_db
HTMX = {"hx-request": "true"}


def ask(email: str, *, client: Client | None = None, network: str = "192.0.2.7"):
    client = client or Client(headers=SAME_ORIGIN)
    return client.post("/newsletter/", {"email": email}, headers=HTMX, REMOTE_ADDR=network)


def queued() -> list[str]:
    return list(Outbox.objects.order_by("pk").values_list("subscriber__email", flat=True))


def test_plain_form_queues_one_mail_and_says_to_look_for_it(form_client):
    response = form_client.post("/newsletter/", {"email": " Ada@Example.COM "}, follow=True)
    assert response.redirect_chain == [("/newsletter/noted/", 303)]
    assert "Now look into your inbox" in response.content.decode()
    assert list(Subscriber.objects.pending().values_list("email", flat=True)) == ["Ada@example.com"]
    assert queued() == ["Ada@example.com"]


def test_htmx_gets_the_answer_in_place(form_client):
    response = form_client.post("/newsletter/", {"email": "ada@example.com"}, headers=HTMX)
    assert response.status_code == 200
    assert 'id="newsletter-signup"' in response.content.decode()
    assert "<html" not in response.content.decode()


def test_every_address_gets_the_same_answer_by_the_same_statement(django_assert_num_queries):
    make.subscriber(email="pending@example.com", confirmed_at=None)
    make.subscriber(email="known@example.com")
    make.subscriber(email="left@example.com", left_at=timezone.now(), left_reason="unsubscribed")
    Suppression.objects.note("erased@example.com", Leaving.ERASED)
    Suppression.objects.note("spam@example.com", Leaving.COMPLAINED)
    hash_network("192.0.2.7", at=timezone.now())  # the key of the day, made once
    answers = set()
    for name in ("new", "pending", "known", "left", "erased", "spam"):
        with django_assert_num_queries(1):
            answers.add(ask(f"{name}@example.com").content)
    assert len(answers) == 1
    # Who called our mail spam is not asked again.
    assert queued() == [f"{name}@example.com" for name in ("new", "pending", "known", "left", "erased")]
    assert not Subscriber.objects.filter(email="spam@example.com").exists()


def test_addresses_that_differ_in_case_are_one():
    ask("ada@example.com")
    ask("ADA@example.com")
    ask("Ada@Example.com")
    assert queued() == ["ada@example.com"]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("ada@bücher.example", "ada@xn--bcher-kva.example"), ("O'Neil+x@EXAMPLE.org", "O'Neil+x@example.org")],
)
def test_domain_is_stored_in_ascii_and_small_letters(typed, stored):
    assert ask(typed).status_code == 200
    assert list(Subscriber.objects.values_list("email", flat=True)) == [stored]


@pytest.mark.parametrize(
    "email",
    ["", "ada", "ada@", "a b@example.com", "x" * 300 + "@example.com", "ada@example.com\x00", "<b>@x.y",
     "ada@example.com\nBcc: all@example.com", "a@" + "ü" * 60 + ".example", "a@" + "ü." * 100 + "example",
     "x" * 65 + "@example.com", "root@localhost", "ada@[127.0.0.1]", "ada@[IPv6:::1]", "ada@127.0.0.1"],
)  # fmt: skip
def test_no_address_is_told_in_words(form_client, email):
    for headers in ({}, HTMX):
        response = form_client.post("/newsletter/", {"email": email}, headers=headers)
        page = response.content.decode()
        assert response.status_code == 422
        assert 'role="alert"' in page
        assert 'aria-invalid="true"' in page
    assert Subscriber.objects.count() == 0


def test_other_sites_cannot_subscribe_anybody():
    response = Client(headers={"sec-fetch-site": "cross-site"}).post("/newsletter/", {"email": "ada@example.com"})
    assert (response.status_code, Subscriber.objects.count()) == (403, 0)


def test_who_fills_in_the_hidden_field_gets_the_answer_and_no_mail(form_client):
    response = form_client.post("/newsletter/", {"email": "ada@example.com", "website": "x"}, headers=HTMX)
    assert response.content == ask("bob@example.com").content
    assert queued() == ["bob@example.com"]


def test_one_address_gets_one_mail_in_ten_minutes_and_three_a_day():
    start = timezone.now()
    sent_after = []
    for minutes in [0, 5, 9, 10, 15, 21, 40, 600, 1441, 1445, 1452]:
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            before = Outbox.objects.count()
            ask("ada@example.com")
            if Outbox.objects.count() > before:
                sent_after.append(minutes)
    assert sent_after == [0, 10, 21, 1441, 1452]


def test_one_network_mails_no_more_than_its_limit(settings):
    settings.NEWSLETTER_PER_NETWORK, settings.NEWSLETTER_PER_DAY = 5, 8
    for number in range(30):
        ask(f"ada{number}@example.com", network=f"192.0.2.{number}")
    # What was refused to it is not taken from the others, and leaves nothing behind.
    assert (Outbox.objects.count(), Subscriber.objects.count()) == (5, 5)
    for number in range(10):
        ask(f"bob{number}@example.com", network=f"2001:db8:{number}::1")
    assert Outbox.objects.count() == 8


def test_limit_over_all_is_for_a_day_and_in_the_log(settings, caplog):
    settings.NEWSLETTER_PER_DAY = 1
    ask("ada@example.com")
    assert caplog.messages == []
    ask("bob@example.com")
    assert caplog.messages == ["No answer to a sign-up went out: NEWSLETTER_PER_DAY is reached."]
    with time_machine.travel(timezone.now() + timedelta(days=1, seconds=1)):
        ask("cyd@example.com")
    assert queued() == ["ada@example.com", "cyd@example.com"]


def test_erased_address_is_asked_again_once_in_thirty_days():
    Suppression.objects.note("ada@example.com", Leaving.ERASED)
    start = timezone.now()
    sent_after = []
    for days in [0, 1, 29, 31]:
        with time_machine.travel(start + timedelta(days=days)):
            before = Outbox.objects.count()
            ask("Ada@example.com")
            if Outbox.objects.count() > before:
                sent_after.append(days)
    assert sent_after == [0, 31]


def test_suppression_is_known_by_former_keys_too(settings):
    settings.SECRET_KEY = "former"
    Suppression.objects.note("ada@example.com", Leaving.COMPLAINED)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "later", ["former"]
    ask("ada@example.com")
    assert queued() == []
