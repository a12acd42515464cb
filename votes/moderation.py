"""What moderators decide of held votes, and the log of it."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone

from tools.models import Tool

# Held by whoever decides, until it commits: decisions about the same votes must not wait for each other in a circle.
_DECIDING = 0x115717


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
        return [(reason.value, reason.label) for reason in (cls.FLOOD, cls.SCRIPT, cls.DUPLICATE, cls.OTHER)]

    @classmethod
    def releasing(cls) -> list[tuple[str, str]]:
        return [(reason.value, reason.label) for reason in (cls.OFFICE, cls.CROWD, cls.OTHER)]


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
    """What was decided of some votes on a tool, by whom and why. A trigger refuses to change or delete it (0006).

    It outlives the tool and the user, so it keeps their names too.
    """

    tool = models.ForeignKey(
        Tool, on_delete=models.DO_NOTHING, null=True, db_constraint=False, related_name="decisions"
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
        constraints = [
            models.CheckConstraint(
                name="votes_decision_says_why",
                condition=~Q(words="") & Q(action__in=Action.values, reason__in=Reason.values),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.tool_name}"


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """Held votes on one tool that were cast in one hour from one network (None: not known)."""

    hour_at: datetime
    network: uuid.UUID | None
    held_for: list[str]
    ship: int
    skip: int
    taken_back: int

    @property
    def votes(self) -> int:
        return self.ship + self.skip + self.taken_back

    @property
    def key(self) -> str:
        """How a form names it; `parse_key` reads it."""
        return f"{int(self.hour_at.timestamp())}.{self.network.hex if self.network else ''}"


def parse_key(key: str) -> tuple[datetime, str]:
    """The hour and the network (hex, or "") of a group's key. Raises ValueError for anything else."""
    seconds, dot, network = key.partition(".")
    if not dot or (network and uuid.UUID(network).hex != network):
        raise ValueError(key)
    try:
        return datetime.fromtimestamp(int(seconds), tz=UTC), network
    except (OverflowError, OSError) as error:
        raise ValueError(key) from error


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


_DECIDE = """
WITH decided AS (
    UPDATE votes_vote SET state = %(state)s, rejected_for = %(rejected_for)s, decision_id = %(id)s
    WHERE {which}
    RETURNING choice, network, created_at
)
INSERT INTO votes_decision (
    id, tool_id, tool_name, action, reason, words, by_id, by_name, made_at, undoes_id,
    votes, ship, skip, networks, first_at, last_at
)
SELECT %(id)s, %(tool)s, %(tool_name)s, %(action)s, %(reason)s, %(words)s, %(by)s, %(by_name)s, %(at)s,
       %(undoes)s::bigint, count(*), count(*) FILTER (WHERE choice = 'ship'), count(*) FILTER (WHERE choice = 'skip'),
       count(DISTINCT network), min(created_at), max(created_at)
FROM decided HAVING count(*) > 0
RETURNING votes
"""
_HELD = "tool_id = %(tool)s AND state = 'held' AND created_at <= %(until)s"
_IN_GROUPS = """
    AND (date_trunc('hour', created_at, 'UTC'), COALESCE(replace(network::text, '-', ''), '')) IN (
        SELECT * FROM unnest(%(hours)s::timestamptz[], %(networks)s::text[])
    )"""
_DECIDED = "tool_id = %(tool)s AND decision_id = %(undoes)s AND state <> 'held'"


@transaction.atomic
def decide(
    *,
    tool: Tool,
    action: Action,
    groups: Iterable[tuple[datetime, str]] | None,
    until: datetime,
    reason: str,
    words: str,
    by: AbstractBaseUser,
) -> int:
    """Release or reject the held votes on a tool that were cast until an instant: what the moderator has seen.

    `groups` are hours and networks (`parse_key`); None takes all of them. One statement, whatever it moves; votes that
    change meanwhile keep their change. Returns how many it moved; where that is none, nothing is logged.
    """
    groups = None if groups is None else list(groups)
    return _decide(
        _HELD if groups is None else _HELD + _IN_GROUPS,
        tool=tool,
        action=action,
        reason=reason,
        words=words,
        by=by,
        state="rejected" if action == Action.REJECT else "counted",
        rejected_for=reason if action == Action.REJECT else "",
        until=until,
        hours=[hour for hour, _ in groups or []],
        networks=[network for _, network in groups or []],
        undoes=None,
    )


@transaction.atomic
def reopen(*, decision: Decision, words: str, by: AbstractBaseUser) -> int:
    """Put the votes that a decision moved, and no later one, back under review. Returns how many."""
    if decision.tool is None:
        return 0
    return _decide(
        _DECIDED,
        tool=decision.tool,
        action=Action.REOPEN,
        reason=Reason.OTHER,
        words=words,
        by=by,
        state="held",
        rejected_for="",
        undoes=decision.pk,
    )


def _decide(which: str, *, tool: Tool, by: AbstractBaseUser, **values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_DECIDING])
        cursor.execute("SELECT nextval(pg_get_serial_sequence('votes_decision', 'id'))")
        [pk] = cursor.fetchone()
        cursor.execute(
            _DECIDE.replace("{which}", which),
            {
                **values,
                "id": pk,
                "tool": tool.pk,
                "tool_name": tool.name,
                "by": by.pk,
                "by_name": by.get_username(),
                "at": timezone.now(),
            },
        )
        row = cursor.fetchone()
    return row[0] if row else 0


@transaction.atomic
def freeze(*, tool: Tool, frozen: bool, reason: str, words: str, by: AbstractBaseUser) -> bool:
    """Hold every new vote on a tool from now on, or no longer. Says whether that changed anything; if so, logs it."""
    if frozen:
        _, changed = Freeze.objects.get_or_create(tool=tool)
    else:
        changed = bool(Freeze.objects.filter(tool=tool).delete()[0])
    if changed:
        Decision.objects.create(
            tool=tool,
            tool_name=tool.name,
            action=Action.FREEZE if frozen else Action.THAW,
            reason=reason,
            words=words,
            by_id=by.pk,
            by_name=by.get_username(),
            made_at=timezone.now(),
            votes=0,
            ship=0,
            skip=0,
            networks=0,
        )
    return changed
