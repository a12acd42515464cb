"""What a search has found, shaped; and what was meant by words that were mistyped. No queries."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString

from comparisons.models import Comparison
from comparisons.shaping.seat_filter import with_query
from reviews.models import Review
from reviews.panel import Panel
from tools.models import Tool
from tools.search import START, STOP, words_of
from web.words import format_day

LIKE_ENOUGH = 0.3  # a share 0–1 of common trigrams, from which one word may be meant by another
CLEARLY_LIKE = 0.5  # a share 0–1 of what was typed, from which a tool that is near may be taken as meant,
LEAD = 0.2  # if it is nearer by so much than any other
_VERSUS = re.compile(r"(?:^|(?<=[\W_]))(?:vs|versus)\.?(?=[\W_]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Group:
    """One kind of thing that was found."""

    kind: str
    title: str
    items: list[dict[str, Any]]
    """A page of what was found, best first."""
    total: int
    is_cut: bool
    """There are more, which were not ranked."""
    links: dict[str, str]
    """Addresses of what follows and precedes: `more`, `next`, `previous`; "" where there is none."""
    page: int
    pages: int


def address(words: str, *, kind: str = "", page: int = 1) -> str:
    """The address of a search, or of a page of one kind of what it found."""
    query = {"q": words, **({"kind": kind} if kind else {}), **({"page": page} if page > 1 else {})}
    return reverse("search", query=query)


def tool_item(tool: Tool) -> dict[str, Any]:
    """Shape a tool that was found; it comes annotated `with_panel().with_marks()`."""
    row: Any = tool
    return {
        "url": row.get_absolute_url(),
        "name": marked(row.marked_name),
        "category": row.category.name,
        "tagline": marked(row.marked_tagline),
        # Other names only where they alone, the description only where it says why this tool is here.
        "aliases": "" if is_marked(row.marked_name) else _if_marked(row.marked_aliases),
        "excerpt": _if_marked(_excerpt(row.marked_description)),
        "panel": Panel.of(row.panel),
        "compare": reverse("compare", query={"a": row.slug}),
    }


def comparison_item(comparison: Comparison) -> dict[str, Any]:
    """Shape a comparison that was found; it comes annotated `with_marks()`."""
    row: Any = comparison
    return {
        "url": row.get_absolute_url(),
        "first": marked(row.marked_first),
        "second": marked(row.marked_second),
        "category": row.first.category.name,
        "excerpt": _if_marked(_excerpt(row.marked_introduction)),
    }


def review_item(review: Review) -> dict[str, Any]:
    """Shape a review that was found; it comes annotated `with_marks()`."""
    row: Any = review
    return {
        "url": f"{row.tool.get_absolute_url()}#seat-{row.reviewer.slug}",
        "tool": row.tool.name,
        "reviewer": row.reviewer.name,
        "verdict": row.verdict,
        "excerpt": marked(_excerpt(row.marked_quote)),
        "flips_if": _if_marked(_excerpt(row.marked_flips_if)),
        "day": format_day(row.published_at.date()),
    }


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A tool, suggested for what is typed. `value` is what a field takes for it: its name, or its slug when another
    tool in the list has the same name.
    """

    name: str
    category: str
    url: str
    value: str


def suggestions(tools: Sequence[Tool]) -> list[Suggestion]:
    """Shape some tools, which come with their categories, as suggestions."""
    names = Counter(tool.name.casefold() for tool in tools)
    return [
        Suggestion(
            name=tool.name,
            category=tool.category.name,
            url=tool.get_absolute_url(),
            value=tool.name if names[tool.name.casefold()] == 1 else tool.slug,
        )
        for tool in tools
    ]


@dataclass(frozen=True, slots=True)
class Side:
    """One field of the picker: what was typed, the tool that this means, or those that it may mean."""

    field: str
    label: str
    typed: str
    tool: Tool | None = None
    candidates: Sequence[Tool] = ()

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

    def choices(self, other: "Side") -> list[tuple[str, str, str]]:
        """The tools that may be meant, as (name, category, address): choosing one keeps what the other side says."""
        return [
            (tool.name, tool.category.name, picker_address({self.field: tool.slug, other.field: other.typed}))
            for tool in self.candidates
        ]


