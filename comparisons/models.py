from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Greatest, Least
from django.urls import reverse
from django.utils import timezone

from comparisons.editor_lines import find_line_errors, read_lines
from reviews.models import Review, Reviewer
from tools.expressions import LastChanged
from tools.models import Category, Tool
from tools.publishing import Publishable, is_published
from tools.row_history import History
from tools.search import SearchableQuerySet, highlight

# The order of splits: most seats apart, then fewest seats that judged both tools, then newest comparison.
BIGGEST = (F("apart").desc(), "seats", F("comparison").desc())


class IsOneOf(models.Func):
    """Whether a value is in an array: `value = ANY (array)`. Unlike IN, it uses an index on the value within an OR."""

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
        """Comparisons that are published and whose two tools are published."""
        return (
            super()
            .published(at=at)
            .filter(is_published(at=at, prefix="first__"), is_published(at=at, prefix="second__"))
        )

    def without_examples(self) -> Self:
        """Comparisons of which neither tool is described for demonstration only."""
        return self.filter(first__example=False, second__example=False)

    def newest_first(self) -> Self:
        return self.order_by("-published_at", "-pk")

    def touching(self, *tool_ids: int) -> Self:
        """Comparisons that include any of the tools."""
        return self.filter(Q(first__in=tool_ids) | Q(second__in=tool_ids))

    def in_category(self, category: Category) -> Self:
        """Comparisons with at least one tool in a category."""
        tools = ArraySubquery(Tool.objects.filter(category=category).order_by().values("pk"))
        found = Comparison.objects.filter(Q(IsOneOf(F("first"), tools)) | Q(IsOneOf(F("second"), tools)))
        # The subquery makes PostgreSQL look up the comparisons first and sort them then. Otherwise it may walk down the
        # newest comparisons of the whole site, among which those of a small category are rare.
        return self.filter(IsOneOf(F("pk"), ArraySubquery(found.order_by().values("pk"))))

    def records(self) -> models.QuerySet[Any, Any]:
        """Return each comparison as a `PairRecord`, for links."""
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
        """Comparisons that have been read, the most read recently first."""
        return self.filter(reading__isnull=False).order_by("-reading__heat", "-pk")

    def in_order(self, ids: Iterable[int]) -> list[Any]:
        """Return the comparisons with the given ids, in that order. Ids that are not in the queryset are left out."""
        ids = list(ids)
        found = self.in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]

    def with_changed_at(self, *, at: datetime | None = None) -> Self:
        """Annotate `changed_at`: the newest publication time among the comparison, its tools, and their reviews, or
        when a review of them was withdrawn.
        """
        reviews = Review.objects.published(at=at).order_by("-published_at").values("published_at")
        until = at or timezone.now()
        once_public = Review.objects.filter(withdrawn_at__lte=until, withdrawn_at__gte=F("published_at"))
        withdrawn = once_public.order_by("-withdrawn_at").values("withdrawn_at")
        return self.annotate(
            changed_at=Greatest(
                "published_at",
                "first__published_at",
                "second__published_at",
                Subquery(reviews.filter(tool=OuterRef("first"))[:1]),
                Subquery(reviews.filter(tool=OuterRef("second"))[:1]),
                Subquery(withdrawn.filter(tool=OuterRef("first"))[:1]),
                Subquery(withdrawn.filter(tool=OuterRef("second"))[:1]),
            )
        )

    def with_reworded_at(self) -> Self:
        """Annotate `reworded_at`: when what a feed says of it last changed for another reason than a publication; None
        if never.

        That is its introduction, the order of its tools, names, addresses, and reviews that were put back.
        """
        seats = Reviewer.objects.order_by().values(changed_at=LastChanged(Reviewer, F("pk"), "name", "seat"))
        renamed = seats.filter(changed_at__isnull=False).order_by("-changed_at")[:1]
        of_tool = "name", "short_name", "slug", "category_id"
        return self.annotate(
            reworded_at=Greatest(
                LastChanged(Comparison, F("pk"), "introduction", "first_id"),
                LastChanged(Tool, F("first"), *of_tool),
                LastChanged(Tool, F("second"), *of_tool),
                LastChanged(Category, F("first__category"), "name"),
                Subquery(renamed),
                Review.objects.filter(tool=OuterRef("first")).last_withdrawn(),
                Review.objects.filter(tool=OuterRef("second")).last_withdrawn(),
            )
        )

    def with_numbers(self) -> Self:
        """Prefetch both tools with what cards show: category, panel, community, and plans."""
        tools = Tool.objects.with_numbers().with_plans().select_related("category")
        return self.prefetch_related(Prefetch("first", tools), Prefetch("second", tools))


