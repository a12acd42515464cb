"""The links in our mail: opening one changes nothing, its button does."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter.models import LeaveReason, Outbox, Subscriber, Suppression
from newsletter.tokens import CONFIRM, ERASE, PREFERENCES, UNSUBSCRIBE, LinkPurpose
from tests import factories as make

pytestmark = pytest.mark.django_db
PURPOSES = [CONFIRM, UNSUBSCRIBE, PREFERENCES, ERASE]


def get_status(subscriber: Subscriber) -> str:
    return Subscriber.objects.get(pk=subscriber.pk).status


def build_url(purpose: LinkPurpose, token: str) -> str:
    return reverse(f"newsletter-{purpose.name}", args=[token])


@pytest.mark.parametrize("purpose", PURPOSES)
def test_opening_a_link_changes_nothing_and_is_private(client, purpose):
    subscriber = make.subscriber(confirmed_at=None if purpose is CONFIRM else timezone.now())
    before = get_status(subscriber)
    for method in (client.get, client.head, client.get):
        response = method(purpose.build_path(subscriber.pk))
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "private, no-store"
        assert not response.cookies
    page = response.content.decode()
    assert (get_status(subscriber), Suppression.objects.count()) == (before, 0)
    assert '<meta name="robots" content="noindex">' in page
    assert '<form method="post"' in page
    assert subscriber.email not in page


def test_confirming_is_idempotent(client):
    subscriber = make.subscriber(confirmed_at=None)
    for _ in range(2):
        response = client.post(CONFIRM.build_path(subscriber.pk))
        assert "You are on the list" in response.content.decode()
    assert get_status(subscriber) == "Confirmed"


def test_confirm_link_expires_after_seven_days(client):
    subscriber = make.subscriber(confirmed_at=None)
    path = CONFIRM.build_path(subscriber.pk)
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=5)):
        response = client.post(path)
    assert (response.status_code, get_status(subscriber)) == (410, "Pending")
    assert "work for seven days" in response.content.decode()
    with time_machine.travel(timezone.now() + timedelta(days=6, hours=23)):
        assert client.post(path).status_code == 200


@pytest.mark.parametrize("purpose", PURPOSES)
def test_token_is_valid_for_one_purpose_only(client, purpose):
    subscriber = make.subscriber(confirmed_at=None)
    token = purpose.make_token(subscriber.pk)
    for other in PURPOSES:
        if other is not purpose:
            response = client.post(build_url(other, token))
            assert response.status_code == 404
            assert "not complete" in response.content.decode()
    for broken in (token[:-1], token.upper(), "x", f"{token}.x", f"9{token}"):
        assert client.get(build_url(purpose, broken)).status_code == 404
    assert get_status(subscriber) == "Pending"


def test_one_click_unsubscribe_needs_no_csrf_token():
    subscriber = make.subscriber()
    client = Client(enforce_csrf_checks=True)
    response = client.post(UNSUBSCRIBE.build_path(subscriber.pk), {"List-Unsubscribe": "One-Click"})
    assert (response.status_code, response.content, dict(response.cookies)) == (200, b"Unsubscribed.\n", {})
    assert get_status(subscriber) == "Unsubscribed"


def test_unsubscribe_link_never_expires_and_says_how_to_come_back(client):
    subscriber = make.subscriber()
    path = UNSUBSCRIBE.build_path(subscriber.pk)
    with time_machine.travel(timezone.now() + timedelta(days=4000)):
        for _ in range(2):
            page = client.post(path).content.decode()
            assert "You are off the list" in page
            assert "come back" in page
    assert get_status(subscriber) == "Unsubscribed"


def test_confirming_again_puts_an_unsubscribed_reader_back_on_the_list(client):
    subscriber = make.subscriber()
    client.post(UNSUBSCRIBE.build_path(subscriber.pk))
    client.post(CONFIRM.build_path(subscriber.pk))
    assert get_status(subscriber) == "Confirmed"


def test_preferences_save_everything_or_some_categories(client):
    subscriber = make.subscriber()
    one, two = (make.tool(category=make.category(name=name)).category for name in ("One", "Two"))
    path = PREFERENCES.build_path(subscriber.pk)
    assert "Saved." in client.post(path, {"scope": "some", "categories": [one.pk]}).content.decode()
    subscriber.refresh_from_db()
    assert (subscriber.all_categories, list(subscriber.categories.all())) == (False, [one])
    assert client.get(path).content.decode().count("checked") == 2
    client.post(path, {"scope": "all"})
    subscriber.refresh_from_db()
    assert (subscriber.all_categories, list(subscriber.categories.all())) == (True, [one])
    assert two not in subscriber.categories.all()


def test_preferences_do_not_name_categories_of_drafts(client):
    subscriber = make.subscriber()
    make.tool(category=make.category(name="Secret plans"), published_at=None)
    make.tool(category=make.category(name="Public"))
    chosen = make.category(name="Chosen")  # its tools have been withdrawn since
    subscriber.categories.add(chosen)
    page = client.get(PREFERENCES.build_path(subscriber.pk))
    assert [category.name for category in page.context["form"].fields["categories"].queryset] == ["Chosen", "Public"]
    assert "Secret plans" not in page.content.decode()


@pytest.mark.parametrize(
    "data", [{}, {"scope": "some"}, {"scope": "x"}, {"scope": "some", "categories": ["999"]},
             {"scope": "some", "categories": ["x"]}]
)  # fmt: skip
def test_invalid_preferences_show_an_error(client, data):
    subscriber = make.subscriber()
    make.category()
    response = client.post(PREFERENCES.build_path(subscriber.pk), data)
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert Subscriber.objects.get(pk=subscriber.pk).all_categories is True


def test_erasure_leaves_only_a_hash(client):
    subscriber = make.subscriber(email="Ada@example.com")
    Outbox.objects.create(kind="sign-up", subscriber=subscriber)
    for _ in range(2):
        assert "Your address is erased" in client.post(ERASE.build_path(subscriber.pk)).content.decode()
    assert (Subscriber.objects.count(), Outbox.objects.count()) == (0, 0)
    [suppression] = Suppression.objects.all()
    assert (suppression.reason, len(suppression.digest)) == (LeaveReason.ERASED, 64)
    assert list(Suppression.objects.for_email("ada@EXAMPLE.com")) == [suppression]
    for purpose in (UNSUBSCRIBE, PREFERENCES):
        assert "You are off the list" in client.get(purpose.build_path(subscriber.pk)).content.decode()
    assert client.post(CONFIRM.build_path(subscriber.pk)).status_code == 410


def test_confirming_lifts_the_suppression_of_an_erased_address(client):
    Suppression.objects.record("ada@example.com", LeaveReason.ERASED)
    subscriber = make.subscriber(email="Ada@example.com", confirmed_at=None)
    client.post(CONFIRM.build_path(subscriber.pk))
    assert (Suppression.objects.count(), get_status(subscriber)) == (0, "Confirmed")
    assert mail.outbox == []
