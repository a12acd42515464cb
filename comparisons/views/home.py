"""The front page."""

from datetime import timedelta
from itertools import islice
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from comparisons.machines import linked_data, titles
from comparisons.models import Comparison, Split
from comparisons.pages.category_page import build_summaries
from comparisons.pages.panel_records import read_panel
from comparisons.reading.agreement import NO_RECORD, SeatRecord
from comparisons.reading.changes import read_changes
from comparisons.reading.revision import EVERYTHING, current_revision
from comparisons.reading.verdict_map import read_verdict_map
from comparisons.shaping.boxes import render_cards_box
from comparisons.shaping.changes import shape_change
from comparisons.shaping.leads import Lead, build_lead
from comparisons.shaping.mapped_categories import render_map
from comparisons.shaping.rails import render_rail
from comparisons.shaping.seat_filter import PanelSeat
from comparisons.shaping.sentences import list_brief_names
from comparisons.shaping.tool_columns import Card, build_card, render_listed_prediction
from comparisons.shaping.tool_table import MAX_SEAT_COLUMNS
from reviews.behind import describe_seats
from reviews.models import Prediction, Review, Reviewer
from reviews.track_record import NO_PREDICTIONS, TrackRecord
from tools.models import Tool
from votes.models import Listing
from web import clock
from web.pages import public_page

MAX_FRESH = 6  # comparisons below the one that leads
MAX_TRIES = 3  # pairs below the form
MAX_GAPS = 8  # tools
MAX_CHANGES = 4
MAX_DUE = 3  # predictions
MAX_CATEGORIES, MAX_TOOLS = 24, 8  # of each
MAX_TILES = 8  # categories
WEEK = timedelta(days=7)


class Bench(NamedTuple):
    """A seat with how it judges."""

    seat: Reviewer
    record: SeatRecord
    track_record: TrackRecord


class Quote(NamedTuple):
    """What a seat says about one of the tools of the leading comparison."""

    gist: str
    reviewer: str
    verdict: str
    tool: str


class GapRail(NamedTuple):
    """A tool on which panel and visitors stand on different sides, drawn."""

    card: Card
    rail: SafeString


@require_safe
@public_page(depends_on=EVERYTHING)
def home(request: HttpRequest) -> HttpResponse:
    """Show what to compare, what is new, and every verdict at a glance. Examples never lead."""
    pairs = [
        (comparison, build_card(comparison.first), build_card(comparison.second))
        for comparison in Comparison.objects.published()
        .without_examples()
        .newest_first()
        .with_numbers()[: MAX_FRESH + 1]
    ]
    seats = list(Reviewer.objects.order_by("seat"))
    mapped = read_verdict_map(categories=MAX_CATEGORIES, tools=MAX_TOOLS)
    summaries = build_summaries(mapped, [(seat.pk, seat.name) for seat in seats])
    changes = [shape_change(record) for record in read_changes(most=MAX_CHANGES, with_examples=False)]
    first_day = clock.today() - WEEK  # a page changes with the day, not with the hour
    of_week = [change for change in changes if clock.day_of(change.at) > first_day]
    of_week = of_week if len(of_week) > 1 else []
    gaps = _list_gaps()
    today = clock.today()
    due = Prediction.objects.on_record().filter(review__tool__example=False).due_soonest()
    due = due.select_related("review__tool", "review__reviewer")[:MAX_DUE]
    return render(
        request,
        "comparisons/home.html",
        {
            "description": titles.write_home_description(*pairs[0][1:]) if pairs else "",
            "linked_data": linked_data.build_site_graph(),
            "lead": _build_lead(*pairs[0]) if pairs else None,
            "quote": _find_quote(*pairs[0][1:]) if pairs else None,
            "fresh": [_render_box(*pair) for pair in pairs[1:]],
            "tries": [
                (comparison.get_absolute_url(), *list_brief_names(first, second))
                for comparison, first, second in pairs[1 : MAX_TRIES + 1]
            ],
            "bench": _build_bench(seats),
            "who_speaks": describe_seats([seat.behind for seat in seats]),
            "changes": of_week or changes,
            "are_changes_of_week": bool(of_week),
            "gaps": gaps,
            "splits": [] if gaps else _list_splits(),
            "seats": seats,
            "map": render_map(mapped, [PanelSeat(seat.pk, seat.slug, seat.name) for seat in seats]),
            "can_filter_map": 1 < len(seats) <= MAX_SEAT_COLUMNS,
            "categories": sorted(summaries, key=lambda summary: -summary.tools)[:MAX_TILES],
            "has_more_categories": len(summaries) > MAX_TILES,
            "due": [render_listed_prediction(prediction, today=today) for prediction in due],
        },
    )


def _build_lead(comparison: Comparison, first: Card, second: Card) -> Lead:
    return build_lead(first, second, url=comparison.get_absolute_url(), published_at=comparison.published_at)


def _find_quote(first: Card, second: Card) -> Quote | None:
    """Return the gist of a seat that judges the two differently, or of any seat. One query."""
    names = list_brief_names(first, second)
    reviews = Review.objects.current().filter(tool__in=[first.tool, second.tool]).exclude(gist="")
    quotes = [
        Quote(review.gist, review.reviewer.name, review.verdict, names[review.tool_id == second.tool.pk])
        for review in reviews.select_related("reviewer").order_by("reviewer__seat", "tool")
    ]
    split = [quote for quote in quotes if len({one.verdict for one in quotes if one.reviewer == quote.reviewer}) > 1]
    return next(iter([quote for quote in split if quote.verdict == "skip"] or split or quotes), None)


def _render_box(comparison: Comparison, first: Card, second: Card) -> SafeString:
    return render_cards_box(first, second, url=comparison.get_absolute_url(), at=comparison.published_at)


def _build_bench(seats: list[Reviewer]) -> list[Bench]:
    panel = read_panel(current_revision())
    return [
        Bench(seat, panel.records.get(seat.pk, NO_RECORD), panel.track_records.get(seat.pk, NO_PREDICTIONS))
        for seat in seats
    ]


def _list_gaps() -> list[GapRail]:
    listings = Listing.objects.at().without_examples().apart().tool_ids()[:MAX_GAPS]
    cards = [build_card(tool) for tool in Tool.objects.with_numbers().with_plans().in_order(listings)]
    return [GapRail(card, render_rail(card.panel, card.community)) for card in cards]


def _list_splits() -> list[SafeString]:
    """Return the pairs that split the panel most, for a site on which nobody has voted."""
    biggest = Split.objects.at().without_examples().biggest().values_list("comparison_id", flat=True)[:MAX_FRESH]
    return [
        _render_box(comparison, build_card(comparison.first), build_card(comparison.second))
        for comparison in islice(Comparison.objects.with_numbers().in_order(biggest), MAX_FRESH)
    ]