def custom_choices(sides: Sequence[Side], place: int) -> list[tuple[str, str, str]]:
    """The tools that may be meant by one of the fields of the page of columns, as `Side.choices`."""
    typed = [side.typed for side in sides]
    return [
        (tool.name, tool.category.name, custom_address([*typed[:place], tool.slug, *typed[place + 1 :]]))
        for tool in sides[place].candidates
    ]


def custom_address(words: Iterable[str], *, lens: str = "") -> str:
    """The address of the page of columns of some tools, by whatever they are called; `lens` as `Lens.query` has it."""
    return with_query(reverse("custom"), lens, custom_query(words))


def custom_query(words: Iterable[str]) -> str:
    """Some tools as a query string of the page of columns."""
    return urlencode([("t", word) for word in words if word])


def picker_address(fields: dict[str, str]) -> str:
    """The address of the picker with its fields filled in, those that have something."""
    return reverse("compare", query={field: fields[field] for field in sorted(fields) if fields[field]})


def marked(text: str) -> SafeString:
    """A text from `tools.search.marked` as HTML: what was found in <mark>, all of it escaped."""
    before, *parts = text.split(START)
    return conditional_escape(before) + format_html_join(
        "", "<mark>{}</mark>{}", (part.partition(STOP)[::2] for part in parts)
    )


def is_marked(text: str) -> bool:
    """Whether anything was found in a text from `tools.search.marked`."""
    return START in text


def _if_marked(text: str) -> SafeString | str:
    return marked(text) if is_marked(text) else ""


def _excerpt(text: str) -> str:
    """An excerpt with signs of what was left out before and after it."""
    words = text.replace(START, "").replace(STOP, "")
    before = "… " if words[:1].islower() else ""
    after = "" if not words or words.endswith((".", "!", "?", "…", ":")) else " …"
    return f"{before}{text}{after}"


def sides(words: str) -> tuple[str, str] | None:
    """The two names of a query such as `aider vs cline`; None when it is not of that kind."""
    parts = [part.strip(' -_"') for part in _VERSUS.split(words)]
    return (parts[0], parts[1]) if len(parts) == 2 and all(parts) else None


def either(words: str) -> str:
    """A query for what is on one side of a `vs`: a tool, or a review, is seldom about both."""
    return _VERSUS.sub(" or ", words)


def both(words: str) -> str:
    """A query for what is on both sides of a `vs`, as a comparison is."""
    return _VERSUS.sub(" ", words)


def trigrams(word: str) -> set[str]:
    """The trigrams of a word, as pg_trgm makes them."""
    padded = f"  {word} "
    return {padded[start : start + 3] for start in range(len(padded) - 2)}


def likeness(one: str, other: str) -> float:
    """How alike two words are: the share 0–1 of their trigrams that they have in common."""
    ones, others = trigrams(one), trigrams(other)
    return len(ones & others) / len(ones | others)


def meant(words: str, names: Iterable[str]) -> str:
    """What was meant by words that were found nowhere: each replaced by the word it resembles most in some names.

    Words that resemble none are left out; "" when none is left. Two words of a name may have been written as one.
    """
    known: dict[str, str] = {}
    for name in names:
        parts = words_of(name)
        known |= {part: part for part in parts}
        known |= {first + second: f"{first} {second}" for first, second in pairwise(parts)}
    return " ".join(filter(None, (_nearest(word, known) for word in words_of(words))))


def _nearest(word: str, known: dict[str, str]) -> str:
    if word in known:
        return known[word]
    best = max(known, key=lambda other: (likeness(word, other), other), default="")
    return known[best] if best and likeness(word, best) >= LIKE_ENOUGH else ""


def is_clear(tools: Sequence[Any]) -> bool:
    """Whether the first of some tools is meant without doubt: the only one, or by far the nearest of those that have
    a `likeness`.
    """
    likenesses = [*(getattr(tool, "likeness", 1.0) for tool in tools), 0.0, 0.0]
    return likenesses[0] >= CLEARLY_LIKE and likenesses[0] - likenesses[1] >= LEAD
