"""The panel: its seats, where they part, and what they have predicted."""

from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.forms import parse_judged_only
from comparisons.models import Comparison, Split
from comparisons.reading.agreement import NOBODY, NOTHING, SeatRecord, agreement_with_visitors, seat_records
from comparisons.reading.changes import newest_changes, read_changes
from comparisons.reading.revision import Revision, current_revision
from comparisons.shaping import splits, tool_columns
from reviews.models import Prediction, Review, Reviewer
from reviews.track_record import NO_PREDICTIONS, TrackRecord
from tools.models import Tool
from votes.models import Listing
from web import clock
from web.caching import process_cache
from web.current_address import at_current_address
from web.http import public_page
from web.paging import get_page, get_uncounted_page

REVIEWS_A_PAGE = 12
PREDICTIONS_A_PAGE = 24
MOST = 12  # of each kind on the page of splits
CHANGES_A_PAGE = 20
MOST_PAGES = 50  # of changes and predictions; older ones stand on the pages of their tools


class Panel(NamedTuple):
    """What editors' words and the clock make of the seats, by reviewer's id."""

    records: dict[int, SeatRecord]
    track_records: dict[int, TrackRecord]


@process_cache(maxsize=2, in_debug=False)
def _panel(revision: Revision) -> Panel:
    """Return the records of all seats, cached per revision of the site."""
    outcomes = Prediction.objects.on_record().outcomes()
    return Panel(seat_records(), {seat: TrackRecord.of(counts) for seat, counts in outcomes.items()})


@require_safe
@public_page
def reviewers(request: HttpRequest) -> HttpResponse:
    """The seats of the panel, how each judges, and who agrees with whom."""
    seats = list(Reviewer.objects.order_by("seat"))
    panel = _panel(current_revision())
    records = {seat: panel.records.get(seat.pk, NOTHING) for seat in seats}
    return render(
        request,
        "comparisons/reviewers.html",
        {
            "here": reverse("reviewers"),
            "seats": [
                (seat, record, panel.track_records.get(seat.pk, NO_PREDICTIONS)) for seat, record in records.items()
            ],
            "agreement": [
                (seat, [None if other == seat else record.with_seat(other.pk) for other in seats])
                for seat, record in records.items()
            ],
        },
    )


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
@public_page
@at_current_address(_find_seat)
def reviewer(request: HttpRequest, reviewer: Any) -> HttpResponse:
    """One seat: its lens, what stands behind it, how it judges, and all its reviews."""
    panel = _panel(current_revision())
    record = panel.records.get(reviewer.pk, NOTHING)
    return render(
        request,
        "comparisons/reviewer.html",
        {
            "here": reviewer.get_absolute_url(),
            "reviewer": reviewer,
            "record": record,
            "visitors": agreement_with_visitors().get(reviewer.pk, NOBODY),
            "others": [(seat, record.with_seat(seat.pk)) for seat in reviewer.others],
            "track_record": panel.track_records.get(reviewer.pk, NO_PREDICTIONS),
            "page": get_page(
                Review.objects.of_seat(reviewer), request.GET, per_page=REVIEWS_A_PAGE, count=record.ships.whole
            ),
        },
    )


@require_safe
@public_page
def split_list(request: HttpRequest) -> HttpResponse:
    """Where the seats part most, and where panel and community do."""
    pairs = Comparison.objects.with_numbers().in_order(
        Split.objects.at().biggest().values_list("comparison_id", flat=True)[:MOST]
    )
    tools = Tool.objects.with_numbers().with_plans()
    return render(
        request,
        "comparisons/splits.html",
        {
            "here": reverse("splits"),
            "pairs": [splits.parted(comparison) for comparison in pairs],
            "divided": [
                tool_columns.build_card(tool)
                for tool in tools.in_order(Listing.objects.at().divided().tool_ids()[:MOST])
            ],
            "apart": [
                tool_columns.build_card(tool) for tool in tools.in_order(Listing.objects.at().apart().tool_ids()[:MOST])
            ],
        },
    )


@require_safe
@public_page
def changes(request: HttpRequest) -> HttpResponse:
    """Every verdict that flipped, with what it said before, and every correction; newest first."""
    page = get_uncounted_page(newest_changes(), request.GET, per_page=CHANGES_A_PAGE, max_pages=MOST_PAGES)
    return render(
        request,
        "comparisons/changes.html",
        {
            "here": reverse("changes"),
            "page": page,
            "changes": read_changes(page.items),
        },
    )


@require_safe
@public_page
def predictions(request: HttpRequest) -> HttpResponse:
    """What the seats have put on record: what is due soonest, then what was judged; or all that was judged."""
    on_record = Prediction.objects.on_record().select_related("review__tool", "review__reviewer")
    judged = parse_judged_only(request.GET)
    listed = on_record.judged() if judged else on_record.due_soonest()
    page = get_uncounted_page(listed, request.GET, per_page=PREDICTIONS_A_PAGE, max_pages=MOST_PAGES)
    today = clock.today()
    return render(
        request,
        "comparisons/predictions.html",
        {
            "here": reverse("predictions"),
            "judged_only": judged,
            "page": page,
            "predictions": [
                tool_columns.render_listed_prediction(prediction, today=today) for prediction in page.items
            ],
            "judged": []
            if judged
            else [
                tool_columns.render_listed_prediction(prediction, today=today)
                for prediction in on_record.judged()[:MOST]
            ],
        },
    )
