"""Categories and tools, and every query about them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.aggregates import JSONBAgg
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Count, Exists, F, Func, Max, OuterRef, Prefetch, Q, Subquery, Sum, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Greatest, JSONObject, NullIf
from django.db.models.lookups import StartsWith
from django.urls import reverse
from django.utils import timezone

from tools import logos, search, slugs
from tools.brief_names import MAX_SHORT_NAME_LENGTH, choose_brief_name, list_names
from tools.choices import Meter
from tools.expressions import Folded, SortKey, WholePercent, WilsonHigh, WilsonLow
from tools.models.constraints import unique_name_constraint, validate_web_address, web_address_constraint
from tools.presets import find_preset_errors, read_presets
from tools.publishing import Publishable
from tools.row_history import History
from tools.slugged import Slugged, SluggedQuerySet, slug_constraint
from web.folding import fold


def validate_presets(value: object) -> None:
    """Raise ValidationError unless a value is a list of sound presets."""
    try:
        errors = find_preset_errors(read_presets(value))  # type: ignore[arg-type] # what is no list of objects raises
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValidationError("This is not a list of presets.") from None
    if errors:
        raise ValidationError([f"Preset {place + 1}: {message}" for place, message in errors.items()])


validate_model_id = RegexValidator(r"\A[a-z0-9_-]+:[^\s:][^\s]*\Z", "Write provider:model, as in openai:gpt-5-mini.")


class CategoryQuerySet(SluggedQuerySet):
    def with_published_tools(self) -> Self:
        """Filter to categories with a published tool."""
        return self.filter(Exists(Tool.objects.published().filter(category=OuterRef("pk"))))

    def with_changed_at(self, *, at: datetime | None = None) -> Self:
        """Annotate `changed_at`: the latest `changed_at` of its published tools, or None without one."""
        newest = (
            Tool.objects.published(at=at)
            .filter(category=OuterRef("pk"))
            .with_changed_at(at=at)
            .order_by("-changed_at")
            .values("changed_at")[:1]
        )
        return self.annotate(changed_at=Subquery(newest))


class Category(Slugged):
    slug = models.CharField(
        max_length=slugs.MAX_LENGTH, unique=True, validators=[slugs.validate_slug], db_collation=slugs.COLLATION
    )
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    aliases = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        help_text="What else people call such tools when they search, such as “vector store”.",
    )
    presets = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_presets],
        help_text="What a reader might use, such as “A team of ten”. Offered where pages ask what it would cost.",
    )

    objects = CategoryQuerySet.as_manager()
    history = History()

    class Meta:
        ordering = [SortKey("name")]
        verbose_name_plural = "categories"
        constraints = [
            models.CheckConstraint(
                name="tools_category_presets_sound",
                condition=Q(
                    Func(
                        "presets",
                        Value(Meter.values, output_field=models.JSONField()),
                        function="are_presets",
                        output_field=models.BooleanField(),
                    )
                ),
                violation_error_message="A preset has a name, and seats or usage of known meters.",
            ),
            slug_constraint(name="tools_category_slug_shape"),
            unique_name_constraint(name="tools_category_name_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("category", args=[self.slug])


# Exact names come first. Names are searched separately, so that for a common word the tools that have it in their names
# are among the candidates for ranking.
_MATCHING = """
SELECT id FROM tools_tool
WHERE id IN (
    (
        SELECT id FROM tools_tool
        WHERE search_vector @@ search_query(%(words)s) AND is_published(published_at, withdrawn_at, %(now)s)
        ORDER BY published_at DESC, id DESC LIMIT %(candidates)s
    ) UNION (
        SELECT id FROM (
            -- OFFSET 0 forces an index lookup before sorting; a scan of the newest would compute each vector.
            SELECT id, published_at FROM tools_tool
            WHERE tool_name_vector(name, short_name, aliases) @@ search_query(%(words)s)
              AND is_published(published_at, withdrawn_at, %(now)s)
            OFFSET 0
        ) AS named
        ORDER BY published_at DESC, id DESC LIMIT %(namesakes)s
    ) UNION (
        SELECT id FROM tools_tool
        WHERE tool_called(name, short_name, aliases) @> ARRAY[folded(%(words)s)]
          AND is_published(published_at, withdrawn_at, %(now)s)
    )
)
ORDER BY tool_called(name, short_name, aliases) @> ARRAY[folded(%(words)s)] DESC,
         ts_rank(search_vector, search_query(%(words)s)) DESC, sort_key(name) COLLATE "C", id
