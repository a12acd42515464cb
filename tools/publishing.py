"""What tools, reviews and comparisons share: draft, scheduled, published, withdrawn."""

from datetime import datetime
from typing import Any, Self

import psycopg
from django.db import IntegrityError, models, transaction
from django.utils import timezone


class PublicationState(models.TextChoices):
    DRAFT = "draft", "Draft"
    SCHEDULED = "scheduled", "Scheduled"
    PUBLISHED = "published", "Published"
    WITHDRAWN = "withdrawn", "Withdrawn"


def is_published(*, at: datetime | None = None, prefix: str = "") -> models.Q:
    """The condition for being public at an instant (default: now); `prefix` is a look-up path such as `tool__`.

    In SQL statements it is the function `is_published` (tools/sql/publishing.sql).
    """
    return models.Q(**{f"{prefix}published_at__lte": at or timezone.now(), f"{prefix}withdrawn_at__isnull": True})


class PublishableQuerySet(models.QuerySet[Any]):
    def published(self, *, at: datetime | None = None) -> Self:
        """What the public may see at an instant (default: now)."""
        return self.filter(is_published(at=at))


class TransitionError(ValueError):
    """A step that what a thing is does not allow. The message says why, in words for editors."""


class Publishable(models.Model):
    """Content that appears by itself at `published_at`, and is taken off the site at `withdrawn_at`.

    No job publishes anything: every public query compares `published_at` with the clock. Both times are moved by the
    methods here alone, and by catalog files, which say what is public (docs/decisions/0010-publishing.md).

        draft ── publish(at) ──▶ scheduled ── the clock, or publish() ──▶ published ── withdraw() ──▶ withdrawn
          ▲                          │                                        ▲                          │
          └────── unschedule() ──────┘                                        └──────── put_back() ──────┘
    """

    published_at = models.DateTimeField(
        null=True, blank=True, help_text="Empty: a draft. In the future: it appears by itself at that time (UTC)."
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def state(self) -> PublicationState:
        if self.withdrawn_at:
            return PublicationState.WITHDRAWN
        if self.published_at is None:
            return PublicationState.DRAFT
        return PublicationState.PUBLISHED if self.published_at <= timezone.now() else PublicationState.SCHEDULED

    @property
    def was_public(self) -> bool:
        """Whether readers see it or have seen it: then it is superseded or withdrawn, and never deleted.

        Goes by the time that is set now. The database looks into the history as well (tools/sql/history.sql).
        """
        return self.published_at is not None and self.published_at <= timezone.now()

    def publish(self, *, at: datetime | None = None, reason: str = "") -> None:
        """Let it appear now, or by itself at a later instant; what is scheduled is moved. `reason` is for the history.

        Raises TransitionError if it is or was public, if `at` has passed, or if a constraint forbids it.
        """
        self._only(PublicationState.DRAFT, PublicationState.SCHEDULED, step="published")
        now = timezone.now()
        if at is not None and at <= now:
            raise TransitionError("That time has passed.")
        self._move(reason, published_at=at or now)

    def unschedule(self, *, reason: str = "") -> None:
        """Make a draft again of what was never public. Raises TransitionError for anything that is not scheduled."""
        self._only(PublicationState.SCHEDULED, step="made a draft again")
        self._move(reason, published_at=None)

    def withdraw(self, *, reason: str = "") -> None:
        """Take it off the site and keep it. Withdrawing twice changes nothing.

        Raises TransitionError for what was never public: a draft is deleted, and what is scheduled is unscheduled.
        """
        if self.withdrawn_at is None:
            self._only(PublicationState.PUBLISHED, step="withdrawn")
            self._move(reason, withdrawn_at=timezone.now())

    def put_back(self, *, reason: str = "") -> None:
        """Return a withdrawn object to the site under its first publication time. Raises TransitionError otherwise."""
        self._only(PublicationState.WITHDRAWN, step="put back")
        self._move(reason, withdrawn_at=None)

    def _only(self, *states: PublicationState, step: str) -> None:
        if self.state not in states:
            is_what = "is a draft" if self.state == PublicationState.DRAFT else f"is {self.state.label.lower()}"
            raise TransitionError(f"It {is_what} and cannot be {step}.")

    def _move(self, reason: str, **times: datetime | None) -> None:
        """Write one of the two times, and why; or raise TransitionError with the words of the constraint against it."""
        before = {name: getattr(self, name) for name in times}
        for name, value in times.items():
            setattr(self, name, value)
        self._change_reason = reason  # django-simple-history keeps it
        try:
            with transaction.atomic():
                self.save(update_fields=list(times))
        except IntegrityError as error:
            for name, value in before.items():
                setattr(self, name, value)
            broken = error.__cause__.diag.constraint_name if isinstance(error.__cause__, psycopg.Error) else None
            words = [str(rule.violation_error_message) for rule in self._meta.constraints if rule.name == broken]
            if not words:
                raise
            raise TransitionError(words[0]) from error
        finally:
            del self._change_reason
