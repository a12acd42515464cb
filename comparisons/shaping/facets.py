"""The filters of lists of tools, each with the number of tools that its values would show.

Lists filter by a tool's category, entry, and panel, by whether visitors gave it a number, and by its typed facts. For
each value there is a mask of the tools that have it, so counting is an intersection of masks.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlencode

from comparisons.reading.records import ListedAttribute, ListedCategory, ListedColumns, ListedFact
from tools.choices import AttributeKind, Better
from tools.values import SEPARATOR
from web.masks import Mask, mask_of, positions_in

NOT_KNOWN = "Not known"
# Parameters and sort orders that an attribute's slug must not shadow, on lists or on any other page.
RESERVED = {"category", "price", "budget", "panel", "community", "reviewed", "name", "sort", "page", "lens", "need"}

type FilterName = str | int
"""A parameter of the query string, or the id of an attribute."""


def name_parameter(attribute: ListedAttribute) -> str:
    """Return the name of an attribute in query strings: its slug, or `fact.price` if that means something else.

    Slugs have no points. The bounds of a number have this name with `.min` and `.max`.
    """
    return f"fact.{attribute.slug}" if attribute.slug in RESERVED else attribute.slug


def is_number(attribute: ListedAttribute) -> bool:
    """Return whether readers filter an attribute by bounds, and can sort by it."""
    return attribute.scale.kind == AttributeKind.NUMBER


class Number(NamedTuple):
    """A number that a tool has for an attribute, and the words in which readers see it."""

    value: Decimal
    words: str


@dataclass(frozen=True, slots=True)
class ListedTools:
    """The published tools, and what lists filter them by. A mask has a bit for each position in `ids`."""

    ids: list[int]
    """In the order of names."""
    positions: dict[int, int]
    """By id."""
    everything: Mask
    by_category: dict[int, Mask]
    by_entry: dict[str, Mask]
    by_camp: dict[str, Mask]
    by_monthly: dict[Decimal | None, Mask]
    """By the least dollars a month. None for tools sold by usage, once, on request, or in other currencies."""
    by_option: Mapping[int, dict[str, Mask]] = MappingProxyType({})
    """The tools that have an option: by the attribute's id, and the option's slug."""
    numbers: Mapping[int, dict[int, Number]] = MappingProxyType({})
    """What tools have for an attribute that is a number: by the attribute's id, and the tool's position."""
    known: Mapping[int, Mask] = MappingProxyType({})
    """The tools whose value is known: by the attribute's id."""

    def mask(self, tools: Iterable[int]) -> Mask:
        """Return the mask of the tools, given by id. Tools that are not listed are left out."""
        return mask_of(self.positions[tool] for tool in tools if tool in self.positions)

    def select(self, mask: Mask) -> list[int]:
        """Return the ids of the tools in a mask, in the order of their names."""
        return [self.ids[position] for position in positions_in(mask)]

    def within(self, budget: Decimal) -> Mask:
        """Return the tools that one can use for at most so many dollars a month."""
        mask = 0
        for price, having in self.by_monthly.items():
            if price is not None and price <= budget:
                mask |= having
        return mask

    def with_facts(self, attributes: Iterable[ListedAttribute], facts: Iterable[ListedFact]) -> "ListedTools":
        """Return the same tools with the facts about some attributes. Those of other tools and attributes are left
        out.
        """
        kinds = {attribute.id: is_number(attribute) for attribute in attributes}
        having: dict[int, dict[str, list[int]]] = {attribute: defaultdict(list) for attribute in kinds}
        numbers: dict[int, dict[int, Number]] = {attribute: {} for attribute, numeric in kinds.items() if numeric}
        for attribute, value, words, tools in facts:
            if attribute not in kinds:
                continue
            positions = [self.positions[tool] for tool in tools if tool in self.positions]
            if kinds[attribute]:
                numbers[attribute].update(dict.fromkeys(positions, Number(Decimal(value), words)))
            else:
                for option in value.split(SEPARATOR):
                    having[attribute][option] += positions
        by_option = {
            attribute: {option: mask_of(positions) for option, positions in options.items()}
            for attribute, options in having.items()
        }
        known = {attribute: mask_of(numbers.get(attribute, ())) for attribute in kinds}
        for attribute, options in by_option.items():
            for mask in options.values():
                known[attribute] |= mask
        return replace(self, by_option=by_option, numbers=numbers, known=known)


