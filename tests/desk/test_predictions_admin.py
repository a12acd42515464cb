"""Predictions are judged with a note and a source, not in the future; their claims cannot change."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from reviews.models import Prediction
from tests import factories as make

pytestmark = pytest.mark.django_db
SOURCE = "https://example.com/news"


@pytest.fixture
def prediction():
    return make.prediction(of=make.review(of=make.tool(), by=make.reviewer()), claim="Gone in a year")


def url(prediction) -> str:
    return reverse("admin:reviews_prediction_change", args=[prediction.pk])


def make_judgment(**fields) -> dict:
    return {"outcome": "right", "note": "It is gone.", "source": SOURCE, "judged_on": "", **fields}


def read_stored() -> tuple:
    return Prediction.objects.values_list("outcome", "note", "source", "judged_on").get()


def test_form_suggests_today_and_shows_the_review(admin_client, prediction):
    page = admin_client.get(url(prediction))
    assert page.context["adminform"].form["judged_on"].value() == timezone.now().date()
    assert sorted(page.context["adminform"].form.fields) == [
        "change_reason", "judged_on", "note", "outcome", "seen_version", "source",
    ]  # fmt: skip
    assert prediction.review.quote in page.content.decode()


def test_judgment_without_a_day_is_of_today(admin_client, prediction):
    assert admin_client.post(url(prediction), make_judgment()).status_code == 302
    assert read_stored() == ("right", "It is gone.", SOURCE, timezone.now().date())


def test_judgment_can_have_an_earlier_day(admin_client, prediction):
    day = timezone.now().date() - timedelta(days=3)
    admin_client.post(url(prediction), make_judgment(outcome="void", note="", source="", judged_on=str(day)))
    assert read_stored() == ("void", "", "", day)


@pytest.mark.parametrize("outcome", ["right", "wrong"])
def test_right_and_wrong_need_a_note_and_a_source(admin_client, prediction, outcome):
    response = admin_client.post(url(prediction), make_judgment(outcome=outcome, note=" ", source=""))
    assert response.context["adminform"].form.errors == {
        "note": [f"Say what happened. It is required to judge a prediction {outcome}."],
        "source": [f"Give a source. It is required to judge a prediction {outcome}."],
    }
    assert read_stored()[0] == "open"


def test_day_in_the_future_is_refused(admin_client, prediction):
    tomorrow = timezone.now().date() + timedelta(days=1)
    response = admin_client.post(url(prediction), make_judgment(judged_on=str(tomorrow)))
    assert list(response.context["adminform"].form.errors) == ["judged_on"]
    assert read_stored()[0] == "open"


def test_day_in_an_impossible_year_is_refused(admin_client, prediction):
    response = admin_client.post(url(prediction), make_judgment(judged_on="0026-11-20"))
    assert response.context["adminform"].form.errors == {"judged_on": ["The year 26 cannot be right."]}
    assert read_stored()[0] == "open"


def test_open_prediction_has_no_day(admin_client, prediction):
    fields = make_judgment(outcome="open", note="Not yet.", source="", judged_on=str(timezone.now().date()))
    response = admin_client.post(url(prediction), fields)
    assert response.status_code == 302
    assert read_stored() == ("open", "Not yet.", "", None)


def test_claim_and_day_cannot_be_changed(admin_client, prediction):
    admin_client.post(url(prediction), make_judgment(claim="Other", due_on="2020-01-01"))
    prediction_after = Prediction.objects.get()
    assert (prediction_after.claim, prediction_after.due_on) == ("Gone in a year", prediction.due_on)


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_prediction_of_an_unpublished_review_cannot_be_judged(admin_client, fields):
    prediction = make.prediction(of=make.review(of=make.tool(), by=make.reviewer(), **fields))
    assert admin_client.post(url(prediction), make_judgment()).status_code == 403
    assert read_stored()[0] == "open"


def test_predictions_cannot_be_added_or_deleted_here(admin_client, prediction):
    assert admin_client.get(reverse("admin:reviews_prediction_add")).status_code == 403
    delete = reverse("admin:reviews_prediction_delete", args=[prediction.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 302  # back, with a message
    assert Prediction.objects.count() == 1


def test_judgment_is_recorded_in_the_history(admin_client, admin_user, prediction):
    admin_client.post(url(prediction), make_judgment())
    newest = Prediction.history.filter(id=prediction.pk).latest()
    assert (newest.outcome, newest.history_user) == ("right", admin_user)
