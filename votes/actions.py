"""Casting within the limits; holding tally and ledger to the votes, and the listings to the tally."""

import uuid
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from tools.models import Tool
from votes.limits import weigh, weigh_pair
from votes.models import Choice, Standing, Vote
from votes.network import delete_old_keys
from votes.pair_votes import PairChoice, PairVote
from web import clock


class TooManyRequestsError(Exception):
    """A network asks far more than is usual. `seconds` say when to come back."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def cast(*, tool: Tool, visitor: uuid.UUID, choice: Choice, address: str) -> Standing:
    """Set a visitor's vote on a published tool, held when it is beyond what is usual. Safe to repeat.

    The amounts are counted in a transaction of their own before that of the vote, so that nobody waits at a counter for
    somebody else's commit. Raises TooManyRequestsError, and then nothing was changed.
    """
    at = timezone.now()
    weighed = weigh(tool_id=tool.pk, visitor=visitor, sets=choice != Choice.NONE, address=address, at=at)
    if weighed.refused_for is not None:
        raise TooManyRequestsError(weighed.refused_for)
    return Vote.objects.cast(
        tool=tool, visitor=visitor, choice=choice, held_for=weighed.held_for, network=weighed.network, at=at
    )


def cast_pair(*, shown: tuple[Tool, Tool], visitor: uuid.UUID, choice: PairChoice, address: str) -> None:
    """Set which of two published tools, in the order in which they were shown, a visitor would ship with; held when it
    is beyond what is usual. Safe to repeat. Raises TooManyRequestsError, and then nothing was changed.
    """
    low, high = sorted(tool.pk for tool in shown)
    weighed = weigh_pair(
        pair=(low, high), visitor=visitor, sets=choice != PairChoice.NONE, address=address, at=timezone.now()
    )
    if weighed.refused_for is not None:
        raise TooManyRequestsError(weighed.refused_for)
    PairVote.objects.cast(
        shown=shown, visitor=visitor, choice=choice, held_for=weighed.held_for, network=weighed.network
    )


# -- Verifying ------------------------------------------------------------------------------------------------

_DIFFERENCES = """
SELECT tool_id, slot, COALESCE(tally.ship, 0), COALESCE(tally.skip, 0), COALESCE(tally.held, 0),
       COALESCE(fresh.ship, 0), COALESCE(fresh.skip, 0), COALESCE(fresh.held, 0)
FROM votes_tally AS tally
FULL JOIN (
    SELECT tool_id, vote_slot(visitor) AS slot,
           count(*) FILTER (WHERE state = 'counted' AND choice = 'ship') AS ship,
           count(*) FILTER (WHERE state = 'counted' AND choice = 'skip') AS skip,
           count(*) FILTER (WHERE state = 'held' AND choice <> 'none') AS held
    FROM votes_vote GROUP BY 1, 2
) AS fresh USING (tool_id, slot)
WHERE (COALESCE(tally.ship, 0), COALESCE(tally.skip, 0), COALESCE(tally.held, 0))
   <> (COALESCE(fresh.ship, 0), COALESCE(fresh.skip, 0), COALESCE(fresh.held, 0))
ORDER BY 1, 2
"""

_LEDGER_DIFFERENCES = """
SELECT tool_id, hour_at, state, rejected_for, slot, COALESCE(ledger.ship, 0), COALESCE(ledger.skip, 0),
       COALESCE(fresh.ship, 0), COALESCE(fresh.skip, 0)
FROM votes_ledgerhour AS ledger
FULL JOIN (
    SELECT tool_id, date_trunc('hour', created_at, 'UTC') AS hour_at, state, rejected_for, vote_slot(visitor) AS slot,
           count(*) FILTER (WHERE choice = 'ship') AS ship, count(*) FILTER (WHERE choice = 'skip') AS skip
    FROM votes_vote WHERE choice <> 'none' GROUP BY 1, 2, 3, 4, 5
) AS fresh USING (tool_id, hour_at, state, rejected_for, slot)
WHERE (COALESCE(ledger.ship, 0), COALESCE(ledger.skip, 0)) <> (COALESCE(fresh.ship, 0), COALESCE(fresh.skip, 0))
ORDER BY 1, 2, 3, 4, 5
"""

_PAIR_DIFFERENCES = """
SELECT first_id, second_id, COALESCE(tally.for_first, 0), COALESCE(tally.for_second, 0), COALESCE(tally.neither, 0),
       COALESCE(tally.held, 0), COALESCE(fresh.for_first, 0), COALESCE(fresh.for_second, 0),
       COALESCE(fresh.neither, 0), COALESCE(fresh.held, 0)
FROM votes_pairtally AS tally
FULL JOIN (
    SELECT first_id, second_id,
           count(*) FILTER (WHERE state = 'counted' AND choice = 'first') AS for_first,
           count(*) FILTER (WHERE state = 'counted' AND choice = 'second') AS for_second,
           count(*) FILTER (WHERE state = 'counted' AND choice = 'neither') AS neither,
           count(*) FILTER (WHERE state = 'held' AND choice <> 'none') AS held
    FROM votes_pairvote GROUP BY 1, 2
) AS fresh USING (first_id, second_id)
WHERE (COALESCE(tally.for_first, 0), COALESCE(tally.for_second, 0), COALESCE(tally.neither, 0), COALESCE(tally.held, 0))
   <> (COALESCE(fresh.for_first, 0), COALESCE(fresh.for_second, 0), COALESCE(fresh.neither, 0), COALESCE(fresh.held, 0))
