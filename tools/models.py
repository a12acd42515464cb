from collections.abc import Iterable, Sequence
from copy import copy
from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.postgres.aggregates import JSONBAgg
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.core.validators import RegexValidator, URLValidator
from django.db import connection, models, transaction
from django.db.models import Count, Exists, F, Func, OuterRef, Prefetch, Q, Subquery, Sum, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Greatest, JSONObject
from django.db.models.lookups import IStartsWith
from django.urls import reverse
from django.utils import timezone

from tools import logos, search, slugs
from tools.expressions import WholePercent, WilsonHigh, WilsonLow
from tools.history import History
from tools.publishing import Publishable, is_published
from tools.slugged import Slugged, SluggedQuerySet, slug_constraint

is_web_address = URLValidator(schemes=["http", "https"])
WEB_ADDRESS_PATTERN = r"^https?://"
CURRENCY_PATTERN = r"^[A-Z]{3}$"


def web_address_constraint(field: str, *, name: str) -> models.CheckConstraint:
    """A column holds "" or an http(s) address, so that no `javascript:` link can ever be stored."""
    return models.CheckConstraint(
        name=name,
        condition=Q(**{field: ""}) | Q(**{f"{field}__regex": WEB_ADDRESS_PATTERN}),
        violation_error_message="An address starts with https:// or http://.",
    )


def unique_name_constraint(*, name: str) -> models.UniqueConstraint:
    """Names differ; checked at commit, so that two rows can exchange theirs in one transaction."""
    return models.UniqueConstraint(
        fields=["name"],
        name=name,
        deferrable=models.Deferrable.DEFERRED,
        violation_error_message="This name is taken.",
    )


