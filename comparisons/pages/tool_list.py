"""Lists of tools that readers filter by facts: all tools, and those of a category."""

from collections.abc import Iterable
from typing import Any, NamedTuple, TypedDict

from comparisons.forms import FactFilters, ToolFilter, ToolFilterForm
from comparisons.reading.listed_tools import read_listed_categories, read_listed_facts, read_listed_tools
from comparisons.reading.records import ListedAttribute, ListedCategory
from comparisons.reading.revision import Revision
from comparisons.shaping import facets
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


def order_ids(selection: facets.Selection, filters: FactFilters, rows: ListingQuerySet) -> Any:
    """Return the ids of the selected tools by the number that the reader has chosen, or in the order of `rows`, which
    are filtered by everything except facts.
    """
    mask = selection.pass_all()
    if filters.sort:
        return facets.sort_by_number(selection.listed, mask, filters.sort)
    return (rows.among(selection.listed.select(mask)) if filters.wanted else rows).tool_ids()


def build_cards(tools: Iterable[Tool], listed: facets.ListedTools, sort: ListedAttribute | None) -> list[Card]:
    """Return the cards of tools, with the number they are sorted by, if any."""
    return [build_card(tool, measure=facets.describe_number(listed, sort, tool.pk) if sort else "") for tool in tools]


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
