"""Lists of tools that readers filter by facts: all tools, and those of a category."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple, TypedDict
from urllib.parse import urlencode

from django.core.paginator import Page
from django.http import QueryDict

from comparisons.addresses import add_query
from comparisons.fact_filters import FactFilters
from comparisons.forms import ToolFilter, ToolFilterForm
from comparisons.pages.panel_seats import read_panel_seats
from comparisons.reading.listed_tools import (
    read_listed_categories,
    read_listed_facts,
    read_listed_tools,
)
from comparisons.reading.records import ListedAttribute, ListedCategory
from comparisons.reading.revision import Revision
from comparisons.shaping import facets, listed_needs, needs
from comparisons.shaping.listed_needs import ListedNeed
from comparisons.shaping.needs import MAX_NEEDS
from comparisons.shaping.seat_filter import PanelSeat
from comparisons.shaping.tool_columns import Card, build_card
from comparisons.shaping.tool_table import sort_of
from tools.choices import PlanKind
from tools.models import Tool
from tools.prices import format_budget
from votes.models import Camp, ListingQuerySet
from web.caching import cached_per_revision
from web.masks import Mask, positions_in
from web.paging import get_page

TOOLS_PER_PAGE = 50
MAX_FACETS = 5  # filters by facts in sight
MAX_STRUCK = 20  # tools that fail a must-have, by name


class ListedSite(NamedTuple):
    """What lists filter and sort by: the categories that have tools, the tools, and the seats of the panel."""

    revision: Revision
    categories: list[ListedCategory]
    tools: facets.ListedTools
    """Without facts: see `read_facts`."""
    seats: list[PanelSeat]
    """In order."""

    def list_attributes(self) -> Iterator[ListedAttribute]:
        """Yield the attributes of each category. Several categories may have the same."""
        return (attribute for category in self.categories for attribute in category.attributes)

    def attributes_of(self, category: int) -> tuple[ListedAttribute, ...]:
        """Return the attributes of a category, given by id."""
        return next((row.attributes for row in self.categories if row.id == category), ())


class ListedMustHaves(NamedTuple):
    """The must-haves of a reader, judged for all tools, and which were left out, in words."""

    judged: list[ListedNeed]
    remark: str

    @property
    def are_asked(self) -> bool:
        return bool(self.judged or self.remark)

    @property
    def query(self) -> str:
        """The must-haves in a query string; "" without any."""
        return "need=" + ",".join(one.need.key for one in self.judged) if self.judged else ""


class StruckTool(NamedTuple):
    """A tool that fails a must-have of the reader's."""

    name: str
    url: str
    why: str
    """`Fails “Self-hosting”.`"""


class FactFilterContext(TypedDict):
    """What `comparisons/_fact_filters.html` and the words beside a list take."""

    fact_facets: list[facets.FactFacet]
    """The first, which are in sight."""
    more_facets: list[facets.FactFacet]
    """The others, which are folded."""
    is_more_open: bool
    """Whether the reader filters by one of those."""
    facts_chosen: int
    """How many attributes the reader filters by."""
    unknown: int
    """How many tools are left out only because something about them is not known."""
    facts_ignored: tuple[str, ...]
    """What the reader asked of facts and no filter can be, in sentences."""
    sorted_by: ListedAttribute | None
    order: str
    """The order of the list in words."""
    number_sorts: list[tuple[str, str, bool]]
    """The orders by a number: (value, name, whether it is chosen)."""


@cached_per_revision()
def index_site(revision: Revision) -> ListedSite:
    """Return what lists filter by except facts, cached per revision of the site. Five queries."""
    tools = facets.index_tools(read_listed_tools())
    return ListedSite(revision, read_listed_categories(tools.by_category.keys()), tools, read_panel_seats())


def read_facts(site: ListedSite, attributes: Iterable[int]) -> facets.ListedTools:
    """Return the tools with the facts about some attributes, given by id, cached per revision of the site. One query.

    Attributes by which lists do not filter are left out. No page needs the facts of all tools.
    """
    wanted = tuple(sorted(set(attributes) & {attribute.id for attribute in site.list_attributes()}))
    return _index_facts(site.revision, wanted) if wanted else site.tools


@cached_per_revision(maxsize=100)
def _index_facts(revision: Revision, wanted: tuple[int, ...]) -> facets.ListedTools:
    site = index_site(revision)
    attributes = {attribute.id: attribute for attribute in site.list_attributes()}
    return site.tools.with_facts([attributes[key] for key in wanted], read_listed_facts(wanted))


