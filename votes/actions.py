"""Holding the tally to the votes."""

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


@transaction.atomic
def verify_tally(*, repair: bool = False) -> list[Difference]:
    """Compare the tally with a fresh count, and with `repair` set it right. Returns what differed.

    A plain comparison reads one snapshot and blocks nobody. A repair holds back writers of votes while it counts.
    """
    with connection.cursor() as cursor:
        if repair:
            cursor.execute("LOCK TABLE votes_vote, votes_tally IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(_DIFFERENCES)
        differences = [Difference(*row) for row in cursor.fetchall()]
        if repair:
            for difference in differences:
                cursor.execute(
                    _REPAIR,
                    [difference.tool_id, difference.slot, difference.counted_ship, difference.counted_skip],
                )
    return differences
