"""Editions of reviews, seats, and predictions."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from reviews.models import Review, Reviewer
from tests import factories as make
from tools.publishing import PublicationState, TransitionError

pytestmark = pytest.mark.django_db


def test_current_is_the_newest_published_edition_of_each_seat():
    tool, builder, skeptic = make.tool(), make.reviewer(), make.reviewer()
    make.review(of=tool, by=builder, verdict="skip", published_at=make.PAST)
    newer = make.review(of=tool, by=builder, published_at=make.PAST + timedelta(days=1))
    make.review(of=tool, by=builder, verdict="skip", published_at=make.FUTURE)
    make.review(of=tool, by=builder, verdict="skip", published_at=None)
    only = make.review(of=tool, by=skeptic)
    assert set(Review.objects.current()) == {newer, only}


def test_withdrawing_an_edition_makes_the_one_before_current():
    tool, seat = make.tool(), make.reviewer()
    older = make.review(of=tool, by=seat, verdict="skip")
    make.review(of=tool, by=seat, published_at=make.PAST + timedelta(days=1)).withdraw()
    assert list(Review.objects.current()) == [older]


def test_scheduled_edition_becomes_current_by_the_clock(time_machine):
    tool, seat = make.tool(), make.reviewer()
    make.review(of=tool, by=seat, verdict="skip")
    later = make.review(of=tool, by=seat, published_at=make.FUTURE)
    time_machine.move_to(make.FUTURE)
    assert list(Review.objects.current()) == [later]


def test_two_editions_of_a_seat_cannot_have_the_same_time():
    tool, seat = make.tool(), make.reviewer()
    make.review(of=tool, by=seat)
    with pytest.raises(IntegrityError, match="reviews_review_edition_once"):
        make.review(of=tool, by=seat)


def test_a_seat_has_at_most_one_draft():
    tool, seat = make.tool(), make.reviewer()
    make.review(of=tool, by=seat, published_at=None)
    with pytest.raises(IntegrityError, match="reviews_review_edition_once"):
        make.review(of=tool, by=seat, published_at=None)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("reviews_review_verdict_known", {"verdict": "SHIP"}),
        ("reviews_review_quote_not_empty", {"quote": ""}),
        ("reviews_review_gist_one_line", {"gist": "Two\nlines"}),
        ("reviews_review_basis_known", {"basis": "heard"}),
    ],
)
def test_invalid_words_are_refused(constraint, fields):
    with pytest.raises(IntegrityError, match=constraint):
        make.review(of=make.tool(), by=make.reviewer(), **fields)


@pytest.mark.parametrize(
    "words",
    [
        {"verdict": "skip"},
        {"gist": "Other"},
        {"quote": "Other"},
        {"flips_if": "Other"},
        {"basis": "production"},
        {"basis": "tried", "basis_version": "2", "basis_days": 1},
        {"published_at": make.PAST - timedelta(1)},
    ],
)
def test_published_review_cannot_be_rewritten(words):
    review = make.review(of=make.tool(), by=make.reviewer())
    with pytest.raises(IntegrityError, match="superseded by a later edition"), transaction.atomic():
        Review.objects.filter(pk=review.pk).update(**words)
    review.withdraw()
    assert review.state == PublicationState.WITHDRAWN


def test_draft_and_scheduled_reviews_can_be_rewritten():
    tool = make.tool()
    for published_at in (None, make.FUTURE):
        review = make.review(of=tool, by=make.reviewer(), published_at=published_at)
        Review.objects.filter(pk=review.pk).update(verdict="skip")
        review.refresh_from_db()
        assert review.verdict == "skip"


def test_next_edition_supersedes_once_published_and_keeps_the_old_one():
    review = make.review(of=make.tool(), by=make.reviewer())
    later = review.draft_next_edition(verdict="skip", quote="It changed.")
    assert list(Review.objects.current()) == [review]
    later.publish(reason="New facts.")
    assert list(Review.objects.current()) == [later]
    assert later.history.latest().history_change_reason == "New facts."
    review.refresh_from_db()
    assert (review.verdict, review.state) == ("ship", PublicationState.PUBLISHED)


def test_next_edition_refuses_drafts_and_earlier_times():
    draft = make.review(of=make.tool(), by=make.reviewer(), published_at=None)
    with pytest.raises(ValueError, match="Only a published review can be superseded"):
        draft.draft_next_edition(verdict="skip", quote="No.")
    published = make.review(of=make.tool(), by=make.reviewer(), published_at=timezone.now())
    later = published.draft_next_edition(verdict="skip", quote="No.")
    with pytest.raises(TransitionError, match="That time has passed"):
        later.publish(at=make.PAST)
    assert list(Review.objects.current()) == [published]


def test_reviewers_can_swap_seats_in_one_transaction():
    first, second = make.reviewer(seat=101), make.reviewer(seat=102)
    Reviewer.objects.filter(pk=first.pk).update(seat=102)
    Reviewer.objects.filter(pk=second.pk).update(seat=101)
    assert list(Reviewer.objects.order_by("seat").values_list("pk", flat=True)) == [second.pk, first.pk]


def test_open_prediction_cannot_have_a_judgment_day():
    review = make.review(of=make.tool(), by=make.reviewer())
    with pytest.raises(IntegrityError, match="reviews_prediction_open_not_judged"):
        make.prediction(of=review, judged_on=make.PAST.date())
