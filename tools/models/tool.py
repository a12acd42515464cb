"""Categories and tools, and everything that the site asks about them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.aggregates import JSONBAgg
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.db import models
from django.db.models import Count, Exists, F, Func, OuterRef, Prefetch, Q, Subquery, Sum, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Greatest, JSONObject
from django.db.models.lookups import IStartsWith
from django.urls import reverse
from django.utils import timezone

from tools import logos, search, slugs
from tools.expressions import WholePercent, WilsonHigh, WilsonLow
from tools.models.constraints import is_web_address, unique_name_constraint, web_address_constraint
from tools.publishing import Publishable
from tools.row_history import History
from tools.slugged import Slugged, SluggedQuerySet, slug_constraint


class CategoryQuerySet(SluggedQuerySet):
    def with_published_tools(self) -> Self:
        """Those that have something to show."""
        return self.filter(Exists(Tool.objects.published().filter(category=OuterRef("pk"))))

    def with_changed_at(self, *, at: datetime | None = None) -> Self:
        """Annotate `changed_at`: the newest one of its published tools, or None without one."""
        newest = (
            Tool.objects.published(at=at)
            .filter(category=OuterRef("pk"))
            .with_changed_at(at=at)
            .order_by("-changed_at")
            .values("changed_at")[:1]
        )
        return self.annotate(changed_at=Subquery(newest))


class Category(Slugged):
    slug = models.CharField(max_length=slugs.MAX_LENGTH, unique=True, validators=[slugs.is_slug])
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)

    objects = CategoryQuerySet.as_manager()
    history = History()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "categories"
        constraints = [
            slug_constraint(name="tools_category_slug_shape"),
            unique_name_constraint(name="tools_category_name_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("category", args=[self.slug])


# What is called so comes first. Names are looked through apart: of a word that is everywhere, tools that carry it in
# their names are among those that are ranked.
_MATCHING = """
SELECT id FROM tools_tool
WHERE id IN (
    (
        SELECT id FROM tools_tool
        WHERE search_vector @@ search_query(%(words)s) AND is_published(published_at, withdrawn_at, %(now)s)
        ORDER BY published_at DESC, id DESC LIMIT %(candidates)s
    ) UNION (
        SELECT id FROM (
            -- Looked up in the index, and then sorted: on the way down the newest each vector would be made anew.
            SELECT id, published_at FROM tools_tool
            WHERE tool_name_vector(name, aliases) @@ search_query(%(words)s)
              AND is_published(published_at, withdrawn_at, %(now)s)
            OFFSET 0
        ) AS named
        ORDER BY published_at DESC, id DESC LIMIT %(namesakes)s
    ) UNION (
        SELECT id FROM tools_tool
        WHERE tool_called(name, aliases) @> ARRAY[lower(%(words)s)]
          AND is_published(published_at, withdrawn_at, %(now)s)
    )
)
ORDER BY tool_called(name, aliases) @> ARRAY[lower(%(words)s)] DESC,
         ts_rank(search_vector, search_query(%(words)s)) DESC, name, id