ORDER BY 1, 2
"""

_LAGGING = """
SELECT DISTINCT listing.tool_id, community_ship, community_skip, tally.ship, tally.skip
FROM votes_listing AS listing
LEFT JOIN (SELECT tool_id, sum(ship) AS ship, sum(skip) AS skip FROM votes_tally GROUP BY 1) AS sums USING (tool_id)
CROSS JOIN LATERAL (SELECT COALESCE(sums.ship, 0) AS ship, COALESCE(sums.skip, 0) AS skip) AS tally
WHERE (community_ship, community_skip) <> (tally.ship, tally.skip)
ORDER BY 1
"""

_REPAIR = """
INSERT INTO votes_tally (tool_id, slot, ship, skip, held) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (tool_id, slot) DO UPDATE SET ship = excluded.ship, skip = excluded.skip, held = excluded.held
"""

_REPAIR_LEDGER = """
INSERT INTO votes_ledgerhour (tool_id, hour_at, state, rejected_for, slot, ship, skip)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (tool_id, hour_at, state, rejected_for, slot) DO UPDATE SET ship = excluded.ship, skip = excluded.skip
"""

_REPAIR_PAIRS = """
INSERT INTO votes_pairtally (first_id, second_id, for_first, for_second, neither, held) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (first_id, second_id) DO UPDATE
SET for_first = excluded.for_first, for_second = excluded.for_second, neither = excluded.neither, held = excluded.held
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What some place says: how many ship, skip, and (the tally alone) held votes."""

    ship: int
    skip: int
    held: int | None = None

    def __str__(self) -> str:
        return f"{self.ship} ship, {self.skip} skip" + ("" if self.held is None else f", {self.held} held")


@dataclass(frozen=True, slots=True)
class PairCounts:
    """What some place says of two tools, in the order of their ids."""

    first: int
    second: int
    neither: int
    held: int

    def __str__(self) -> str:
        return f"{self.first} to {self.second}, {self.neither} neither, {self.held} held"


@dataclass(frozen=True, slots=True)
class Difference:
    """A place that says something else than what it is made from; as text, one line."""

    place: str
    said_by: str
    said: Counts | PairCounts
    truth_by: str
    truth: Counts | PairCounts

    def __str__(self) -> str:
        return f"{self.place}: {self.said_by} {self.said}; {self.truth_by} {self.truth}"


@transaction.atomic
def verify_tally(*, repair: bool = False) -> list[Difference]:
    """Compare tallies and ledger with a fresh count, and with `repair` set them right. Returns what differed.

    The tally of votes between two tools is among them. What lists sort by (votes.models.Listing) is compared with the
    tally, too. A plain comparison blocks nobody; while votes come in, a list may lag for the moment that a vote takes.
    A repair holds back writers of votes.
    """
    with connection.cursor() as cursor:
        if repair:
            cursor.execute(
                "LOCK TABLE votes_vote, votes_pairvote, votes_tally, votes_pairtally, votes_ledgerhour"
                " IN SHARE ROW EXCLUSIVE MODE"
            )
        cursor.execute(_DIFFERENCES)
        slots = cursor.fetchall()
        cursor.execute(_LEDGER_DIFFERENCES)
        hours = cursor.fetchall()
        cursor.execute(_PAIR_DIFFERENCES)
        pairs = cursor.fetchall()
        if repair:
            cursor.executemany(_REPAIR, [(*row[:2], *row[5:]) for row in slots])
            cursor.executemany(_REPAIR_LEDGER, [(*row[:5], *row[7:]) for row in hours])
            cursor.executemany(_REPAIR_PAIRS, [(*row[:2], *row[6:]) for row in pairs])
        cursor.execute(_LAGGING)
        lagging = cursor.fetchall()
        if repair:
            cursor.execute("SELECT settle_listings(%s::bigint[], false)", [[row[0] for row in lagging]])
    tally, votes, ledger, lists = "the tally says", "the votes say", "the ledger says", "lists count"
    return [
        *(
            Difference(f"tool {tool}, slot {slot}", tally, Counts(*counts[:3]), votes, Counts(*counts[3:]))
            for tool, slot, *counts in slots
        ),
        *(
            Difference(
                f"tool {tool}, {hour:%Y-%m-%d %H}:00, slot {slot}, {rejected_for or state}",
                ledger, Counts(*counts[:2]), votes, Counts(*counts[2:]),
            )
            for tool, hour, state, rejected_for, slot, *counts in hours
        ),
        *(
            Difference(f"tools {first} and {second}", tally, PairCounts(*counts[:4]), votes, PairCounts(*counts[4:]))
            for first, second, *counts in pairs
        ),
        *(
            Difference(f"tool {tool}", lists, Counts(*counts[:2]), tally, Counts(*counts[2:]))
            for tool, *counts in lagging
        ),
    ]  # fmt: skip


def forget_old_networks() -> None:
    """Delete the keys of networks that are 48 hours old. The first vote of a day does so, and whoever reads pages."""
    delete_old_keys(today=clock.today())
