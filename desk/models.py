"""What the desk itself stores."""

from datetime import datetime
from typing import Any, Self, TypedDict

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from comparisons.models import Comparison
from tools.models import Tool
from web.words import format_moment

type Changeable = Tool | Comparison
"""What can have a pending change. A new edition of a review is a draft already."""


class PendingChangeQuerySet(models.QuerySet["PendingChange"]):
    def of(self, content: models.Model) -> Self:
        """Filter to the pending change of an object, which has one at most."""
        return self.filter(**{content._meta.model_name or "": content.pk})

    def due(self, *, at: datetime) -> Self:
        """Filter to the changes that a worker has to publish, the earliest first."""
        return self.filter(publish_at__lte=at, problem="").order_by("publish_at", "pk")


class StoredDifference(TypedDict):
    """What a pending change does to a row: its name ("" for the object itself), a verb, and [label, before, after]."""

    row: str
    verb: str
    fields: list[list[str]]


class PendingChange(models.Model):
    """A submission of an object's form that is kept instead of saved. Publishing submits it.

    It must appear on no public page, so it bumps no content revision (desk/pending/).
    """

    tool = models.OneToOneField(Tool, on_delete=models.CASCADE, null=True, related_name="pending_change")
    comparison = models.OneToOneField(Comparison, on_delete=models.CASCADE, null=True, related_name="pending_change")
    posted = models.JSONField()
    """The fields of the form, {name: [values]}, with the version that they were made from."""
    differences = models.JSONField(default=list)
    """What it changed when it was kept (desk/pending/differences.py)."""
    logo = models.CharField(max_length=32, blank=True, default="")
    """The stem of the files of a new logo (tools/logos.py), removed if they are not published; "" for none."""
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    kept_at = models.DateTimeField()
    publish_at = models.DateTimeField(null=True)
    scheduled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    problem = models.TextField(blank=True)
    """Why it was not published at its time; "" if nothing went wrong."""

    objects = PendingChangeQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="desk_pendingchange_one_subject",
                condition=Q(tool__isnull=False, comparison__isnull=True)
                | Q(tool__isnull=True, comparison__isnull=False),
            )
        ]
        indexes = [models.Index("publish_at", name="desk_pendingchange_due", condition=Q(publish_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.author_name}’s pending change of {format_moment(self.kept_at)}"

    @property
    def content(self) -> Changeable:
        subject = self.tool or self.comparison
        assert subject is not None  # noqa: S101 (for the types: a constraint guarantees it)
        return subject

    @property
    def author_name(self) -> str:
        return (self.author.get_full_name() or self.author.get_username()) if self.author else "someone"

    @property
    def scheduler_name(self) -> str:
        """Who scheduled it; "" if nobody did, or their account is gone."""
        return (self.scheduled_by.get_full_name() or self.scheduled_by.get_username()) if self.scheduled_by else ""

    @property
    def token(self) -> str:
        """What identifies this state of it. A form posts it back, which reveals that somebody has changed it since."""
        return f"{self.pk}-{self.kept_at.timestamp():.6f}"

    @property
    def count(self) -> int:
        """How many fields differ."""
        return sum(max(1, len(row["fields"])) for row in self.differences)

    @classmethod
    def keep(
        cls,
        content: Changeable,
        *,
        posted: QueryDict,
        differences: list[StoredDifference],
        author: object,
        logo: str = "",
    ) -> "PendingChange":
        """Store the pending change of an object, in place of the one that it had."""
        values = {
            "posted": dict(posted.lists()),
            "differences": differences,
            "author": author,
            "logo": logo,
            "kept_at": timezone.now(),
            "problem": "",
        }
        subject: dict[str, Any] = {content._meta.model_name or "": content}
        pending, _ = cls.objects.update_or_create(**subject, defaults=values)
        return pending

    def schedule(self, *, at: datetime, by: Any) -> None:
        """Let a worker publish it at a time, on behalf of a user."""
        self.publish_at, self.scheduled_by, self.problem = at, by, ""
        self.save(update_fields=["publish_at", "scheduled_by", "problem"])

    def unschedule(self) -> None:
        self.publish_at, self.scheduled_by, self.problem = None, None, ""
        self.save(update_fields=["publish_at", "scheduled_by", "problem"])

    def read_posted(self) -> QueryDict:
        """Return the fields of the form as they were posted."""
        posted = QueryDict(mutable=True)
        for name, values in self.posted.items():
            posted.setlist(name, values)
        return posted
