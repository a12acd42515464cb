"""The panel: its seats, splits, and predictions."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from comparisons.forms import parse_judged_only
from comparisons.pages.panel_records import PanelRecords, read_last_predictions, read_panel, read_predictions
from comparisons.pages.splits_page import build_splits_page
from comparisons.reading.agreement import (
    NO_RECORD,
    NO_SHARE,
    Share,
    measure_agreement_with_community,
)
from comparisons.reading.revision import CONTENT, EVERYTHING, current_revision
from comparisons.shaping.claims import render_claim, render_linked_mark, render_seat_claim
from reviews.behind import describe_seats
from reviews.choices import Outcome
from reviews.models import Prediction, Review, Reviewer
from reviews.track_record import NO_PREDICTIONS
from web import clock
from web.current_address import at_current_address
from web.pages import public_page
from web.paging import get_page, get_uncounted_page

REVIEWS_PER_PAGE = 12
MAX_MARKS = 60  # predictions that a seat's record draws: those due last
PREDICTIONS_PER_PAGE = 24
MAX_JUDGED = 12  # predictions below the open ones
MAX_PAGES = 50  # of predictions; older ones are on the pages of their tools


@require_safe
@public_page(depends_on=EVERYTHING)
def reviewers(request: HttpRequest) -> HttpResponse:
    """Show the seats of the panel, how each judges, and which agree."""
    seats = list(Reviewer.objects.order_by("seat"))
    panel = read_panel(current_revision())
    records = {seat: panel.records.get(seat.pk, NO_RECORD) for seat in seats}
    return render(
        request,
        "comparisons/reviewers.html",
        {
            "here": reverse("reviewers"),
            "seats": [
                (seat, record, panel.track_records.get(seat.pk, NO_PREDICTIONS)) for seat, record in records.items()
            ],
            "agreement": _tabulate_agreement(seats, panel),
            "who_speaks": describe_seats([seat.behind for seat in seats]),
        },
    )


def _tabulate_agreement(seats: Sequence[Reviewer], panel: PanelRecords) -> list[tuple[Reviewer, list[Share | None]]]:
    """Return how often each seat agrees with each; None for a seat with itself."""
    return [
        (
            seat,
            [None if other == seat else panel.records.get(seat.pk, NO_RECORD).with_seat(other.pk) for other in seats],
        )
        for seat in seats
    ]


def _find_seat(slug: str) -> Any | None:
    """Return a reviewer with `others`, the other seats in order, by its slug, current or former. One query for a
    current one, because the page needs all seats anyway.
    """
    seats = list(Reviewer.objects.order_by("seat"))
    found: Any = next((seat for seat in seats if seat.slug == slug), None) or Reviewer.objects.by_slug(slug)
    if found:
        found.others = [seat for seat in seats if seat != found]
    return found


@require_safe
@public_page(depends_on=EVERYTHING)
@at_current_address(_find_seat)
def reviewer(request: HttpRequest, reviewer: Any) -> HttpResponse:
    """Show a seat: its lens, its disclosure, how it judges, and all its reviews."""
    revision = current_revision()
    panel = read_panel(revision)
    record = panel.records.get(reviewer.pk, NO_RECORD)
    others = [(seat, record.with_seat(seat.pk)) for seat in reviewer.others]
    predictions = read_predictions(revision, reviewer.pk, most=MAX_MARKS)
    return render(
        request,
        "comparisons/reviewer.html",
        {
            "here": reviewer.get_absolute_url(),
            "reviewer": reviewer,
            "record": record,
            "visitors": measure_agreement_with_community().get(reviewer.pk, NO_SHARE),
            "others": others,
            "closest": max(
                (one for one in others if one[1].whole), key=lambda one: one[1].part / one[1].whole, default=None
            ),
            "agreement": _tabulate_agreement(sorted([reviewer, *reviewer.others], key=lambda seat: seat.seat), panel),
            "predictions": [(prediction.pk, render_linked_mark(prediction)) for prediction in predictions],
            "predictions_by_state": _part_predictions(predictions),
            "track_record": panel.track_records.get(reviewer.pk, NO_PREDICTIONS),
            "page": get_page(
                Review.objects.of_seat(reviewer), request.GET, per_page=REVIEWS_PER_PAGE, count=record.ships.whole
            ),
        },
    )


def _part_predictions(predictions: Sequence[Prediction]) -> list[tuple[bool, list[SafeString]]]:
    """Render the judged predictions and the open ones, as (whether they are open, predictions), without empty parts."""
    parts = [
        (is_open, [render_seat_claim(one) for one in predictions if (one.outcome == Outcome.OPEN) == is_open])
        for is_open in (False, True)
    ]
    return [part for part in parts if part[1]]


@require_safe
@public_page(depends_on=EVERYTHING)
def split_list(request: HttpRequest) -> HttpResponse:
    """Show where the seats differ most, and where panel and community do."""
    return render(request, "comparisons/splits.html", {"here": reverse("splits"), **build_splits_page()})


@require_safe
@public_page(depends_on=CONTENT)
def predictions(request: HttpRequest) -> HttpResponse:
    """List the predictions that are due, the next ones, and the latest verdicts on them; or all that have been judged.

    The first page has the record of each seat.
    """
    on_record = Prediction.objects.on_record().select_related("review__tool", "review__reviewer")
    asked_for_judged = parse_judged_only(request.GET)
    predictions = on_record.judged() if asked_for_judged else on_record.due_soonest()
    page = get_uncounted_page(predictions, request.GET, per_page=PREDICTIONS_PER_PAGE, max_pages=MAX_PAGES)
    latest_judged = on_record.none() if asked_for_judged else on_record.judged()[:MAX_JUDGED]
    is_first = page.number == 1 and not asked_for_judged
    today = clock.today()
    overdue = [one for one in page.items if one.outcome == Outcome.OPEN and one.due_on <= today]
    return render(
        request,
        "comparisons/predictions.html",
        {
            "here": reverse("predictions"),
            "judged_only": asked_for_judged,
            "page": page,
            "overdue": [render_claim(prediction) for prediction in overdue],
            "predictions": [render_claim(prediction) for prediction in page.items[len(overdue) :]],
            "judged": [render_claim(prediction) for prediction in latest_judged],
            "records": read_last_predictions(current_revision(), most=MAX_MARKS) if is_first else [],
            "most": MAX_MARKS,
        },
    )