class ContentRevision(models.Model):
    """One row, one number: it grows with every change of what editors write, by triggers on those tables.

    A page's stamp holds it (`comparisons.pairs`), and so an unchanged page is known without rendering.
    """

    number = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(name="tools_contentrevision_one_row", condition=Q(pk=1))]

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def hold(cls) -> None:
        """Wait until nobody else writes content, and keep everybody waiting until this transaction ends.

        Who writes content takes this row anyway, with the first statement; who reads first and then decides what to
        write takes it before reading. Taken first it is also the end of deadlocks between writers.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {cls._meta.db_table} (id, number) VALUES (1, 1) "  # noqa: S608 (ours)
                "ON CONFLICT (id) DO UPDATE SET number = tools_contentrevision.number"
            )


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
        WHERE search_vector @@ search_query(%(words)s) AND published_at <= %(now)s AND withdrawn_at IS NULL
        ORDER BY published_at DESC, id DESC LIMIT %(candidates)s
    ) UNION (
        SELECT id FROM (
            -- Looked up in the index, and then sorted: on the way down the newest each vector would be made anew.
            SELECT id, published_at FROM tools_tool
            WHERE tool_name_vector(name, aliases) @@ search_query(%(words)s)
              AND published_at <= %(now)s AND withdrawn_at IS NULL
            OFFSET 0
        ) AS named
        ORDER BY published_at DESC, id DESC LIMIT %(namesakes)s
    ) UNION (
        SELECT id FROM tools_tool
        WHERE tool_called(name, aliases) @> ARRAY[lower(%(words)s)]
          AND published_at <= %(now)s AND withdrawn_at IS NULL
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

    def with_panel(self, *, at: datetime | None = None, lens: Sequence[int] = ()) -> Self:
        """Annotate `panel`: the current reviews counted, or None for a tool without one.

        With a lens (reviewers' ids) those seats alone are counted.

        {"ship", "seats": counts, "percent": 0–100, "marks": [{"name", "verdict"} in seat order]}
        """
        reviews = self._related("reviews").current(at=at)
        totals = (
            (reviews.filter(reviewer__in=lens) if lens else reviews)
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

    def with_numbers(self, *, at: datetime | None = None, lens: Sequence[int] = ()) -> Self:
        """Panel and community at once, as every card shows them."""
        return self.with_panel(at=at, lens=lens).with_community()

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
        return self.prefetch_related(Prefetch("plans", Plan.objects.standing(), to_attr="standing_plans"))


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


class StandingQuerySet(models.QuerySet[Any]):
    """Rows that are superseded rather than overwritten."""

    def standing(self) -> Self:
        """Those that hold today, in the order they were entered."""
        return self.filter(superseded_at__isnull=True).order_by("pk")


class AlreadySupersededError(ValueError):
    """Somebody else has superseded a plan or fact meanwhile."""


class Sourced(models.Model):
    """A statement with its source and the day somebody last checked it there. Superseded, never overwritten."""

    # What is meant by another value: a change of these supersedes; source and verified_on are updated in place.
    VALUE_FIELDS: ClassVar[tuple[str, ...]]

    source = models.URLField(max_length=500, blank=True, validators=[is_web_address])
    verified_on = models.DateField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = StandingQuerySet.as_manager()

    class Meta:
        abstract = True

    def supersede(self, **values: Any) -> Self:
        """Let other values stand from now on, and return the row that holds them; this one stays as history.

        What is not said stays as it is, but the day of verification: it vouched for the old value. Raises
        AlreadySupersededError.
        """
        with transaction.atomic():
            self.retire()
            successor = self.successor(**values)
            successor.save()
        return successor

    def successor(self, **values: Any) -> Self:
        """The row, not saved yet, that stands in place of this one with other values; see `supersede`."""
        row = copy(self)
        row._state = copy(self._state)
        row._state.adding, row.pk = True, None
        for name, value in {"superseded_at": None, "verified_on": None, **values}.items():
            setattr(row, name, value)
        return row

    def retire(self) -> None:
        """Let this stand no longer, without anything in its place. Raises AlreadySupersededError."""
        standing = type(self).objects.filter(pk=self.pk, superseded_at__isnull=True).select_for_update()
        with transaction.atomic():
            if not standing.values_list("pk"):
                raise AlreadySupersededError
            self.superseded_at = timezone.now()
            self.save(update_fields=["superseded_at"])


class PlanKind(models.TextChoices):
    FREE = "free", "Free"
    PAID = "paid", "Paid"
    CONTACT = "contact", "Contact sales"


class Period(models.TextChoices):
    ONCE = "once", "Once"
    MONTH = "month", "Month"
    YEAR = "year", "Year"
    USAGE = "usage", "Usage"


class Plan(Sourced):
    """One price of a tool."""

    VALUE_FIELDS = ("kind", "amount", "currency", "period", "unit")

    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="plans")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=7, choices=PlanKind)
    amount = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    currency = models.CharField(
        max_length=3, null=True, blank=True, validators=[RegexValidator(CURRENCY_PATTERN, "Three capitals, as in USD.")]
    )
    period = models.CharField(max_length=5, choices=Period, null=True, blank=True)
    unit = models.CharField(max_length=50, blank=True, help_text="For usage: what the amount buys, as in “1M tokens”.")

    history = History()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tool", "name", "superseded_at"],
                name="tools_plan_one_standing",
                nulls_distinct=False,
                violation_error_message="This tool has a plan of that name.",
            ),
            models.CheckConstraint(
                name="tools_plan_kind_fits_amount",
                condition=Q(
                    Q(
                        kind=PlanKind.PAID,
                        # A check passes on NULL, so each part says that there is something.
                        amount__isnull=False,
                        amount__gt=0,
                        currency__isnull=False,
                        currency__regex=CURRENCY_PATTERN,
                        period__isnull=False,
                        period__in=Period.values,
                    )
                    | Q(
                        kind__in=[PlanKind.FREE, PlanKind.CONTACT],
                        amount__isnull=True,
                        currency__isnull=True,
                        period__isnull=True,
                    )
                ),
                violation_error_message=(
                    "A paid plan has an amount above 0, a currency and a period; free and contact have none of them."
                ),
            ),
            models.CheckConstraint(
                name="tools_plan_unit_with_usage",
                condition=(
                    Q(period__isnull=True, unit="")
                    | Q(period__isnull=False, period__in=[Period.ONCE, Period.MONTH, Period.YEAR], unit="")
                    | (Q(period__isnull=False, period=Period.USAGE) & ~Q(unit=""))
                ),
                violation_error_message="A usage price says what the amount buys; other prices have no unit.",
            ),
            web_address_constraint("source", name="tools_plan_source_web"),
        ]

    def __str__(self) -> str:
        return self.name


class Attribute(models.Model):
    """What can be said of the tools of some categories, so that facts of two tools line up in one table."""

    slug = models.CharField(max_length=slugs.MAX_LENGTH, unique=True, validators=[slugs.is_slug])
    name = models.CharField(max_length=100)
    categories = models.ManyToManyField(Category, related_name="attributes", blank=True)

    history = History(m2m_fields=[categories])

    class Meta:
        ordering = ["pk"]
        constraints = [
            slug_constraint(name="tools_attribute_slug_shape"),
            unique_name_constraint(name="tools_attribute_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Fact(Sourced):
    """One attribute of a tool, with its value."""

    VALUE_FIELDS = ("value",)

    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="facts")
    attribute = models.ForeignKey(Attribute, on_delete=models.PROTECT, related_name="facts")
    value = models.CharField(max_length=300)

    history = History()

    class Meta:
        ordering = ["attribute", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tool", "attribute", "superseded_at"],
                name="tools_fact_one_standing",
                nulls_distinct=False,
                violation_error_message="This tool has a value for that attribute.",
            ),
            web_address_constraint("source", name="tools_fact_source_web"),
        ]

    def __str__(self) -> str:
        return f"{self.attribute}: {self.value}"


class CorrectionQuerySet(models.QuerySet["Correction"]):
    def on_record(self, *, at: datetime | None = None) -> Self:
        """Those of published tools, newest first, each with its tool."""
        return self.filter(is_published(at=at, prefix="tool__")).select_related("tool").order_by("-made_at", "-pk")


class Correction(models.Model):
    """What we got wrong about a tool and put right, in words for readers. Never rewritten: a later one can follow.

    That it stays is a trigger (migration 0007).
    """

    tool = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="corrections")
    note = models.CharField(max_length=500, help_text="What was wrong, and what is right; readers see it.")
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CorrectionQuerySet.as_manager()
    history = History()

    class Meta:
        ordering = ["-made_at", "-pk"]
        indexes = [models.Index(fields=["-made_at", "-id"], name="tools_correction_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["tool", "made_at"],
                name="tools_correction_once",
                violation_error_message="This tool has a correction of that very moment.",
            ),
            models.CheckConstraint(
                name="tools_correction_note_not_empty",
                condition=~Q(note=""),
                violation_error_message="A correction says what was wrong.",
            ),
        ]

    def __str__(self) -> str:
        return self.note
