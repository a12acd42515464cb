from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import F, Prefetch, Q
from django.db.models.functions import Greatest, Least
from django.urls import reverse

from tools.models import Category, Tool
from tools.publishing import Publishable, is_published
from tools.search import SearchedQuerySet, marked

_MATCHING = """
SELECT id FROM (
    SELECT id, published_at, search_vector FROM comparisons_comparison AS comparison
    WHERE search_vector @@ search_query(%(words)s) AND published_at <= %(now)s AND withdrawn_at IS NULL
      AND NOT EXISTS (
          SELECT FROM tools_tool AS tool
          WHERE tool.id IN (first_id, second_id)
            AND (tool.published_at IS NULL OR tool.published_at > %(now)s OR tool.withdrawn_at IS NOT NULL)
      )
    ORDER BY published_at DESC, id DESC LIMIT %(candidates)s
) AS newest
ORDER BY ts_rank(search_vector, search_query(%(words)s)) DESC, published_at DESC, id DESC
"""


class ComparisonQuerySet(SearchedQuerySet):
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
        return self.filter(Q(first__category=category) | Q(second__category=category))

    def records(self) -> models.QuerySet[Any, Any]:
        """Each as a `columns.PairRecord`, for links."""
        return self.values(
            first_slug=F("first__slug"),
            first_name=F("first__name"),
            second_slug=F("second__slug"),
            second_name=F("second__name"),
            category=F("first__category__name"),
        )

    def with_marks(self, words: str) -> Self:
        """Annotate what is shown of a comparison that was found, as `tools.search.marked`: `marked_first`,
        `marked_second`, and `marked_introduction`, an excerpt.
        """
        return self.annotate(
            marked_first=marked("first__name", words),
            marked_second=marked("second__name", words),
            marked_introduction=marked("introduction", words, excerpt=True),
        )

    def with_numbers(self) -> Self:
        """With both tools as their cards show them: category, panel, community and plans."""
        tools = Tool.objects.with_numbers().with_plans().select_related("category")
        return self.prefetch_related(Prefetch("first", tools), Prefetch("second", tools))


class Comparison(Publishable):
    """Two tools in the order the editor gives, with an introduction. Any other pair has its page without one.

    The table has a column more, `search_vector`, with both names (tools/search.py); triggers keep it (migration 0003).
    """

    first = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="comparisons_as_first")
    second = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="comparisons_as_second")
    introduction = models.TextField(blank=True, help_text="Markdown; raw HTML is shown, not obeyed.")

    objects = ComparisonQuerySet.as_manager()

    class Meta:
        ordering = ["-published_at", "-pk"]
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
