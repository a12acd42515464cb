"""The map of verdicts: a table per category, with a row per tool and a mark per seat. Records in, fragments out."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.safestring import SafeString

from comparisons.addresses import reverse_slug
from comparisons.reading.records import MappedCategory, MappedTool
from comparisons.shaping.seat_filter import PanelSeat
from tools.brief_names import choose_brief_name
from web.fragments import render_cached


class MapRow(NamedTuple):
    """A tool with the verdict of each seat ("" without one), in seat order."""

    name: str
    url: str
    verdicts: tuple[str, ...]
    ship: int


def render_map(categories: Sequence[MappedCategory], seats: Sequence[PanelSeat]) -> list[SafeString]:
    """Render each category of which a tool is judged, the first one open. They are cached: most stay as they are."""
    judged = [(category, category["tools"]) for category in categories if category["tools"]]
    return [
        render_cached(
            "comparisons/_mapped_category.html",
            name=category["name"],
            url=reverse_slug("category", category["slug"]),
            rows=tuple(_build_row(tool, seats) for tool in tools),
            seats=tuple(seat.name for seat in seats),
            is_open=place == 0,
        )
        for place, (category, tools) in enumerate(judged)
    ]


def _build_row(tool: MappedTool, seats: Sequence[PanelSeat]) -> MapRow:
    verdicts = dict(tool["verdicts"])
    return MapRow(
        choose_brief_name(tool["name"], tool["short_name"]),
        reverse_slug("tool", tool["slug"]),
        tuple(verdicts.get(seat.id, "") for seat in seats),
        tool["ship"],
    )
