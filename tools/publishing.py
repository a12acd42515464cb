"""What tools, reviews and comparisons share: draft, scheduled, published, withdrawn."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.utils import timezone


class State(models.TextChoices):
    DRAFT = "draft", "Draft"
    SCHEDULED = "scheduled", "Scheduled"
    PUBLISHED = "published", "Published"
    WITHDRAWN = "withdrawn", "Withdrawn"


def is_published(*, at: datetime | None = None, prefix: str = "") -> models.Q:
    """The condition for being public at an instant (default: now); `prefix` is a look-up path such as `tool__`."""
    return models.Q(**{f"{prefix}published_at__lte": at or timezone.now(), f"{prefix}withdrawn_at__isnull": True})


class PublishableQuerySet(models.QuerySet[Any]):
    def published(self, *, at: datetime | None = None) -> Self:
        """What the public may see at an instant (default: now)."""
        return self.filter(is_published(at=at))


class Publishable(models.Model):
    """Content that appears by itself at `published_at` and disappears for good at `withdrawn_at`.

    No job publishes anything: every public query compares `published_at` with the clock.
    """

    published_at = models.DateTimeField(
        null=True, blank=True, help_text="Empty: a draft. In the future: it appears by itself at that time (UTC)."
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def state(self) -> State:
        if self.withdrawn_at:
            return State.WITHDRAWN
        if self.published_at is None:
            return State.DRAFT
        return State.PUBLISHED if self.published_at <= timezone.now() else State.SCHEDULED

    @property
    def has_been_public(self) -> bool:
        """Whether readers may have seen it, be it withdrawn since."""
        return self.published_at is not None and self.published_at <= timezone.now()

    def withdraw(self) -> None:
        """Take it off the site and keep it. Withdrawing twice changes nothing."""
        if self.withdrawn_at is None:
            self.withdrawn_at = timezone.now()
            self.save(update_fields=["withdrawn_at"])
