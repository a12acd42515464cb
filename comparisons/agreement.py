"""How each seat judges: how often it ships, and how often it agrees with the other seats and with the visitors.

Counted in one statement over the listings of all published tools (votes.models.Listing): few combinations of who ships
and who skips occur, so tools are counted by combination first, and seats compared over the combinations.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.utils import timezone

# A community is for ship or for skip where it has a number and more than half of its votes say so.
_READ = """
WITH combination AS (
    SELECT ships, skips, side, count(*) AS tools
    FROM (
        SELECT ships, skips,
               CASE WHEN community_ship + community_skip < %(early)s THEN NULL
                    WHEN community_ship > community_skip THEN true
                    WHEN community_ship < community_skip THEN false END AS side
        FROM votes_listing
        WHERE starts_at <= %(now)s AND (ends_at IS NULL OR ends_at > %(now)s) AND seats > 0
    ) AS listing
    GROUP BY ships, skips, side
), opinion AS (
    SELECT seat.id AS reviewer, combination.*, seat.id = ANY (ships) AS ship
    FROM reviews_reviewer AS seat JOIN combination ON seat.id = ANY (ships || skips)
), compared AS (
    SELECT one.reviewer, other.reviewer AS other,
           sum(one.tools) FILTER (WHERE one.ship = other.ship) AS alike, sum(one.tools) AS both_judged
    FROM opinion AS one
    JOIN opinion AS other
      ON (one.ships, one.skips) = (other.ships, other.skips) AND one.side IS NOT DISTINCT FROM other.side
    GROUP BY 1, 2
)
SELECT reviewer, NULL::bigint AS other, 'ships' AS what, COALESCE(sum(tools) FILTER (WHERE ship), 0) AS part,
       sum(tools) AS whole, whole_percent(COALESCE(sum(tools) FILTER (WHERE ship), 0)::bigint, sum(tools)::bigint)
FROM opinion GROUP BY 1
UNION ALL
SELECT reviewer, NULL, 'community', COALESCE(sum(tools) FILTER (WHERE ship = side), 0), sum(tools),
       whole_percent(COALESCE(sum(tools) FILTER (WHERE ship = side), 0)::bigint, sum(tools)::bigint)
FROM opinion WHERE side IS NOT NULL GROUP BY 1
UNION ALL
SELECT reviewer, NULL, 'panel', COALESCE(sum(alike), 0), sum(both_judged),
       whole_percent(COALESCE(sum(alike), 0)::bigint, sum(both_judged)::bigint)
FROM compared WHERE reviewer <> other GROUP BY 1
UNION ALL
SELECT reviewer, other, 'seat', COALESCE(alike, 0), both_judged,
       whole_percent(COALESCE(alike, 0)::bigint, both_judged::bigint)
FROM compared WHERE reviewer <> other
"""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole (counts of tools), with its percent 0–100; None of an empty whole."""

    part: int = 0
    whole: int = 0
    percent: int | None = None

    @property
    def figure(self) -> str:
        return "—" if self.percent is None else f"{self.percent}%"


@dataclass(frozen=True, slots=True)
class SeatRecord:
    """How one seat judges: `ships` of the tools it has judged, the others of the tools that both have judged.

    With the panel, each other seat counts on its own.
    """

    ships: Share
    panel: Share
    community: Share
    seats: dict[int, Share]
    """Agreement with each other reviewer, by id."""

    def with_seat(self, reviewer: int) -> Share:
        return self.seats.get(reviewer, Share())


NOTHING = SeatRecord(Share(), Share(), Share(), {})


def seat_records(*, at: datetime | None = None) -> dict[int, SeatRecord]:
    """The records of all seats that have judged a published tool, by reviewer's id, at an instant (default: now)."""
    parameters = {"now": at or timezone.now(), "early": settings.COMMUNITY_EARLY_VOTES}
    with connection.cursor() as cursor:
        cursor.execute(_READ, parameters)
        rows = cursor.fetchall()
    shares = {
        (reviewer, what, other): Share(int(part), int(whole), percent)
        for reviewer, other, what, part, whole, percent in rows
    }
    return {
        reviewer: SeatRecord(
            ships=shares[reviewer, "ships", None],
            panel=shares.get((reviewer, "panel", None), Share()),
            community=shares.get((reviewer, "community", None), Share()),
            seats={other: share for (one, what, other), share in shares.items() if (one, what) == (reviewer, "seat")},
        )
        for reviewer, what, _ in shares
        if what == "ships"
    }
