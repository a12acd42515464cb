"""The content of an issue: its items, as they are stored in it, and the sections that a reader gets.

Only `select_public` and `read_changed_at` make queries.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, F, Func, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest
from django.urls import reverse

from comparisons.models import Comparison
from reviews.models import Prediction, Review
from reviews.panel import Panel
from tools.expressions import LastChanged
from tools.models import Fact, Plan, Tool
from tools.publishing import is_published
from web.folding import sort_key
from web.words import choose_fitting, count_of, shorten

# For each kind of item: the title of its section, the name of one item, and the URL name of the page with the rest.
KINDS = {
    "comparison": ("New comparisons", "New comparison", "home"),
    "flip": ("Verdicts that flipped", "Verdict that flipped", "changes"),
    "price": ("Prices that changed", "Price that changed", "changes"),
    "fact": ("Facts that changed", "Fact that changed", "changes"),
    "prediction": ("Predictions judged", "Prediction judged", "predictions"),
    "split": ("The biggest split", "The biggest split", "splits"),
    "watch": ("One to watch", "One to watch", "tools"),
}
NEWS = ("comparison", "flip", "price", "fact", "prediction")  # the other kinds alone do not make an issue
MAX_ITEMS = 12  # per section; the rest is a link
MAX_SUBJECT_LENGTH = 120
# Marks as characters that every mail program has: filled ships, hollow skips.
SIGNS = {"ship": "●", "skip": "○", "right": "✓", "wrong": "✗", "void": "–"}


@dataclass(frozen=True, slots=True)
class ItemSide:
    """A tool in an item, with the verdicts of the panel when the issue was composed."""

    name: str
    verdicts: tuple[str, ...]
    """In seat order, without the seats that had not reviewed it."""

    @classmethod
    def of(cls, name: str, panel: Panel) -> "ItemSide":
        return cls(name, tuple(verdict for _, verdict in panel.marks))

    @property
    def panel(self) -> Panel:
        return Panel.from_verdicts([("", verdict) for verdict in self.verdicts])

    @property
    def marks(self) -> list[tuple[str, str]]:
        """(verdict, sign) of each seat."""
        return [(verdict, SIGNS[verdict]) for verdict in self.verdicts]


_LISTS = ("category_ids", "words", "outcomes", "own_words", "told_in")


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One piece of news, as plain text."""

    kind: str
    """A key of KINDS."""
    object: int
    """The id of the comparison, review, prediction, or tool that it is about; of a price or fact, that of the
    superseded row.
    """
    category: str
    category_ids: tuple[int, ...]
    """The categories whose readers get the item. The first is `category`."""
    title: str
    path: str
    words: tuple[str, ...]
    """Paragraphs."""
    sides: tuple[ItemSide, ...] = ()
    """The tools whose verdicts the item shows: two of a comparison and of a split, one to watch."""
    outcomes: tuple[str, ...] = ()
    """Both verdicts of a flip, the older first; what a prediction turned out to be."""
    is_example: bool = False
    """Whether a tool of a comparison is described for demonstration."""
    own_title: str = ""
    """An editor's headline instead of `title`; "" for none."""
    own_words: tuple[str, ...] = ()
    """An editor's paragraphs instead of `words`; () for none."""
    is_left_out: bool = False
    """Whether an editor left it out of the issue."""
    told_in: tuple[int, ...] = ()
    """The ids of the earlier issues that some readers got it with. They do not get it again."""

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "NewsItem":
        sides = (ItemSide(side["name"], tuple(side["verdicts"])) for side in record.get("sides", ()))
        lists = {name: tuple(record.get(name, ())) for name in _LISTS}
        return cls(**{**record, **lists, "sides": tuple(sides)})

    @property
    def record(self) -> dict[str, Any]:
        """The item as a dictionary, for JSON."""
        return asdict(self)

    @property
    def key(self) -> str:
        """What identifies it within its issue, such as `flip-12`."""
        return f"{self.kind}-{self.object}"

    @property
    def edited(self) -> "NewsItem":
        """The item as readers get it: with an editor's headline and paragraphs, where there are some."""
        return replace(self, title=self.own_title or self.title, words=self.own_words or self.words)

    @property
    def kind_name(self) -> str:
        return KINDS[self.kind][1]

    @property
    def has_verdict(self) -> bool:
        """Whether it is a comparison of two tools that the panel has reviewed, and not an example."""
        is_judged = bool(self.sides) and all(side.verdicts for side in self.sides)
        return self.kind == "comparison" and is_judged and not self.is_example

    @property
    def signs(self) -> list[tuple[str, str]]:
        """(outcome, sign) of each outcome."""
        return [(outcome, SIGNS[outcome]) for outcome in self.outcomes]


@dataclass(frozen=True, slots=True)
class NewsSection:
    title: str
    items: tuple[NewsItem, ...]
    by_kind: bool
    """Whether the title is a kind. Otherwise it is a category, and each item names its own kind."""
    left_out: int = 0
    more_path: str = ""
    """The page that lists the items left out."""


