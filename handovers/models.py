"""The hand-over of a draft or a pending change, the comments on it, and the people whom comments mention."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Length
from django.db.models.lookups import Exact, LessThanOrEqual
from django.utils import timezone

from comparisons.models import Comparison
from reviews.models import Review
from tools.models import Tool
from tools.publishing import PublicationState

if TYPE_CHECKING:
    from accounts.models import User

type Content = Tool | Review | Comparison

MAX_COMMENT_LENGTH = 4000
MAX_COMMENTS = 500  # per object
KINDS = ("tool", "review", "comparison")  # the fields that say what a hand-over is about: exactly one is set
RELATED = (
    "tool__pending_change",
    "review__tool",
    "review__reviewer",
    "comparison__first",
    "comparison__second",
    "comparison__pending_change",
)


class HandOverState(models.TextChoices):
    OPEN = "open", "Not handed over"
    WAITING = "waiting", "Waits for an editor"
    RETURNED = "returned", "Handed back"
    ACCEPTED = "accepted", "Accepted"


def _is_out(**condition: object) -> Q:
    """Return the condition that `published_at` of the object meets: `lte=now`, `isnull=False`, …"""
    [(lookup, value)] = condition.items()
    return Q(*((f"{kind}__published_at__{lookup}", value) for kind in KINDS), _connector=Q.OR)


def _is_still_pending() -> Q:
    """Return the condition that the pending change which was handed over still exists."""
    return Q(Exact(Coalesce("tool__pending_change", "comparison__pending_change", 0), F("pending_change")))


def find_pending_change(content: Content) -> int | None:
    """Return the id of the pending change of what readers see; None if there is none."""
    pending = getattr(content, "pending_change", None)  # a one-to-one relation, which reviews do not have
    return pending.pk if pending is not None and content.state == PublicationState.PUBLISHED else None


class HandOverQuerySet(models.QuerySet["HandOver"]):
    def about(self, content: Content) -> Self:
        """Filter to the hand-over of one object: there is at most one."""
        return self.filter(**{content._meta.model_name or "": content})

    def waiting(self) -> Self:
        """Filter to what waits for an editor: drafts and pending changes.

        What was published or scheduled in any way has been decided, and so has a pending change that is gone.
        """
        is_draft = Q(pending_change__isnull=True) & ~_is_out(isnull=False)
        return self.filter(is_draft | _is_still_pending(), state=HandOverState.WAITING)

    def to_rework(self) -> Self:
        """Filter to what was handed back and still exists as it was."""
        return self.filter(Q(pending_change__isnull=True) | _is_still_pending(), state=HandOverState.RETURNED)

    def answered(self, *, at: datetime) -> Self:
        """Filter to answered hand-overs (returned, accepted, published) that the person who asked has not read."""
        published = Q(state=HandOverState.WAITING, pending_change__isnull=True) & _is_out(lte=at)
        decided = Q(state__in=[HandOverState.RETURNED, HandOverState.ACCEPTED])
        return self.filter(published | decided, is_answer_read=False)

    def with_content(self) -> Self:
        return self.select_related(*RELATED, "handed_over_by", "decided_by")

    def with_words(self) -> Self:
        """Annotate `step`, the last step of the hand-over, and `words`, its text. Comments may have followed it."""
        steps = Comment.objects.filter(hand_over=OuterRef("pk")).exclude(kind=CommentKind.COMMENT).order_by("-pk")
        return self.annotate(words=Subquery(steps.values("text")[:1]), step=Subquery(steps.values("kind")[:1]))


class HandOver(models.Model):
    """The hand-over of one object, and the place of its comments. It is deleted with the object."""

    tool = models.OneToOneField(Tool, on_delete=models.CASCADE, null=True, related_name="+")
    review = models.OneToOneField(Review, on_delete=models.CASCADE, null=True, related_name="+")
    comparison = models.OneToOneField(Comparison, on_delete=models.CASCADE, null=True, related_name="+")
    pending_change = models.BigIntegerField(null=True)
    """The id of the pending change that was handed over (desk.models.PendingChange); None for a draft.

    It stays after the change is published or discarded, so that its comments are not taken for comments on the next
    one, which has another id.
    """
    state = models.CharField(max_length=8, choices=HandOverState, default=HandOverState.OPEN)
    handed_over_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    handed_over_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    is_answer_read = models.BooleanField(default=False)

    objects = HandOverQuerySet.as_manager()

    class Meta:
        verbose_name = "hand-over"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="handovers_about_one_object",
                condition=Q(tool__isnull=False, review__isnull=True, comparison__isnull=True)
                | Q(tool__isnull=True, review__isnull=False, comparison__isnull=True)
                | Q(tool__isnull=True, review__isnull=True, comparison__isnull=False),
                violation_error_message="A hand-over is about one object.",
            ),
            models.CheckConstraint(
                name="handovers_times_fit_state",
                condition=Q(state=HandOverState.OPEN)
                | Q(state=HandOverState.WAITING, handed_over_at__isnull=False, decided_at__isnull=True)
                | Q(
                    state__in=[HandOverState.RETURNED, HandOverState.ACCEPTED],
                    handed_over_at__isnull=False,
                    decided_at__isnull=False,
                ),
                violation_error_message="Its times do not fit its state.",
            ),
        ]
        indexes = [
            models.Index(fields=["handed_over_at"], name="handovers_waiting", condition=Q(state=HandOverState.WAITING)),
        ]

    def __str__(self) -> str:
        return f"hand-over of {self.content}"

    @property
    def content(self) -> Content:
        content = self.tool or self.review or self.comparison
        assert content is not None  # noqa: S101 (a constraint)
        return content

    def is_about(self, content: Content) -> bool:
        """Return whether it is about an object as it is now: a draft, or the pending change that it has."""
        pending = find_pending_change(content)
        is_work = content.state == PublicationState.DRAFT or pending is not None
        return is_work and self.pending_change == pending

    def waits_for(self, content: Content) -> bool:
        """Return whether it waits for an editor to decide about an object as it is now."""
        return self.state == HandOverState.WAITING and self.is_about(content)


class CommentKind(models.TextChoices):
    """What its author did with it."""

    COMMENT = "comment", "commented"
    HAND_OVER = "handover", "handed it over"
    RETURN = "return", "handed it back"
    ACCEPT = "accept", "accepted it"
    TAKE_BACK = "takeback", "took it back"
    PUBLISH = "publish", "published the pending change"
    DISCARD = "discard", "discarded the pending change"


class Comment(models.Model):
    """What somebody said about an object, or did with its hand-over. Nobody changes or deletes one."""

    hand_over = models.ForeignKey(HandOver, on_delete=models.CASCADE, related_name="comments")
    kind = models.CharField(max_length=8, choices=CommentKind, default=CommentKind.COMMENT)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.TextField(max_length=MAX_COMMENT_LENGTH, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="handovers_comment_length",
                condition=LessThanOrEqual(Length("text"), MAX_COMMENT_LENGTH),
                violation_error_message=f"A comment has at most {MAX_COMMENT_LENGTH:,} characters.",
            ),
            models.CheckConstraint(
                name="handovers_comment_says_something",
                condition=~Q(text="") | ~Q(kind=CommentKind.COMMENT),
                violation_error_message="A comment has words.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.author_name} {self.get_kind_display()}"

    @property
    def author_name(self) -> str:
        return name_person(self.author)


class CommentMention(models.Model):
    """A person whom a comment mentions, until they have read or answered it."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    is_read = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["comment", "user"],
                name="handovers_mention_once",
                violation_error_message="The comment already mentions this person.",
            ),
        ]
        indexes = [models.Index(fields=["user"], name="handovers_unread_mentions", condition=Q(is_read=False))]

    def __str__(self) -> str:
        return f"{self.user} in comment {self.comment_id}"


def name_person(user: "User | None") -> str:
    """Return what the desk calls a person; one whose account was deleted is a former colleague."""
    return user.get_full_name() or user.get_username() if user else "A former colleague"
