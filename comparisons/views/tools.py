"""One tool, and the tools of a category."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from comparisons import linked_data, side_by_side, titles
from comparisons.addresses import tool_image
from comparisons.columns import read_columns
from comparisons.models import Comparison, ComparisonQuerySet
from comparisons.twins import json_address
from tools.models import Category, Tool
from votes.community import Community
from web.http import public_page

LINKS = 12


@require_safe
@public_page
def tool(request: HttpRequest, slug: str) -> HttpResponse:
    """One tool: its numbers, its reviewers' reasons, its prices and facts, and what it is compared with."""
    found = Tool.objects.published().with_community().by_slugs(slug).get(slug)
    if found is None:
        raise Http404
    if found.slug != slug:
        return HttpResponsePermanentRedirect(found.get_absolute_url())
    today = timezone.localdate()
    tools = read_columns([found.pk])
    column, community = side_by_side.column(tools[0], today=today), Community.of(found.community)
    return render(
        request,
        "comparisons/tool.html",
        {
            "here": column["url"],
            "json_address": json_address(column["url"]),
            "title": titles.tool_title(column),
            "description": titles.tool_description(column, community),
            "image": tool_image(found.slug),
            "linked_data": linked_data.tool_graph(tools[0], column, community),
            "column": column,
            "community": community,
            "has_long_names": side_by_side.has_long_names(tools),
            "seats": side_by_side.seat_rows(tools),
            "facts": side_by_side.fact_rows(tools, today=today),
            "comparisons": _links(Comparison.objects.published().touching(found.pk)),
            "rivals": [
                (name, side_by_side.pair_address(*sorted((found.slug, rival))))
                for rival, name in Tool.objects.published().rivals_of(found).values_list("slug", "name")[:LINKS]
            ],
        },
    )


@require_safe
@public_page
def category(request: HttpRequest, slug: str) -> HttpResponse:
    """The tools of a category, ranked, with the rule stated."""
    found = Category.objects.by_slugs(slug).get(slug)
    if found is None:
        raise Http404
    if found.slug != slug:
        return HttpResponsePermanentRedirect(found.get_absolute_url())
    cards = [
        side_by_side.card(tool)
        for tool in Tool.objects.published().of_category(found).with_numbers().with_plans().ranked()
    ]
    return render(
        request,
        "comparisons/category.html",
        {
            "title": titles.category_title(found.name, cards),
            "description": titles.category_description(found.description, cards),
            "linked_data": linked_data.category_graph(found.name, found.get_absolute_url(), cards),
            "category": found,
            "cards": cards,
            "comparisons": _links(Comparison.objects.published().in_category(found)),
        },
    )


def _links(comparisons: ComparisonQuerySet) -> list[SafeString]:
    """The newest of some comparisons, as links."""
    return [side_by_side.pair_link(record) for record in comparisons.newest_first().records()[:LINKS]]