def parse_pieces(content: Iterable[dict[str, Any]]) -> list[NewsItem]:
    """Return the items stored in an issue as they were composed, including the ones that an editor left out."""
    return [NewsItem.from_record(record) for record in content]


def is_stored_pieces(value: list[Any]) -> bool:
    """Return whether a list is the content of an issue."""
    return bool(value) and all(isinstance(one, dict) and {"kind", "object", "title"} <= one.keys() for one in value)


def write_piece_lines(content: Iterable[dict[str, Any]]) -> str:
    """Return the content of an issue as a text for its history: what editors can change, a line per piece."""
    lines = []
    for record in content:
        title, own_words = record.get("own_title") or record["title"], record.get("own_words", ())
        line = ": ".join([title, *([" ".join(own_words)] if own_words else [])])
        lines.append(f"{line} (left out)" if record.get("is_left_out") else line)
    return "\n".join(lines)


def parse_items(content: Iterable[dict[str, Any]]) -> list[NewsItem]:
    """Return the items of an issue as readers get them, in an editor's words."""
    return [piece.edited for piece in parse_pieces(content) if not piece.is_left_out]


def has_news(items: Iterable[NewsItem]) -> bool:
    return any(item.kind in NEWS for item in items)


def select_items(
    items: Sequence[NewsItem], categories: frozenset[int] | None, *, had: frozenset[int] = frozenset()
) -> list[NewsItem]:
    """Return the items for a reader of `categories` (None: of all), without those of the earlier issues in `had`."""
    return [
        item
        for item in items
        if (categories is None or categories.intersection(item.category_ids)) and had.isdisjoint(item.told_in)
    ]


def gets_anything(items: Sequence[NewsItem], categories: frozenset[int] | None, *, had: frozenset[int]) -> bool:
    """Return whether an issue with items has anything for a reader.

    One who has an earlier issue with some of them needs news: a split or a tool to watch alone is no issue.
    """
    left = select_items(items, categories, had=had)
    return has_news(left) if had else bool(left)


def build_subject(items: Iterable[NewsItem]) -> str:
    """Return the subject of an issue: the verdict of its top story, or without one its first piece of news and how
    many more there are. Return "" for an issue without items.
    """
    items = list(items)
    if not items:
        return ""
    if top := find_top_story(items):
        headline, names = top.words[0], " or ".join(side.name for side in top.sides)
        return choose_fitting(MAX_SUBJECT_LENGTH, f"{names}? {headline}", headline)
    first, *others = [item for item in items if item.kind in NEWS] or items[:1]
    title = shorten(first.title, 80)
    noun = "more change" if any(item.kind in ("price", "fact") for item in others) else "more verdict"
    return f"{title}, and {count_of(len(others), noun)}" if others else title


def adapt_subject(subject: str, items: Sequence[NewsItem], selected: Sequence[NewsItem], *, if_none: str) -> str:
    """Return the subject for a reader who gets only the `selected` items, so that it promises nothing else.

    A subject that an editor wrote is returned unchanged. If nothing is selected, return `if_none`.
    """
    if not items or subject != build_subject(items):
        return subject
    return build_subject(selected) if selected else if_none


def find_top_story(items: Iterable[NewsItem]) -> NewsItem | None:
    """Return the comparison that opens an issue: the first one with a verdict; None if there is none."""
    return next((item for item in items if item.has_verdict), None)


def build_issue(
    items: Sequence[NewsItem],
    categories: frozenset[int] | None,
    *,
    max_items: int = MAX_ITEMS,
    max_sections: int | None = None,
) -> tuple[NewsItem | None, list[NewsSection]]:
    """Return what opens an issue, and the sections with everything else. Arguments as those of `build_sections`.

    The biggest split is left out if it is that of the top story.
    """
    top = find_top_story(select_items(items, categories))
    about_top = {(kind, top.object) for kind in ("comparison", "split")} if top else set()
    rest = [item for item in items if (item.kind, item.object) not in about_top]
    return top, build_sections(rest, categories, max_items=max_items, max_sections=max_sections)


def build_sections(
    items: Sequence[NewsItem],
    categories: frozenset[int] | None,
    *,
    max_items: int = MAX_ITEMS,
    max_sections: int | None = None,
) -> list[NewsSection]:
    """Return what a reader gets: sections by kind, in the order of the items, for a reader of all categories (None),
    else by category.

    At most `max_items` per section and `max_sections` in all (None: no limit); items left out are counted.
    """
    items = select_items(items, categories)
    if categories is None:
        sections = _group_by_kind(items, max_items)
    else:
        sections = _group_by_category(items, categories, max_items)
    if max_sections is None or len(sections) <= max_sections:
        return sections
    rest = sum(len(section.items) + section.left_out for section in sections[max_sections:])
    more = NewsSection("And more", (), by_kind=False, left_out=rest, more_path=reverse("home"))
    return [*sections[:max_sections], more]