def validate_lines(value: object) -> None:
    """Raise ValidationError unless a value is a list of sound lines."""
    try:
        errors = find_line_errors(read_lines(value))  # type: ignore[arg-type] # what is no list of objects raises
    except (TypeError, ValueError):
        raise ValidationError("This is not a list of lines.") from None
    if errors:
        raise ValidationError([f"Line {place + 1}: {message}" for place, message in errors.items()])


class Comparison(Publishable):
    """Two tools in the editor's order, with an introduction and “Pick if”. Every other pair has a page without one.

    The table has one more column, `search_vector`, with both names (tools/search.py); triggers maintain it
    (comparisons/sql/search.sql).
    """

    first = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="comparisons_as_first")
    second = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="comparisons_as_second")
    introduction = models.TextField(blank=True, help_text="Markdown. Raw HTML is escaped.")
    lines = models.JSONField(
        "lines of “Pick if”",
        default=list,
        blank=True,
        validators=[validate_lines],
        help_text="The editor's own lines, the places of computed ones, and which are hidden (editor_lines.py).",
    )

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
                violation_error_message="This pair already has a comparison, in this order or the other.",
            ),
            models.CheckConstraint(
                name="comparisons_two_tools",
                condition=~Q(first=F("second")),
                violation_error_message="A tool cannot be compared with itself.",
            ),
            models.CheckConstraint(
                name="comparisons_lines_sound",
                condition=Q(models.Func("lines", function="are_editor_lines", output_field=models.BooleanField())),
                violation_error_message="A line has a side and words, or the key of a computed line.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first} vs {self.second}"

    def get_absolute_url(self) -> str:
        return reverse("comparison", args=[(self.first.slug, self.second.slug)])


class SplitQuerySet(models.QuerySet["Split"]):
    def at(self, instant: datetime | None = None) -> Self:
        """Splits in effect at an instant (default: now): one per published comparison."""
        instant = instant or timezone.now()
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=instant), starts_at__lte=instant)

    def without_examples(self) -> Self:
        """Splits of comparisons of which neither tool is described for demonstration only."""
        return self.filter(comparison__first__example=False, comparison__second__example=False)

    def biggest(self) -> Self:
        """Splits with at least one seat apart, most seats first. A total order."""
        return self.filter(apart__gt=0).order_by(*BIGGEST)


class Split(models.Model):
    """The number of seats on which the tools of a published comparison get different verdicts. Lists sort by it.

    It follows from the tools' listings, and only triggers write it (comparisons/sql/splits.sql). Like those it has a
    row for now and one for each later time at which it changes by itself.
    """

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="splits", db_index=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    apart = models.PositiveSmallIntegerField(help_text="Seats whose verdicts differ.")
    seats = models.PositiveSmallIntegerField(help_text="Seats that have judged both tools.")

    objects = SplitQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comparison", "starts_at"], name="comparisons_split_once")]
        indexes = [models.Index(*BIGGEST, name="comparisons_split_biggest", condition=Q(apart__gt=0))]

    def __str__(self) -> str:
        return f"{self.comparison_id}: {self.apart} of {self.seats}"


class Reading(models.Model):
    """How often a comparison has been read recently (`comparisons.reading.popularity`)."""

    comparison = models.OneToOneField(Comparison, on_delete=models.CASCADE, primary_key=True)
    heat = models.FloatField()

    class Meta:
        indexes = [models.Index(F("heat").desc(), F("comparison").desc(), name="comparisons_reading_heat")]

    def __str__(self) -> str:
        return f"{self.comparison_id}: {self.heat}"
