"""The filters of the list of tools, each with the number of tools that its values would show."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from votes.models import CensusRow


# Each filter that takes a value, by its name in the query string, and the field of a census row that it filters by.
FILTERS = {"category": "category", "price": "entry", "panel": "camp"}


class FilterOption(NamedTuple):
    """A value of a filter, and how many tools would be shown with it if the other filters stay as they are."""

    value: str
    name: str
    tools: int
    is_chosen: bool


class FacetCounts(NamedTuple):
    """How many tools pass all filters, and how many would for each value of each filter."""

    total: int
    by_filter: dict[str, Counter[Any]]


def count_facets(census: "Iterable[CensusRow]", chosen: Mapping[str, Any]) -> FacetCounts:
    """Count the tools of a census under the chosen value of each filter in FILTERS. The value "" means any.

    A category is chosen by its id, a price by the kind of the entry, a panel by its camp.
    """
    total = 0
    by_filter: dict[str, Counter[Any]] = {name: Counter() for name in FILTERS}
    for row in census:
        values = {name: getattr(row, field) for name, field in FILTERS.items()}
        failed = {name for name, value in values.items() if chosen[name] not in ("", value)}
        if not failed:
            total += row.tools
        for name, value in values.items():
            if failed <= {name}:  # a value counts the tools that pass all the other filters
                by_filter[name][value] += row.tools
    return FacetCounts(total, by_filter)


def list_options(counts: Counter[Any], values: Sequence[tuple[str, str, Any]], chosen: Any) -> list[FilterOption]:
    """Return the options of one filter. `values` are (value in the query string, name, value in the census)."""
    return [FilterOption(value, name, counts[key], chosen == key) for value, name, key in values]
