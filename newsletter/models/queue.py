"""Queued messages and the workers that send them."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from newsletter.models.subscribers import Subscriber
from tools.expressions import SortKey

MAX_REASON_LENGTH = 500  # characters of why something was not sent
SILENT_AFTER = timedelta(seconds=60)  # without a heartbeat


class SendState(models.TextChoices):
    QUEUED = "queued", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"
    LEFT = "left", "Left before it was sent"


class QueuedMail(models.Model):
    """One message to one address. Workers claim it while it is queued (`leased_until_at`), begin it, and record the
    result (`newsletter.sending`).
    """

    state = models.CharField(max_length=7, choices=SendState, default=SendState.QUEUED, db_default=SendState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    leased_until_at = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=100, blank=True, default="", db_default="")
    reason = models.CharField(max_length=MAX_REASON_LENGTH, blank=True, default="", db_default="")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class OutboxKind(models.TextChoices):
    SIGN_UP = "sign-up", "Reply to a sign-up"
    TEST = "test", "Test of an issue"
    DIGEST = "digest", "What waits at the desk"


class Outbox(QueuedMail):
    """A single message: the reply to a sign-up, a test of an issue to an editor, or what waits for one at the desk.

    The content of a reply or digest is determined when it is sent. It is sent at least once, so twice if a worker is
    killed at the wrong moment: a second reply does no harm, but a missing one would.
    """

    kind = models.CharField(max_length=8, choices=OutboxKind)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, null=True, related_name="+")
    payload = models.JSONField(default=dict, db_default={})
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "message in the outbox"
        verbose_name_plural = "outbox"
        indexes = [
            models.Index(fields=["next_attempt_at"], name="newsletter_outbox_queue", condition=Q(state="queued")),
            models.Index(fields=["leased_until_at"], name="newsletter_outbox_sending", condition=Q(state="sending")),
        ]
        constraints = [
            models.CheckConstraint(
                name="newsletter_outbox_state_known",
                condition=Q(state__in=[SendState.QUEUED, SendState.SENDING, SendState.SENT, SendState.FAILED]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class Worker(models.Model):
    """A running `manage.py worker`, as it reports itself."""

    name = models.CharField(max_length=100, unique=True)
    started_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField()
    sent = models.PositiveIntegerField(default=0)
    queue_length = models.PositiveIntegerField(default=0)
    oldest_at = models.DateTimeField(null=True, blank=True, help_text="When the oldest waiting message was due.")
    trouble = models.CharField(
        max_length=MAX_REASON_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text="Why it cannot send, as far as it knows.",
    )

    class Meta:
        ordering = [SortKey("name")]

    def __str__(self) -> str:
        return self.name

    def is_silent(self, *, now: datetime | None = None) -> bool:
        """Return whether it has sent no heartbeat for a minute: it was killed, or its machine is down."""
        return self.beat_at < (now or timezone.now()) - SILENT_AFTER


class DailyRun(models.Model):
    """One run of what must run daily (`newsletter.daily`), with the result of each step."""

    started_at = models.DateTimeField(default=timezone.now, db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Empty while it runs, or if it was killed.")
    machine = models.CharField(max_length=100)
    steps = models.JSONField(default=list, db_default=[], help_text="Objects with name, report, failed, and seconds.")
    differences = models.PositiveIntegerField(
        null=True, blank=True, help_text="In how many places counts differ from the votes. Empty if nobody looked."
    )

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"

    @property
    def failures(self) -> list[str]:
        """The names of the steps that failed."""
        return [step["name"] for step in self.steps if step["failed"]]
