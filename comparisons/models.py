from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import F, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Greatest, Least
from django.urls import reverse

from reviews.models import Review
from tools.models import Category, Tool
from tools.publishing import Publishable, PublishableQuerySet, is_published


class ComparisonQuerySet(PublishableQuerySet):
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
    """Two tools in the order the editor gives, with an introduction. Any other pair has its page without one."""

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