def judge_needs(asked: Sequence[str], site: ListedSite) -> ListedMustHaves:
    """Judge all tools by the needs that a reader asked for, as in the address. At most one query."""
    attributes = {attribute.slug: attribute for attribute in site.list_attributes()}
    criteria = {slug: listed_needs.to_criterion(attribute) for slug, attribute in attributes.items()}
    wanted, ignored = needs.parse_needs(asked[:MAX_NEEDS], criteria)
    about = [attributes[need.criterion.slug].id for need in wanted]
    listed = read_facts(site, about)
    judged = [listed_needs.judge_listed(need, attribute, listed) for need, attribute in zip(wanted, about, strict=True)]
    return ListedMustHaves(judged, needs.write_remark(ignored, has_more=len(asked) > MAX_NEEDS))


def sort_listings(
    rows: ListingQuerySet, sort: str, site: ListedSite, *, counted: Sequence[int] = ()
) -> ListingQuerySet:
    """Return listings in the order that a reader asked for. The ranking counts only the seats `counted`, if any."""
    seats = {sort_of(seat): seat.id for seat in site.seats}
    if sort in seats:
        return rows.by_seat(seats[sort])
    return rows.sorted_by(sort) if sort else rows.ranked(seats=counted)


def keep_selected(
    selection: facets.Selection, filters: FactFilters, must_haves: ListedMustHaves, rows: ListingQuerySet
) -> ListingQuerySet:
    """Keep the listings of the selected tools, given `rows` that are filtered by all but facts and must-haves."""
    if filters.wanted or must_haves.judged:
        return rows.among(selection.listed.select(selection.pass_all()))
    return rows


def order_ids(
    selection: facets.Selection, filters: FactFilters, must_haves: ListedMustHaves, rows: ListingQuerySet
) -> Any:
    """Return the ids of the selected tools by the number that the reader has chosen, or in the order of `rows`.
    Parameters as for `keep_selected`.
    """
    if filters.sort:
        return facets.sort_by_number(selection.listed, selection.pass_all(), filters.sort)
    return keep_selected(selection, filters, must_haves, rows).tool_ids()


def get_page_of_cards(
    selection: facets.Selection,
    filters: FactFilters,
    must_haves: ListedMustHaves,
    rows: ListingQuerySet,
    query: QueryDict,
    *,
    seats: Sequence[int] = (),
) -> tuple[Page[int], list[Card]]:
    """Return the page of a list that a reader asked for, as ids and as cards. Parameters as for `order_ids`.

    `seats` are those whose verdicts count; () is the whole panel.
    """
    ids = order_ids(selection, filters, must_haves, rows)
    page = get_page(ids, query, per_page=TOOLS_PER_PAGE, count=selection.pass_all().bit_count())
    tools = Tool.objects.with_numbers(seats=seats).with_plans().select_related("category").in_order(page.object_list)
    return page, build_cards(tools, selection.listed, filters.sort, must_haves.judged)


def build_cards(
    tools: Iterable[Tool],
    listed: facets.ListedTools,
    sort: ListedAttribute | None,
    judged: Sequence[ListedNeed] = (),
) -> list[Card]:
    """Return the cards of tools, with the number they are sorted by, if any, and what is open of the must-haves."""
    tools = list(tools)
    standings = listed_needs.describe_standings(listed, judged, [tool.pk for tool in tools])
    return [
        build_card(
            tool,
            measure=facets.describe_number(listed, sort, tool.pk) if sort else "",
            open_needs=standings.get(tool.pk, ()),
        )
        for tool in tools
    ]


def build_needs(selection: facets.Selection, must_haves: ListedMustHaves) -> dict[str, Any]:
    """Return what a list shows of the must-haves. One query if they strike a tool."""
    struck = listed_needs.find_struck(selection, must_haves.judged)
    return {
        "struck": _list_struck(selection.listed, struck, must_haves.judged),
        "struck_more": max(0, struck.bit_count() - MAX_STRUCK),
        "needs_sentence": listed_needs.write_list_sentence(selection, must_haves.judged),
        "needs_remark": must_haves.remark,
        "need_boxes": [needs.NeedBox(one.need.key, one.need.label, is_on=True) for one in must_haves.judged],
    }


def _list_struck(listed: facets.ListedTools, struck: Mask, judged: Sequence[ListedNeed]) -> list[StruckTool]:
    """Return the first struck tools by name."""
    ids = [listed.ids[position] for position in islice(positions_in(struck), MAX_STRUCK)]
    tools = Tool.objects.only("name", "slug").in_order(ids) if ids else []
    return [
        StruckTool(tool.name, tool.get_absolute_url(), listed_needs.describe_failures(listed, judged, tool.pk))
        for tool in tools
    ]


