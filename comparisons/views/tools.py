"""The list of tools, a tool, and a category."""

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from comparisons.addresses import join_query
from comparisons.fact_filters import parse_fact_filters
from comparisons.forms import parse_needs, parse_seat_slugs, parse_tool_filter, parse_usage
from comparisons.machines import linked_data, titles
from comparisons.models import Comparison, ComparisonQuerySet
from comparisons.pages.category_page import find_leader, list_categories
from comparisons.pages.panel_seats import find_seats, read_panel_seats
from comparisons.pages.tool_list import (
    build_fact_filters,
    build_filters,
    build_needs,
    build_sorts,
    get_page_of_cards,
    index_site,
    judge_needs,
    keep_selected,
    list_chosen,
    list_removals,
    read_facts,
    sort_listings,
    write_order,
)
from comparisons.pages.tool_page import build_tool_page
from comparisons.reading.categories import find_category
from comparisons.reading.revision import EVERYTHING, current_revision
from comparisons.shaping import facets, tool_columns
from comparisons.shaping.boxes import render_cards_box
from comparisons.shaping.leaders import place_ranks
from comparisons.shaping.listed_needs import pass_needs
from comparisons.shaping.scatter import build_points, describe_points, describe_sides, list_numbered
from comparisons.shaping.seat_filter import render_recount
from comparisons.shaping.tool_columns import build_card
from comparisons.shaping.tool_table import build_table
from tools.models import Category, Tool
from votes import made_up
from votes.models import Listing, PairRank
from web.current_address import at_current_address
from web.pages import public_page

MAX_BOXES = 12  # comparisons of a category


@require_safe
@public_page(depends_on=EVERYTHING)
def tools(request: HttpRequest) -> HttpResponse:
    """List the published tools, filtered and sorted by the query string."""
    site = index_site(current_revision())
    asked = parse_tool_filter(request.GET, site.seats)
    category = find_category(site.categories, asked.category)
    attributes = category.attributes if category else ()
    others = () if category else list(site.list_attributes())
    facts = parse_fact_filters(request.GET, attributes, others=others)
    must_haves = judge_needs(parse_needs(request.GET), site)
    listings = Listing.objects.at()
    selection = facets.select_tools(
        read_facts(site, [attribute.id for attribute in attributes]),
        category=category.id if category else None,
        facts=facts.wanted,
        price=asked.price,
        budget=asked.budget,
        panel=asked.panel,
        community=site.tools.mask(listings.with_community_number().list_tools()) if asked.community else None,
        needs=pass_needs(site.tools, must_haves.judged),
    )
    rows = listings.chosen(
        category=category.id if category else "",
        price=asked.price,
        budget=asked.budget,
        panel=asked.panel,
        community=asked.community,
    )
    rows = sort_listings(rows, asked.sort, site)
    page, cards = get_page_of_cards(selection, facts, must_haves, rows, request.GET)
    filters = build_filters(site, selection, category, asked)
    fact_filters = build_fact_filters(selection, attributes, facts, order=write_order(site, asked.sort))
    return render(
        request,
        "comparisons/tools.html",
        {
            "here": reverse("tools"),
            "page": page,
            "table": build_table(cards, site.seats, sort=asked.sort, is_ranking=False),
            "removals": list_removals(request.GET, reverse("tools"), list_chosen(filters, fact_filters)),
            "sorts": build_sorts(site, asked.sort, facts),
            "numbered": keep_selected(selection, facts, must_haves, rows).with_community_number().count(),
            "is_filtered": any(asked) or facts.is_set or must_haves.are_asked,
            "has_category": bool(category),
            **filters,
            **build_needs(selection, must_haves),
            **fact_filters,
        },
    )


@require_safe
@public_page(depends_on=EVERYTHING)
@at_current_address(lambda slug: Tool.objects.published().with_community().with_freeze().by_slug(slug))
def tool(request: HttpRequest, tool: Any) -> HttpResponse:
    """Show a tool: its numbers, reviews, prices, facts, changes, and comparisons."""
    usage, has_made_up_votes = parse_usage(request.GET), made_up.are_on_page(request)
    page = build_tool_page(tool, usage=usage, has_made_up_votes=has_made_up_votes)
    return render(request, "comparisons/tool.html", page)


