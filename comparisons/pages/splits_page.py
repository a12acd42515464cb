"""The page of splits: where visitors stand against the panel, where they break its tie, and what splits its seats."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils.safestring import SafeString

from comparisons.models import Comparison, Split
from comparisons.pages.panel_seats import read_panel_seats
from comparisons.shaping import splits
from comparisons.shaping.rails import render_rail
from comparisons.shaping.tool_columns import Card, build_card
from comparisons.shaping.tool_table import build_table
from reviews.models import Review
from tools.models import Tool
from votes.models import Listing

MAX_SPLITS = 12  # of each kind


class Gap(NamedTuple):
    """A tool about which panel and visitors differ."""

    card: Card
    rail: SafeString
    words: str
    """How many points visitors are above the panel, with their sign: `+43`."""
    reviewer: str
    """The first seat on the visitors' side that says why; "" if none does."""
    gist: str


def build_splits_page() -> dict[str, Any]:
    """Return the context of `comparisons/splits.html`. At most fourteen queries."""
    tools, listings = Tool.objects.with_numbers().with_plans().select_related("category"), Listing.objects.at()
    apart = [build_card(tool) for tool in tools.in_order(listings.apart().tool_ids()[:MAX_SPLITS])]
    divided = [build_card(tool) for tool in tools.in_order(listings.divided().tool_ids()[:MAX_SPLITS])]
    ties = [card for card in divided if card.panel.side == 0 and card.community.side]
    pairs = Comparison.objects.with_numbers().in_order(
        Split.objects.at().biggest().values_list("comparison_id", flat=True)[:MAX_SPLITS]
    )
    return {
        "apart": _list_gaps(apart, gists=_read_gists(apart)),
        "ties": sorted(_list_gaps(ties), key=lambda gap: -(_measure(gap.card) ** 2)),
        "table": build_table([card for card in divided if card not in ties], read_panel_seats()),
        "pairs": [splits.build_split(comparison) for comparison in pairs],
    }


def _measure(card: Card) -> int:
    """Return how many points visitors are above the panel."""
    return (card.community.percent or 0) - (card.panel.percent or 0)


def _list_gaps(cards: Sequence[Card], *, gists: dict[tuple[int, int], tuple[str, str]] | None = None) -> list[Gap]:
    """Return the cards as gaps. `gists` are (reviewer's name, sentence) by tool and side."""
    return [
        Gap(
            card,
            render_rail(card.panel, card.community),
            f"{_measure(card):+}".replace("-", "−"),
            *(gists or {}).get((card.tool.pk, card.community.side), ("", "")),
        )
        for card in cards
    ]


def _read_gists(cards: Sequence[Card]) -> dict[tuple[int, int], tuple[str, str]]:
    """Return the first gist of each side: (reviewer's name, sentence) by tool, and 1 for ship or -1. One query."""
    reviews = Review.objects.current().filter(tool__in=[card.tool.pk for card in cards]).exclude(gist="")
    rows = reviews.order_by("-reviewer__seat").values_list("tool_id", "verdict", "reviewer__name", "gist")
    return {(tool, 1 if verdict == "ship" else -1): (name, gist) for tool, verdict, name, gist in rows}
