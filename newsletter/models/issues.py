"""The weekly issues."""

from collections import defaultdict
from datetime import datetime
from typing import Any, Self

from django.db import connection, models
from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone

from newsletter.models.queue import MAX_REASON_LENGTH
from tools.row_history import History


class IssueState(models.TextChoices):
    DRAFT = "draft", "Draft"
    READY = "ready", "Ready to send"
    SENDING = "sending", "Being sent"
    PAUSED = "paused", "Paused"
    SENT = "sent", "Sent"
    STOPPED = "stopped", "Stopped"


OUT = (IssueState.SENDING, IssueState.PAUSED, IssueState.SENT, IssueState.STOPPED)
GOING_OUT = (IssueState.SENDING, IssueState.PAUSED)
UNSENT = (IssueState.DRAFT, IssueState.READY)
UNTOLD = (IssueState.DRAFT, IssueState.STOPPED)  # their news is news for the next issue, too


class IssueQuerySet(models.QuerySet["Issue"]):
    def out(self) -> Self:
        """Keep the issues whose sending has started. They are on the web, too."""
        return self.filter(state__in=OUT)

    def newest_first(self) -> Self:
        return self.order_by("-number")

    def composed(self) -> Self:
        """Keep the issues whose news counts as reported: no draft, which is composed again, no stopped one, and none
        that was written without looking for news.
        """
        return self.exclude(state__in=UNTOLD).exclude(since_at=None)

    def stopped(self) -> Self:
        return self.filter(state=IssueState.STOPPED)

    def list_told(self, *, newest: int | None = None, but: int | None = None) -> dict[str, set[int]]:
        """Return the ids of the objects that issues have reported on, by kind of item.

        Drafts and stopped issues do not count, nor what an editor left out. `newest` is how many issues to look at
        (default: all), `but` the id of one to ignore. One query.
        """
        told: dict[str, set[int]] = defaultdict(set)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT item ->> 'kind', (item ->> 'object')::bigint FROM ("
                " SELECT content FROM newsletter_issue"
                " WHERE state NOT IN ('draft', 'stopped') AND id IS DISTINCT FROM %s::bigint"
                " ORDER BY number DESC LIMIT %s"
                ") AS issue, jsonb_array_elements(content) AS item"
                " WHERE NOT coalesce((item ->> 'is_left_out')::boolean, false)",
                [but, newest],
            )
            for kind, pk in cursor.fetchall():
                told[kind].add(pk)
        return told

    def next_number(self) -> int:
        return (self.aggregate(last=Max("number"))["last"] or 0) + 1


class Issue(models.Model):
    """One week's issue: a snapshot of the news, composed from the site's data, and an editor's lead."""

    number = models.PositiveIntegerField(unique=True, editable=False)
    state = models.CharField(max_length=7, choices=IssueState, default=IssueState.DRAFT, editable=False)
    subject = models.CharField(max_length=120)
    lead = models.TextField(
        blank=True, max_length=4000, help_text="The paragraph before the news. Markdown. Raw HTML is escaped."
    )
    since_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="What was published after this counts as news. Empty if nobody looked for news.",
    )
    composed_at = models.DateTimeField(default=timezone.now, editable=False)
    content: "models.JSONField[Any, Any]" = models.JSONField(
        verbose_name="pieces", default=list, editable=False
    )  # newsletter.content.NewsItem
    scheduled_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When a worker starts to send it, if it is ready."
    )
    trouble = models.CharField(
        max_length=MAX_REASON_LENGTH,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Why it was not sent at its time.",
    )
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    history = History()

    objects = IssueQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        permissions = [("send_issue", "Can send, pause, resume, and stop issues, and decide about unknown deliveries")]
        indexes = [models.Index(fields=["-number"], name="newsletter_issue_archive", condition=Q(state__in=OUT))]
        constraints = [
            models.CheckConstraint(name="newsletter_issue_state_known", condition=Q(state__in=IssueState.values)),
            models.CheckConstraint(
                name="newsletter_issue_out_has_started",
                condition=Q(state__in=UNSENT, started_at__isnull=True) | Q(state__in=OUT, started_at__isnull=False),
            ),
            models.CheckConstraint(
                name="newsletter_issue_scheduled_is_ready",
                condition=Q(scheduled_at__isnull=True) | Q(state=IssueState.READY),
            ),
            models.UniqueConstraint(
                fields=["state"],
                condition=Q(state__in=UNSENT),
                name="newsletter_issue_one_draft",
                violation_error_message="An issue in this state already exists.",
            ),
        ]

    def __str__(self) -> str:
        return f"Issue {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("newsletter-issue", args=[self.number])

    @property
    def is_out(self) -> bool:
        return self.state in OUT

    @property
    def day(self) -> datetime:
        """When its sending started, or before that, when it was composed."""
        return self.started_at or self.composed_at
