"""What votes on tools and between two tools share."""

from dataclasses import dataclass
from typing import Any, Self

from django.db import models
from django.utils import timezone

from votes.models.moderation import Decision
from votes.ratio import Ratio

NONE = "none"  # the choice of a vote that its voter took back, of either kind


class VoteState(models.TextChoices):
    """Whether a vote counts. The state belongs to the row: changing the choice does not change it."""

    COUNTED = "counted", "Counted"
    HELD = "held", "Under review"
    REJECTED = "rejected", "Not counted"


@dataclass(frozen=True, slots=True)
class CastResult[Numbers: Ratio]:
    """The state of a vote after it was cast, and the numbers of its subject. `state` is None if there is no vote."""

    state: VoteState | None
    numbers: Numbers


class BaseVoteQuerySet(models.QuerySet[Any]):
    def counted(self) -> Self:
        """Keep votes that count: neither held, nor rejected, nor taken back."""
        return self.filter(state=VoteState.COUNTED).exclude(choice=NONE)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")


class BaseVote(models.Model):
    """One visitor's vote on one subject. Rows are never deleted: one that is taken back has the choice `none`."""

    visitor = models.UUIDField()
    network = models.UUIDField(null=True, help_text="The hash of where it was first cast from (votes/network.py).")
    decision = models.ForeignKey(
        Decision,
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,  # decisions are never deleted, and a check per row would slow down large ones
        db_index=False,
        related_name="+",
        help_text="The latest one about it.",
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True
