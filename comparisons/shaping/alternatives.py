"""The tools that one could take instead of a tool, each with what speaks for it. Records in, rows out."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.safestring import SafeString

from comparisons.reading.records import ToolRecord
from comparisons.shaping import picks, tool_columns
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
    leads: bool
    """Whether a larger share of the panel would ship it than the tool."""
    entry: str
    """The cheapest way in; "" if no price is known."""
    why: str
    """When it is the better one, as a condition that continues “if”; "" if nothing that is known speaks for it.

    It is a condition that no alternative before it has, if there is one.
    """


def build_alternatives(
    tool: ToolRecord, links: Sequence[tuple[str, bool]], records: Sequence[ToolRecord]
) -> list[Alternative]:
    """Shape the rivals of a tool, given their records and (url, is_editorial) of the comparisons in the same order."""
    own_panel, own_prices = tool_columns.read_panel(tool), _read_prices(tool)
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
                marks=tool_columns.render_marks(panel),
                leads=panel.ship * own_panel.seats > own_panel.ship * panel.seats,
                entry=entry.words if entry else "",
                why=next((words for words in reasons if words not in said), "".join(reasons[:1])),
            )
        )
    return alternatives


def _read_prices(tool: ToolRecord) -> list[Price]:
    return [Price.of_record(plan) for plan in tool["plans"] or []]
