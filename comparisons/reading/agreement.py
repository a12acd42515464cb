"""How each seat judges: how often it ships, and how often it agrees with the other seats and with the community.

The numbers cover the listings of all published tools (votes.models.Listing). Few combinations of seats that ship and
seats that skip occur, so the SQL counts tools per combination first and then compares seats over the combinations.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from reviews.choices import Verdict
from reviews.panel import NO_NUMBER
from web.replica import connection

STEPS = (45, 55, 65)  # percents of agreement at which the heat table gets darker

_PANELS = """
WITH combination AS (
    SELECT listing.ships, listing.skips, counted.tools
    FROM (
        SELECT min(id) AS id, count(*) AS tools FROM votes_listing
        WHERE starts_at <= %(now)s AND (ends_at IS NULL OR ends_at > %(now)s) AND seats > 0
        GROUP BY signature
    ) AS counted JOIN votes_listing AS listing USING (id)
), opinion AS (
    SELECT seat.id AS reviewer, ships, skips, tools, seat.id = ANY (ships) AS ship
    FROM reviews_reviewer AS seat JOIN combination ON seat.id = ANY (ships || skips)
), compared AS (
    SELECT one.reviewer, other.reviewer AS other,
           COALESCE(sum(one.tools) FILTER (WHERE one.ship = other.ship), 0) AS alike, sum(one.tools) AS both_judged
    FROM opinion AS one JOIN opinion AS other ON (one.ships, one.skips) = (other.ships, other.skips)
    WHERE one.reviewer <> other.reviewer
    GROUP BY 1, 2
), share AS (
    SELECT reviewer, NULL::bigint AS other, 'ships' AS what,
           COALESCE(sum(tools) FILTER (WHERE ship), 0) AS part, sum(tools) AS whole
    FROM opinion GROUP BY 1
    UNION ALL
    SELECT reviewer, NULL, 'panel', sum(alike), sum(both_judged) FROM compared GROUP BY 1
    UNION ALL
    SELECT reviewer, other, 'seat', alike, both_judged FROM compared
)
SELECT reviewer, other, what, part::integer, whole::integer, whole_percent(part::bigint, whole::bigint) FROM share
"""

# A community says ship or skip if it has a number and more than half of its votes say so.
_COMMUNITY = """
WITH combination AS (
    SELECT listing.ships, listing.skips, counted.for_ship, counted.for_skip
    FROM (
        SELECT min(id) AS id, count(*) FILTER (WHERE community_ship > community_skip) AS for_ship,
               count(*) FILTER (WHERE community_ship < community_skip) AS for_skip
        FROM votes_listing
        WHERE starts_at <= %(now)s AND (ends_at IS NULL OR ends_at > %(now)s) AND seats > 0
          AND community_ship + community_skip >= %(early)s
        GROUP BY signature
    ) AS counted JOIN votes_listing AS listing USING (id)
), share AS (
    SELECT seat.id AS reviewer, sum(CASE WHEN seat.id = ANY (ships) THEN for_ship ELSE for_skip END) AS part,
           sum(for_ship + for_skip) AS whole
    FROM reviews_reviewer AS seat JOIN combination ON seat.id = ANY (ships || skips) GROUP BY 1
)
SELECT reviewer, part::integer, whole::integer, whole_percent(part::bigint, whole::bigint) FROM share
"""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, both numbers of tools, with the percent 0–100: None if the whole is 0."""

    part: int = 0
    whole: int = 0
    percent: int | None = None

    @property
    def figure(self) -> str:
        return NO_NUMBER if self.percent is None else f"{self.percent}%"

    @property
    def rest(self) -> int:
        return self.whole - self.part

    @property
    def marks(self) -> list[str]:
        """One verdict per tool of a share of ships: ships first."""
        return [Verdict.SHIP.value] * self.part + [Verdict.SKIP.value] * self.rest

    @property
    def step(self) -> int:
        """The step of the heat table, 1 to 4: chance alone would agree about half of the time."""
        return 1 + sum((self.percent or 0) >= bound for bound in STEPS)


@dataclass(frozen=True, slots=True)
class SeatRecord:
    """How one seat judges.

    `ships` is a share of the tools that the seat has judged; agreement is a share of the tools that both seats have
    judged. `panel` adds up the agreement with each other seat.
    """

    ships: Share
    panel: Share
    seats: dict[int, Share]
    """Agreement with each other reviewer, by reviewer's id."""

    def with_seat(self, reviewer: int) -> Share:
        return self.seats.get(reviewer, NO_SHARE)


NO_SHARE = Share()
NO_RECORD = SeatRecord(NO_SHARE, NO_SHARE, {})


def read_seat_records(*, at: datetime | None = None) -> dict[int, SeatRecord]:
    """Return the records of all seats that have judged a published tool at `at` (default: now), by reviewer's id.

    They depend only on editors' content and the clock, so they can be cached per revision. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PANELS, {"now": at or timezone.now()})
        shares = {(reviewer, what, other): Share(*rest) for reviewer, other, what, *rest in cursor.fetchall()}
    return {
        reviewer: SeatRecord(
            ships=shares[reviewer, "ships", None],
            panel=shares.get((reviewer, "panel", None), NO_SHARE),
            seats={other: share for (one, what, other), share in shares.items() if (one, what) == (reviewer, "seat")},
        )
        for reviewer, what, _ in shares
        if what == "ships"
    }


def measure_agreement_with_community(*, at: datetime | None = None) -> dict[int, Share]:
    """Return how often each seat agrees with the community, by reviewer's id: a share of the tools that the seat has
    judged and that have a community number. One query.
    """
    parameters = {"now": at or timezone.now(), "early": settings.COMMUNITY_EARLY_VOTES}
    with connection.cursor() as cursor:
        cursor.execute(_COMMUNITY, parameters)
        return {reviewer: Share(*rest) for reviewer, *rest in cursor.fetchall()}
