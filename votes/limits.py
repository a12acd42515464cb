"""Limits on voting: a vote beyond the usual is held for a moderator, and far beyond it the answer is 429.

PostgreSQL counts amounts in one statement, in an UNLOGGED table that all processes share. Writing to it waits for no
disk, so a popular subject's votes do not queue at its counter. A crash loses the amounts and nothing else. Only a first
vote on a subject counts toward an amount, so changing one's mind uses nothing up. Every request counts toward refusal.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from votes.network import Network, clear_cached_key, hash_network
from votes.subjects import KINDS, Subject

# Every statement locks its rows in the same order (ORDER BY kind, then the burst), so that no two deadlock. A row is
# held for a moment, unless the process of PostgreSQL that holds it hangs: the others wait for three seconds.
_COUNT = """
WITH known AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM {votes} WHERE {matches} AND visitor = %(visitor)s) AS has_voted,
           EXISTS (SELECT FROM votes_freeze WHERE tool_id = ANY (%(tools)s::bigint[])) AS is_frozen
    WHERE EXISTS (SELECT FROM votes_networkkey WHERE id = %(network_key)s)
      AND set_config('lock_timeout', '3s', true) IS NOT NULL  -- as in casting.sql, for this statement
), counted AS (
    INSERT INTO votes_amount AS amount (kind, subject, starts_at, number)
    SELECT wanted.kind, wanted.subject, wanted.starts_at, 1
    FROM known
    CROSS JOIN (VALUES
        ('asked', %(network)s, %(hour)s::timestamptz),
        ('network', %(network)s, %(hour)s::timestamptz),
        ('{noun}', %(network)s || ' ' || %(label)s::text, %(day)s::timestamptz)
    ) AS wanted(kind, subject, starts_at)
    WHERE wanted.kind = 'asked' OR (NOT known.has_voted AND %(sets)s)
    ORDER BY wanted.kind
    ON CONFLICT (kind, subject, starts_at) DO UPDATE SET number = amount.number + 1
    RETURNING kind, number
), amounts AS MATERIALIZED (
    SELECT max(number) FILTER (WHERE kind = 'asked') AS asked,
           CASE WHEN max(number) FILTER (WHERE kind = '{noun}') > %(most_on_subject)s THEN '{noun}'
                WHEN max(number) FILTER (WHERE kind = 'network') > %(most_in_hour)s THEN 'network'
                ELSE '' END AS held_for
    FROM counted
), burst AS (
    INSERT INTO votes_amount AS amount (kind, subject, starts_at, number, usual)
    SELECT 'burst', %(label)s, %(hour)s, 1,
           CASE WHEN NOT EXISTS (
               SELECT FROM votes_amount WHERE kind = 'burst' AND subject = %(label)s AND starts_at = %(hour)s
           ) THEN {usual}({key}, %(hour)s) END
    FROM known CROSS JOIN amounts
    WHERE NOT known.has_voted AND %(sets)s AND NOT known.is_frozen AND amounts.held_for = ''
      AND amounts.asked <= %(refused_above)s
    ON CONFLICT (kind, subject, starts_at) DO UPDATE SET number = amount.number + 1
    RETURNING number, usual
)
SELECT amounts.asked,
       CASE WHEN known.has_voted THEN '' WHEN known.is_frozen THEN 'freeze'
            WHEN amounts.held_for <> '' THEN amounts.held_for
            WHEN burst.number > GREATEST(%(burst)s, %(times)s * burst.usual) THEN 'burst' ELSE '' END
FROM known CROSS JOIN amounts LEFT JOIN burst ON true
"""
_COUNTS = {kind: kind.fill(_COUNT) for kind in KINDS}


@dataclass(frozen=True, slots=True)
class LimitCheck:
    """The result of counting a request: the reason to hold a new vote ("": it counts), or the seconds for which the
    request is refused. `network` is the hash to store with a new vote.
    """

    network: uuid.UUID
    held_for: str
    refused_for: int | None = None


def check_limits(*, subject: Subject, visitor: uuid.UUID, sets: bool, address: str, at: datetime) -> LimitCheck:
    """Count a request to vote, and return what the limits say. `sets` is false for taking a vote back.

    One statement, except for the first vote of a day. A visitor who has voted on the subject before is neither held nor
    counted again. Votes of both kinds share a network's amount per hour; the others are per subject.
    """
    hour = at.replace(minute=0, second=0, microsecond=0)
    values = {
        **subject.key,
        "tools": subject.ids,
        "label": subject.label,
        "visitor": visitor,
        "sets": sets,
        "hour": hour,
        "day": hour.replace(hour=0),
        "most_on_subject": settings.VOTES_PER_NETWORK_AND_TOOL,
        "most_in_hour": settings.VOTES_PER_NETWORK,
        "refused_above": settings.VOTE_REQUESTS_PER_NETWORK,
        "burst": settings.BURST_VOTES,
        "times": settings.BURST_TIMES,
    }
    (asked, held_for), network = _count(_COUNTS[subject.kind], values, address=address, at=at)
    if asked > settings.VOTE_REQUESTS_PER_NETWORK:
        return LimitCheck(network.hash, "", refused_for=int((hour + timedelta(hours=1) - at).total_seconds()) + 1)
    return LimitCheck(network.hash, held_for)


def _count(sql: str, values: dict[str, Any], *, address: str, at: datetime) -> tuple[Any, Network]:
    """Run the statement for a network hashed with a key that exists. Retry if the database lost, in a crash, the key
    that this process has cached.
    """
    while True:
        network = hash_network(address, at=at)
        with connection.cursor() as cursor:
            cursor.execute(sql, {**values, "network": network.hash.hex, "network_key": network.key})
            row = cursor.fetchone()
        if row is not None:
            return row, network
        clear_cached_key()
