"""Lists of tools that readers filter by facts: all tools, and those of a category."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypedDict

from comparisons.forms import FactFilters, ToolFilter, ToolFilterForm
from comparisons.reading.listed_tools import read_listed_categories, read_listed_facts, read_listed_tools
from comparisons.reading.records import ListedAttribute, ListedCategory
from comparisons.reading.revision import Revision
from comparisons.shaping import facets, listed_needs, needs
from comparisons.shaping.listed_needs import ListedNeed
from comparisons.shaping.needs import MAX_NEEDS
from comparisons.shaping.tool_columns import Card, build_card
from tools.choices import PlanKind
from tools.models import Tool
from votes.models import Camp, ListingQuerySet
from web.caching import process_cache


class ListedSite(NamedTuple):
    """What lists filter by: the categories that have tools, and the tools."""

    categories: list[ListedCategory]
    tools: facets.ListedTools

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


class FactFilterContext(TypedDict):
    """What `comparisons/_fact_filters.html` and the words beside a list take."""

    fact_facets: list[facets.FactFacet]
    facts_chosen: int
    """How many attributes the reader filters by."""
    unknown: int
    """How many tools are left out only because something about them is not known."""
    sorted_by: ListedAttribute | None
    order: str
    """The order by a number in words; "" for any other order."""
    number_sorts: list[tuple[str, str, bool]]
    """The orders by a number: (value, name, whether it is chosen)."""


@process_cache(maxsize=2, in_debug=False)
def index_site(revision: Revision) -> ListedSite:
    """Return what lists filter by, cached per revision of the site. Five queries."""
    categories = read_listed_categories()
    attributes = [attribute for category in categories for attribute in category.attributes]
    return ListedSite(categories, facets.index_tools(read_listed_tools(), attributes, read_listed_facts()))


def judge_needs(asked: Sequence[str], site: ListedSite) -> ListedMustHaves:
    """Judge all tools by the needs that a reader asked for, as in the address. No queries."""
    attributes = {attribute.slug: attribute for category in site.categories for attribute in category.attributes}
    criteria = {slug: listed_needs.to_criterion(attribute) for slug, attribute in attributes.items()}
    wanted, ignored = needs.parse_needs(asked[:MAX_NEEDS], criteria)
    judged = [listed_needs.judge_listed(need, attributes[need.criterion.slug].id, site.tools) for need in wanted]
    return ListedMustHaves(judged, needs.write_remark(ignored, has_more=len(asked) > MAX_NEEDS))


def order_ids(
    selection: facets.Selection, filters: FactFilters, rows: ListingQuerySet, *, has_needs: bool = False
) -> Any:
    """Return the ids of the selected tools by the number that the reader has chosen, or in the order of `rows`, which
    are filtered by everything except facts and must-haves.
    """
    mask = selection.pass_all()
    if filters.sort:
        return facets.sort_by_number(selection.listed, mask, filters.sort)
    return (rows.among(selection.listed.select(mask)) if filters.wanted or has_needs else rows).tool_ids()


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
    """Return what a list shows of the must-haves."""
    return {
        "needs_sentence": listed_needs.write_list_sentence(selection, must_haves.judged),
        "needs_remark": must_haves.remark,
        "need_boxes": [needs.NeedBox(one.need.key, one.need.label, is_on=True) for one in must_haves.judged],
    }


def build_filters(
    site: ListedSite, selection: facets.Selection, category: ListedCategory | None, asked: ToolFilter
) -> dict[str, Any]:
    """Return the filters and orders of the list of all tools, but for those by facts."""
    prices = facets.list_options(selection, "price", site.tools.by_entry, PlanKind.choices, asked.price)
    panels = facets.list_options(selection, "panel", site.tools.by_camp, Camp.choices, asked.panel)
    return {
        "categories": facets.list_categories(selection, site.categories, category),
        "prices": prices,
        "panels": panels,
        "community": asked.community,
        "sorts": [(value, label, value == asked.sort) for value, label in ToolFilterForm.SORTS],
    }


def build_fact_filters(
    selection: facets.Selection, attributes: Iterable[ListedAttribute], filters: FactFilters
) -> FactFilterContext:
    """Return what a list shows of the filters by the facts of its category, which have these attributes."""
    attributes = list(attributes)
    return {
        "fact_facets": facets.build_fact_facets(selection, attributes, filters.wanted),
        "facts_chosen": len(filters.wanted),
        "unknown": selection.count_unknown(),
        "sorted_by": filters.sort,
        "order": facets.describe_order(filters.sort) if filters.sort else "",
        "number_sorts": [
            (facets.name_parameter(attribute), attribute.name, attribute == filters.sort)
            for attribute in attributes
            if facets.is_number(attribute)
        ],
    }
