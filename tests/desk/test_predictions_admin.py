"""Predictions are judged with a reason and a source, on a day that has come; their words stay."""

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


def judgement(**fields) -> dict:
    return {"outcome": "right", "note": "It is gone.", "source": SOURCE, "judged_on": "", **fields}


def stored() -> tuple:
    return Prediction.objects.values_list("outcome", "note", "source", "judged_on").get()


def test_form_suggests_today_and_shows_the_review(admin_client, prediction):
    page = admin_client.get(url(prediction))
    assert page.context["adminform"].form["judged_on"].value() == timezone.now().date()
    assert sorted(page.context["adminform"].form.fields) == [
        "change_reason", "judged_on", "note", "outcome", "seen_version", "source",
    ]  # fmt: skip
    assert prediction.review.quote in page.content.decode()


def test_judged_today_unless_another_day_is_said(admin_client, prediction):
    assert admin_client.post(url(prediction), judgement()).status_code == 302
    assert stored() == ("right", "It is gone.", SOURCE, timezone.now().date())


def test_judged_on_an_earlier_day(admin_client, prediction):
    day = timezone.now().date() - timedelta(days=3)
    admin_client.post(url(prediction), judgement(outcome="void", note="", source="", judged_on=str(day)))
    assert stored() == ("void", "", "", day)


@pytest.mark.parametrize("outcome", ["right", "wrong"])
def test_right_and_wrong_want_a_note_and_a_source(admin_client, prediction, outcome):
    response = admin_client.post(url(prediction), judgement(outcome=outcome, note=" ", source=""))
    assert response.context["adminform"].form.errors == {
        "note": [f"Say what happened: a prediction is not judged {outcome} without it."],
        "source": [f"Say where that can be seen: a prediction is not judged {outcome} without it."],
    }
    assert stored()[0] == "open"


def test_day_to_come_is_refused(admin_client, prediction):
    tomorrow = timezone.now().date() + timedelta(days=1)
    response = admin_client.post(url(prediction), judgement(judged_on=str(tomorrow)))
    assert list(response.context["adminform"].form.errors) == ["judged_on"]
    assert stored()[0] == "open"


def test_open_prediction_keeps_no_day(admin_client, prediction):
    posted = judgement(outcome="open", note="Not yet.", source="", judged_on=str(timezone.now().date()))
    response = admin_client.post(url(prediction), posted)
    assert response.status_code == 302
    assert stored() == ("open", "Not yet.", "", None)


def test_claim_and_day_cannot_be_changed(admin_client, prediction):
    admin_client.post(url(prediction), judgement(claim="Other", due_on="2020-01-01"))
    kept = Prediction.objects.get()
    assert (kept.claim, kept.due_on) == ("Gone in a year", prediction.due_on)


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_prediction_of_a_review_that_is_not_out_is_not_judged(admin_client, fields):
    prediction = make.prediction(of=make.review(of=make.tool(), by=make.reviewer(), **fields))
    assert admin_client.post(url(prediction), judgement()).status_code == 403
    assert stored()[0] == "open"


def test_predictions_are_neither_added_nor_deleted_here(admin_client, prediction):
    assert admin_client.get(reverse("admin:reviews_prediction_add")).status_code == 403
    delete = reverse("admin:reviews_prediction_delete", args=[prediction.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 302  # back, with a word
    assert Prediction.objects.count() == 1


def test_judging_is_kept_in_the_history(admin_client, admin_user, prediction):
    admin_client.post(url(prediction), judgement())
    newest = Prediction.history.filter(id=prediction.pk).latest()
    assert (newest.outcome, newest.history_user) == ("right", admin_user)
