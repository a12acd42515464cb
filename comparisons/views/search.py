"""Search for tools, comparisons, and reviews, and the picker of two tools to compare."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from comparisons.forms import CustomForm, PickerForm, SearchForm, SuggestForm, clean_all
from comparisons.models import Comparison, ComparisonQuerySet
from comparisons.pages import search_page
from comparisons.pages.picker import resolve_field
from comparisons.pages.tool_list import ListedSite, index_site
from comparisons.reading.nearest import guess_words
from comparisons.reading.pairs import find_pair
from comparisons.reading.revision import CONTENT, current_revision
from comparisons.reading.rivals import read_likely_rivals
from comparisons.shaping import search_results, tool_columns, typed_pairs
from comparisons.shaping.tool_columns import build_card
from comparisons.shaping.tool_table import ToolTable, build_table
from comparisons.shaping.wishes import PRICE_WORDS, Wish, read_wish
from reviews.models import Review
from tools.models import Category, Tool
from tools.search import CANDIDATES, force_custom_plans, split_words
from web.current_address import add_query
from web.pages import public_page

RESULTS_PER_KIND = 6  # on the page of all kinds
RESULTS_PER_PAGE = 20  # on the page of one kind
MAX_NEAR = 8  # tools that may be meant
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
    shape: Callable[[Any], dict[str, Any]] | None
    """Shape a result; None for tools, which are rows of a table."""


KINDS = {
    "tools": SearchKind(
        "Tools",
        typed_pairs.match_either_side,
        Tool.objects.search_ids,
        lambda words: Tool.objects.with_numbers().with_plans().with_highlights(words).select_related("category"),
        None,
    ),
    "comparisons": SearchKind(
        "Comparisons",
        typed_pairs.match_both_sides,
        Comparison.objects.search_ids,
        lambda words: Comparison.objects.with_highlights(words).select_related("first__category", "second"),
        search_results.shape_comparison,
    ),
    "reviews": SearchKind(
        "Reviews",
        typed_pairs.match_either_side,
        Review.objects.search_ids,
        lambda words: Review.objects.with_highlights(words).select_related("tool", "reviewer"),
        search_results.shape_review,
    ),
}


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search found."""

    pair: search_page.PairResult | None = None
    wish: search_page.WishResult | None = None
    groups: Sequence[search_results.ResultGroup] = ()
    near: Sequence[Tool] = ()
    """Tools with similar names, if the words as typed find nothing."""
    meant: str = ""
    """What was searched instead of the words that were typed; "" if those were searched."""


@require_safe
@public_page(depends_on=CONTENT)
def search(request: HttpRequest) -> HttpResponse:
    """Everything that matches, grouped by kind, after the pair or the category that the words name; if nothing does,
    what was probably meant, and other ways on.
    """
    asked = clean_all(SearchForm(request.GET))
    words, kind = asked["q"], asked["kind"]
    found = _find(words, kind, asked["page"]) if words else Findings()
    names = [] if found.pair else typed_pairs.split_all(words)
    return render(
        request,
        "comparisons/search.html",
        {
            "words": words,
            "kind": kind,
            "tabs": [
                (title, search_results.search_address(words, kind=value), value == kind)
                for value, title in {"": "All", **{name: KINDS[name].title for name in KINDS}}.items()
            ],
            "found": found,
            "names": len(names),
            "picker": _write_picker_address(names),
            **({} if found.groups or found.pair or found.wish else _ways_on()),
        },
    )


def _write_picker_address(names: list[str]) -> str:
    """Return where to compare names of which not all are known; "" unless they can stand side by side."""
    if len(names) == 2:
        return search_results.picker_address({"a": names[0], "b": names[1]})
    return search_results.custom_address(names) if 2 < len(names) <= CustomForm.COLUMNS else ""


def _find(words: str, kind: str, page: str) -> Findings:
    """Return what a search finds, of one kind or of all ("")."""
    site = index_site(current_revision())
    if named := search_page.find_named_pair(words):
        with force_custom_plans():
            groups = _search(named.words, kind, page, site)
        pair = search_page.build_pair(named) if kind in ("", "comparisons") else None
        return Findings(pair, None, _leave_out("comparisons" if pair and not kind else "", groups))
    groups, wish, near, meant = _search_or_guess(words, kind, page, site)
    result = search_page.build_wish(wish, site) if wish and kind in ("", "tools") else None
    is_answer = result and result.table and not kind
    return Findings(None, result, _leave_out("tools" if is_answer else "", groups), near, meant)