@require_safe
@public_page(depends_on=EVERYTHING)
def categories(request: HttpRequest) -> HttpResponse:
    """List all categories, each with the tool that leads it."""
    return render(request, "comparisons/categories.html", {"categories": list_categories(read_panel_seats())})


@require_safe
@public_page(depends_on=EVERYTHING)
@at_current_address(lambda slug: Category.objects.with_published_tools().by_slug(slug))
def category(request: HttpRequest, category: Category) -> HttpResponse:
    """Rank the tools of a category, and state the rule."""
    site = index_site(current_revision())
    seat_filter = find_seats(parse_seat_slugs(request.GET), on_page=site.seats)
    sort = parse_tool_filter(request.GET, site.seats).sort
    attributes = site.attributes_of(category.pk)
    facts = parse_fact_filters(request.GET, attributes)
    must_haves = judge_needs(parse_needs(request.GET), site)
    selection = facets.select_tools(
        read_facts(site, [attribute.id for attribute in attributes]),
        category=category.pk,
        facts=facts.wanted,
        needs=pass_needs(site.tools, must_haves.judged),
    )
    is_filtered = facts.is_set or must_haves.are_asked or bool(sort)
    kept = join_query(facts.query, must_haves.query, urlencode({"sort": sort}) if sort else "")
    rows = sort_listings(Listing.objects.at().of_category(category), sort, site, counted=seat_filter.ids)
    page, cards = get_page_of_cards(selection, facts, must_haves, rows, request.GET, seats=seat_filter.ids)
    here = category.get_absolute_url()
    order = write_order(site, sort, counted=seat_filter.names)
    fact_filters = build_fact_filters(selection, attributes, facts, order=order)
    table = build_table(cards, site.seats, sort=sort, is_ranking=not sort and not facts.sort)
    leader = find_leader(cards, seats=seat_filter.ids)
    return render(
        request,
        "comparisons/category.html",
        {
            "category": category,
            "here": here,
            "feed": reverse("category-feed", args=[category.slug]),
            "changes": f"{reverse('changes')}?category={category.slug}",
            "seat_filter": seat_filter,
            "recount": render_recount(site.seats, seat_filter, here=here, also=kept),
            "page": page,
            "table": table,
            "removals": list_removals(request.GET, here, list_chosen({}, fact_filters)),
            "sorts": build_sorts(site, sort, facts),
            "is_filtered": is_filtered,
            **fact_filters,
            **build_needs(selection, must_haves),
            **_head(category, page, cards, is_filtered=is_filtered),
            "leader": leader if table.is_ranking and page.number == 1 else None,
            "points": build_points(cards),
            "points_words": describe_points(cards),
            "numbered": list_numbered(cards),
            "sides_words": describe_sides(cards),
            "judged_on": max((card.judged_on for card in cards if card.judged_on), default=None),
            "pair_ranks": place_ranks(list(PairRank.objects.of_category(category))),
            "boxes": _render_boxes(Comparison.objects.published().in_category(category)),
        },
    )


def _render_boxes(comparisons: ComparisonQuerySet) -> list[SafeString]:
    """Render the newest comparisons as box scores. Five queries."""
    return [
        render_cards_box(build_card(row.first), build_card(row.second), url=row.get_absolute_url(), at=row.published_at)
        for row in comparisons.newest_first().with_numbers()[:MAX_BOXES]
    ]


def _head(category: Category, page: Page[Any], cards: list[tool_columns.Card], *, is_filtered: bool) -> dict[str, Any]:
    """Return what a page says of itself in its head: its title, description, and linked data."""
    title = titles.write_category_title(category.name, cards, page=page.number, total=page.paginator.count)
    leaders = [] if is_filtered else cards
    here, first = category.get_absolute_url(), page.start_index()
    return {
        "title": titles.write_filtered_title(category.name) if is_filtered else title,
        "description": titles.write_category_description(category.description, leaders),
        "linked_data": linked_data.build_category_graph(category.name, here, leaders, first=first),
    }
