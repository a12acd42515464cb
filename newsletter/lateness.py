"""Whether readers could see a row at an earlier time, according to what the site knew then.

The row itself stores only since when it counts as published. Its history shows when the site learned of it.
"""

from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from reviews.choices import Outcome
from reviews.models import Prediction
from tools.row_history import get_history_model


def was_public(model: type[models.Model], *, at: datetime, prefix: str = "") -> Q:
    """Return the condition that a row was public at `at`.

    `prefix` leads to a related row: it is what stands before its `id` or, with one more underscore, before its fields,
    such as `first_`. A row without any history (fake content, rows written with SQL) is judged by its present times.
    """
    then = Q(published_at__lte=at, withdrawn_at__isnull=True)
    published_at = f"{prefix}_published_at__lte" if prefix else "published_at__lte"
    now = models.Case(models.When(Q(**{published_at: at}), then=True), default=False)
    return _find_then(model, at=at, key=f"{prefix}id" if prefix else "pk", condition=then, without_history=now)


def was_judged(*, at: datetime) -> Q:
    """Return the condition that a prediction was judged at `at`."""
    now = models.Case(models.When(Q(judged_on__lte=at.date()), then=True), default=False)
    return _find_then(Prediction, at=at, key="pk", condition=~Q(outcome=Outcome.OPEN), without_history=now)


def _find_then(model: type[models.Model], *, at: datetime, key: str, condition: Q, without_history: models.Case) -> Q:
    """Return what `condition` said of the newest version until `at`; False if the row came later."""
    history = get_history_model(model)
    versions = history.objects.filter(id=OuterRef(key))
    then = versions.filter(history_date__lte=at).order_by("-history_date", "-history_id")
    answer = models.Case(models.When(condition, then=True), default=False)
    return Q(
        Coalesce(
            Subquery(then.annotate(answer=answer).values("answer")[:1], output_field=models.BooleanField()),
            models.Case(models.When(Exists(versions), then=False), default=without_history),
            output_field=models.BooleanField(),
        )
    )
