"""Finding a tool, a comparison or a review by words, and picking two tools to compare."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from comparisons.forms import PickerForm, SearchForm, SuggestForm, cleaned
from comparisons.models import Comparison, ComparisonQuerySet
from comparisons.reading.pairs import find_pair
from comparisons.reading.rivals import likeliest_rivals
from comparisons.shaping import search_results, tool_columns
from reviews.models import Review
from tools.models import Category, Tool
from tools.search import CANDIDATES, planned_each_time
from web.http import public_page

FIRST = 5  # of each kind on the page of all kinds
A_PAGE = 20  # of one kind
NEAR = 8  # tools that may have been meant
NEWEST = 12
MOST_READ = 12
RIVALS = 12


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing that is searched for."""

    title: str
    understood: Callable[[str], str]
    """What was typed, as this kind takes it."""
    matching: Callable[[str], list[int]]
    """The ids of what is public and matches, best first."""
    shown: Callable[[str], Any]
    """With all that is shown of it."""
    item: Callable[[Any], dict[str, Any]]


KINDS = {
    "tools": Kind(
        "Tools",
        search_results.either,
        Tool.objects.matching,
        lambda words: Tool.objects.with_panel().with_marks(words).select_related("category"),
        search_results.tool_item,
    ),
    "comparisons": Kind(
        "Comparisons",
        search_results.both,
        Comparison.objects.matching,
        lambda words: Comparison.objects.with_marks(words).select_related("first__category", "second"),
        search_results.comparison_item,
    ),
    "reviews": Kind(
        "Reviews",
        search_results.either,
        Review.objects.matching,
        lambda words: Review.objects.with_marks(words).select_related("tool", "reviewer"),
        search_results.review_item,
    ),
}


@require_safe
@public_page
def search(request: HttpRequest) -> HttpResponse:
    """Everything that holds some words, by kind; where nothing does, what they may have meant, and ways on."""
    asked = cleaned(SearchForm(request.GET))
    words, kinds = asked["q"], [asked["kind"]] if asked["kind"] else list(KINDS)
    sides = search_results.sides(words)
    groups, near, meant = _found_or_meant(words, kinds, asked["page"]) if words else ([], [], "")
    return render(
        request,
        "comparisons/search.html",
        {
            "words": words,
            "kind": asked["kind"],
            "tabs": [
                (title, search_results.address(words, kind=kind), kind == asked["kind"])
                for kind, title in {"": "All", **{kind: KINDS[kind].title for kind in KINDS}}.items()
            ],
            "meant": meant,
            "groups": groups,
            "near": near,
            "picker": search_results.picker_address({"a": sides[0], "b": sides[1]}) if sides else "",
            **({} if groups else _ways_on()),
        },
    )


def _found_or_meant(words: str, kinds: list[str], page: str) -> tuple[list[search_results.Group], list[Tool], str]:
    """What was found; where that is nothing, tools of like names, and what was found for the words that were meant."""
    with planned_each_time():
        if groups := _found(words, kinds, page):
            return groups, [], ""
        near = list(Tool.objects.published().resembling(words)[:NEAR])
        meant = search_results.meant(words, [name for tool in near for name in (tool.name, *tool.aliases)])
        return _found(meant, kinds, page) if meant else [], near, meant


def _found(words: str, kinds: list[str], page: str) -> list[search_results.Group]:
    """What was found of some kinds, those of which there is something. Two queries a kind, one where there is none."""
    groups = [_group(kind, words, page=page, size=A_PAGE if len(kinds) == 1 else FIRST) for kind in kinds]
    return [group for group in groups if group.total]


