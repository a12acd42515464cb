"""The list of tools, a tool, and a category."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.forms import ToolFilterForm, parse_seat_slugs, parse_tool_filter
from comparisons.machines import linked_data, titles
from comparisons.models import Comparison
from comparisons.pages.panel_seats import find_seats, read_panel_seats
from comparisons.pages.tool_page import build_tool_page, render_newest_links
from comparisons.reading.revision import Revision, current_revision
from comparisons.shaping import facets, tool_columns
from comparisons.shaping.seat_filter import build_toggles
from tools.choices import PlanKind
from tools.models import Category, Tool
from votes.models import Camp, CensusRow, Listing, PairRank
from web.caching import process_cache
from web.current_address import at_current_address
from web.http import public_page
from web.paging import get_page

TOOLS_PER_PAGE = 24


@require_safe
@public_page
def tools(request: HttpRequest) -> HttpResponse:
    """List the published tools, filtered and sorted by the query string."""
    asked = parse_tool_filter(request.GET)
    listings = Listing.objects.at()
    rows, census = _census(current_revision())
    if asked.community:  # votes then decide which tools are counted
        census = listings.with_community_number().census()
    category = _find_category(rows, asked.category)
    chosen = {**asked._asdict(), "category": category}
    counts = facets.count_facets(census, chosen)
    numbered = counts.total if asked.community else listings.chosen(**{**chosen, "community": True}).count()
    page = get_page(listings.chosen(**chosen).tool_ids(), request.GET, per_page=TOOLS_PER_PAGE, count=counts.total)
    found = Tool.objects.with_numbers().with_plans().in_order(page.object_list)

    def options(name: str, values: list[tuple[str, str, Any]]) -> list[facets.FilterOption]:
        return facets.list_options(counts.by_filter[name], values, chosen[name])

    return render(
        request,
        "comparisons/tools.html",
        {
            "here": reverse("tools"),
            "page": page,
            "cards": [tool_columns.build_card(tool) for tool in found],
            "categories": options("category", [(row.slug, row.name, row.pk) for row in rows]),
            "prices": options("price", [(*choice, choice[0]) for choice in PlanKind.choices]),
            "panels": options("panel", [(*choice, choice[0]) for choice in Camp.choices]),
            "community": asked.community,
            "numbered": numbered,
            "sorts": [(value, label, value == asked.sort) for value, label in ToolFilterForm.SORTS],
            "is_filtered": any(asked),
        },
    )


def _find_category(categories: list[Category], slug: str) -> int | str:
    """Return the id of the category with a slug, current or former; "", which selects all, if there is none."""
    by_slug = {category.slug: category for category in categories}
    if slug and slug not in by_slug and (renamed := Category.objects.by_slug(slug)):
        slug = renamed.slug
    return by_slug[slug].pk if slug in by_slug else ""


@process_cache(maxsize=2, in_debug=False)
def _census(revision: Revision) -> tuple[list[Category], list[CensusRow]]:
    """Return the categories that have tools, and the census of all tools, cached per revision of the site."""
    return list(Category.objects.with_published_tools()), Listing.objects.at().census()


@require_safe
@public_page
@at_current_address(lambda slug: Tool.objects.published().with_community().with_freeze().by_slug(slug))
def tool(request: HttpRequest, tool: Any) -> HttpResponse:
    """Show a tool: its numbers, reviews, prices, facts, changes, and comparisons."""
    return render(request, "comparisons/tool.html", build_tool_page(tool))


@require_safe
@public_page
@at_current_address(lambda slug: Category.objects.with_published_tools().by_slug(slug))
def category(request: HttpRequest, category: Category) -> HttpResponse:
    """Rank the tools of a category, and state the rule."""
    panel_seats = read_panel_seats()
    seat_filter = find_seats(parse_seat_slugs(request.GET), on_page=panel_seats)
    page = get_page(
        Listing.objects.at().of_category(category).ranked(seats=seat_filter.ids).tool_ids(),
        request.GET,
        per_page=TOOLS_PER_PAGE,
    )
    here = category.get_absolute_url()
    tools = Tool.objects.with_numbers(seats=seat_filter.ids).with_plans().in_order(page.object_list)
    cards = [tool_columns.build_card(tool) for tool in tools]
    return render(
        request,
        "comparisons/category.html",
        {
            "title": titles.write_category_title(category.name, cards, page=page.number, total=page.paginator.count),
            "description": titles.write_category_description(category.description, cards),
            "linked_data": linked_data.build_category_graph(category.name, here, cards, first=page.start_index()),
            "category": category,
            "here": here,
            "feed": reverse("category-feed", args=[category.slug]),
            "changes": f"{reverse('changes')}?category={category.slug}",
            "seat_filter": seat_filter,
            "toggles": build_toggles(panel_seats, seat_filter, here=here),
            "whole_panel": here,
            "page": page,
            "cards": cards,
            "pair_ranks": PairRank.objects.of_category(category),
            "comparisons": render_newest_links(Comparison.objects.published().in_category(category)),
        },
    )