def build_filters(
    site: ListedSite, selection: facets.Selection, category: ListedCategory | None, asked: ToolFilter
) -> dict[str, Any]:
    """Return the filters of the list of all tools, but for those by facts."""
    prices = facets.list_options(selection, "price", site.tools.by_entry, PlanKind.choices, asked.price)
    panels = facets.list_options(selection, "panel", site.tools.by_camp, Camp.choices, asked.panel)
    return {
        "category": facets.list_categories(selection, site.categories, category),
        "price": prices,
        "budget": "" if asked.budget is None else f"{asked.budget:f}",
        "budget_unknown": selection.count_unknown_of("budget"),
        "panel": panels,
        "community": asked.community,
    }


def build_sorts(site: ListedSite, sort: str, filters: FactFilters) -> list[tuple[str, str, bool]]:
    """Return the orders of a list, but for those by a number: (value, name, whether it is chosen).

    None is chosen if the list is sorted by a number.
    """
    sorts = [*ToolFilterForm.SORTS, *((sort_of(seat), f"Verdict of {seat.name}") for seat in site.seats)]
    return [(value, label, value == sort and not filters.sort) for value, label in sorts]


def write_order(site: ListedSite, sort: str, *, counted: str = "") -> str:
    """Return the order of a list in words. `counted` names the seats that the ranking counts; "" is all of them."""
    by_seat = {sort_of(seat): f"What {seat.name} would ship first, then by the whole panel." for seat in site.seats}
    ranking = (
        f"Sorted by {f'what {counted} would ship' if counted else 'panel'}, then by visitors (cautiously counted)."
    )
    words = {
        "community": "Sorted by visitors (cautiously counted), then by panel.",
        "reviewed": "The newest review first.",
        "name": "Sorted by name.",
    }
    return (words | by_seat).get(sort, ranking)


class ChosenFilter(NamedTuple):
    """A filter that a reader has set: a parameter with one of its values, or with all of them (None)."""

    parameter: str
    value: str | None
    name: str


def list_chosen(filters: dict[str, Any], facts: FactFilterContext) -> list[ChosenFilter]:
    """Return the filters that are set, given those of `build_filters`, if any, and of `build_fact_filters`."""
    chosen = [
        ChosenFilter(parameter, None, option.name)
        for parameter in ("category", "price", "panel")
        for option in filters.get(parameter, ())
        if option.is_chosen
    ]
    if filters.get("budget"):
        chosen.append(ChosenFilter("budget", None, format_budget(Decimal(filters["budget"]))))
    if filters.get("community"):
        chosen.append(ChosenFilter("community", None, "With a community number"))
    for facet in facts["fact_facets"] + facts["more_facets"]:
        name = facet.parameter
        chosen += [
            ChosenFilter(name, option.value, f"{facet.name}: {option.name}")
            for option in facet.options
            if option.is_chosen
        ]
        if facet.low:
            chosen.append(ChosenFilter(f"{name}.min", None, f"{facet.name}: {facet.low} or more"))
        if facet.high:
            chosen.append(ChosenFilter(f"{name}.max", None, f"{facet.name}: {facet.high} or less"))
    return chosen


def list_removals(query: QueryDict, here: str, chosen: Iterable[ChosenFilter]) -> list[tuple[str, str]]:
    """Return the filters that are set as (name, address without it)."""
    pairs = [(name, value) for name, values in query.lists() for value in values if name != "page"]
    return [(one.name, add_query(here, urlencode(_leave_out(one, pairs), safe=",:"))) for one in chosen]


def _leave_out(chosen: ChosenFilter, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in pairs if name != chosen.parameter or chosen.value not in (value, None)]


def build_fact_filters(
    selection: facets.Selection, attributes: Iterable[ListedAttribute], filters: FactFilters, *, order: str
) -> FactFilterContext:
    """Return what a list shows of the filters by the facts of its category, which have these attributes.

    `order` is that of the list in words, unless it is sorted by a fact.
    """
    attributes = list(attributes)
    built = facets.build_fact_facets(selection, attributes, filters.wanted)
    first = len(built) if len(built) <= MAX_FACETS + 1 else MAX_FACETS
    return {
        "fact_facets": built[:first],
        "more_facets": built[first:],
        "is_more_open": any(facet.is_set for facet in built[first:]),
        "facts_chosen": len(filters.wanted),
        "unknown": selection.count_unknown(),
        "facts_ignored": filters.ignored,
        "sorted_by": filters.sort,
        "order": facets.describe_order(filters.sort) if filters.sort else order,
        "number_sorts": [
            (facets.name_parameter(attribute), attribute.name, attribute == filters.sort)
            for attribute in attributes
            if facets.is_number(attribute)
        ],
    }