def _group(kind: str, words: str, *, page: str, size: int) -> search_results.Group:
    """A page of what was found of one kind."""
    how = KINDS[kind]
    understood = how.understood(words)
    here = Paginator(how.matching(understood), size).get_page(page if size == A_PAGE else 1)
    rows = how.shown(understood).in_bulk(here.object_list)

    def to(number: int, *, exists: bool) -> str:
        return search_results.address(words, kind=kind, page=number) if exists else ""

    return search_results.Group(
        kind=kind,
        title=how.title,
        items=[how.item(rows[pk]) for pk in here.object_list if pk in rows],
        total=here.paginator.count,
        is_cut=here.paginator.count >= CANDIDATES,
        links={
            "more": to(1, exists=size == FIRST and here.has_next()),
            "previous": to(here.number - 1, exists=size == A_PAGE and here.has_previous()),
            "next": to(here.number + 1, exists=size == A_PAGE and here.has_next()),
        },
        page=here.number,
        pages=here.paginator.num_pages,
    )


def _ways_on() -> dict[str, Any]:
    """What to read when there is nothing else to show. Two queries."""
    return {
        "comparisons": _links(Comparison.objects.published().newest_first(), NEWEST),
        "categories": Category.objects.with_published_tools(),
    }


@require_safe
@public_page
def suggest(request: HttpRequest) -> HttpResponse:
    """A list of tools for what is typed so far, as a fragment."""
    asked = cleaned(SuggestForm(request.GET))
    tools = Tool.objects.published().select_related("category")
    words = next(filter(None, asked.values()), "")
    response = render(
        request,
        "comparisons/_suggestions.html",
        {"suggestions": search_results.suggestions(tools.suggested(words, most=NEAR))},
    )
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@require_safe
@public_page
def compare(request: HttpRequest) -> HttpResponse:
    """Pick any two tools: leads to their comparison, or asks for what is missing to find it."""
    asked = cleaned(PickerForm(request.GET))
    first, second = side("a", "First tool", asked["a"]), side("b", "Second tool", asked["b"])
    tools = [side.tool for side in (first, second) if side.tool]
    if len(tools) == 2 and tools[0] != tools[1]:
        pair = find_pair(tools[0].slug, tools[1].slug)
        return HttpResponseRedirect(reverse("comparison", args=[pair.slugs if pair else (first.typed, second.typed)]))
    return render(
        request,
        "comparisons/compare.html",
        {
            "sides": [(first, first.choices(second)), (second, second.choices(first))],
            "is_same": len(tools) == 2,
            "is_asked": bool(first.typed or second.typed),
            "more_at_once": search_results.custom_address([first.typed, second.typed]),
            **(_company(tools[0]) if len(tools) == 1 and not (first.typed and second.typed) else {}),
            "newest": _links(Comparison.objects.published().newest_first(), NEWEST),
            "most_read": _links(Comparison.objects.published().most_read(), MOST_READ),
        },
    )


def side(field: str, label: str, words: str) -> search_results.Side:
    """What a field of the picker means: a slug, a name or an alias, else the only tool near. Up to six queries."""
    tools = Tool.objects.published().select_related("category")
    by_slug = tools.by_slugs(words.lower()).get(words.lower()) if words else None
    called = list(tools.called(by_slug.name if by_slug else words)[:NEAR]) if words else []
    if by_slug:
        return search_results.Side(field, label, by_slug.name if len(called) == 1 else by_slug.slug, by_slug)
    near = called or (tools.suggested(words, most=NEAR) if words else [])
    return search_results.Side(field, label, words, near[0] if search_results.is_clear(near) else None, near)


def _company(tool: Tool) -> dict[str, Any]:
    """What a tool is compared with already, and its likeliest rivals. Two queries."""
    return {
        "known": tool,
        "compared": _links(Comparison.objects.published().touching(tool.pk).newest_first(), RIVALS),
        "rivals": likeliest_rivals(tool, most=RIVALS),
    }


def _links(comparisons: ComparisonQuerySet, most: int) -> list[SafeString]:
    """The first of some comparisons, as links."""
    return [tool_columns.pair_link(record) for record in comparisons.records()[:most]]
