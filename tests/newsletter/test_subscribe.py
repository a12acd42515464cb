import pytest
from django.test import Client

from newsletter.models import Subscriber

pytestmark = pytest.mark.django_db


def test_plain_form_stores_a_pending_subscriber_and_says_so(form_client):
    response = form_client.post("/newsletter/", {"email": " Ada@Example.COM "}, follow=True)
    assert response.redirect_chain == [("/newsletter/noted/", 303)]
    assert "stored as pending" in response.content.decode()
    assert list(Subscriber.objects.pending().values_list("email", flat=True)) == ["Ada@example.com"]


def test_htmx_gets_the_answer_in_place(form_client):
    response = form_client.post("/newsletter/", {"email": "ada@example.com"}, headers={"hx-request": "true"})
    assert response.status_code == 200
    assert 'id="newsletter-signup"' in response.content.decode()
    assert "<html" not in response.content.decode()


def test_known_address_gets_the_same_answer_and_stays_one(form_client):
    answers = {
        form_client.post("/newsletter/", {"email": email}, headers={"hx-request": "true"}).content
        for email in ("ada@example.com", "ada@example.com", "ADA@example.com")
    }
    assert (len(answers), Subscriber.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "a b@example.com", "x" * 300 + "@example.com", "ada@example.com\x00", "<b>@x.y"]
)
def test_no_address_is_told_in_words(form_client, email):
    for headers in ({}, {"hx-request": "true"}):
        response = form_client.post("/newsletter/", {"email": email}, headers=headers)
        page = response.content.decode()
        assert response.status_code == 422
        assert 'role="alert"' in page
        assert 'aria-invalid="true"' in page
    assert Subscriber.objects.count() == 0


def test_other_sites_cannot_subscribe_anybody():
    response = Client(headers={"sec-fetch-site": "cross-site"}).post("/newsletter/", {"email": "ada@example.com"})
    assert (response.status_code, Subscriber.objects.count()) == (403, 0)
