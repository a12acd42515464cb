"""The group Reviewer: drafts of their own seat, and nothing that publishes."""

from datetime import date

import pytest
from django.contrib.messages import get_messages

from desk import permissions
from reviews.models import Review
from tests import factories as make
from tests.accounts.people import person

pytestmark = pytest.mark.django_db

WORDS = {
    "verdict": "ship", "quote": "It does what it says, every day, and says what it does not.", "flips_if": "",
    "basis": "read",
}  # fmt: skip
NO_PREDICTIONS = {"predictions-TOTAL_FORMS": "0", "predictions-INITIAL_FORMS": "0"}


@pytest.fixture
def writer(client):
    user = person("Reviewer")
    client.force_login(user)
    return user


@pytest.fixture
def seat(writer):
    return make.reviewer(name="The Skeptic", held_by=writer)


@pytest.fixture
def reviews(seat):
    """Reviews of both seats in several states, by description."""
    other, tool = make.reviewer(), make.tool()
    return {
        "own draft": make.review(of=tool, by=seat, published_at=None),
        "own published": make.review(of=make.tool(), by=seat),
        "own scheduled": make.review(of=make.tool(), by=seat, published_at=make.FUTURE),
        "other's draft": make.review(of=tool, by=other, published_at=None),
        "other's published": make.review(of=make.tool(), by=other),
    }


def test_list_shows_own_drafts_only(client, reviews):
    page = client.get("/admin/reviews/review/")
    assert list(page.context["cl"].queryset) == [reviews["own draft"]]
    assert list(permissions.reviews_to_edit(page.wsgi_request.user)) == [reviews["own draft"]]


@pytest.mark.parametrize("which", ["own published", "own scheduled", "other's draft", "other's published"])
@pytest.mark.parametrize("page", ["change", "delete", "history"])
def test_other_reviews_seem_not_to_exist(client, reviews, which, page):
    before = Review.objects.values().get(pk=reviews[which].pk)
    response = client.post(f"/admin/reviews/review/{reviews[which].pk}/{page}/", {"post": "yes", **WORDS})
    if page != "history":
        assert (response.status_code, response.headers["Location"]) == (302, "/admin/")
        assert "doesn’t exist" in str(next(iter(get_messages(response.wsgi_request))))
    assert Review.objects.values().get(pk=before["id"]) == before


def test_own_draft_can_be_written_and_stays_a_draft(client, seat):
    tool = make.tool()
    form = client.get("/admin/reviews/review/add/").context["adminform"].form
    assert list(form.fields["reviewer"].queryset) == [seat]
    assert {"published_at", "withdrawn_at"} & form.fields.keys() == set()
    fields = {
        "tool": tool.pk,
        "reviewer": seat.pk,
        "published_at_0": "2026-01-01",
        "published_at_1": "09:00",
        **WORDS,
        **NO_PREDICTIONS,
    }
    response = client.post("/admin/reviews/review/add/", fields)
    assert response.status_code == 302, response.context["errors"]
    review = Review.objects.get()
    assert (review.tool, review.reviewer, review.published_at) == (tool, seat, None)
    changed = {**fields, "verdict": "skip"}
    assert client.post(f"/admin/reviews/review/{review.pk}/change/", changed).status_code == 302
    review.refresh_from_db()
    assert (review.verdict, review.published_at) == ("skip", None)
    assert client.post(f"/admin/reviews/review/{review.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Review.objects.exists()


def test_writing_for_another_seat_is_refused(client, seat):
    fields = {"tool": make.tool().pk, "reviewer": make.reviewer().pk, **WORDS, **NO_PREDICTIONS}
    response = client.post("/admin/reviews/review/add/", fields)
    assert list(response.context["adminform"].form.errors) == ["reviewer"]
    assert not Review.objects.exists()


def test_writer_without_a_seat_writes_nothing(client, writer):
    assert client.get("/admin/reviews/review/add/").status_code == 403
    assert not permissions.seats_to_write_for(writer).exists()


def test_predictions_are_limited_as_their_reviews_are(writer, reviews):
    predictions = {which: make.prediction(of=review) for which, review in reviews.items()}
    assert list(permissions.predictions_to_edit(writer)) == [predictions["own draft"]]
    assert predictions["own draft"].due_on > date(2026, 1, 1)
    assert permissions.predictions_to_edit(person("Editor")).count() == len(predictions)


@pytest.mark.parametrize("which", ["own draft", "other's draft"])
def test_previews_are_limited_as_reviews_are(writer, reviews, which):
    assert permissions.may_preview(writer, reviews[which]) == (which == "own draft")
    assert permissions.may_preview(person("Editor"), reviews[which])
    assert not permissions.may_preview(person("Moderator"), reviews[which])


def test_reviewers_may_not_publish_preview_tools_or_import(writer, reviews):
    tool, comparison = make.tool(), make.comparison()
    for content in (tool, comparison, reviews["own draft"]):
        assert not permissions.may_publish(writer, type(content))
        assert not permissions.may_override_gate(writer, type(content))
        assert permissions.may_publish(person("Editor"), type(content))
        assert permissions.may_override_gate(person("Editor"), type(content))
    # Their previews include the drafts of other seats.
    for content in (tool, comparison):
        assert not permissions.may_preview(writer, content)
        assert permissions.may_preview(person("Editor"), content)
        assert not permissions.may_preview(person("Moderator"), content)
    assert not permissions.may_import(writer)
    assert permissions.may_import(person("Editor"))


@pytest.mark.parametrize("group", ["Editor", "Administrator"])
def test_editors_have_all_seats(client, reviews, group):
    user = person(group)
    client.force_login(user)
    assert client.get("/admin/reviews/review/").context["cl"].queryset.count() == len(reviews)
    assert permissions.seats_to_write_for(user).count() == 2
    assert "verdict" in client.get("/admin/reviews/review/add/").context["adminform"].form.fields
