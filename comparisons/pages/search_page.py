"""What search shows before texts that hold the words: the pair, the category, or the tools that were asked for."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from django.utils.safestring import SafeString

from comparisons.addresses import reverse_pair
from comparisons.models import Comparison
from comparisons.pages.category_page import CategorySummary, list_categories
from comparisons.pages.picker import resolve_field
from comparisons.pages.tool_list import ListedSite, build_cards, judge_needs, read_facts
from comparisons.reading.pairs import find_pair, read_editors_order
from comparisons.reading.rivals import read_likely_rivals
from comparisons.shaping import facets, typed_pairs
from comparisons.shaping.boxes import render_cards_box
from comparisons.shaping.leads import Lead, build_lead
from comparisons.shaping.listed_needs import ListedNeed, pass_needs
from comparisons.shaping.search_results import Suggestion, suggest_categories, suggest_pair, suggest_tools
from comparisons.shaping.tool_columns import build_card
from comparisons.shaping.tool_table import ToolTable, build_table
from comparisons.shaping.wishes import Wish
from tools.models import Tool
from votes.models import Listing
from web.folding import fold

MAX_ALSO = 3  # other comparisons of two tools
MAX_FITTING = 8  # tools
MAX_SUGGESTIONS = 8


class NamedPair(NamedTuple):
    """Two different tools that a search names."""

    first: Tool
    second: Tool

    @property
    def words(self) -> str:
        """What to search texts for, even if the names were misspelled."""
        return f"{self.first.name} vs {self.second.name}"


class PairResult(NamedTuple):
    """A pair as the first result, and other comparisons of the two."""

    lead: Lead
    also: list[SafeString]


class WishResult(NamedTuple):
    """A category, or the tools that fit what a search asks for."""

    wish: Wish
    summary: CategorySummary | None
    total: int
    """How many tools fit."""
    among: int
    """Out of how many."""
    unknown: int
    """How many do not only because something about them is not known."""
    table: ToolTable | None
    """The best of them; None if none fits, or if the search says more than this."""


def find_named_pair(words: str) -> NamedPair | None:
    """Return the two tools that a search names, exactly or, beside a `vs`, nearly. At most thirteen queries."""
    pairs = typed_pairs.list_pairs(words)
    exact = _find_called({name for pair in pairs for name in (pair.first, pair.second)})
    for pair in pairs:
        first, second = exact.get(fold(pair.first)), exact.get(fold(pair.second))
        if first and second and first != second:
            return NamedPair(first, second)
    clear = next((pair for pair in pairs if pair.is_clear), None)
    if not clear:
        return None
    one, two = (resolve_field(name, "", words).tool for name, words in (("a", clear.first), ("b", clear.second)))
    return NamedPair(one, two) if one and two and one != two else None


def _find_called(names: set[str]) -> dict[str, Tool]:
    """Return the published tools with one of the names or aliases, by folded name. A name of several tools is left
    out. At most one query.
    """
    called = defaultdict(set)
    for tool in Tool.objects.published().named_any(sorted(names)) if names else ():
        for name in tool.names:
            called[fold(name)].add(tool)
    return {name: next(iter(tools)) for name, tools in called.items() if len(tools) == 1}


def build_pair(named: NamedPair) -> PairResult | None:
    """Return the result for two tools; None if one of them was just withdrawn. At most nine queries."""
    pair = find_pair(named.first.slug, named.second.slug)
    tools = Tool.objects.with_numbers().with_plans().select_related("category")
    found = {tool.slug: tool for tool in tools.filter(pk__in=pair.ids)} if pair else {}
    if pair is None or len(found) < 2:
        return None
    first, second = (build_card(found[slug]) for slug in pair.slugs)
    published = Comparison.objects.published()
    own = published.filter(pk=pair.comparison).first() if pair.comparison else None
    others = published.touching(*pair.ids).exclude(pk=pair.comparison or 0).newest_first().with_numbers()
    return PairResult(
        build_lead(first, second, url=reverse_pair(*pair.slugs), published_at=own.published_at if own else None),
        also=[
            render_cards_box(
                build_card(row.first), build_card(row.second), url=row.get_absolute_url(), at=row.published_at
            )
            for row in others[:MAX_ALSO]
        ],
    )


def build_wish(wish: Wish, site: ListedSite) -> WishResult:
    """Return the result for what a search asks for. At most seven queries."""
    category = wish.category.id if wish.category else None
    about = [attribute.id for attribute in wish.attributes] if wish.category else []
    judged = judge_needs([need.key for need in wish.needs], site).judged
    selection = facets.select_tools(
        read_facts(site, about),
        category=category,
        facts=wish.facts if wish.category else {},
        price=wish.price,
        budget=wish.budget,
        needs=pass_needs(site.tools, judged),
    )
    fitting = selection.listed.select(selection.pass_all())
    among = site.tools.by_category.get(category, 0).bit_count() if category else len(site.tools.ids)
    summaries = list_categories(site.seats) if wish.category else []
    return WishResult(
        wish,
        next((one for one in summaries if wish.category and one.name == wish.category.name), None),
        len(fitting),
        among,
        selection.count_unknown(),
        _build_fitting(fitting, site, judged) if wish.is_whole and fitting else None,
    )


def _build_fitting(tools: Sequence[int], site: ListedSite, judged: Sequence[ListedNeed]) -> ToolTable:
    best = Listing.objects.at().among(tools).ranked().tool_ids()[:MAX_FITTING]
    rows = Tool.objects.with_numbers().with_plans().select_related("category").in_order(best)
    return build_table(build_cards(rows, site.tools, None, judged), site.seats)


def suggest(words: str, site: ListedSite) -> list[Suggestion]:
    """Return what may be meant by what was typed into a search so far: tools and categories, or pairs after a `vs`."""
    beginning = typed_pairs.read_beginning(words)
    if beginning:
        return _suggest_pairs(*beginning)
    tools = suggest_tools_for(words)
    sizes = [(category, site.tools.by_category.get(category.id, 0).bit_count()) for category in site.categories]
    named, other = suggest_categories(words, sizes)
    in_order = [*named, *other, *tools] if all(tool.is_guess for tool in tools) else [*named, *tools, *other]
    return in_order[:MAX_SUGGESTIONS]


def suggest_tools_for(words: str) -> list[Suggestion]:
    """Return the tools that may be meant by what was typed so far. At most two queries."""
    tools = Tool.objects.published().select_related("category")
    return suggest_tools(tools.suggest(words, limit=MAX_SUGGESTIONS), words)


def _suggest_pairs(first: str, second: str) -> list[Suggestion]:
    """Return pairs that start with the tool meant by the first name. At most five queries.

    Without a second name: the pairs that editors compared, then the tool's likeliest rivals. With one: the pairs whose
    other tool matches what has been typed so far.
    """
    tools = Tool.objects.published().select_related("category")
    one = next(iter(tools.suggest(first, limit=1)), None)
    if not one:
        return []
    if not second:
        rivals = sorted(read_likely_rivals(one, most=MAX_SUGGESTIONS), key=lambda rival: not rival.is_editorial)
        return [suggest_pair(one.name, rival.name, rival.url, is_editorial=rival.is_editorial) for rival in rivals]
    others = [tool for tool in tools.suggest(second, limit=MAX_SUGGESTIONS) if tool != one]
    compared = read_editors_order([tool.pk for tool in (one, *others)])
    orders = [_order(one.slug, other.slug, compared) for other in others]
    pairs = [
        suggest_pair(one.name, other.name, reverse_pair(*order), is_editorial=order in compared)
        for other, order in zip(others, orders, strict=True)
    ]
    return sorted(pairs, key=lambda pair: not pair.is_editorial)


def _order(one: str, two: str, compared: set[tuple[str, str]]) -> tuple[str, str]:
    """Return two slugs in the order of their address."""
    return next((pair for pair in ((one, two), (two, one)) if pair in compared), (min(one, two), max(one, two)))
