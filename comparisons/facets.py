"""The filters of the list of tools, with how many tools each would show. Pure; no queries."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from votes.models import CensusRow

type Chosen = Mapping[str, Any]
"""The value asked of each filter; "" or False where it is not used."""

FILTERS = ("category", "price", "panel", "community")


class Option(NamedTuple):
    """One value of a filter, and how many tools there would be with it and the other filters as they are."""

    value: str
    name: str
    tools: int
    is_chosen: bool


def total(census: Iterable[CensusRow], chosen: Chosen) -> int:
    """How many tools all filters together leave."""
    return sum(row.tools for row in census if _passes(row, chosen))


def options(
    census: Iterable[CensusRow], chosen: Chosen, name: str, values: Sequence[tuple[str, str, Any]]
) -> list[Option]:
    """The options of one filter: values as (value in the address, name, what the census has for it)."""
    counts: Counter[Any] = Counter()
    for row in census:
        if _passes(row, {**chosen, name: ""}):
            counts[_value(row, name)] += row.tools
    return [Option(value, label, counts[key], chosen[name] == key) for value, label, key in values]


def _passes(row: CensusRow, chosen: Chosen) -> bool:
    return all(_value(row, name) == chosen[name] for name in FILTERS if chosen[name])


def _value(row: CensusRow, name: str) -> Any:
    return {"category": row.category, "price": row.entry, "panel": row.camp, "community": row.numbered}[name]
