"""Search for tools, comparisons, and reviews, and the picker of two tools to compare."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from comparisons.forms import PickerForm, SearchForm, SuggestForm, clean_all
from comparisons.models import Comparison, ComparisonQuerySet
from comparisons.reading.nearest import guess_words
from comparisons.reading.pairs import find_pair
from comparisons.reading.rivals import read_likely_rivals
from comparisons.shaping import search_results, tool_columns
from comparisons.shaping.boxes import render_cards_box
from reviews.models import Review
from tools.models import Category, Tool
from tools.search import CANDIDATES, force_custom_plans
from web.http import public_page

RESULTS_PER_KIND = 5  # on the page of all kinds
RESULTS_PER_PAGE = 20  # on the page of one kind
MAX_SUGGESTIONS = 8  # tools that may be meant
MAX_NEWEST = 12
MAX_MOST_READ = 12
MAX_RIVALS = 12


@dataclass(frozen=True, slots=True)
class SearchKind:
    """A kind of thing to search for."""

    title: str
    rewrite: Callable[[str], str]
    """Turn what was typed into the query for this kind."""
    match: Callable[[str], list[int]]
    """Return the ids of the public matches, best first."""
    annotate: Callable[[str], Any]
    """Return a queryset with everything that a result shows."""
    shape: Callable[[Any], dict[str, Any]]


KINDS = {
    "tools": SearchKind(
        "Tools",
        search_results.match_either_side,
        Tool.objects.search_ids,
        lambda words: Tool.objects.with_panel().with_highlights(words).select_related("category"),
        search_results.shape_tool,
    ),
    "comparisons": SearchKind(
        "Comparisons",
        search_results.match_both_sides,
        Comparison.objects.search_ids,
        lambda words: Comparison.objects.with_highlights(words).select_related("first__category", "second"),
        search_results.shape_comparison,
    ),
    "reviews": SearchKind(
        "Reviews",
        search_results.match_either_side,
        Review.objects.search_ids,
        lambda words: Review.objects.with_highlights(words).select_related("tool", "reviewer"),
        search_results.shape_review,
    ),
}


@require_safe
@public_page
def search(request: HttpRequest) -> HttpResponse:
    """Everything that matches, grouped by kind; if nothing does, what was probably meant, and other ways on."""
    asked = clean_all(SearchForm(request.GET))
    words, kinds = asked["q"], [asked["kind"]] if asked["kind"] else list(KINDS)
    versus = search_results.split_versus(words)
    groups, near, meant = _search_or_guess(words, kinds, asked["page"]) if words else ([], [], "")
    return render(
        request,
        "comparisons/search.html",
        {
            "words": words,
            "kind": asked["kind"],
            "tabs": [
                (title, search_results.search_address(words, kind=kind), kind == asked["kind"])
                for kind, title in {"": "All", **{kind: KINDS[kind].title for kind in KINDS}}.items()
            ],
            "meant": meant,
            "groups": groups,
            "near": near,
            "pair_box": _render_pair(*versus) if versus else "",
            "picker": search_results.picker_address({"a": versus[0], "b": versus[1]}) if versus else "",
            **({} if groups else _ways_on()),
        },
    )


def _render_pair(first: str, second: str) -> SafeString:
    """Render the comparison of two tools, given as typed, as a box score; "" unless both are found."""
    found = [picker_field(field, "", words).tool for field, words in (("a", first), ("b", second))]
    ids = [tool.pk for tool in found if tool]
    pair = find_pair(*(tool.slug for tool in found if tool)) if len(set(ids)) == 2 else None
    tools = {tool.slug: tool for tool in Tool.objects.with_numbers().with_plans().filter(pk__in=ids)} if pair else {}
    if pair is None or len(tools) < 2:
        return SafeString()
    one, two = (tool_columns.build_card(tools[slug]) for slug in pair.slugs)
    return render_cards_box(one, two, url=reverse("comparison", args=[pair.slugs]), at=None)


def _search_or_guess(
    words: str, kinds: list[str], page: str
) -> tuple[list[search_results.ResultGroup], list[Tool], str]:
    """Return the results. If there are none, return the results for the words that were probably meant, the tools with
    similar names, and those words.
    """
    with force_custom_plans():
        if groups := _search(words, kinds, page):
            return groups, [], ""
        near = list(Tool.objects.published().resembling(words)[:MAX_SUGGESTIONS])
        meant = guess_words(words, [name for tool in near for name in tool.names])
        return _search(meant, kinds, page) if meant else [], near, meant


def _search(words: str, kinds: list[str], page: str) -> list[search_results.ResultGroup]:
    """Return the groups that have results. Two queries per kind, one for a kind without results."""
    size = RESULTS_PER_PAGE if len(kinds) == 1 else RESULTS_PER_KIND
    groups = [_group(kind, words, page=page, size=size) for kind in kinds]
    return [group for group in groups if group.total]


def _group(kind: str, words: str, *, page: str, size: int) -> search_results.ResultGroup:
    """Return one page of the results of one kind."""
    searched = KINDS[kind]
    query = searched.rewrite(words)
    is_paged = size == RESULTS_PER_PAGE
    here = Paginator(searched.match(query), size).get_page(page if is_paged else 1)
    rows = searched.annotate(query).in_bulk(here.object_list)

    def link(number: int, *, exists: bool) -> str:
        return search_results.search_address(words, kind=kind, page=number) if exists else ""

    return search_results.ResultGroup(
        kind=kind,
        title=searched.title,
        items=[searched.shape(rows[pk]) for pk in here.object_list if pk in rows],
        total=here.paginator.count,
        is_truncated=here.paginator.count >= CANDIDATES,
        links={
            "more": link(1, exists=not is_paged and here.has_next()),
            "previous": link(here.number - 1, exists=is_paged and here.has_previous()),
            "next": link(here.number + 1, exists=is_paged and here.has_next()),
        },
        page=here.number,
        pages=here.paginator.num_pages,
    )


def _ways_on() -> dict[str, Any]:
    """Return what to read when nothing else is shown. Two queries."""
    return {
        "comparisons": _links(Comparison.objects.published().newest_first(), MAX_NEWEST),
        "categories": Category.objects.with_published_tools(),
    }


@require_safe
@public_page
def suggest(request: HttpRequest) -> HttpResponse:
    """Suggest tools for what was typed so far, as an HTML fragment."""
    asked = clean_all(SuggestForm(request.GET))
    tools = Tool.objects.published().select_related("category")
    words = next(filter(None, asked.values()), "")
    response = render(
        request,
        "comparisons/_suggestions.html",
        {"suggestions": search_results.shape_suggestions(tools.suggest(words, limit=MAX_SUGGESTIONS))},
    )
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@require_safe
@public_page
def compare(request: HttpRequest) -> HttpResponse:
    """Pick two tools: redirect to their comparison, or ask for what is missing."""
    asked = clean_all(PickerForm(request.GET))
    first = picker_field("a", "First tool", asked["a"])
    second = picker_field("b", "Second tool", asked["b"])
    tools = [field.tool for field in (first, second) if field.tool]
    if len(tools) == 2 and tools[0] != tools[1]:
        slugs = tools[0].slug, tools[1].slug
        pair = find_pair(*slugs)  # None if one of them was just withdrawn
        return HttpResponseRedirect(reverse("comparison", args=[pair.slugs if pair else slugs]))
    return render(
        request,
        "comparisons/compare.html",
        {
            "sides": [(first, first.choices(second)), (second, second.choices(first))],
            "is_same": len(tools) == 2,
            "is_asked": bool(first.typed or second.typed),
            "more_at_once": search_results.custom_address([first.typed, second.typed]),
            **(_build_known_tool(tools[0]) if len(tools) == 1 and not (first.typed and second.typed) else {}),
            "newest": _links(Comparison.objects.published().newest_first(), MAX_NEWEST),
            "most_read": _links(Comparison.objects.published().most_read(), MAX_MOST_READ),
        },
    )


def picker_field(field: str, label: str, words: str) -> search_results.PickerField:
    """Resolve what was typed into a field of the picker: a slug, a name, or an alias; otherwise the one tool that it
    clearly resembles. At most six queries.
    """
    tools = Tool.objects.published().select_related("category")
    by_slug = tools.by_slug(words.lower()) if words else None
    called = list(tools.named(by_slug.name if by_slug else words)[:MAX_SUGGESTIONS]) if words else []
    if by_slug:
        typed = by_slug.name if len(called) == 1 else by_slug.slug
        return search_results.PickerField(field, label, typed, by_slug)
    near = called or (tools.suggest(words, limit=MAX_SUGGESTIONS) if words else [])
    meant = near[0] if search_results.is_clear(near) else None
    return search_results.PickerField(field, label, words, meant, near)


def _build_known_tool(tool: Tool) -> dict[str, Any]:
    """Return a tool's comparisons and likeliest rivals, for a picker with one field filled in. Two queries."""
    return {
        "known": tool,
        "compared": _links(Comparison.objects.published().touching(tool.pk).newest_first(), MAX_RIVALS),
        "rivals": read_likely_rivals(tool, most=MAX_RIVALS),
    }


def _links(comparisons: ComparisonQuerySet, most: int) -> list[SafeString]:
    """Return the first `most` comparisons as links."""
    return [tool_columns.render_pair_link(record) for record in comparisons.records()[:most]]
