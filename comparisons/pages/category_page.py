"""The page of all categories, and what a category shows beside its table: the leader, and places by pair votes."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Max

from comparisons.addresses import reverse_slug
from comparisons.pages.tool_list import ListedSite
from comparisons.reading.verdict_map import read_verdict_map
from comparisons.shaping import leaders
from comparisons.shaping.leaders import Leader
from comparisons.shaping.tool_columns import Card
from reviews.models import Review
from reviews.panel import Panel
from tools.brief_names import choose_brief_name
from votes.models import Listing

MAX_CATEGORIES = 200


class CategoryEntry(NamedTuple):
    """A category in the list of all of them."""

    name: str
    url: str
    tools: int
    judged_on: date | None
    """The day of its newest review."""
    leader: str
    """The best judged tool; "" if none is judged."""
    panel: Panel


def list_categories(site: ListedSite) -> list[CategoryEntry]:
    """Return all categories with published tools, by name. Two queries."""
    newest: dict[int, Any] = dict(
        Listing.objects.at().order_by().values("category").annotate(at=Max("reviewed_at")).values_list("category", "at")
    )
    best = {row["slug"]: row["tools"] for row in read_verdict_map(categories=MAX_CATEGORIES, tools=1)}
    entries = []
    for category in site.categories:
        tool = next(iter(best.get(category.slug) or ()), None)
        verdicts = dict(tool["verdicts"]) if tool else {}
        marks = [(seat.name, verdicts[seat.id]) for seat in site.seats if seat.id in verdicts]
        at = newest.get(category.id)
        entries.append(
            CategoryEntry(
                name=category.name,
                url=reverse_slug("category", category.slug),
                tools=site.tools.by_category.get(category.id, 0).bit_count(),
                judged_on=at.date() if at else None,
                leader=choose_brief_name(tool["name"], tool["short_name"]) if tool else "",
                panel=Panel.from_verdicts(marks),
            )
        )
    return entries


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