def _leave_out(kind: str, groups: list[search_results.ResultGroup]) -> list[search_results.ResultGroup]:
    """Return the groups without those of a kind, which the first result shows; "" leaves out none."""
    return [group for group in groups if group.kind != kind]


def _search_or_guess(
    words: str, kind: str, page: str, site: ListedSite
) -> tuple[list[search_results.ResultGroup], Wish | None, list[Tool], str]:
    """Return the results, and what is asked for. If there is neither, return those for the words that were probably
    meant, the tools with similar names, and those words.
    """
    with force_custom_plans():
        groups, wish = _search(words, kind, page, site), read_wish(words, site.categories)
        if groups or wish:
            return groups, wish, [], ""
        named = typed_pairs.leave_out_alternatives(words)
        near = list(Tool.objects.published().resembling(named)[:MAX_NEAR])
        meant = guess_words(named, [name for tool in near for name in tool.names])
        if meant and (groups := _search(meant, kind, page, site)):
            return groups, None, near, meant
        meant = guess_words(words, [*PRICE_WORDS, *(name for category in site.categories for name in category.names)])
        wish = read_wish(meant, site.categories)
        if wish and wish.is_whole and len(split_words(meant)) >= len(split_words(words)):
            return _search(meant, kind, page, site), wish, near, meant
        return [], None, near, ""


def _search(words: str, kind: str, page: str, site: ListedSite) -> list[search_results.ResultGroup]:
    """Return the groups that have results, of one kind or of all (""). Two queries per kind, three for tools, one for
    a kind without results.
    """
    kinds, size = ([kind], RESULTS_PER_PAGE) if kind else (list(KINDS), RESULTS_PER_KIND)
    groups = [_group(kind, words, page=page, size=size, site=site) for kind in kinds]
    return [group for group in groups if group.total]


def _group(kind: str, words: str, *, page: str, size: int, site: ListedSite) -> search_results.ResultGroup:
    """Return one page of the results of one kind."""
    searched = KINDS[kind]
    query = searched.rewrite(words)
    is_paged = size == RESULTS_PER_PAGE
    here = Paginator(searched.match(query), size).get_page(page if is_paged else 1)
    found = searched.annotate(query).in_bulk(here.object_list)
    rows = [found[pk] for pk in here.object_list if pk in found]

    def link(number: int, *, exists: bool) -> str:
        return search_results.search_address(words, kind=kind, page=number) if exists else ""

    return search_results.ResultGroup(
        kind=kind,
        title=searched.title,
        items=[searched.shape(row) for row in rows] if searched.shape else [],
        table=None if searched.shape or not rows else _build_table(rows, site),
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


def _build_table(tools: list[Tool], site: ListedSite) -> ToolTable:
    """Return the table of tools in the order in which they match."""
    found = {tool.pk: search_results.shape_tool(tool) for tool in tools}
    return build_table([build_card(tool) for tool in tools], site.seats, sort="found", found=found)


def _ways_on() -> dict[str, Any]:
    """Return what to read when nothing else is shown. Two queries."""
    return {
        "comparisons": _links(Comparison.objects.published().newest_first(), MAX_NEWEST),
        "categories": Category.objects.with_published_tools(),
    }


@require_safe
@public_page(depends_on=None)
def suggest(request: HttpRequest) -> HttpResponse:
    """Suggest what may be meant by what was typed so far, as an HTML fragment: tools for the fields of pickers; for a
    search, categories and pairs as well.
    """
    asked = clean_all(SuggestForm(request.GET))
    words = next(filter(None, asked.values()), "")
    response = render(
        request,
        "comparisons/_suggestions.html",
        {
            "suggestions": (
                search_page.suggest(words, index_site(current_revision()))
                if asked["q"]
                else search_page.suggest_tools_for(words)
            )
        },
    )
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@require_safe
@public_page(depends_on=None)
def compare(request: HttpRequest) -> HttpResponse:
    """Pick two tools: redirect to their comparison, or ask for what is missing."""
    asked = clean_all(PickerForm(request.GET))
    first = resolve_field("a", "First tool", asked["a"])
    second = resolve_field("b", "Second tool", asked["b"])
    tools = [field.tool for field in (first, second) if field.tool]
    if len(tools) == 2 and tools[0] != tools[1]:
        slugs = tools[0].slug, tools[1].slug
        pair = find_pair(*slugs)  # None if one of them was just withdrawn
        path = reverse("comparison", args=[pair.slugs if pair else slugs])
        return HttpResponseRedirect(add_query(path, request, without=PickerForm.base_fields))
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