def index_tools(tools: ListedColumns) -> ListedTools:
    """Index the published tools by everything except facts."""
    return ListedTools(
        ids=tools.ids,
        positions={tool: position for position, tool in enumerate(tools.ids)},
        everything=(1 << len(tools.ids)) - 1,
        by_category=_group(tools.categories),
        by_entry=_group(tools.entries),
        by_camp=_group(tools.camps),
        by_monthly=_group(tools.monthly),
    )


def _group[T](values: Iterable[T]) -> dict[T, Mask]:
    """Return the mask of the positions of each value."""
    positions = defaultdict(list)
    for position, value in enumerate(values):
        positions[value].append(position)
    return {value: mask_of(members) for value, members in positions.items()}


class FactFilter(NamedTuple):
    """What a reader wants of one attribute: any of some options, or a number between two bounds, both included."""

    options: tuple[str, ...] = ()
    low: Decimal | None = None
    high: Decimal | None = None

    def match(self, listed: ListedTools, attribute: int) -> Mask:
        """Return the tools that are known to have it."""
        if self.options:
            having = listed.by_option.get(attribute, {})
            mask = 0
            for option in self.options:
                mask |= having.get(option, 0)
            return mask
        low, high = self.low, self.high
        return mask_of(
            position
            for position, (value, _) in listed.numbers.get(attribute, {}).items()
            if (low is None or low <= value) and (high is None or value <= high)
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """The filters that a reader has set, each with the tools that pass it."""

    listed: ListedTools
    passing: Mapping[FilterName, Mask]

    def pass_all(self, *, but: Collection[FilterName] = ()) -> Mask:
        """Return the tools that pass all filters, but for those named."""
        mask = self.listed.everything
        for name, tools in self.passing.items():
            if name not in but:
                mask &= tools
        return mask

    def unknown(self, name: FilterName) -> Mask:
        """Return the tools of which it is not known whether they pass a filter."""
        if name == "budget":
            return self.listed.by_monthly.get(None, 0)
        return self.listed.everything & ~self.listed.known.get(name, 0) if isinstance(name, int) else 0

    def count_unknown_of(self, name: FilterName) -> int:
        """Return how many tools a filter leaves out only because it is not known whether they pass it."""
        if name not in self.passing:
            return 0
        return (self.pass_all(but=[name]) & self.unknown(name)).bit_count()

    def count_unknown(self) -> int:
        """Return how many tools are left out only because something about them is not known."""
        mask = self.listed.everything
        for name, tools in self.passing.items():
            mask &= tools | self.unknown(name)
        return (mask & ~self.pass_all()).bit_count()


class FilterOption(NamedTuple):
    """A value of a filter, and how many tools would be shown with it if the other filters stay as they are."""

    value: str
    name: str
    tools: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class FactFacet:
    """A filter by one attribute: options of which several may be chosen, or the bounds of a number."""

    parameter: str
    name: str
    unit: str
    options: list[FilterOption]
    low: str
    high: str
    extent: str
    """The smallest and the largest number in words: `8,000–200,000 tokens`; "" for options."""
    unknown: int
    """How many tools it leaves out only because nobody knows."""

    @property
    def is_set(self) -> bool:
        """Whether the reader filters by it."""
        return bool(self.low or self.high or any(option.is_chosen for option in self.options))


def select_tools(
    listed: ListedTools,
    *,
    category: int | None,
    facts: Mapping[int, FactFilter],
    price: str = "",
    budget: Decimal | None = None,
    panel: str = "",
    community: Mask | None = None,
    needs: Mapping[FilterName, Mask] = MappingProxyType({}),
) -> Selection:
    """Return a reader's selection: a category's id, facts by the ids of their attributes, a kind of entry, dollars a
    month, a camp, the tools to which visitors gave a number, if only those are wanted, and must-haves, as masks of what
    does not fail them. None and "" filter nothing.
    """
    passing: dict[FilterName, Mask] = {attribute: wish.match(listed, attribute) for attribute, wish in facts.items()}
    passing |= needs
    if category is not None:
        passing["category"] = listed.by_category.get(category, 0)
    if price:
        passing["price"] = listed.by_entry.get(price, 0)
    if budget is not None:
        passing["budget"] = listed.within(budget)
    if panel:
        passing["panel"] = listed.by_camp.get(panel, 0)
    if community is not None:
        passing["community"] = community
    return Selection(listed, passing)


def list_options(
    selection: Selection, name: str, having: Mapping[str, Mask], values: Sequence[tuple[str, str]], chosen: str
) -> list[FilterOption]:
    """Return the options of a filter that takes one value: `values` are (value, name), `having` the tools of each."""
    others = selection.pass_all(but=[name])
    return [
        FilterOption(value, label, (others & having.get(value, 0)).bit_count(), value == chosen)
        for value, label in values
    ]


def list_categories(
    selection: Selection, categories: Iterable[ListedCategory], chosen: ListedCategory | None
) -> list[FilterOption]:
    """Return the options of the filter by category. Filters by facts apply to the categories that have them."""
    options = []
    for row in categories:
        shared = {attribute.id for attribute in row.attributes}
        beside = [name for name in selection.passing if isinstance(name, int) and name not in shared]
        others = selection.pass_all(but=["category", *beside])
        tools = (others & selection.listed.by_category.get(row.id, 0)).bit_count()
        options.append(FilterOption(row.slug, row.name, tools, row == chosen))
    return options


def build_fact_facets(
    selection: Selection, attributes: Iterable[ListedAttribute], wanted: Mapping[int, FactFilter]
) -> list[FactFacet]:
    """Return the filters by the attributes of the chosen category. An attribute of which nothing is known there is left
    out, and so is an option that no tool has, unless the reader has chosen them.
    """
    members = selection.passing.get("category", 0)
    return [
        _build_facet(selection, attribute, members, wanted.get(attribute.id, FactFilter()))
        for attribute in attributes
        if members & selection.listed.known.get(attribute.id, 0) or attribute.id in wanted
    ]


def _build_facet(selection: Selection, attribute: ListedAttribute, members: Mask, wanted: FactFilter) -> FactFacet:
    listed, scale = selection.listed, attribute.scale
    others = selection.pass_all(but=[attribute.id])
    known, having = listed.known.get(attribute.id, 0), listed.by_option.get(attribute.id, {})
    numbers = [listed.numbers[attribute.id][place] for place in positions_in(members & known) if not scale.options]
    return FactFacet(
        parameter=name_parameter(attribute),
        name=attribute.name,
        unit=scale.unit,
        options=[
            FilterOption(slug, name, (others & having.get(slug, 0)).bit_count(), slug in wanted.options)
            for slug, name in scale.options
            if members & having.get(slug, 0) or slug in wanted.options
        ],
        low=_format_bound(wanted.low),
        high=_format_bound(wanted.high),
        extent=f"{min(numbers).words} to {max(numbers).words}" if numbers else "",
        unknown=selection.count_unknown_of(attribute.id),
    )


def _format_bound(number: Decimal | None) -> str:
    return "" if number is None else f"{number:,f}"


def write_query(
    attributes: Iterable[ListedAttribute], wanted: Mapping[int, FactFilter], sort: ListedAttribute | None
) -> str:
    """Return filters by facts and an order by a number as a query string."""
    pairs: list[tuple[str, object]] = []
    for attribute in attributes:
        name, (options, low, high) = name_parameter(attribute), wanted.get(attribute.id, FactFilter())
        bounds = ((f"{name}.min", low), (f"{name}.max", high))
        pairs += [(name, option) for option in options]
        pairs += [(bound, number) for bound, number in bounds if number is not None]
    return urlencode([*pairs, *([("sort", name_parameter(sort))] if sort else [])])


def sort_by_number(listed: ListedTools, mask: Mask, attribute: ListedAttribute) -> list[int]:
    """Return the ids of the tools in a mask by their numbers: the largest first, or the smallest if lower is better.

    Equal numbers are ordered by name. Tools whose number is not known come last.
    """
    numbers = listed.numbers.get(attribute.id, {})
    known = [position for position in positions_in(mask) if position in numbers]
    known.sort(key=lambda position: numbers[position].value, reverse=attribute.better != Better.LOWER)
    return [listed.ids[position] for position in known] + listed.select(mask & ~listed.known.get(attribute.id, 0))


def describe_order(attribute: ListedAttribute) -> str:
    """Return the order by a number in words."""
    first = "smallest" if attribute.better == Better.LOWER else "largest"
    return f"{attribute.name}, {first} first; equals by name; not known last."


def describe_number(listed: ListedTools, attribute: ListedAttribute, tool: int) -> str:
    """Return the number of a listed tool, given by id, in words."""
    number = listed.numbers.get(attribute.id, {}).get(listed.positions.get(tool, -1))
    return number.words if number else NOT_KNOWN