def _group_by_kind(items: Sequence[NewsItem], max_items: int) -> list[NewsSection]:
    return [
        NewsSection(
            KINDS[kind][0],
            tuple(group[:max_items]),
            by_kind=True,
            left_out=len(group[max_items:]),
            more_path=reverse(KINDS[kind][2]),
        )
        for kind, group in group_by_kind(items).items()
    ]


def group_by_kind(items: Iterable[NewsItem]) -> dict[str, list[NewsItem]]:
    """Return the items of each kind, in the order of the items."""
    groups: dict[str, list[NewsItem]] = {}
    for item in items:
        groups.setdefault(item.kind, []).append(item)
    return groups


def _group_by_category(items: Sequence[NewsItem], categories: frozenset[int], max_items: int) -> list[NewsSection]:
    """Return sections of the chosen categories. An item of several of them is listed once, under its first."""
    groups: dict[int, list[NewsItem]] = {}
    for item in items:
        groups.setdefault(next(pk for pk in item.category_ids if pk in categories), []).append(item)
    names = {item.category_ids[0]: item.category for item in items}
    sections = [
        NewsSection(
            names.get(category, group[0].category),
            tuple(group[:max_items]),
            by_kind=False,
            left_out=len(group[max_items:]),
            more_path=reverse("home"),
        )
        for category, group in groups.items()
    ]
    return sorted(sections, key=lambda section: sort_key(section.title))


def read_changed_at(items: Iterable[NewsItem]) -> dict[tuple[str, int], datetime]:
    """Return when what an item is about was last hidden or shown again, by kind and object; without the items for
    which it never was. One query per table.
    """
    times: dict[tuple[str, int], datetime] = {}
    for kinds, rows, hidden_at in _HIDDEN_AT:
        ids = {item.object for item in items if item.kind in kinds}
        ever = rows.filter(pk__in=ids).order_by().annotate(hidden_at=hidden_at).exclude(hidden_at=None)
        times |= {(kind, pk): at for pk, at in ever.values_list("pk", "hidden_at") for kind in kinds}
    return times


def _of_tool(path: str) -> LastChanged:
    return LastChanged(Tool, F(path), "withdrawn_at")


# A flip is also hidden together with the edition before it, and by an edition that is imported between the two.
_SEATS_EDITIONS = Review.objects.filter(tool=OuterRef("tool"), reviewer=OuterRef("reviewer"))
_HIDDEN_AT: tuple[tuple[tuple[str, ...], "QuerySet[Any]", Any], ...] = (
    (
        ("comparison", "split"),
        Comparison.objects.all(),
        Greatest(LastChanged(Comparison, F("pk"), "withdrawn_at"), _of_tool("first"), _of_tool("second")),
    ),
    (
        ("flip",),
        Review.objects.all(),
        Greatest(
            _of_tool("tool"),
            _SEATS_EDITIONS.last_withdrawn(),
            Func(F("pk"), function="earlier_edition_imported_at", output_field=DateTimeField(null=True)),
        ),
    ),
    (
        ("prediction",),
        Prediction.objects.all(),
        Greatest(_of_tool("review__tool"), LastChanged(Review, F("review"), "withdrawn_at")),
    ),
    (("price",), Plan.objects.all(), Greatest(_of_tool("tool"), LastChanged(Plan, F("pk"), "correction"))),
    (("fact",), Fact.objects.all(), Greatest(_of_tool("tool"), LastChanged(Fact, F("pk"), "correction"))),
    (("watch",), Tool.objects.all(), _of_tool("pk")),
)


def select_public(items: Sequence[NewsItem]) -> list[NewsItem]:
    """Return the items whose content is still public. Six queries, one per table.

    Content withdrawn after an issue was composed appears neither in messages sent later nor on the web.
    """

    def collect_ids(*kinds: str) -> list[int]:
        return [item.object for item in items if item.kind in kinds]

    comparisons = set(
        Comparison.objects.published().filter(pk__in=collect_ids("comparison", "split")).values_list("pk", flat=True)
    )
    reviews = set(Review.objects.flips().filter(pk__in=collect_ids("flip")).values_list("pk", flat=True))
    predictions = set(
        Prediction.objects.on_record().filter(pk__in=collect_ids("prediction")).values_list("pk", flat=True)
    )
    changed = Q(is_published(prefix="tool__"), correction=False)
    prices = set(Plan.objects.filter(changed, pk__in=collect_ids("price")).values_list("pk", flat=True))
    facts = set(Fact.objects.filter(changed, pk__in=collect_ids("fact")).values_list("pk", flat=True))
    tools = set(Tool.objects.published().filter(pk__in=collect_ids("watch")).values_list("pk", flat=True))
    public_ids = {
        "comparison": comparisons,
        "split": comparisons,
        "flip": reviews,
        "price": prices,
        "fact": facts,
        "prediction": predictions,
        "watch": tools,
    }
    return [item for item in items if item.object in public_ids[item.kind]]
