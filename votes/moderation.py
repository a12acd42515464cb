"""Held votes, what moderators decide of them, and the log of that. What they do: votes/deciding.py."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import connection, models
from django.db.models import Q
from django.utils import timezone

from tools.models import Tool
from web.words import shorten


class HeldFor(models.TextChoices):
    """Why a vote was held when it came."""

    TOOL = "tool", "Many from one network on this tool"
    NETWORK = "network", "Many from one network"
    BURST = "burst", "Many on this tool at once"
    FREEZE = "freeze", "Voting on this tool was frozen"


class PairHeldFor(models.TextChoices):
    """Why a vote between two tools was held when it came."""

    PAIR = "pair", "Many from one network on this pair"
    NETWORK = "network", "Many from one network"
    BURST = "burst", "Many on this pair at once"
    FREEZE = "freeze", "Voting on one of the two was frozen"


class Reason(models.TextChoices):
    """The class of a decision's reason. Readers see those of rejections (the public ledger)."""

    FLOOD = "flood", "Network flood"
    SCRIPT = "script", "Script"
    DUPLICATE = "duplicate", "The same people again"
    OFFICE = "office", "Shared office or school"
    CROWD = "crowd", "Real visitors, many at once"
    OTHER = "other", "Other"

    @classmethod
    def rejecting(cls) -> list[tuple[str, str]]:
        """Those that a vote can be rejected for, with their labels."""
        return [(reason.value, str(reason.label)) for reason in (cls.FLOOD, cls.SCRIPT, cls.DUPLICATE, cls.OTHER)]

    @classmethod
    def releasing(cls) -> list[tuple[str, str]]:
        return [(reason.value, str(reason.label)) for reason in (cls.OFFICE, cls.CROWD, cls.OTHER)]


class Action(models.TextChoices):
    RELEASE = "release", "Released"
    REJECT = "reject", "Rejected"
    REOPEN = "reopen", "Back under review"
    FREEZE = "freeze", "Frozen"
    THAW = "thaw", "No longer frozen"


class Freeze(models.Model):
    """A tool on which every new vote is held. Who froze it, and why, is in the log."""

    tool = models.OneToOneField(Tool, on_delete=models.CASCADE, primary_key=True, related_name="freeze")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"frozen: {self.tool_id}"


class Decision(models.Model):
    """What was decided of some votes on a tool, by whom and why.

    A trigger refuses to change or delete it (votes/sql/decisions.sql). It outlives the tool and the user, so it keeps
    their names too. Of votes between two tools it has no tool but `first` and `second`, and the name "A vs B"
    (`pair_name`); `ship` are then those for A and `skip` those for B.
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
    votes = models.IntegerField(help_text="How many it moved.")
    ship = models.IntegerField()
    skip = models.IntegerField()
    networks = models.IntegerField(help_text="From how many networks they came.")
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


@dataclass(frozen=True, slots=True)
class Group:
    """Votes that were cast in one hour from one network (None: not known)."""

    hour_at: datetime
    network: uuid.UUID | None
    held_for: list[str]

    @property
    def short_network(self) -> str:
        return self.network.hex[:8] if self.network else "unknown"

    @property
    def key(self) -> str:
        """How a form names it; `parse_key` reads it."""
        return f"{int(self.hour_at.timestamp())}.{self.network.hex if self.network else ''}"


@dataclass(frozen=True, slots=True)
class HeldGroup(Group):
    """Held votes on one tool."""

    ship: int
    skip: int
    taken_back: int

    @property
    def votes(self) -> int:
        return self.ship + self.skip + self.taken_back

    @property
    def held_for_words(self) -> str:
        return "; ".join(HeldFor(value).label for value in self.held_for)


@dataclass(frozen=True, slots=True)
class HeldPairGroup(Group):
    """Held votes between two tools, in the order of their ids."""

    first: int
    second: int
    neither: int
    taken_back: int

    @property
    def held_for_words(self) -> str:
        words = dict(PairHeldFor.choices)  # no constraint keeps others out
        return "; ".join(str(words.get(value, value or "not known")) for value in self.held_for)


def parse_key(key: str) -> tuple[datetime, str]:
    """The hour and the network (hex, or "") of a group's key. Raises ValueError for anything else."""
    seconds, dot, network = key.partition(".")
    try:
        if dot and (not network or uuid.UUID(network).hex == network):
            return datetime.fromtimestamp(int(seconds), tz=UTC), network
    except (ValueError, OverflowError, OSError):
        pass
    raise ValueError(f"{key!r} names no group of votes")


_GROUPS = """
SELECT date_trunc('hour', created_at, 'UTC'), network, array_agg(DISTINCT held_for ORDER BY held_for),
       count(*) FILTER (WHERE choice = 'ship'), count(*) FILTER (WHERE choice = 'skip'),
       count(*) FILTER (WHERE choice = 'none'), count(*) OVER ()
FROM votes_vote WHERE tool_id = %s AND state = 'held' AND created_at <= %s
GROUP BY 1, 2 ORDER BY 1 DESC, count(*) DESC, 2 LIMIT %s OFFSET %s
"""


def held_groups(tool_id: int, *, until: datetime, most: int, start: int = 0) -> tuple[list[HeldGroup], int]:
    """The held votes on a tool that were cast until an instant, grouped; newest hours first, and in them the largest.

    At most so many from the given place on, and how many there are in all (0 for a place beyond the end).
    """
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, [tool_id, until, most, start])
        rows = cursor.fetchall()
    return [HeldGroup(*row[:-1]) for row in rows], rows[0][-1] if rows else 0


_PAIR_GROUPS = """
SELECT date_trunc('hour', created_at, 'UTC'), network, array_agg(DISTINCT held_for ORDER BY held_for),
       count(*) FILTER (WHERE choice = 'first'), count(*) FILTER (WHERE choice = 'second'),
       count(*) FILTER (WHERE choice = 'neither'), count(*) FILTER (WHERE choice = 'none'), count(*) OVER ()
FROM votes_pairvote WHERE first_id = %s AND second_id = %s AND state = 'held' AND created_at <= %s
GROUP BY 1, 2 ORDER BY 1 DESC, count(*) DESC, 2 LIMIT %s OFFSET %s
"""


def held_pair_groups(
    pair: tuple[int, int], *, until: datetime, most: int, start: int = 0
) -> tuple[list[HeldPairGroup], int]:
    """As `held_groups`, of the votes between two tools (ids in their order)."""
    with connection.cursor() as cursor:
        cursor.execute(_PAIR_GROUPS, [*pair, until, most, start])
        rows = cursor.fetchall()
    return [HeldPairGroup(*row[:-1]) for row in rows], rows[0][-1] if rows else 0


def pair_name(first: Tool, second: Tool) -> str:
    """What decisions on the votes between two tools call them; the two in the order of their ids."""
    return f"{shorten(first.name, 147)} vs {shorten(second.name, 147)}"
