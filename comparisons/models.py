from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import F, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Greatest, Least
from django.urls import reverse
from django.utils import timezone

from reviews.models import Review
from tools.models import Category, Tool
from tools.publishing import Publishable, is_published
from tools.row_history import History
from tools.search import SearchableQuerySet, highlight

# The order of splits: the most seats apart, then the fewest that judged both, then the newest comparison.
BIGGEST = (F("apart").desc(), "seats", F("comparison").desc())


class IsOneOf(models.Func):
    """Whether a value is in an array: `value = ANY (array)`, which an index on the value serves, also within an OR."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY ("
    output_field = models.BooleanField()


_MATCHING = """
SELECT id FROM (
    SELECT id, published_at, search_vector FROM comparisons_comparison AS comparison
    WHERE search_vector @@ search_query(%(words)s) AND is_published(published_at, withdrawn_at, %(now)s)
      AND NOT EXISTS (
          SELECT FROM tools_tool AS tool
          WHERE tool.id IN (first_id, second_id)
            AND is_published(tool.published_at, tool.withdrawn_at, %(now)s) IS NOT TRUE
      )
    ORDER BY published_at DESC, id DESC LIMIT %(candidates)s
) AS newest
ORDER BY ts_rank(search_vector, search_query(%(words)s)) DESC, published_at DESC, id DESC
"""


class ComparisonQuerySet(SearchableQuerySet):
    MATCHING = _MATCHING

    def published(self, *, at: datetime | None = None) -> Self:
        """What the public may see: published itself, of two published tools."""
        return (
            super()
            .published(at=at)
            .filter(is_published(at=at, prefix="first__"), is_published(at=at, prefix="second__"))
        )

    def newest_first(self) -> Self:
        return self.order_by("-published_at", "-pk")

    def touching(self, *tool_ids: int) -> Self:
        """Those that one of these tools is part of."""
        return self.filter(Q(first__in=tool_ids) | Q(second__in=tool_ids))

    def in_category(self, category: Category) -> Self:
        """Those of which a tool is in a category."""
        tools = ArraySubquery(Tool.objects.filter(category=category).order_by().values("pk"))
        found = Comparison.objects.filter(Q(IsOneOf(F("first"), tools)) | Q(IsOneOf(F("second"), tools)))
        # Looked up, and then sorted: on a walk down the newest of the whole site those of a small category are rare.
        return self.filter(IsOneOf(F("pk"), ArraySubquery(found.order_by().values("pk"))))

    def records(self) -> models.QuerySet[Any, Any]:
        """Each as a `PairRecord`, for links."""
        return self.values(
            first_slug=F("first__slug"),
            first_name=F("first__name"),
            second_slug=F("second__slug"),
            second_name=F("second__name"),
            category=F("first__category__name"),
        )

    def with_highlights(self, words: str) -> Self:
        """Annotate the texts of a search result with highlights: `highlighted_first`, `highlighted_second`, and an
        excerpt, `highlighted_introduction`. See `tools.search.highlight`.
        """
        return self.annotate(
            highlighted_first=highlight("first__name", words),
            highlighted_second=highlight("second__name", words),
            highlighted_introduction=highlight("introduction", words, excerpt=True),
        )

    def most_read(self) -> Self:
        """Those that were read at all, the most read of late first."""
        return self.filter(reading__isnull=False).order_by("-reading__heat", "-pk")

    def in_order(self, ids: Iterable[int]) -> list[Any]:
        """The comparisons of some ids, in the order of those; ids that are not among these are left out."""
        ids = list(ids)
        found = self.in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]

    def with_changed_at(self, *, at: datetime | None = None) -> Self:
        """Annotate `changed_at`: when the newest of these came out: itself, its tools, their published reviews."""
        reviews = Review.objects.published(at=at).order_by("-published_at").values("published_at")
        return self.annotate(
            changed_at=Greatest(
                "published_at",
                "first__published_at",
                "second__published_at",
                Subquery(reviews.filter(tool=OuterRef("first"))[:1]),
                Subquery(reviews.filter(tool=OuterRef("second"))[:1]),
            )
        )

    def with_numbers(self) -> Self:
        """With both tools as their cards show them: category, panel, community and plans."""
        tools = Tool.objects.with_numbers().with_plans().select_related("category")
        return self.prefetch_related(Prefetch("first", tools), Prefetch("second", tools))


class Comparison(Publishable):
    """Two tools in the order the editor gives, with an introduction. Any other pair has its page without one.

    The table has one more column, `search_vector`, with both names (tools/search.py); triggers maintain it
    (comparisons/sql/search.sql).
    """

    first = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="comparisons_as_first")
    second = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="comparisons_as_second")
    introduction = models.TextField(blank=True, help_text="Markdown. Raw HTML is escaped.")

    objects = ComparisonQuerySet.as_manager()
    history = History()

    class Meta:
        ordering = ["-published_at", "-pk"]
        permissions = [("publish_comparison", "Can publish, schedule, and withdraw comparisons")]
        indexes = [models.Index(fields=["published_at"], name="comparisons_published")]
        constraints = [
            models.UniqueConstraint(
                Least(F("first"), F("second")),
                Greatest(F("first"), F("second")),
                name="comparisons_pair_once",
                violation_error_message="This pair is compared already, one way round or the other.",
            ),
            models.CheckConstraint(
                name="comparisons_two_tools",
                condition=~Q(first=F("second")),
                violation_error_message="A tool cannot be compared with itself.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first} vs {self.second}"

    def get_absolute_url(self) -> str:
        return reverse("comparison", args=[(self.first.slug, self.second.slug)])


class SplitQuerySet(models.QuerySet["Split"]):
    def at(self, instant: datetime | None = None) -> Self:
        """Those that hold at an instant (default: now): one for each published comparison."""
        instant = instant or timezone.now()
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=instant), starts_at__lte=instant)

    def biggest(self) -> Self:
        """Those with any seat apart, the most seats first: a total order."""
        return self.filter(apart__gt=0).order_by(*BIGGEST)


class Split(models.Model):
    """On how many seats the two tools of a published comparison get different verdicts: what lists of them sort by.

    It follows from the tools' listings, and only triggers write it (comparisons/sql/splits.sql). Like those it has a
    row for now and one for each later time at which it changes by itself.
    """

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="splits", db_index=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    apart = models.PositiveSmallIntegerField(help_text="Seats whose verdicts differ.")
    seats = models.PositiveSmallIntegerField(help_text="Seats that have judged both.")

    objects = SplitQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comparison", "starts_at"], name="comparisons_split_once")]
        indexes = [models.Index(*BIGGEST, name="comparisons_split_biggest", condition=Q(apart__gt=0))]

    def __str__(self) -> str:
        return f"{self.comparison_id}: {self.apart} of {self.seats}"


class Reading(models.Model):
    """How much a comparison was read of late (`comparisons.reading.popularity`)."""

    comparison = models.OneToOneField(Comparison, on_delete=models.CASCADE, primary_key=True)
    heat = models.FloatField()

    class Meta:
        indexes = [models.Index(F("heat").desc(), F("comparison").desc(), name="comparisons_reading_heat")]

    def __str__(self) -> str:
        return f"{self.comparison_id}: {self.heat}"
