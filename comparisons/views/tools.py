"""All tools, one tool, and the tools of a category."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.forms import ToolFilterForm, lens_slugs, tool_filter
from comparisons.machines import linked_data, titles
from comparisons.models import Comparison
from comparisons.pages.tool_page import newest_links, tool_page
from comparisons.reading.revision import Revision, current_revision
from comparisons.shaping import facets, tool_columns
from comparisons.shaping.seat_filter import Eye, lens_of, toggles
from reviews.models import Reviewer
from tools.models import Category, PlanKind, Tool
from votes.models import Camp, CensusRow, Listing
from votes.pair_votes import PairRank
from web.caching import process_cache
from web.current_address import at_current_address
from web.http import public_page
from web.paging import get_page

TOOLS_A_PAGE = 24


@require_safe
@public_page
def tools(request: HttpRequest) -> HttpResponse:
    """All published tools, filtered and sorted as the query string asks."""
    asked = tool_filter(request.GET)
    listings = Listing.objects.at()
    rows, census = _census(current_revision())
    if asked.community:  # then votes decide which tools are counted at all
        census = listings.with_community_number().census()
    category = next((row.pk for row in rows if row.slug == asked.category), "")
    counts = facets.facets(census, category=category, price=asked.price, panel=asked.panel)
    chosen = {**asked._asdict(), "category": category}
    numbered = counts.total if asked.community else listings.chosen(**{**chosen, "community": True}).count()
    page = get_page(listings.chosen(**chosen).tool_ids(), request.GET, per_page=TOOLS_A_PAGE, count=counts.total)
    found = Tool.objects.with_numbers().with_plans().in_order(page.object_list)
    return render(
        request,
        "comparisons/tools.html",
        {
            "here": reverse("tools"),
            "page": page,
            "cards": [tool_columns.card(tool) for tool in found],
            "categories": facets.options(counts.category, [(row.slug, row.name, row.pk) for row in rows], category),
            "prices": facets.options(counts.price, [(*choice, choice[0]) for choice in PlanKind.choices], asked.price),
            "panels": facets.options(counts.panel, [(*choice, choice[0]) for choice in Camp.choices], asked.panel),
            "community": asked.community,
            "numbered": numbered,
            "sorts": [(value, label, value == asked.sort) for value, label in ToolFilterForm.SORTS],
            "is_filtered": any(asked),
        },
    )


@process_cache(maxsize=2, in_debug=False)
def _census(revision: Revision) -> tuple[list[Category], list[CensusRow]]:
    """Return the categories that have tools, and the census of all tools, cached per revision of the site."""
    return list(Category.objects.with_published_tools()), Listing.objects.at().census()


@require_safe
@public_page
@at_current_address(lambda slug: Tool.objects.published().with_community().with_freeze().by_slug(slug))
def tool(request: HttpRequest, tool: Any) -> HttpResponse:
    """One tool: its numbers, its reviewers' reasons, prices, facts, what changed, and what it is compared with."""
    return render(request, "comparisons/tool.html", tool_page(tool))


@require_safe
@public_page
@at_current_address(Category.objects.by_slug)
def category(request: HttpRequest, category: Category) -> HttpResponse:
    """The tools of a category, ranked, with the rule stated."""
    eyes = [Eye(*row) for row in Reviewer.objects.seats()]
    lens = lens_of(eyes, lens_slugs(request.GET))
    page = get_page(
        Listing.objects.at().of_category(category).ranked(lens=lens.ids).tool_ids(), request.GET, per_page=TOOLS_A_PAGE
    )
    here = category.get_absolute_url()
    tools = Tool.objects.with_numbers(lens=lens.ids).with_plans().in_order(page.object_list)
    cards = [tool_columns.card(tool) for tool in tools]
    return render(
        request,
        "comparisons/category.html",
        {
            "title": titles.category_title(category.name, cards, page=page.number, total=page.paginator.count),
            "description": titles.category_description(category.description, cards),
            "linked_data": linked_data.category_graph(category.name, here, cards, first=page.start_index()),
            "category": category,
            "here": here,
            "lens": lens,
            "toggles": toggles(eyes, lens, here=here) if len(eyes) > 1 else [],
            "whole_panel": here,
            "page": page,
            "cards": cards,
            "pair_ranks": PairRank.objects.of_category(category),
            "comparisons": newest_links(Comparison.objects.published().in_category(category)),
        },
    )
