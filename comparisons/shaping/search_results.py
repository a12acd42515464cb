"""Search results, suggestions, and the fields of the picker, shaped for templates."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from comparisons.addresses import add_query, reverse_slug
from comparisons.shaping.tool_table import Found, ToolTable
from tools.search import HIGHLIGHT_START, HIGHLIGHT_STOP, split_words
from web.folding import fold
from web.words import format_day

if TYPE_CHECKING:
    from comparisons.models import Comparison
    from comparisons.reading.records import ListedCategory
    from reviews.models import Review
    from tools.models import Tool

# A tool with a similar name is taken as meant if its likeness, a share 0–1 of what was typed, is at least
# CLEAR_LIKENESS, and CLEAR_LEAD above that of the next tool.
CLEAR_LIKENESS = 0.5
CLEAR_LEAD = 0.2
MAX_LINES = 3  # facts that say why a tool was found
MAX_LEAD_IN = 32  # characters before the first match in a row


@dataclass(frozen=True, slots=True)
class ResultGroup:
    """The results of one kind."""

    kind: str
    title: str
    items: list[dict[str, Any]]
    """One page of results, best first; none for tools."""
    table: ToolTable | None
    """The tools of the page."""
    total: int
    is_truncated: bool
    """Whether there are more results, which were not ranked."""
    links: dict[str, str]
    """The URLs of other pages: `more`, `next`, `previous`; "" for a page that does not exist."""
    page: int
    pages: int


def search_address(words: str, *, kind: str = "", page: int = 1) -> str:
    """Return the URL of a search, or of one page of its results of one kind."""
    query = {"q": words, **({"kind": kind} if kind else {}), **({"page": page} if page > 1 else {})}
    return reverse("search", query=query)


def shape_tool(tool: "Tool") -> Found:
    """Shape a tool that was found, annotated `with_highlights()`: what a row of a table says of it."""
    row: Any = tool
    shown = [row.highlighted_name, row.highlighted_aliases, row.highlighted_tagline, row.highlighted_description]
    # Aliases only when the name does not match, the description only when nothing before it does.
    aliases = "" if has_highlight(row.highlighted_name) else _highlight_or_nothing(row.highlighted_aliases)
    lines = choose_lines(row.highlighted_words, beside=shown)
    excerpt = (
        ""
        if any(map(has_highlight, shown[:3]))
        else _highlight_or_nothing(_focus(_excerpt(row.highlighted_description)))
    )
    return Found(
        name=highlight(row.highlighted_name),
        about=highlight(row.highlighted_tagline),
        why=(
            *([format_html("Also called {}", aliases)] if aliases else []),
            *([excerpt] if excerpt else []),
            *(highlight(line) for line in lines),
        ),
    )


def shape_comparison(comparison: "Comparison") -> dict[str, Any]:
    """Shape a comparison that was found, annotated `with_highlights()`."""
    row: Any = comparison
    return {
        "url": row.get_absolute_url(),
        "first": highlight(row.highlighted_first),
        "second": highlight(row.highlighted_second),
        "category": row.first.category.name,
        "excerpt": _highlight_or_nothing(_excerpt(row.highlighted_introduction)),
    }


def shape_review(review: "Review") -> dict[str, Any]:
    """Shape a review that was found, annotated `with_highlights()`."""
    row: Any = review
    return {
        "url": f"{row.tool.get_absolute_url()}#seat-{row.reviewer.slug}",
        "tool": row.tool.name,
        "reviewer": row.reviewer.name,
        "verdict": row.verdict,
        "gist": highlight(row.highlighted_gist),
        "excerpt": highlight(_excerpt(row.highlighted_quote)),
        "flips_if": _highlight_or_nothing(_excerpt(row.highlighted_flips_if)),
        "day": format_day(row.published_at.date()),
    }


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A tool, a category, or a pair, suggested for what was typed so far.

    `why` says what it is, and why it is suggested if its name does not. `value` is what a field accepts for a tool: its
    name, or its slug if another tool in the list has the same name.
    """

    name: str
    why: str
    url: str
    value: str
    is_editorial: bool = False
    """Whether it is a pair for which editors wrote a comparison."""
    is_guess: bool = False
    """Whether it is a tool whose name is only similar."""


def suggest_tools(tools: "Sequence[Tool]", words: str) -> list[Suggestion]:
    """Shape tools, loaded with their categories, as suggestions for what was typed."""
    names = Counter(fold(tool.name) for tool in tools)
    return [
        Suggestion(
            name=tool.name,
            why=" · ".join(filter(None, [tool.category.name, _explain(tool, words)])),
            url=tool.get_absolute_url(),
            value=tool.name if names[fold(tool.name)] == 1 else tool.slug,
            is_guess=hasattr(tool, "likeness"),
        )
        for tool in tools
    ]


def _explain(tool: "Tool", words: str) -> str:
    """Return why a tool is suggested if its name does not show it: another name, or a similar spelling."""
    if hasattr(tool, "likeness"):
        return "similar spelling"
    return next((f"also called {name}" if name != tool.name else "" for name in tool.names if _begins(name, words)), "")


def _begins(name: str, words: str) -> bool:
    """Return whether each of the words is the beginning of a word of a name."""
    return all(any(part.startswith(word) for part in split_words(name)) for word in split_words(words))


