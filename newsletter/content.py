"""What an issue says: entries, as they are frozen in it, and the sections that a reader gets. No queries but one
function's, `public`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.urls import reverse

from comparisons.models import Comparison
from reviews.models import Prediction, Review
from tools.models import Tool
from web.words import count_of, shorten

# Each kind of entry: the title of its section, what one is called, and where the rest of them stand.
KINDS = {
    "comparison": ("New comparisons", "New comparison", "home"),
    "flip": ("Verdicts that flipped", "Verdict that flipped", "changes"),
    "prediction": ("Predictions judged", "Prediction judged", "predictions"),
    "split": ("The biggest split", "The biggest split", "splits"),
    "watch": ("One to watch", "One to watch", "tools"),
}
NEWS = ("comparison", "flip", "prediction")  # the others alone make no issue
MOST = 12  # entries of one section; the rest is a link


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of news, in plain words."""

    kind: str
    """A key of KINDS."""
    object: int
    """The id of the comparison, review, prediction or tool that it is about."""
    category: str
    category_ids: tuple[int, ...]
    """The categories whose readers it is for; the first is the one it is filed under."""
    title: str
    path: str
    words: tuple[str, ...]
    """Paragraphs."""

    @classmethod
    def of(cls, record: dict[str, Any]) -> "Entry":
        return cls(**{**record, "category_ids": tuple(record["category_ids"]), "words": tuple(record["words"])})

    @property
    def record(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)

    @property
    def kind_name(self) -> str:
        return KINDS[self.kind][1]


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    entries: tuple[Entry, ...]
    by_kind: bool
    """Whether its title is a kind; else it is a category, and each entry names its own kind."""
    left_out: int = 0
    more_path: str = ""
    """Where those stand that were left out."""


def entries_of(content: Iterable[dict[str, Any]]) -> list[Entry]:
    """The entries that an issue keeps."""
    return [Entry.of(record) for record in content]


def has_news(entries: Iterable[Entry]) -> bool:
    return any(entry.kind in NEWS for entry in entries)


def wanted(entries: Sequence[Entry], categories: frozenset[int] | None) -> list[Entry]:
    """The entries for a reader of some categories (None: of all)."""
    if categories is None:
        return list(entries)
    return [entry for entry in entries if categories.intersection(entry.category_ids)]


def subject_of(entries: Iterable[Entry]) -> str:
    """What an issue is called: its first comparison or piece of news, and how many more there are."""
    entries = list(entries)
    first, *others = [entry for entry in entries if entry.kind in NEWS] or entries[:1]
    title = shorten(first.title, 80)
    return f"{title}, and {count_of(len(others), 'more verdict')}" if others else title


def subject_for(said: str, entries: Sequence[Entry], some: Sequence[Entry], *, if_none: str) -> str:
    """What an issue is called before somebody who gets only some of its entries, so that it promises no others. An
    editor's own words stay as they are; `if_none` is for none at all.
    """
    if not entries or said != subject_of(entries):
        return said
    return subject_of(some) if some else if_none


def sections(
    entries: Sequence[Entry], categories: frozenset[int] | None, *, most: int = MOST, most_sections: int | None = None
) -> list[Section]:
    """What a reader gets: by kind of news for one of all categories (None), else by category. At most so many entries
    of each section and so many sections (None: all); what is left out is counted.
    """
    entries = wanted(entries, categories)
    made = _by_kind(entries, most) if categories is None else _by_category(entries, categories, most)
    if most_sections is None or len(made) <= most_sections:
        return made
    rest = sum(len(section.entries) + section.left_out for section in made[most_sections:])
    return [*made[:most_sections], Section("And more", (), by_kind=False, left_out=rest, more_path=reverse("home"))]


def _by_kind(entries: Sequence[Entry], most: int) -> list[Section]:
    found = [
        (title, [entry for entry in entries if entry.kind == kind], more) for kind, (title, _, more) in KINDS.items()
    ]
    return [
        Section(title, tuple(some[:most]), by_kind=True, left_out=len(some[most:]), more_path=reverse(more))
        for title, some, more in found
        if some
    ]


def _by_category(entries: Sequence[Entry], categories: frozenset[int], most: int) -> list[Section]:
    """Under the category that the reader chose; an entry of two of them stands once, under the first."""
    groups: dict[int, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(next(pk for pk in entry.category_ids if pk in categories), []).append(entry)
    names = {entry.category_ids[0]: entry.category for entry in entries}
    made = [
        Section(
            names.get(category, some[0].category),
            tuple(some[:most]),
            by_kind=False,
            left_out=len(some[most:]),
            more_path=reverse("home"),
        )
        for category, some in groups.items()
    ]
    return sorted(made, key=lambda section: section.title)


def public(entries: Sequence[Entry]) -> list[Entry]:
    """Those of which everything is still public. What was withdrawn after an issue was composed is in none of its
    mails that go out later, nor on the web. One query for each of four tables.
    """

    def ids(*kinds: str) -> list[int]:
        return [entry.object for entry in entries if entry.kind in kinds]

    comparisons = set(
        Comparison.objects.published().filter(pk__in=ids("comparison", "split")).values_list("pk", flat=True)
    )
    reviews = set(Review.objects.flips().filter(pk__in=ids("flip")).values_list("pk", flat=True))
    predictions = set(Prediction.objects.on_record().filter(pk__in=ids("prediction")).values_list("pk", flat=True))
    tools = set(Tool.objects.published().filter(pk__in=ids("watch")).values_list("pk", flat=True))
    standing = {
        "comparison": comparisons,
        "split": comparisons,
        "flip": reviews,
        "prediction": predictions,
        "watch": tools,
    }
    return [entry for entry in entries if entry.object in standing[entry.kind]]
