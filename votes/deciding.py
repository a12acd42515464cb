"""What moderators do: hold, release, and reject votes, reopen decisions, freeze a tool. All of it goes to the log."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.utils import timezone

from tools.models import Tool
from votes.models import Action, Decision, Freeze, HeldFor, Listing, Reason
from votes.subjects import Subject
from web import clock, locks
from web.locks import Lock

_DECIDE = """
WITH decided AS (
    UPDATE {votes} SET state = %(state)s, {held_for}{rejected_for}decision_id = %(id)s
    WHERE {matches} AND {which}
    RETURNING choice, network, created_at
)
INSERT INTO votes_decision (
    id, tool_id, first_id, second_id, tool_name, action, reason, words, has_public_words, by_id, by_name, made_at,
    undoes_id, votes, yes, no, networks, first_at, last_at
)
SELECT %(id)s, %(tool_id)s::bigint, %(first_id)s::bigint, %(second_id)s::bigint, %(name)s,
       %(action)s, %(reason)s, %(words)s, true, %(by)s, %(by_name)s, %(at)s, %(undoes)s::bigint,
       count(*), count(*) FILTER (WHERE choice = {yes}), count(*) FILTER (WHERE choice = {no}),
       count(DISTINCT network), min(created_at), max(created_at)
FROM decided HAVING count(*) > 0
RETURNING votes
"""
_LOCK_TOOLS = "SELECT FROM tools_tool WHERE id = ANY (%s) ORDER BY id FOR KEY SHARE"
_HELD = "state = 'held' AND created_at <= %(until)s"
_IN_GROUPS = """
    AND (date_trunc('hour', created_at, 'UTC'), COALESCE(replace(network::text, '-', ''), '')) IN (
        SELECT * FROM unnest(%(hours)s::timestamptz[], %(networks)s::text[])
    )"""
_DECIDED = "decision_id = %(undoes)s AND state <> 'held'"
_OF_NETWORK = """network = %(network)s AND state = %(from_state)s
    AND created_at >= %(day)s AND created_at < %(day)s + interval '1 day' AND created_at <= %(until)s"""
_STATES = {Action.HOLD: "held", Action.RELEASE: "counted", Action.REJECT: "rejected", Action.REOPEN: "held"}


def decide(
    *,
    subject: Subject,
    action: Action,
    groups: Iterable[tuple[datetime, str]] | None,
    until: datetime,
    reason: str,
    words: str,
    by: AbstractBaseUser,
) -> int:
    """Release or reject the held votes on a subject that were cast until an instant: those the moderator has seen.

    `groups` are hours and networks (`parse_key`); None means all. One statement, regardless of how many votes it moves;
    a voter who changes a vote at the same time keeps the change. Returns how many votes moved; if none, logs nothing.
    The class of the reason is stored with votes on a tool, for the public ledger. Pairs have no ledger.
    """
    groups = None if groups is None else list(groups)
    return _decide(
        _HELD if groups is None else _HELD + _IN_GROUPS,
        subject,
        action=action,
        reason=reason,
        words=words,
        by=by,
        until=until,
        hours=[hour for hour, _ in groups or []],
        networks=[network for _, network in groups or []],
        undoes=None,
    )


def reopen(*, subject: Subject, decision: Decision, words: str, by: AbstractBaseUser) -> int:
    """Put votes on a subject back under review if this decision was the last to move them. Return how many."""
    return _decide(
        _DECIDED,
        subject,
        action=Action.REOPEN,
        reason=Reason.OTHER,
        words=words,
        by=by,
        undoes=decision.pk,
    )


def decide_network(
    *,
    subjects: Iterable[Subject],
    network: uuid.UUID,
    day: date,
    action: Action,
    until: datetime,
    reason: str,
    words: str,
    by: AbstractBaseUser,
) -> int:
    """Hold the counted votes, or release or reject the held ones, that a network cast on a day on all of some subjects.

    It is a decision about each subject, so that its log is complete. Only votes cast until an instant are moved: those
    the moderator has seen. Returns how many moved.
    """
    return sum(
        _decide(
            _OF_NETWORK,
            subject,
            action=action,
            reason=reason,
            words=words,
            by=by,
            network=network,
            from_state="counted" if action == Action.HOLD else "held",
            day=clock.start_of(day),
            until=until,
            undoes=None,
        )
        for subject in subjects
    )


def _decide(which: str, subject: Subject, *, action: Action, reason: str, by: AbstractBaseUser, **values: Any) -> int:
    """Move votes and log it in one statement. Return how many."""
    kind = subject.kind
    held_for = f"held_for = '{HeldFor.NETWORK}', " if action == Action.HOLD else ""
    rejected_for = "rejected_for = %(rejected_for)s, " if kind.has_rejected_for else ""
    sql = kind.fill(_DECIDE).replace("{which}", which)
    sql = sql.replace("{held_for}", held_for).replace("{rejected_for}", rejected_for)
    values |= {
        "action": action,
        "state": _STATES[action],
        "reason": reason,
        "rejected_for": reason if action == Action.REJECT else "",
    }
    with transaction.atomic(), connection.cursor() as cursor:
        locks.hold(Lock.DECISION)
        # The decision refers to the tools, so the commit locks them; but they come before the tallies.
        cursor.execute(_LOCK_TOOLS, [[tool.pk for tool in subject.tools]])
        cursor.execute("SELECT nextval(pg_get_serial_sequence('votes_decision', 'id'))")
        [pk] = cursor.fetchone()
        keys = {"tool_id": None, "first_id": None, "second_id": None, **subject.key}
        logged = {"id": pk, "name": subject.name, "by": by.pk, "by_name": by.get_username(), "at": timezone.now()}
        cursor.execute(sql, {**values, **keys, **logged})
        row = cursor.fetchone()
    if kind.has_listing:
        Listing.objects.settle(subject.tools[0])
    return row[0] if row else 0


@locks.limited_atomic()
def freeze(*, tool: Tool, frozen: bool, reason: str, words: str, by: AbstractBaseUser) -> bool:
    """Start or stop holding every new vote on a tool. Return whether that changed anything; if so, log it."""
    locks.hold(Lock.DECISION)  # decisions become public in the order of their ids, so that their numbers never change
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_TOOLS, [[tool.pk]])
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
            yes=0,
            no=0,
            networks=0,
        )
    return changed
