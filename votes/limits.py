"""How much is usual: a vote beyond that is held for a moderator, and far beyond it the answer is 429.

Amounts are counted by PostgreSQL in one statement, in an UNLOGGED table that all processes share. Writing to that
alone waits for no disk, so a popular tool's votes do not queue at its counter; a crash forgets the amounts, and nothing
but them. Only what is new on a tool counts towards an amount: whoever changes their mind uses nothing up. Every request
counts towards the refusal.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, models

from votes.network import Network, forget_key, network_of


class Amount(models.Model):
    """How many votes there were of a kind, of a subject, since an hour or a day began.

    Kinds: `asked` (requests of a network in an hour), `network` (new votes of a network in an hour), `tool` (new votes
    of a network on a tool in a day), `pair` (of a network on a pair in a day), `burst` (new votes on a tool or a pair
    in an hour, those that are held already left out).
    """

    pk = models.CompositePrimaryKey("kind", "subject", "starts_at")
    kind = models.CharField(max_length=7)
    subject = models.CharField(max_length=60)
    starts_at = models.DateTimeField()
    number = models.IntegerField()
    usual = models.FloatField(null=True, help_text="Of a burst: the median hour of the last seven days.")

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.number}"


# The rows of a statement are taken in the same order by everybody, so that no two wait for each other in a circle.
_WEIGH = """
WITH known AS MATERIALIZED (
    SELECT (SELECT state FROM votes_vote WHERE tool_id = %(tool)s AND visitor = %(visitor)s) AS state,
           EXISTS (SELECT FROM votes_freeze WHERE tool_id = %(tool)s) AS frozen
    WHERE EXISTS (SELECT FROM votes_networkkey WHERE id = %(key)s)
), counted AS (
    INSERT INTO votes_amount AS amount (kind, subject, starts_at, number)
    SELECT wanted.kind, wanted.subject, wanted.starts_at, 1
    FROM known
    CROSS JOIN (VALUES
        ('asked', %(network)s, %(hour)s::timestamptz),
        ('network', %(network)s, %(hour)s::timestamptz),
        ('tool', %(network)s || ' ' || %(tool)s::bigint, %(day)s::timestamptz)
    ) AS wanted(kind, subject, starts_at)
    WHERE wanted.kind = 'asked' OR (known.state IS NULL AND %(sets)s)
    ORDER BY wanted.kind
    ON CONFLICT (kind, subject, starts_at) DO UPDATE SET number = amount.number + 1
    RETURNING kind, number
), amounts AS MATERIALIZED (
    SELECT max(number) FILTER (WHERE kind = 'asked') AS asked,
           CASE WHEN max(number) FILTER (WHERE kind = 'tool') > %(most_on_tool)s THEN 'tool'
                WHEN max(number) FILTER (WHERE kind = 'network') > %(most_in_hour)s THEN 'network'
                ELSE '' END AS held_for
    FROM counted
), burst AS (
    INSERT INTO votes_amount AS amount (kind, subject, starts_at, number, usual)
    SELECT 'burst', %(tool)s::bigint::text, %(hour)s, 1,
           CASE WHEN NOT EXISTS (
               SELECT FROM votes_amount
               WHERE kind = 'burst' AND subject = %(tool)s::bigint::text AND starts_at = %(hour)s
           ) THEN usual_votes(%(tool)s, %(hour)s) END
    FROM known CROSS JOIN amounts
    WHERE known.state IS NULL AND %(sets)s AND NOT known.frozen AND amounts.held_for = ''
      AND amounts.asked <= %(refused_above)s
    ON CONFLICT (kind, subject, starts_at) DO UPDATE SET number = amount.number + 1
    RETURNING number, usual
)
SELECT known.state, amounts.asked,
       CASE WHEN known.frozen THEN 'freeze' WHEN amounts.held_for <> '' THEN amounts.held_for
            WHEN burst.number > GREATEST(%(burst)s, %(times)s * burst.usual) THEN 'burst' ELSE '' END
FROM known CROSS JOIN amounts LEFT JOIN burst ON true
"""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the limits say of a request: whether it is refused, and for how long (seconds); else what a new vote is held
    for ("": it counts). `network` is the hash to keep with a new vote.
    """

    network: uuid.UUID
    held_for: str
    refused_for: int | None = None


def weigh(*, tool_id: int, visitor: uuid.UUID, sets: bool, address: str, at: datetime) -> Weighed:
    """Count a request to vote (`sets`: not to take back) and say what it may do. One statement, but for a day's first.

    What a visitor has said on a tool before is neither held nor counted again.
    """
    hour = at.replace(minute=0, second=0, microsecond=0)
    values = {
        "tool": tool_id,
        "visitor": visitor,
        "sets": sets,
        "hour": hour,
        "day": hour.replace(hour=0),
        "most_on_tool": settings.VOTES_PER_NETWORK_AND_TOOL,
        "most_in_hour": settings.VOTES_PER_NETWORK,
        "refused_above": settings.VOTE_REQUESTS_PER_NETWORK,
        "burst": settings.BURST_VOTES,
        "times": settings.BURST_TIMES,
    }
    row, network = _counted_for(_WEIGH, values, address=address, at=at)
    state, asked, held_for = row
    return _weighed(network, asked, "" if state else held_for, hour=hour, at=at)


