"""A table of tools with a column per seat, in which readers compare down the columns. No queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from django.utils.safestring import SafeString

from comparisons.shaping.rails import render_rail
from comparisons.shaping.seat_filter import PanelSeat
from comparisons.shaping.tool_columns import Card
from reviews.panel import Panel
from web.fragments import render_cached

MAX_SEAT_COLUMNS = 8  # more seats share one column, as marks in a row
SEAT_PREFIX = "seat."


class SeatHead(NamedTuple):
    """The head of a seat's column, by which readers can sort. `sort` is the value in the address; "" is the ranking."""

    name: str
    """Without its article."""
    sort: str
    is_sorted: bool


class Found(NamedTuple):
    """What a search found in a tool: its name and tagline with highlights, and further lines."""

    name: SafeString
    about: SafeString
    why: tuple[SafeString | str, ...]


class TableRow(NamedTuple):
    """A tool in the table, with one cell per seat."""

    card: Card
    seat_cells: SafeString
    rail: SafeString
    """Panel and visitors on one axis; "" without a community number."""
    found: Found | None
    """What a search found in it; None if the table is not of search results."""


@dataclass(frozen=True, slots=True)
class ToolTable:
    """What `comparisons/_tool_table.html` takes."""

    seats: list[SeatHead]
    """The heads of the seats that judged a tool of the table; none if they are too many for columns."""
    has_marks: bool
    """Whether the verdicts share one column, because the seats are too many for one each."""
    rows: list[TableRow]
    sort: str
    """The order in the address; "" is the ranking, and `seat.<slug>` the verdict of one seat."""
    has_community: bool
    """Whether visitors gave any of the tools a number."""
    has_prices: bool
    is_ranking: bool
    """Whether the place of a row is its rank."""


def build_table(
    cards: Sequence[Card],
    seats: Sequence[PanelSeat],
    *,
    sort: str = "",
    is_ranking: bool = False,
    found: Mapping[int, Found] = MappingProxyType({}),
) -> ToolTable:
    """Return the table of the cards, with a column for each of the `seats`, given in order, that judged one of them.

    `found` is what a search found in the tools, by id.
    """
    judging = {name for card in cards for name, _ in card.panel.marks}
    shown = [seat for seat in seats if seat.name in judging]
    has_marks = len(shown) > MAX_SEAT_COLUMNS
    if has_marks:
        shown = []
    names = [seat.name for seat in shown]
    return ToolTable(
        seats=[SeatHead(seat.name.removeprefix("The "), sort_of(seat), sort_of(seat) == sort) for seat in shown],
        has_marks=has_marks,
        rows=[
            TableRow(
                card,
                render_seat_cells(card.panel, names),
                render_rail(card.panel, card.community) if card.community.has_number else SafeString(),
                found.get(card.tool.pk),
            )
            for card in cards
        ],
        sort=sort,
        has_community=any(card.community.has_number for card in cards),
        has_prices=any(card.has_price for card in cards),
        is_ranking=is_ranking,
    )


def sort_of(seat: PanelSeat) -> str:
    """Return the order by the verdict of a seat as it stands in addresses. Slugs have no points."""
    return SEAT_PREFIX + seat.slug


def render_seat_cells(panel: Panel, names: Sequence[str]) -> SafeString:
    """Render a cell per seat, given by name: its verdict, or that it has not judged."""
    verdicts = dict(panel.marks)
    return render_cached("comparisons/_seat_cells.html", seats=tuple((name, verdicts.get(name)) for name in names))