def suggest_categories(
    words: str, categories: "Iterable[tuple[ListedCategory, int]]"
) -> tuple[list[Suggestion], list[Suggestion]]:
    """Return the categories, given with their numbers of tools, whose name begins with the words, and the categories
    of which another name, or a word in the name, does.
    """
    named: list[Suggestion] = []
    other: list[Suggestion] = []
    for category, tools in categories:
        name = next((name for name in category.names if _begins(name, words)), "")
        if not name or not split_words(words):
            continue
        alias = [f"also called {name}"] if name != category.name else []
        why = " · ".join([f"Category, {tools:,} tool{'' if tools == 1 else 's'}", *alias])
        found = Suggestion(category.name, why, reverse_slug("category", category.slug), category.name)
        (named if not alias and fold(name).startswith(fold(words)) else other).append(found)
    return named, other


def suggest_pair(first: str, second: str, url: str, *, is_editorial: bool) -> Suggestion:
    """Return a suggestion of a pair, named in the order in which they were typed."""
    why = "Comparison" if is_editorial else "Side by side"
    name = f"{first} vs {second}"
    return Suggestion(name, why, url, name, is_editorial)


@dataclass(frozen=True, slots=True)
class PickerField:
    """One field of the picker: what was typed, and the tool that it means or the candidates that it may mean."""

    field: str
    label: str
    typed: str
    tool: "Tool | None" = None
    candidates: "Sequence[Tool]" = ()

    @property
    def id(self) -> str:
        return f"pick-{self.field}"

    @property
    def message_id(self) -> str:
        return f"{self.id}-message"

    @property
    def message(self) -> str:
        if self.tool or not self.typed:
            return ""
        if self.candidates:
            return f"“{self.typed}” may be one of these. Which one do you mean?"
        return f"No tool here goes by “{self.typed}”. Check the spelling, or try another name."

    def choices(self, other: "PickerField") -> list[tuple[str, str, str]]:
        """Return the candidates as (name, category, URL). The URL fills this field and leaves the other as it is."""
        return [
            (tool.name, tool.category.name, picker_address({self.field: tool.slug, other.field: other.typed}))
            for tool in self.candidates
        ]


def custom_choices(fields: Sequence[PickerField], place: int) -> list[tuple[str, str, str]]:
    """Return the candidates of one field of the custom page, as `PickerField.choices` does."""
    typed = [field.typed for field in fields]
    return [
        (tool.name, tool.category.name, custom_address([*typed[:place], tool.slug, *typed[place + 1 :]]))
        for tool in fields[place].candidates
    ]


def custom_address(words: Iterable[str], *, seats: str = "", needs: str = "") -> str:
    """Return the URL of the custom page of tools, given their slugs or names.

    `seats` is a `SeatFilter.query`, `needs` a `MustHaves.query`.
    """
    return add_query(reverse("custom"), seats, custom_query(words), needs)


def custom_query(words: Iterable[str]) -> str:
    """Return the query string of the custom page for tools, given their slugs or names."""
    return urlencode([("t", word) for word in words if word])


def picker_address(fields: dict[str, str]) -> str:
    """Return the URL of the picker with its fields filled in. Empty fields are left out."""
    return reverse("compare", query={field: fields[field] for field in sorted(fields) if fields[field]})


def highlight(text: str) -> SafeString:
    """Return a text from `tools.search.highlight` as HTML: hits in <mark>, everything escaped."""
    before, *parts = text.split(HIGHLIGHT_START)
    return conditional_escape(before) + format_html_join(
        "", "<mark>{}</mark>{}", (part.partition(HIGHLIGHT_STOP)[::2] for part in parts)
    )


def has_highlight(text: str) -> bool:
    """Return whether a text from `tools.search.highlight` has a hit."""
    return HIGHLIGHT_START in text


def choose_lines(text: str, *, beside: Iterable[str]) -> list[str]:
    """Return the lines of a text from `tools.search.highlight` that have the most of the words that were searched for;
    none if the texts beside it have as many. At most MAX_LINES.
    """
    lines = text.split("\n")
    most = max(len(_find_hits(line)) for line in lines)
    if most <= len(_find_hits("".join(beside))):
        return []
    return [line for line in lines if len(_find_hits(line)) == most][:MAX_LINES]


def _find_hits(text: str) -> set[str]:
    """Return the words that are highlighted in a text, without case."""
    return {part.partition(HIGHLIGHT_STOP)[0].casefold() for part in text.split(HIGHLIGHT_START)[1:]}


def _highlight_or_nothing(text: str) -> SafeString | str:
    return highlight(text) if has_highlight(text) else ""


def _excerpt(text: str) -> str:
    """Return an excerpt with an ellipsis where text was left out before or after it."""
    words = text.replace(HIGHLIGHT_START, "").replace(HIGHLIGHT_STOP, "")
    before = "… " if words[:1].islower() else ""
    after = "" if not words or words.endswith((".", "!", "?", "…", ":")) else " …"
    return f"{before}{text}{after}"


def _focus(excerpt: str) -> str:
    """Return an excerpt from a few words before its first match on, so that two lines of it show the match."""
    before, mark, after = excerpt.partition(HIGHLIGHT_START)
    if not mark or len(before) <= MAX_LEAD_IN:
        return excerpt
    _, _, words = before[-MAX_LEAD_IN:].partition(" ")
    return f"… {words}{mark}{after}"


def is_clear(tools: Sequence[Any]) -> bool:
    """Return whether the first of the candidates is clearly meant: it is the only one, or by far the most similar of
    those annotated with `likeness`.
    """
    likenesses = [*(getattr(tool, "likeness", 1.0) for tool in tools), 0.0, 0.0]
    return likenesses[0] >= CLEAR_LIKENESS and likenesses[0] - likenesses[1] >= CLEAR_LEAD
