"""Publication states shared by tools, reviews, and comparisons: draft, scheduled, published, withdrawn."""

from datetime import datetime
from typing import Any, Self

import psycopg
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.functional import cached_property


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


def is_draft(*, prefix: str = "") -> models.Q:
    """The condition for being a draft; `prefix` is a look-up path such as `review__`."""
    return models.Q(**{f"{prefix}published_at__isnull": True, f"{prefix}withdrawn_at__isnull": True})


class PublishableQuerySet(models.QuerySet[Any]):
    def drafts(self) -> Self:
        return self.filter(is_draft())

    def published_or_withdrawn(self) -> Self:
        """Filter to rows whose publication time has passed: no drafts, nothing scheduled.

        Unlike `ever_public`, it leaves out what was public before it became a draft or was scheduled again.
        """
        return self.filter(published_at__lte=timezone.now())

    def published(self, *, at: datetime | None = None) -> Self:
        """Filter to rows that are public at a time (default: now)."""
        return self.filter(is_published(at=at))

    def ever_public(self) -> Self:
        """Filter to rows that readers have been able to see at some time, withdrawn ones included.

        The function `was_public` (tools/sql/history.sql) looks into the history, because a file or a schedule that was
        moved can have changed `published_at`.
        """
        return self.filter(self._ask_history("was_public", models.BooleanField()))

    def public_since(self) -> dict[int, datetime]:
        """Return when each row that readers have been able to see at some time came out, by id."""
        came_out = self._ask_history("public_since", models.DateTimeField())
        return dict(self.ever_public().order_by().values_list("pk", came_out))

    def _ask_history(self, function: str, returned: "models.Field[Any, Any]") -> models.Func:
        model: Any = self.model
        call = f"{function}('{model.history.model._meta.db_table}', %(expressions)s)"
        return models.Func("pk", "published_at", template=call, output_field=returned)


class TransitionError(ValueError):
    """A transition that the object's state does not allow. The message tells editors why."""


class Publishable(models.Model):
    """Content that appears on the site at `published_at` and leaves it at `withdrawn_at`.

    No job publishes anything: every public query compares `published_at` with the clock. Only the methods of this
    class set the two times, and catalog files, which state what is public (docs/decisions/0010-publishing.md).

        draft ── publish(at) ──▶ scheduled ── the clock, or publish() ──▶ published ── withdraw() ──▶ withdrawn
          ▲                          │                                        ▲                          │
          └────── unschedule() ──────┘                                        └──────── put_back() ──────┘
    """

    TIME_FIELDS = ("published_at", "withdrawn_at")

    published_at = models.DateTimeField(
        null=True, blank=True, help_text="Empty: a draft. In the future: published automatically at that time (UTC)."
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

    def is_public_at(self, instant: datetime) -> bool:
        """Return whether it will be published at an instant, unless someone changes its state before."""
        return self.withdrawn_at is None and self.published_at is not None and self.published_at <= instant

    @property
    def was_public(self) -> bool:
        """Whether readers have been able to see it. Such content is superseded or withdrawn, and never deleted.

        One query for a draft or a scheduled object: it may have been public before, which only its history tells.
        """
        if self.published_at is not None and self.published_at <= timezone.now():
            return True
        return self._has_public_history

    @cached_property
    def _has_public_history(self) -> bool:
        rows: PublishableQuerySet = type(self)._default_manager.filter(pk=self.pk)  # type: ignore[assignment] # every manager is made from it
        return self.pk is not None and rows.ever_public().exists()

    def publish(self, *, at: datetime | None = None, reason: str = "") -> None:
        """Publish now, or schedule (or reschedule) for a later time. `reason` goes into the history.

        Raises TransitionError if it is or was public, if `at` has passed, or if a constraint forbids it.
        """
        self._require_state(PublicationState.DRAFT, PublicationState.SCHEDULED, step="published")
        now = timezone.now()
        if at is not None and at <= now:
            raise TransitionError("That time has passed.")
        self._save_times(reason, published_at=at or now)

    def unschedule(self, *, reason: str = "") -> None:
        """Turn a scheduled object back into a draft. Raises TransitionError if it is not scheduled."""
        self._require_state(PublicationState.SCHEDULED, step="made a draft again")
        self._save_times(reason, published_at=None)

    def withdraw(self, *, reason: str = "") -> None:
        """Take it off the site without deleting it. Idempotent.

        Raises TransitionError if it was never public: delete a draft, unschedule a scheduled object.
        """
        if self.withdrawn_at is None:
            self._require_state(PublicationState.PUBLISHED, step="withdrawn")
            self._save_times(reason, withdrawn_at=timezone.now())

    def put_back(self, *, reason: str = "") -> None:
        """Return a withdrawn object to the site, with its original `published_at`. Raises TransitionError otherwise."""
        self._require_state(PublicationState.WITHDRAWN, step="put back")
        self._save_times(reason, withdrawn_at=None)

    def _require_state(self, *states: PublicationState, step: str) -> None:
        if self.state not in states:
            is_what = "is a draft" if self.state == PublicationState.DRAFT else f"is {self.state.label.lower()}"
            raise TransitionError(f"It {is_what} and cannot be {step}.")

    def _save_times(self, reason: str, **times: datetime | None) -> None:
        """Save one of the two times with a reason. If a constraint fails, raise TransitionError with its message."""
        before = {name: getattr(self, name) for name in times}
        for name, value in times.items():
            setattr(self, name, value)
        self._change_reason = reason  # read by django-simple-history
        try:
            with transaction.atomic():
                self.save(update_fields=list(times))
        except IntegrityError as error:
            for name, value in before.items():
                setattr(self, name, value)
            broken = error.__cause__.diag.constraint_name if isinstance(error.__cause__, psycopg.Error) else None
            messages = [str(rule.violation_error_message) for rule in self._meta.constraints if rule.name == broken]
            if not messages:
                raise
            raise TransitionError(messages[0]) from error
        finally:
            del self._change_reason
