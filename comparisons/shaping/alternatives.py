"""The tools that one could take instead of a tool, each with what speaks for it. Records in, rows out."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.safestring import SafeString

from comparisons.reading.records import ToolRecord
from comparisons.shaping import picks, tool_columns
from comparisons.shaping.tool_table import MAX_SEAT_COLUMNS, render_seat_cells
from reviews.panel import Panel
from tools.brief_names import choose_brief_name
from tools.prices import Price, find_entry_price


class Alternative(NamedTuple):
    """A rival with its numbers. `url` is its comparison with the tool, which an editor may have made."""

    name: str
    url: str
    is_editorial: bool
    panel: Panel
    marks: SafeString
    """Its verdicts: a cell per seat of the table, or marks if it has no columns for them."""
    leads: bool
    """Whether a larger share of the panel would ship it than the tool."""
    entry: str
    """The cheapest way in; "" if no price is known."""
    why: str
    """When it is the better one, as a condition that continues “if”; "" if nothing that is known speaks for it.

    It is a condition that no alternative before it has, if there is one.
    """


class AlternativesTable(NamedTuple):
    """Rivals of a tool below the tool itself, with a column per seat."""

    seats: list[str]
    """The seats that judged one of them, without their article; none if nobody did, or if they are too many."""
    marks: SafeString
    """The verdicts on the tool itself, like those on its rivals."""
    rows: list[Alternative]


def build_alternatives(
    tool: ToolRecord, links: Sequence[tuple[str, bool]], records: Sequence[ToolRecord]
) -> AlternativesTable:
    """Shape the rivals of a tool, given their records and (url, is_editorial) of the comparisons in the same order."""
    own_panel, own_prices = tool_columns.read_panel(tool), _read_prices(tool)
    judging = {(review["seat"], review["name"]) for record in (tool, *records) for review in record["reviews"] or []}
    seats = [name for _, name in sorted(judging)] if len(judging) <= MAX_SEAT_COLUMNS else []

    def render(panel: Panel) -> SafeString:
        return render_seat_cells(panel, seats) if seats else tool_columns.render_marks(panel)

    alternatives: list[Alternative] = []
    for (url, is_editorial), record in zip(links, records, strict=True):
        panel, prices = tool_columns.read_panel(record), _read_prices(record)
        entry = find_entry_price(prices)
        lines = picks.find_lines([record, tool], [prices, own_prices]).first
        reasons = [line.words for line in lines if not line.key.startswith("seat:")]
        said = {other.why for other in alternatives}
        alternatives.append(
            Alternative(
                name=choose_brief_name(record["name"], record["short_name"]),
                url=url,
                is_editorial=is_editorial,
                panel=panel,
                marks=render(panel),
                leads=panel.ship * own_panel.seats > own_panel.ship * panel.seats,
                entry=entry.words if entry else "",
                why=next((words for words in reasons if words not in said), "".join(reasons[:1])),
            )
        )
    return AlternativesTable([name.removeprefix("The ") for name in seats], render(own_panel), alternatives)


def _read_prices(tool: ToolRecord) -> list[Price]:
    return [Price.of_record(plan) for plan in tool["plans"] or []]
