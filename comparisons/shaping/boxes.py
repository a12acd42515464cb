"""A comparison as a box score: two names, the marks of the panel, and whom it prefers. Records in, fragments out."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.utils.safestring import SafeString

from comparisons.addresses import reverse_pair
from comparisons.reading.records import ScoredPairRecord
from comparisons.shaping.sentences import list_brief_names
from comparisons.shaping.tool_columns import Card
from reviews.panel import Panel
from tools.brief_names import choose_brief_name
from web.fragments import render_cached
from web.words import format_day


class BoxSide(NamedTuple):
    """One of the two tools in a box."""

    name: str
    panel: Panel
    leads: bool
    """Whether the panel prefers it to the other one."""


def render_box(pair: ScoredPairRecord) -> SafeString:
    """Render a published comparison as a box score with the day of its publication."""
    return _render(
        reverse_pair(pair["first_slug"], pair["second_slug"]),
        (
            choose_brief_name(pair["first_name"], pair["first_short_name"]),
            choose_brief_name(pair["second_name"], pair["second_short_name"]),
        ),
        (_read_panel(pair["first_marks"]), _read_panel(pair["second_marks"])),
        datetime.fromisoformat(pair["published_at"]),
    )


def render_cards_box(first: Card, second: Card, *, url: str, at: datetime | None) -> SafeString:
    """Render a comparison as a box score, given the cards of its tools and when it was published."""
    first_name, second_name = list_brief_names(first, second)
    return _render(url, (first_name, second_name), (first.panel, second.panel), at)


def _render(url: str, names: tuple[str, str], panels: tuple[Panel, Panel], at: datetime | None) -> SafeString:
    sides = _build_sides(names, panels)
    return render_cached(
        "comparisons/_box.html",
        url=url,
        sides=sides,
        preferred=next((side.name for side in sides if side.leads), ""),
        is_judged=all(side.panel.seats for side in sides),
        day=format_day(at.date()) if at else "",
    )


def _read_panel(marks: Sequence[tuple[str, str]] | None) -> Panel:
    return Panel.from_verdicts([(name, verdict) for name, verdict in marks or []])


def _build_sides(names: Sequence[str], panels: Sequence[Panel]) -> tuple[BoxSide, ...]:
    one, two = panels
    margin = one.ship * two.seats - two.ship * one.seats
    return (BoxSide(names[0], one, leads=margin > 0), BoxSide(names[1], two, leads=margin < 0))
