"""Search results, suggestions, and the fields of the picker, shaped for templates."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString

from comparisons.addresses import add_query
from reviews.panel import Panel
from tools.search import HIGHLIGHT_START, HIGHLIGHT_STOP
from web.folding import fold
from web.words import format_day

if TYPE_CHECKING:
    from comparisons.models import Comparison
    from reviews.models import Review
    from tools.models import Tool

# A tool with a similar name is taken as meant if its likeness, a share 0–1 of what was typed, is at least
# CLEAR_LIKENESS, and CLEAR_LEAD above that of the next tool.
CLEAR_LIKENESS = 0.5
CLEAR_LEAD = 0.2
MAX_LINES = 3  # facts that say why a tool was found
_VERSUS = re.compile(r"(?:^|(?<=[\W_]))(?:vs|versus)\.?(?=[\W_]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ResultGroup:
    """The results of one kind."""

    kind: str
    title: str
    items: list[dict[str, Any]]
    """One page of results, best first."""
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


def shape_tool(tool: "Tool") -> dict[str, Any]:
    """Shape a tool that was found, annotated `with_panel().with_highlights()`."""
    row: Any = tool
    shown = [row.highlighted_name, row.highlighted_aliases, row.highlighted_tagline, row.highlighted_description]
    return {
        "url": row.get_absolute_url(),
        "name": highlight(row.highlighted_name),
        "category": row.category.name,
        "tagline": highlight(row.highlighted_tagline),
        # Aliases only when the name does not match, the description only when it does.
        "aliases": "" if has_highlight(row.highlighted_name) else _highlight_or_nothing(row.highlighted_aliases),
        "excerpt": _highlight_or_nothing(_excerpt(row.highlighted_description)),
        "facts": [highlight(line) for line in choose_lines(row.highlighted_words, beside=shown)],
        "panel": Panel.of(row.panel),
        "compare": reverse("compare", query={"a": row.slug}),
    }


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
    """A tool suggested for what was typed so far.

    `value` is what a field accepts for it: its name, or its slug if another tool in the list has the same name.
    """

    name: str
    category: str
    url: str
    value: str


def shape_suggestions(tools: "Sequence[Tool]") -> list[Suggestion]:
    """Shape tools, loaded with their categories, as suggestions."""
    names = Counter(fold(tool.name) for tool in tools)
    return [
        Suggestion(
            name=tool.name,
            category=tool.category.name,
            url=tool.get_absolute_url(),
            value=tool.name if names[fold(tool.name)] == 1 else tool.slug,
        )
        for tool in tools
    ]


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


def split_versus(words: str) -> tuple[str, str] | None:
    """Return the two names of a query such as `aider vs cline`; None for any other query."""
    parts = [part.strip(' -_"') for part in _VERSUS.split(words)]
    return (parts[0], parts[1]) if len(parts) == 2 and all(parts) else None


def match_either_side(words: str) -> str:
    """Return a query that matches either side of a `vs`, for tools and reviews: few are about both."""
    return _VERSUS.sub(" or ", words)


def match_both_sides(words: str) -> str:
    """Return a query that matches both sides of a `vs`, for comparisons."""
    return _VERSUS.sub(" ", words)


def is_clear(tools: Sequence[Any]) -> bool:
    """Return whether the first of the candidates is clearly meant: it is the only one, or by far the most similar of
    those annotated with `likeness`.
    """
    likenesses = [*(getattr(tool, "likeness", 1.0) for tool in tools), 0.0, 0.0]
    return likenesses[0] >= CLEAR_LIKENESS and likenesses[0] - likenesses[1] >= CLEAR_LEAD