"""


class ToolQuerySet(search.SearchedQuerySet, SluggedQuerySet):  # type: ignore[override] # of as_manager, by the plugin
    """Everything the site asks about tools. What it knows of reviews and votes it knows by accessor name."""

    MATCHING = _MATCHING

    def _related(self, accessor: str) -> Any:
        related: Any = self.model._meta.get_field(accessor).related_model
        return related.objects.filter(tool=OuterRef("pk"))

    def with_panel(self, *, at: datetime | None = None, seats: Sequence[int] = ()) -> Self:
        """Annotate `panel`: the current reviews counted, or None for a tool without one.

        With `seats` (ids of reviewers) only those seats are counted.

        {"ship", "seats": counts, "percent": 0–100, "marks": [{"name", "verdict"} in seat order]}
        """
        reviews = self._related("reviews").current(at=at)
        totals = (
            (reviews.filter(reviewer__in=seats) if seats else reviews)
            .order_by()
            .values("tool")
            .annotate(ships=Count("pk", filter=Q(verdict="ship")), seats=Count("pk"))
            .values(
                panel=JSONObject(
                    ship=F("ships"),
                    seats=F("seats"),
                    percent=WholePercent("ships", "seats"),
                    marks=JSONBAgg(
                        JSONObject(name=F("reviewer__name"), verdict=F("verdict")), order_by=["reviewer__seat"]
                    ),
                )
            )
        )
        return self.annotate(panel=Subquery(totals))

    def with_community(self) -> Self:
        """Annotate `community`: the counted votes, or None for a tool that nobody ever voted on.

        {"ship", "skip", "held": counts, "percent", "low", "high": 0–100}; the interval is the 95% Wilson score
        interval. Held votes are under review and count nowhere. All but the counts are None when none counts.
        """
        totals = (
            self._related("tallies")
            .order_by()
            .values("tool")
            .annotate(ships=Sum("ship"), skips=Sum("skip"), votes=Sum("ship") + Sum("skip"), holds=Sum("held"))
        )
        numbers = totals.values(
            community=JSONObject(
                ship=F("ships"),
                skip=F("skips"),
                percent=WholePercent("ships", "votes"),
                low=WholePercent(WilsonLow("ships", "votes")),
                high=WholePercent(WilsonHigh("ships", "votes")),
                held=F("holds"),
            )
        )
        return self.annotate(community=Subquery(numbers))

    def with_held_votes(self) -> Self:
        """Those with votes under review, annotated with how many: `held`."""
        waiting = self._related("tallies").filter(held__gt=0).order_by()
        held = waiting.values("tool").annotate(number=Sum("held")).values("number")
        return self.filter(Exists(waiting)).annotate(held=Subquery(held))

    def with_freeze(self) -> Self:
        """Annotate `is_frozen`: whether every new vote is held."""
        return self.annotate(is_frozen=Exists(self._related("freeze")))

    def with_numbers(self, *, at: datetime | None = None, seats: Sequence[int] = ()) -> Self:
        """Panel and community at once, as every card shows them."""
        return self.with_panel(at=at, seats=seats).with_community()

    def in_order(self, ids: Iterable[int]) -> list[Any]:
        """The tools of some ids, in the order of those; ids of tools that are not among these are left out."""
        ids = list(ids)
        found = self.in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]

    def called(self, name: str) -> Self:
        """Those that go by exactly this name or alias, in whatever case. Several may."""
        return self.filter(search.is_called(name)).order_by("pk")

    def with_namesakes(self, *, at: datetime | None = None) -> Self:
        """Annotate `has_namesake`: whether another published tool goes by the same name, so that it names neither."""
        others = Tool.objects.published(at=at).exclude(pk=OuterRef("pk"))
        return self.annotate(has_namesake=Exists(others.filter(search.is_called(OuterRef("name")))))

    def beginning(self, words: str) -> Self:
        """Those in whose names each of the words begins a word: what is called so, what begins so, then the rest.

        Of a letter or two that begin more than `search.BEGINNINGS`, any so many of them: one types on.
        """
        if not search.words_of(words):
            return self.none()
        begin = self.filter(search.Matches(search.name_words(), search.beginnings(words))).order_by()
        pks = begin[: search.BEGINNINGS].values("pk").union(self.called(words).order_by().values("pk"))
        return self.filter(pk__in=pks).order_by(
            search.is_called(words).desc(), IStartsWith(F("name"), words).desc(), "name", "pk"
        )

    def resembling(self, words: str) -> Self:
        """Those whose names come near some words that may be mistyped, nearest first; at most 100.

        Annotates `likeness`: how much of the words is found in the names, as a share 0–1 (word similarity of pg_trgm).
        """
        letters = " ".join(search.words_of(words))[: search.LONGEST]
        if len(letters) < search.SHORTEST_RESEMBLING:
            return self.none()
        near = RawSQL("SELECT id FROM tools_resembling(%s)", [letters])
        return (
            self.filter(pk__in=near)
            .annotate(likeness=TrigramWordSimilarity(letters, search.names()))
            .order_by("-likeness", TrigramSimilarity("name", letters).desc(), "pk")
        )

    def suggested(self, words: str, *, most: int) -> list[Any]:
        """The tools to suggest for what is typed so far: by beginnings of names, by likeness where none begins so."""
        return list(self.beginning(words)[:most]) or list(self.resembling(words)[:most])

    def with_marks(self, words: str) -> Self:
        """Annotate what is shown of a tool that was found, as `search.marked`: `marked_name`, `marked_aliases`,
        `marked_tagline` and `marked_description`, an excerpt.
        """
        aliases = Func("aliases", Value(", "), function="array_to_string", output_field=models.TextField())
        return self.annotate(
            marked_name=search.marked("name", words),
            marked_aliases=search.marked(aliases, words),
            marked_tagline=search.marked("tagline", words),
            marked_description=search.marked("description", words, excerpt=True),
        )

    def with_changed_at(self, *, at: datetime | None = None) -> Self:
        """Annotate `changed_at`: when the tool or its newest published review came out, whichever is later."""
        newest = self._related("reviews").published(at=at).order_by("-published_at").values("published_at")[:1]
        return self.annotate(changed_at=Greatest("published_at", Subquery(newest)))

    def with_plans(self) -> Self:
        """Prefetch the plans that stand, as `standing_plans`."""
        plans: Any = self.model._meta.get_field("plans").related_model
        return self.prefetch_related(Prefetch("plans", plans.objects.standing(), to_attr="standing_plans"))


class Tool(Slugged, Publishable):
    """What is compared. Has a column more, `search_vector` (tools/search.py)."""

    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="tools")
    slug = models.CharField(max_length=slugs.MAX_LENGTH, unique=True, validators=[slugs.is_slug, slugs.is_pairable])
    name = models.CharField(max_length=300)
    tagline = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True, help_text="Markdown; raw HTML is shown, not obeyed.")
    website = models.URLField(max_length=500, blank=True, validators=[is_web_address])
    aliases = ArrayField(
        models.CharField(max_length=300), default=list, blank=True, help_text="Other names people look for."
    )
    logo = models.CharField(
        max_length=32, blank=True, editable=False, help_text="The random name under which its files are kept."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ToolQuerySet.as_manager()
    # The files of a logo that was replaced are gone, so an earlier version of a tool must not bring its name back.
    history = History(excluded_fields=["logo"])

    class Meta:
        ordering = ["name", "pk"]
        permissions = [
            ("publish_tool", "Can publish, schedule and withdraw tools"),
            ("override_gate", "Can publish what the gate holds back, with a reason"),
            ("import_catalog", "Can load catalog files and spreadsheets"),
        ]
        indexes = [models.Index(fields=["published_at"], name="tools_tool_published")]
        constraints = [
            slug_constraint(name="tools_tool_slug_shape"),
            models.CheckConstraint(
                name="tools_tool_slug_pairable",
                condition=~Q(slug__regex=slugs.AMBIGUOUS),
                violation_error_message="“vs” stands between two tools in an address; write “versus” in a slug.",
            ),
            web_address_constraint("website", name="tools_tool_website_web"),
            models.CheckConstraint(
                name="tools_tool_logo_random", condition=Q(logo="") | Q(logo__regex=rf"^{logos.STEM_PATTERN}$")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("tool", args=[self.slug])
