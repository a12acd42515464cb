import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tools.models import Tool


class Choice(models.TextChoices):
    SHIP = "ship", "Ship"
    SKIP = "skip", "Skip"


class VoteQuerySet(models.QuerySet["Vote"]):
    def cast(self, *, tool: Tool, visitor: uuid.UUID, choice: Choice | None) -> None:
        """Set a visitor's vote on a tool to `choice`, or take it back with None.

        It sets and does not toggle: saying the same again changes nothing. One statement, committed when this
        returns outside a transaction; the tally follows in the same transaction by trigger (migration 0002).
        """
        if choice is None:
            self.filter(tool=tool, visitor=visitor).delete()
            return
        self.bulk_create(
            [self.model(tool=tool, visitor=visitor, choice=choice)],
            update_conflicts=True,
            unique_fields=["tool", "visitor"],
            update_fields=["choice", "updated_at"],
        )


class Vote(models.Model):
    """What one visitor says of one tool."""

    tool = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="votes", db_index=False)
    visitor = models.UUIDField()
    choice = models.CharField(max_length=4, choices=Choice)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = VoteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tool", "visitor"], name="votes_vote_one_a_visitor"),
            models.CheckConstraint(name="votes_vote_choice_known", condition=Q(choice__in=Choice.values)),
        ]
        indexes = [models.Index(fields=["visitor"], name="votes_vote_visitor")]

    def __str__(self) -> str:
        return f"{self.choice} {self.tool_id}"


class Tally(models.Model):
    """How many counted votes say ship and skip, in up to eight slots a tool; a tool's count is the sum of its slots.

    Only triggers on `votes_vote` write here (migration 0002). A visitor's slot follows from the visitor's id, so that
    simultaneous votes on one popular tool seldom wait for the same row.
    """

    SLOTS = 8

    pk = models.CompositePrimaryKey("tool_id", "slot")
    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="tallies", db_index=False)
    slot = models.PositiveSmallIntegerField()
    ship = models.IntegerField(default=0)
    skip = models.IntegerField(default=0)

    class Meta:
        verbose_name_plural = "tallies"
        constraints = [
            models.CheckConstraint(name="votes_tally_not_negative", condition=Q(ship__gte=0, skip__gte=0)),
            models.CheckConstraint(name="votes_tally_slot_known", condition=Q(slot__gte=0, slot__lt=8)),
        ]

    def __str__(self) -> str:
        return f"tool {self.tool_id}, slot {self.slot}: {self.ship} ship, {self.skip} skip"
