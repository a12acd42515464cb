"""The page of all categories, and what a category shows beside its table: the leader, and places by pair votes."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from comparisons.addresses import reverse_slug
from comparisons.reading.records import MappedCategory
from comparisons.reading.verdict_map import read_verdict_map
from comparisons.shaping import leaders
from comparisons.shaping.leaders import Leader
from comparisons.shaping.seat_filter import PanelSeat
from comparisons.shaping.tool_columns import Card
from reviews.models import Review
from reviews.panel import Panel
from tools.brief_names import choose_brief_name

MAX_CATEGORIES = 200


class CategorySummary(NamedTuple):
    """A category in the list of all of them."""

    name: str
    url: str
    tools: int
    judged_on: date | None
    """The day of its newest review."""
    leader: str
    """The best judged tool; "" if none is judged."""
    panel: Panel


def build_summaries(categories: Iterable[MappedCategory], seats: Iterable[tuple[int, str]]) -> list[CategorySummary]:
    """Return the summaries of categories. `seats` are (reviewer's id, name) in seat order."""
    seats = list(seats)
    summaries = []
    for category in categories:
        tool = next(iter(category["tools"] or ()), None)
        verdicts = dict(tool["verdicts"]) if tool else {}
        at = category["judged_at"]
        summaries.append(
            CategorySummary(
                name=category["name"],
                url=reverse_slug("category", category["slug"]),
                tools=category["total"],
                judged_on=datetime.fromisoformat(at).date() if at else None,
                leader=choose_brief_name(tool["name"], tool["short_name"]) if tool else "",
                panel=Panel.from_verdicts([(name, verdicts[pk]) for pk, name in seats if pk in verdicts]),
            )
        )
    return summaries


def list_categories(seats: Iterable[PanelSeat]) -> list[CategorySummary]:
    """Return all categories with published tools, by name. One query."""
    return build_summaries(
        read_verdict_map(categories=MAX_CATEGORIES, tools=1), [(seat.id, seat.name) for seat in seats]
    )


def find_leader(cards: Sequence[Card], *, seats: Sequence[int]) -> Leader | None:
    """Return the first of ranked cards with a sentence of the panel; None if it is not judged. One query.

    The sentence is the gist of the first seat that ships it, of `seats` (ids) if there are any.
    """
    first = cards[0].tool.pk if cards else None
    reviews = Review.objects.current().filter(tool=first, verdict="ship").exclude(gist="")
    reviews = reviews.filter(reviewer__in=seats) if seats else reviews
    gist = reviews.order_by("reviewer__seat").values_list("reviewer__name", "gist").first()
    if not cards or not cards[0].panel.ship:
        return None
    return leaders.build_leader(cards, gist=gist or ("", ""))
