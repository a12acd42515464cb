"""Votes on tools, and their tally."""

import uuid
from datetime import datetime
from typing import Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import connection, models
from django.db.models import Q
from django.utils import timezone

from tools.models import Tool
from votes.community import Community
from votes.models.listing import Listing
from votes.models.moderation import HeldFor, Reason
from votes.models.states import BaseVote, BaseVoteQuerySet, CastResult, VoteState


class Choice(models.TextChoices):
    SHIP = "ship", "Ship"
    SKIP = "skip", "Skip"
    NONE = "none", "Take it back"


class VoteQuerySet(BaseVoteQuerySet):
    def cast(
        self,
        *,
        tool: Tool,
        visitor: uuid.UUID,
        choice: Choice,
        held_for: str = "",
        network: uuid.UUID | None = None,
        at: datetime | None = None,
    ) -> CastResult[Community]:
        """Set a visitor's vote on a tool to `choice`; `Choice.NONE` takes it back. Idempotent.

        A new vote is held for `held_for`, unless that is ""; an existing one keeps its state. This is one statement,
        committed when this returns outside a transaction. Triggers update the tally in the same transaction
        (votes/sql/tally.sql), and the order of lists then or after the commit (votes/sql/listings.sql).
        """
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT * FROM cast_vote(%s, %s, %s, %s, %s, %s)",
                [tool.pk, visitor, choice, held_for, network, at or timezone.now()],
            )
            state, ship, skip, percent, low, high, held, is_frozen = cursor.fetchone()
        Listing.objects.settle(tool)
        community = Community(ship, skip, percent, low, high, held=held, is_frozen=is_frozen)
        return CastResult(VoteState(state) if state else None, community)

    def cast_by(self, visitor: uuid.UUID) -> Self:
        """Keep a visitor's votes on published tools, whether they count or not."""
        return self.filter(visitor=visitor, tool__in=Tool.objects.published()).exclude(choice=Choice.NONE)


class Vote(BaseVote):
    """One visitor's vote on one tool."""

    tool = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="votes", db_index=False)
    choice = models.CharField(max_length=4, choices=Choice)
    state = models.CharField(max_length=8, choices=VoteState, default=VoteState.COUNTED, db_default=VoteState.COUNTED)
    held_for = models.CharField(max_length=7, choices=HeldFor.of_tools(), blank=True, default="", db_default="")
    rejected_for = models.CharField(max_length=9, choices=Reason.rejecting(), blank=True, default="", db_default="")

    objects = VoteQuerySet.as_manager()

    class Meta:
        permissions = [
            ("moderate_vote", "Can release and reject held votes"),
            ("freeze_tool", "Can freeze the votes on a tool"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["tool", "visitor"], name="votes_vote_one_per_visitor"),
            models.CheckConstraint(name="votes_vote_choice_known", condition=Q(choice__in=Choice.values)),
            models.CheckConstraint(name="votes_vote_state_known", condition=Q(state__in=VoteState.values)),
            models.CheckConstraint(
                name="votes_vote_held_says_why",
                condition=(
                    (~Q(state=VoteState.HELD) & Q(held_for=""))
                    | Q(held_for__in=[value for value, _ in HeldFor.of_tools()])
                ),
            ),
            models.CheckConstraint(
                name="votes_vote_rejected_says_why",
                condition=(
                    (~Q(state=VoteState.REJECTED) & Q(rejected_for=""))
                    | Q(state=VoteState.REJECTED, rejected_for__in=[value for value, _ in Reason.rejecting()])
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["visitor"], name="votes_vote_visitor"),
            models.Index(fields=["tool", "created_at"], name="votes_vote_held", condition=Q(state=VoteState.HELD)),
            BrinIndex(fields=["created_at"], name="votes_vote_created_at"),
        ]

    def __str__(self) -> str:
        return f"{self.choice} {self.tool_id}"


class Tally(models.Model):
    """Stored counts of the votes on a tool, in up to eight slots. A tool's count is the sum of its slots.

    Only triggers on `votes_vote` write here (votes/sql/tally.sql). A visitor's slot is computed from the visitor's id,
    so concurrent votes on a popular tool seldom wait for the same row.
    """

    SLOTS = 8

    pk = models.CompositePrimaryKey("tool_id", "slot")
    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="tallies", db_index=False)
    slot = models.PositiveSmallIntegerField()
    ship = models.IntegerField(default=0)
    skip = models.IntegerField(default=0)
    held = models.IntegerField(default=0, db_default=0)

    class Meta:
        verbose_name_plural = "tallies"
        constraints = [
            models.CheckConstraint(name="votes_tally_not_negative", condition=Q(ship__gte=0, skip__gte=0, held__gte=0)),
            models.CheckConstraint(name="votes_tally_slot_known", condition=Q(slot__gte=0, slot__lt=8)),
        ]

    def __str__(self) -> str:
        return f"tool {self.tool_id}, slot {self.slot}: {self.ship} ship, {self.skip} skip, {self.held} held"