"""


class ToolQuerySet(search.SearchableQuerySet, SluggedQuerySet):  # type: ignore[override] # of as_manager, by the plugin
    """All queries about tools. It refers to reviews and votes only by their accessor names."""

    MATCHING = _MATCHING

    def _related(self, accessor: str) -> Any:
        related: Any = self.model._meta.get_field(accessor).related_model
        return related.objects.filter(tool=OuterRef("pk"))

    def with_panel(self, *, at: datetime | None = None, seats: Sequence[int] = ()) -> Self:
        """Annotate `panel`: counts of the current reviews, or None for a tool without any.

        With `seats` (ids of reviewers) only those seats are counted.

        {"ship", "seats": counts, "percent": 0–100, "marks": [{"name", "verdict"} in seat order], "judged_at": when the
        newest of them was published}
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
                    judged_at=Max("published_at"),
                    marks=JSONBAgg(
                        JSONObject(name=F("reviewer__name"), verdict=F("verdict")), order_by=["reviewer__seat"]
                    ),
                )
            )
        )
        return self.annotate(panel=Subquery(totals))

    def with_community(self) -> Self:
        """Annotate `community`: the votes, or None for a tool without any.

        {"ship", "skip", "held": counts, "percent", "low", "high": 0–100}; low and high are the 95% Wilson score
        interval. Held votes are under review and not part of ship and skip. Without counted votes, percent, low, and
        high are None.
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
        """Filter to tools with votes under review, and annotate their number as `held`."""
        waiting = self._related("tallies").filter(held__gt=0).order_by()
        held = waiting.values("tool").annotate(number=Sum("held")).values("number")
        return self.filter(Exists(waiting)).annotate(held=Subquery(held))

    def with_freeze(self) -> Self:
        """Annotate `is_frozen`: whether every new vote is held."""
        return self.annotate(is_frozen=Exists(self._related("freeze")))

    def with_numbers(self, *, at: datetime | None = None, seats: Sequence[int] = ()) -> Self:
        """Annotate `panel` and `community`, as every card shows them."""
        return self.with_panel(at=at, seats=seats).with_community()

    def in_order(self, ids: Iterable[int]) -> list[Any]:
        """Return the tools in the order of `ids`. Ids that are not in this queryset are left out."""
        ids = list(ids)
        tools = self.in_bulk(ids)
        return [tools[pk] for pk in ids if pk in tools]

    def without_examples(self) -> Self:
        """Filter to tools that are not described for demonstration only."""
        return self.filter(example=False)

    def named(self, name: str) -> Self:
        """Filter to tools with exactly this name or alias, ignoring case and accents. There may be several."""
        return self.filter(search.has_name(name)).order_by("pk")

    def named_any(self, names: Sequence[str]) -> Self:
        """Filter to tools with exactly one of these names or aliases, ignoring case and accents."""
        return self.filter(search.has_any_name(names)).order_by("pk")

    def with_namesakes(self, *, at: datetime | None = None) -> Self:
        """Annotate `has_namesake`: whether another published tool has the same name, so that the name is ambiguous."""
        others = Tool.objects.published(at=at).exclude(pk=OuterRef("pk"))
        return self.annotate(has_namesake=Exists(others.filter(search.has_name(OuterRef("name")))))

    def matching_prefix(self, words: str) -> Self:
        """Filter to tools whose names have each of the words as a prefix of a word.

        Exact names come first, then names that begin with the words, then the rest. If a short prefix matches more
        than BEGINNINGS names, return an arbitrary BEGINNINGS of them; the reader will keep typing.
        """
        if not search.split_words(words):
            return self.none()
        matching = self.filter(search.Matches(search.name_words(), search.prefix_query(words))).order_by()
        pks = matching[: search.BEGINNINGS].values("pk").union(self.named(words).order_by().values("pk"))
        return self.filter(pk__in=pks).order_by(
            search.has_name(words).desc(), StartsWith(Folded("name"), fold(words)).desc(), SortKey("name"), "pk"
        )

    def resembling(self, words: str) -> Self:
        """Filter to tools whose names are similar to possibly misspelled words, most similar first; at most 100.

        Annotates `likeness`: the word similarity of pg_trgm, a share (0–1) of the words found in the names.
        """
        letters = " ".join(search.split_words(words))[: search.MAX_QUERY_LENGTH]
        if len(letters) < search.MIN_RESEMBLING_LENGTH:
            return self.none()
        similar = RawSQL("SELECT id FROM tools_resembling(%s)", [letters])
        return (
            self.filter(pk__in=similar)
            .annotate(likeness=TrigramWordSimilarity(letters, search.names()))
            .order_by("-likeness", TrigramSimilarity(Folded("name"), letters).desc(), "pk")
        )

    def suggest(self, words: str, *, limit: int) -> list[Any]:
        """Return suggestions for partial input: tools that match it as a prefix, or similar ones if none does."""
        return list(self.matching_prefix(words)[:limit]) or list(self.resembling(words)[:limit])

    def with_highlights(self, words: str) -> Self:
        """Annotate the texts of a search result with highlights: `highlighted_name`, `highlighted_aliases`,
        `highlighted_tagline`, an excerpt, `highlighted_description`, and facts and plans, a line each,
        `highlighted_words`. See `search.highlight`.
        """
        aliases = Func(
            NullIf("short_name", Value("")),
            "aliases",
            template="array_to_string(ARRAY[%(expressions)s, ', ')",
            arg_joiner="] || ",
            output_field=models.TextField(),
        )
        return self.annotate(
            highlighted_name=search.highlight("name", words),
            highlighted_aliases=search.highlight(aliases, words),
            highlighted_tagline=search.highlight("tagline", words),
            highlighted_description=search.highlight("description", words, excerpt=True),
            highlighted_words=search.highlight(search.search_words(words), words),
        )

    def with_changed_at(self, *, at: datetime | None = None) -> Self:
        """Annotate `changed_at`: when the tool or its newest published review was published, whichever is later."""
        newest = self._related("reviews").published(at=at).order_by("-published_at").values("published_at")[:1]
        return self.annotate(changed_at=Greatest("published_at", Subquery(newest)))

    def with_plans(self) -> Self:
        """Prefetch the plans as `recent_plans`: the current ones, and those superseded in the last days."""
        plans: Any = self.model._meta.get_field("plans").related_model
        return self.prefetch_related(Prefetch("plans", plans.objects.recent(), to_attr="recent_plans"))


class Tool(Slugged, Publishable):
    """What the site compares. The table has two more columns, `search_words` and `search_vector` (tools/search.py)."""

    # What editors write about a tool itself, in the order of forms and files. Forms, sheets, catalog files, and the
    # export read this list; CONTRIBUTING.md lists what else a new field needs.
    OWN_FIELDS = ("name", "short_name", "tagline", "description", "website", "aliases", "model_ids", "example")

    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="tools")
    slug = models.CharField(
        max_length=slugs.MAX_LENGTH,
        unique=True,
        validators=[slugs.validate_slug, slugs.validate_pairable],
        db_collation=slugs.COLLATION,
    )
    name = models.CharField(max_length=300)
    short_name = models.CharField(
        max_length=MAX_SHORT_NAME_LENGTH,
        blank=True,
        help_text=(
            "What sentences call it after its first mention. Leave empty for the name without a trailing parenthesis."
        ),
    )
    tagline = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True, help_text="Markdown. Raw HTML is escaped.")
    website = models.URLField(max_length=500, blank=True, validators=[validate_web_address])
    aliases = ArrayField(
        models.CharField(max_length=300), default=list, blank=True, help_text="Other names that people search for."
    )
    model_ids = ArrayField(
        models.CharField(max_length=100, validators=[validate_model_id]),
        default=list,
        blank=True,
        help_text=(
            "For a model: its ids in genai-prices, such as openai:gpt-5-mini, by which token prices are proposed."
        ),
    )
    example = models.BooleanField(
        default=False,
        help_text="Described for demonstration: shown as unverified, not indexed, and never on the front page.",
    )
    logo = models.CharField(
        max_length=32, blank=True, editable=False, help_text="The random name under which its files are stored."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ToolQuerySet.as_manager()
    # The files of a replaced logo are deleted, so restoring an earlier version must not bring back its name.
    history = History(excluded_fields=["logo"])

    class Meta:
        ordering = [SortKey("name"), "pk"]
        permissions = [
            ("publish_tool", "Can publish, schedule, and withdraw tools"),
            ("override_gate", "Can publish despite the gate, with a reason"),
            ("import_catalog", "Can import catalog files and spreadsheets"),
        ]
        indexes = [
            models.Index(fields=["published_at"], name="tools_tool_published"),
            # What counts over the whole site reads this, not the wide rows. By id, it stays compact as rows come.
            models.Index(
                fields=["id"],
                include=["published_at", "example"],
                condition=Q(withdrawn_at__isnull=True),
                name="tools_tool_public",
            ),
        ]
        constraints = [
            slug_constraint(name="tools_tool_slug_shape"),
            models.CheckConstraint(
                name="tools_tool_slug_pairable",
                condition=~Q(slug__regex=slugs.AMBIGUOUS),
                violation_error_message="“vs” separates the two tools in a comparison’s URL; write “versus” in a slug.",
            ),
            web_address_constraint("website", name="tools_tool_website_web"),
            models.CheckConstraint(
                name="tools_tool_logo_random", condition=Q(logo="") | Q(logo__regex=rf"^{logos.STEM_PATTERN}$")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def brief_name(self) -> str:
        """The name to use after the first mention."""
        return choose_brief_name(self.name, self.short_name)

    @property
    def names(self) -> list[str]:
        """Everything it is called: its name, its short name if an editor gave it one, and its aliases."""
        return list_names(self.name, self.short_name, self.aliases)

    def get_absolute_url(self) -> str:
        return reverse("tool", args=[self.slug])
