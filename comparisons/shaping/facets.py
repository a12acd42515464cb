"""The filters of the list of tools, with how many tools each would show. Pure; no queries."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from votes.models import CensusRow


class Option(NamedTuple):
    """One value of a filter, and how many tools there would be with it and the other filters as they are."""

    value: str
    name: str
    tools: int
    is_chosen: bool


class Facets(NamedTuple):
    """How many tools the filters leave together, and how many each value of one would with the others as they are."""

    total: int
    category: Counter[Any]
    price: Counter[Any]
    panel: Counter[Any]


def facets(census: Iterable[CensusRow], *, category: int | str, price: str, panel: str) -> Facets:
    """Count a census under what was chosen: a category's id, a kind of entry, a camp; "" where nothing was."""
    counted = Facets(0, Counter(), Counter(), Counter())
    total = 0
    for row in census:
        misses = [category not in ("", row.category), price not in ("", row.entry), panel not in ("", row.camp)]
        if not any(misses):
            total += row.tools
        # A value of one filter is counted where all the others are met.
        if not (misses[1] or misses[2]):
            counted.category[row.category] += row.tools
        if not (misses[0] or misses[2]):
            counted.price[row.entry] += row.tools
        if not (misses[0] or misses[1]):
            counted.panel[row.camp] += row.tools
    return counted._replace(total=total)


def options(counts: Counter[Any], values: Sequence[tuple[str, str, Any]], chosen: Any) -> list[Option]:
    """The options of one filter: values as (value in the address, name, what the census has for it)."""
    return [Option(value, name, counts[key], chosen == key) for value, name, key in values]
