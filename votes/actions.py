"""Holding the tally to the votes, and the listings to the tally."""

from dataclasses import dataclass

from django.db import connection, transaction

_DIFFERENCES = """
SELECT tool_id, slot, COALESCE(tally.ship, 0), COALESCE(tally.skip, 0),
       COALESCE(fresh.ship, 0), COALESCE(fresh.skip, 0)
FROM votes_tally AS tally
FULL JOIN (
    SELECT tool_id, vote_slot(visitor) AS slot,
           count(*) FILTER (WHERE choice = 'ship') AS ship, count(*) FILTER (WHERE choice = 'skip') AS skip
    FROM votes_vote GROUP BY 1, 2
) AS fresh USING (tool_id, slot)
WHERE (COALESCE(tally.ship, 0), COALESCE(tally.skip, 0)) <> (COALESCE(fresh.ship, 0), COALESCE(fresh.skip, 0))
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
INSERT INTO votes_tally (tool_id, slot, ship, skip) VALUES (%s, %s, %s, %s)
ON CONFLICT (tool_id, slot) DO UPDATE SET ship = excluded.ship, skip = excluded.skip
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A slot of the tally that says something else than a fresh count of the votes."""

    tool_id: int
    slot: int
    tally_ship: int
    tally_skip: int
    counted_ship: int
    counted_skip: int

    def __str__(self) -> str:
        return (
            f"tool {self.tool_id}, slot {self.slot}: the tally says {self.tally_ship} ship, {self.tally_skip} skip; "
            f"the votes say {self.counted_ship} ship, {self.counted_skip} skip"
        )


@dataclass(frozen=True, slots=True)
class Lag:
    """A tool that lists sort by other numbers than its tally's."""

    tool_id: int
    listed_ship: int
    listed_skip: int
    tally_ship: int
    tally_skip: int

    def __str__(self) -> str:
        return (
            f"tool {self.tool_id}: lists count {self.listed_ship} ship, {self.listed_skip} skip; "
            f"the tally says {self.tally_ship} ship, {self.tally_skip} skip"
        )


@transaction.atomic
def verify_tally(*, repair: bool = False) -> list[Difference | Lag]:
    """Compare the tally with a fresh count, and with `repair` set it right. Returns what differed.

    What lists sort by (votes.models.Listing) is compared with the tally, too. A plain comparison blocks nobody;
    while votes come in, a list may lag for the moment that a vote takes. A repair holds back writers of votes.
    """
    with connection.cursor() as cursor:
        if repair:
            cursor.execute("LOCK TABLE votes_vote, votes_tally IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(_DIFFERENCES)
        differences = [Difference(*row) for row in cursor.fetchall()]
        if repair:
            for row in differences:
                cursor.execute(_REPAIR, [row.tool_id, row.slot, row.counted_ship, row.counted_skip])
        cursor.execute(_LAGGING)
        lagging = [Lag(*row) for row in cursor.fetchall()]
        if repair:
            cursor.execute("SELECT settle_listings(%s::bigint[], false)", [[lag.tool_id for lag in lagging]])
    return [*differences, *lagging]