_WEIGH_PAIR = """
WITH known AS MATERIALIZED (
    SELECT EXISTS (
        SELECT FROM votes_pairvote WHERE first_id = %(first)s AND second_id = %(second)s AND visitor = %(visitor)s
    ) AS said, EXISTS (SELECT FROM votes_freeze WHERE tool_id IN (%(first)s, %(second)s)) AS frozen
    WHERE EXISTS (SELECT FROM votes_networkkey WHERE id = %(key)s)
), counted AS (
    INSERT INTO votes_amount AS amount (kind, subject, starts_at, number)
    SELECT wanted.kind, wanted.subject, wanted.starts_at, 1
    FROM known
    CROSS JOIN (VALUES
        ('asked', %(network)s, %(hour)s::timestamptz),
        ('network', %(network)s, %(hour)s::timestamptz),
        ('pair', %(network)s || ' ' || %(first)s::bigint || ' ' || %(second)s::bigint, %(day)s::timestamptz)
    ) AS wanted(kind, subject, starts_at)
    WHERE wanted.kind = 'asked' OR (NOT known.said AND %(sets)s)
    ORDER BY wanted.kind
    ON CONFLICT (kind, subject, starts_at) DO UPDATE SET number = amount.number + 1
    RETURNING kind, number
), amounts AS MATERIALIZED (
    SELECT max(number) FILTER (WHERE kind = 'asked') AS asked,
           CASE WHEN max(number) FILTER (WHERE kind = 'pair') > %(most_on_pair)s THEN 'pair'
                WHEN max(number) FILTER (WHERE kind = 'network') > %(most_in_hour)s THEN 'network'
                ELSE '' END AS held_for
    FROM counted
), burst AS (
    INSERT INTO votes_amount AS amount (kind, subject, starts_at, number, usual)
    SELECT 'burst', %(first)s::bigint || ' ' || %(second)s::bigint, %(hour)s, 1,
           CASE WHEN NOT EXISTS (
               SELECT FROM votes_amount WHERE kind = 'burst' AND starts_at = %(hour)s
                   AND subject = %(first)s::bigint || ' ' || %(second)s::bigint
           ) THEN usual_pair_votes(%(first)s, %(second)s, %(hour)s) END
    FROM known CROSS JOIN amounts
    WHERE NOT known.said AND %(sets)s AND NOT known.frozen AND amounts.held_for = ''
      AND amounts.asked <= %(refused_above)s
    ON CONFLICT (kind, subject, starts_at) DO UPDATE SET number = amount.number + 1
    RETURNING number, usual
)
SELECT amounts.asked,
       CASE WHEN known.frozen THEN 'freeze' WHEN amounts.held_for <> '' THEN amounts.held_for
            WHEN burst.number > GREATEST(%(burst)s, %(times)s * burst.usual) THEN 'burst' ELSE '' END
FROM known CROSS JOIN amounts LEFT JOIN burst ON true
"""


def weigh_pair(*, pair: tuple[int, int], visitor: uuid.UUID, sets: bool, address: str, at: datetime) -> Weighed:
    """As `weigh`, for a vote between two tools (ids in their order): a network's amount in an hour is one for both
    kinds of votes; that on one pair in a day, and what is a burst, are as on one tool. A freeze of either holds it.
    """
    hour = at.replace(minute=0, second=0, microsecond=0)
    values = {
        "first": pair[0],
        "second": pair[1],
        "visitor": visitor,
        "sets": sets,
        "hour": hour,
        "day": hour.replace(hour=0),
        "most_on_pair": settings.VOTES_PER_NETWORK_AND_TOOL,
        "most_in_hour": settings.VOTES_PER_NETWORK,
        "refused_above": settings.VOTE_REQUESTS_PER_NETWORK,
        "burst": settings.BURST_VOTES,
        "times": settings.BURST_TIMES,
    }
    row, network = _counted_for(_WEIGH_PAIR, values, address=address, at=at)
    asked, held_for = row
    return _weighed(network, asked, held_for, hour=hour, at=at)


def _counted_for(sql: str, values: dict[str, Any], *, address: str, at: datetime) -> tuple[Any, Network]:
    """Run a statement for a network's hash under a key that is there: again where a crash of the database has taken the
    key that this process remembers.
    """
    while True:
        network = network_of(address, at=at)
        with connection.cursor() as cursor:
            cursor.execute(sql, {**values, "network": network.hash.hex, "key": network.key})
            row = cursor.fetchone()
        if row is not None:
            return row, network
        forget_key()


def _weighed(network: Network, asked: int, held_for: str, *, hour: datetime, at: datetime) -> Weighed:
    if asked > settings.VOTE_REQUESTS_PER_NETWORK:
        return Weighed(network.hash, "", refused_for=int((hour + timedelta(hours=1) - at).total_seconds()) + 1)
    return Weighed(network.hash, held_for)
