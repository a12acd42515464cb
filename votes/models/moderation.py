"""Reasons to hold and reject votes, freezes, and the log of decisions."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from tools.models import Tool


class HeldFor(models.TextChoices):
    """Why a vote was held when it was cast."""

    TOOL = "tool", "Many from one network on this tool"
    PAIR = "pair", "Many from one network on this pair"
    NETWORK = "network", "Many from one network"
    BURST = "burst", "Many at once"
    FREEZE = "freeze", "Voting was frozen"

    @classmethod
    def of_tools(cls) -> list[tuple[str, str]]:
        """Return the reasons to hold a vote on a tool, with their labels."""
        return [(reason.value, str(reason.label)) for reason in cls if reason != cls.PAIR]


class Reason(models.TextChoices):
    """The class of a decision's reason. Readers see the classes of rejections in the public ledger."""

    FLOOD = "flood", "Network flood"
    SCRIPT = "script", "Script"
    DUPLICATE = "duplicate", "The same people again"
    OFFICE = "office", "Shared office or school"
    CROWD = "crowd", "Real visitors, many at once"
    OTHER = "other", "Other"

    @classmethod
    def rejecting(cls) -> list[tuple[str, str]]:
        """Return the reasons to reject a vote, with their labels."""
        return [(reason.value, str(reason.label)) for reason in (cls.FLOOD, cls.SCRIPT, cls.DUPLICATE, cls.OTHER)]

    @classmethod
    def releasing(cls) -> list[tuple[str, str]]:
        """Return the reasons to release a vote, with their labels."""
        return [(reason.value, str(reason.label)) for reason in (cls.OFFICE, cls.CROWD, cls.OTHER)]


class Action(models.TextChoices):
    HOLD = "hold", "Put under review"
    RELEASE = "release", "Released"
    REJECT = "reject", "Rejected"
    REOPEN = "reopen", "Back under review"
    FREEZE = "freeze", "Frozen"
    THAW = "thaw", "No longer frozen"


class Freeze(models.Model):
    """A tool on which every new vote is held. The log of decisions says who froze it and why."""

    tool = models.OneToOneField(Tool, on_delete=models.CASCADE, primary_key=True, related_name="freeze")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"frozen: {self.tool_id}"


class Decision(models.Model):
    """A moderator's decision about votes on one subject. A trigger refuses to change or delete it.

    Readers see it in the public log (`votes.decision_log`), without the names of people. It outlives tools and users,
    so it stores their names too. A decision about a pair has no `tool` but `first` and
    `second`, in the order of their ids. `yes` and `no` count votes for ship and skip, or for the first and the second.
    """

    tool = models.ForeignKey(
        Tool, on_delete=models.DO_NOTHING, null=True, db_constraint=False, related_name="decisions"
    )
    first = models.ForeignKey(
        Tool, on_delete=models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    second = models.ForeignKey(
        Tool, on_delete=models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    tool_name = models.CharField(max_length=300)
    action = models.CharField(max_length=7, choices=Action)
    reason = models.CharField(max_length=9, choices=Reason)
    words = models.CharField(max_length=500, help_text="Why, in a sentence.")
    has_public_words = models.BooleanField(
        default=True,
        db_default=False,
        help_text="Whether the sentence was written for readers. Those from before the public log were not.",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    by_name = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    votes = models.IntegerField(help_text="The number of votes it moved.")
    yes = models.IntegerField()
    no = models.IntegerField()
    networks = models.IntegerField(help_text="The number of networks they came from.")
    first_at = models.DateTimeField(null=True, help_text="When the first of them was cast.")
    last_at = models.DateTimeField(null=True)
    undoes = models.ForeignKey("self", on_delete=models.DO_NOTHING, null=True, related_name="undone_by")

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index("first", "second", name="votes_decision_pair", condition=Q(first__isnull=False))]
        constraints = [
            models.CheckConstraint(
                name="votes_decision_says_why",
                condition=~Q(words="") & Q(action__in=Action.values, reason__in=Reason.values),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.tool_name}"

    @property
    def moves_votes(self) -> bool:
        """Whether it released or rejected votes, so that it can be taken back."""
        return self.action in (Action.RELEASE, Action.REJECT)
