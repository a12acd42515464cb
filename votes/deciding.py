"""What moderators do: release and reject held votes, freeze a tool. Each is written to the log of decisions."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.utils import timezone

from tools.models import Tool
from votes.models import Decision, Freeze, Listing, Reason
from votes.moderation import Action, pair_name
from web import locks
from web.locks import Lock

_DECIDE = """
WITH decided AS (
    {move}
    RETURNING choice, network, created_at
)
INSERT INTO votes_decision (
    id, tool_id, first_id, second_id, tool_name, action, reason, words, by_id, by_name, made_at, undoes_id,
    votes, ship, skip, networks, first_at, last_at
)
SELECT %(id)s, %(tool)s::bigint, %(first)s::bigint, %(second)s::bigint, %(tool_name)s,
       %(action)s, %(reason)s, %(words)s, %(by)s, %(by_name)s, %(at)s,
       %(undoes)s::bigint, count(*), count(*) FILTER (WHERE choice IN ('ship', 'first')),
       count(*) FILTER (WHERE choice IN ('skip', 'second')), count(DISTINCT network), min(created_at), max(created_at)
FROM decided HAVING count(*) > 0
RETURNING votes
"""
_MOVE = """UPDATE votes_vote SET state = %(state)s, rejected_for = %(rejected_for)s, decision_id = %(id)s
    WHERE {which}"""
_MOVE_PAIR = """UPDATE votes_pairvote SET state = %(state)s, decision_id = %(id)s
    WHERE first_id = %(first)s AND second_id = %(second)s AND """
_PAIR_HELD = "state = 'held' AND created_at <= %(until)s"
_PAIR_DECIDED = "decision_id = %(undoes)s AND state <> 'held'"
_HELD = "tool_id = %(tool)s AND state = 'held' AND created_at <= %(until)s"
_IN_GROUPS = """
    AND (date_trunc('hour', created_at, 'UTC'), COALESCE(replace(network::text, '-', ''), '')) IN (
        SELECT * FROM unnest(%(hours)s::timestamptz[], %(networks)s::text[])
    )"""
_DECIDED = "tool_id = %(tool)s AND decision_id = %(undoes)s AND state <> 'held'"


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


def decide_pair(
    *,
    pair: tuple[Tool, Tool],
    action: Action,
    groups: Iterable[tuple[datetime, str]] | None,
    until: datetime,
    reason: str,
    words: str,
    by: AbstractBaseUser,
) -> int:
    """As `decide`, of the held votes between two tools, in the order of their ids.

    The class of the reason stands in the log alone: the public ledger knows nothing of pairs.
    """
    groups = None if groups is None else list(groups)
    return _moved(
        _MOVE_PAIR + _PAIR_HELD + ("" if groups is None else _IN_GROUPS),
        pair=pair,
        action=action,
        reason=reason,
        words=words,
        by=by,
        state="rejected" if action == Action.REJECT else "counted",
        until=until,
        hours=[hour for hour, _ in groups or []],
        networks=[network for _, network in groups or []],
        undoes=None,
    )


def reopen_pair(*, pair: tuple[Tool, Tool], decision: Decision, words: str, by: AbstractBaseUser) -> int:
    """As `reopen`, of votes between two tools, in the order of their ids."""
    return _moved(
        _MOVE_PAIR + _PAIR_DECIDED,
        pair=pair,
        action=Action.REOPEN,
        reason=Reason.OTHER,
        words=words,
        by=by,
        state="held",
        undoes=decision.pk,
    )


def _decide(which: str, *, tool: Tool, **values: Any) -> int:
    moved = _moved(_MOVE.replace("{which}", which), tool=tool, **values)
    Listing.objects.settle(tool)
    return moved


def _moved(
    move: str,
    *,
    by: AbstractBaseUser,
    tool: Tool | None = None,
    pair: tuple[Tool, Tool] | None = None,
    **values: Any,
) -> int:
    """Move votes on a tool or a pair and log it, in one statement. Returns how many."""
    values |= {
        "tool": tool and tool.pk,
        "tool_name": tool.name if tool else pair_name(*pair) if pair else "",
        "first": pair and pair[0].pk,
        "second": pair and pair[1].pk,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        locks.hold(Lock.DECISION)
        cursor.execute("SELECT nextval(pg_get_serial_sequence('votes_decision', 'id'))")
        [pk] = cursor.fetchone()
        cursor.execute(
            _DECIDE.replace("{move}", move),
            {**values, "id": pk, "by": by.pk, "by_name": by.get_username(), "at": timezone.now()},
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
