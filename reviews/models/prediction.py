"""Dated claims of reviews."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Count, F, OuterRef, Q

from reviews.choices import Outcome
from reviews.models.review import Review
from tools.models import validate_web_address, web_address_constraint
from tools.publishing import is_published
from tools.row_history import History

JUDGED = (F("judged_on").desc(nulls_last=True), F("due_on").desc(), F("id").desc())


class PredictionQuerySet(models.QuerySet["Prediction"]):
    def on_record(self, *, at: datetime | None = None) -> Self:
        """Return the predictions of all published editions, superseded ones included, on published tools."""
        return self.filter(is_published(at=at, prefix="review__"), is_published(at=at, prefix="review__tool__"))

    def due_soonest(self) -> Self:
        """Return the open predictions, those due first or overdue first."""
        return self.filter(outcome=Outcome.OPEN).order_by("due_on", "pk")

    def judged(self) -> Self:
        """Return the judged predictions, latest first; those without a day of judgment come last, by due day."""
        return self.exclude(outcome=Outcome.OPEN).order_by(*JUDGED)

    def of_seat(self, reviewer: int | OuterRef) -> Self:
        """Return the predictions of a reviewer, given by id, with their tools, those due last first."""
        return self.filter(review__reviewer=reviewer).select_related("review__tool").order_by("-due_on", "-pk")

    def outcomes(self) -> dict[int, Counter[str]]:
        """Return the number of predictions per outcome, by reviewer's id."""
        counts: dict[int, Counter[str]] = defaultdict(Counter)
        rows = self.order_by().values_list("review__reviewer", "outcome").annotate(Count("pk"))
        for reviewer, outcome, number in rows:
            counts[reviewer][outcome] = number
        return counts


class Prediction(models.Model):
    """A dated claim in a review, which an editor judges later."""

    JUDGMENT_FIELDS = ("outcome", "note", "source", "judged_on")

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="predictions")
    claim = models.CharField(max_length=500)
    due_on = models.DateField()
    outcome = models.CharField(max_length=5, choices=Outcome, default=Outcome.OPEN)
    note = models.TextField(blank=True)
    source = models.URLField(max_length=500, blank=True, validators=[validate_web_address])
    judged_on = models.DateField(null=True, blank=True)

    objects = PredictionQuerySet.as_manager()
    history = History()

    class Meta:
        ordering = ["due_on", "pk"]
        indexes = [
            models.Index("due_on", "id", name="reviews_prediction_due"),
            models.Index("due_on", "id", name="reviews_prediction_open", condition=Q(outcome="open")),
            models.Index(*JUDGED, name="reviews_prediction_judged", condition=~Q(outcome="open")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["review", "claim"],
                name="reviews_prediction_once",
                violation_error_message="This review already makes that claim.",
            ),
            models.CheckConstraint(name="reviews_prediction_outcome_known", condition=Q(outcome__in=Outcome.values)),
            models.CheckConstraint(
                name="reviews_prediction_open_not_judged",
                condition=~Q(outcome=Outcome.OPEN) | Q(judged_on__isnull=True),
                violation_error_message="An open prediction must not have a day on which it was judged.",
            ),
            web_address_constraint("source", name="reviews_prediction_source_web"),
        ]

    def __str__(self) -> str:
        return self.claim
