"""What is missing on the site (verdicts, comparisons, checks) and what was imported. One query each."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models.expressions import RawSQL

from web.folding import sort_key


class MissingSeats(NamedTuple):
    """A tool and the seats, each as (id, name), that have not written about it, not even a draft."""

    tool: int
    name: str
    seats: Sequence[tuple[int, str]]
    total: int  # number of all such tools


_IS_KEPT = "{0}.withdrawn_at IS NULL"  # drafts included
_LACKS_A_SEAT = """
FROM tools_tool AS tool CROSS JOIN reviews_reviewer AS reviewer
WHERE NOT EXISTS (
    SELECT FROM reviews_review AS review
    WHERE review.tool_id = tool.id AND review.reviewer_id = reviewer.id AND {is_kept}
)
""".replace("{is_kept}", _IS_KEPT.format("review"))

# Draft tools first, because they cannot be published without their verdicts; then the newest.
_MISSING_SEATS = """
SELECT tool.id, tool.name,
       array_agg(reviewer.id ORDER BY reviewer.seat), array_agg(reviewer.name ORDER BY reviewer.seat),
       count(*) OVER ()
{lacks_a_seat}
  AND {is_kept} AND (%(holder)s::bigint IS NULL OR reviewer.held_by_id = %(holder)s)
GROUP BY tool.id
ORDER BY tool.published_at DESC NULLS FIRST, tool.id
LIMIT %(most)s
""".replace("{lacks_a_seat}", _LACKS_A_SEAT.strip()).replace("{is_kept}", _IS_KEPT.format("tool"))


def find_missing_seats(*, most: int, held_by: int | None = None) -> list[MissingSeats]:
    """Return tools that some seat has not written about, drafts first. With a user's id, only their own seat."""
    return [
        MissingSeats(tool, name, list(zip(ids, names, strict=True)), total)
        for tool, name, ids, names, total in _read_rows(_MISSING_SEATS, {"most": most, "holder": held_by})
    ]


def select_tools_missing_a_seat() -> RawSQL:
    """Return a subquery of the ids of tools, withdrawn ones included, that some seat has not written about."""
    return RawSQL("SELECT tool.id " + _LACKS_A_SEAT, [])  # noqa: S611 (constants only)


class MissingComparison(NamedTuple):
    """Two published tools that reviews mention together and that have no comparison; names in alphabetical order."""

    first: int
    first_name: str
    second: int
    second_name: str
    times: int  # number of reviews of one that mention the other
    total: int  # number of all such pairs


_MISSING_COMPARISONS = """
WITH public AS (
    SELECT id, name, sort_key(name) COLLATE "C" AS sort_name
    FROM tools_tool WHERE is_published(published_at, withdrawn_at, %(now)s)
)
SELECT low.id, low.name, high.id, high.name, times, count(*) OVER ()
FROM (
    SELECT LEAST(review.tool_id, mention.tool_id) AS low_id, GREATEST(review.tool_id, mention.tool_id) AS high_id,
           count(*) AS times
    FROM reviews_mention AS mention JOIN reviews_review AS review ON review.id = mention.review_id
    WHERE is_published(review.published_at, review.withdrawn_at, %(now)s)
    GROUP BY 1, 2
) AS pair JOIN public AS low ON low.id = low_id JOIN public AS high ON high.id = high_id
WHERE NOT EXISTS (
    SELECT FROM comparisons_comparison
    WHERE LEAST(first_id, second_id) = low_id AND GREATEST(first_id, second_id) = high_id
)
ORDER BY times DESC, LEAST(low.sort_name, high.sort_name), GREATEST(low.sort_name, high.sort_name), low.id, high.id
LIMIT %(most)s
"""


def find_missing_comparisons(*, most: int, at: datetime) -> list[MissingComparison]:
    """Return pairs that reviews mention together and that have no comparison in any state, most mentions first."""
    pairs = []
    for low, low_name, high, high_name, times, total in _read_rows(_MISSING_COMPARISONS, {"most": most, "now": at}):
        (first_name, first), (second_name, second) = sorted(
            [(low_name, low), (high_name, high)], key=lambda tool: sort_key(tool[0])
        )
        pairs.append(MissingComparison(first, first_name, second, second_name, times, total))
    return pairs


class ToolToVerify(NamedTuple):
    """A tool with current prices and facts that need a check: their numbers, and the day of the oldest check."""

    tool: int
    name: str
    oldest: date | None
    plans: int
    facts: int
    total: int  # number of all such tools


_TO_VERIFY = """
SELECT tool.id, tool.name, oldest, plans, facts, count(*) OVER ()
FROM (
    SELECT tool_id, min(verified_on) AS oldest, count(*) FILTER (WHERE is_plan) AS plans,
           count(*) FILTER (WHERE NOT is_plan) AS facts
    FROM (
        SELECT tool_id, verified_on, true AS is_plan FROM tools_plan WHERE superseded_at IS NULL AND {due}
        UNION ALL
        SELECT tool_id, verified_on, false FROM tools_fact WHERE superseded_at IS NULL AND {due}
    ) AS statement GROUP BY tool_id
) AS waiting JOIN tools_tool AS tool ON tool.id = tool_id AND NOT tool.example AND {is_kept}
ORDER BY oldest, tool.published_at DESC NULLS LAST, tool.id
LIMIT %(most)s
"""
_STALE = _TO_VERIFY.format(due="verified_on < %(before)s", is_kept=_IS_KEPT.format("tool"))
_UNVERIFIED = _TO_VERIFY.format(due="verified_on IS NULL", is_kept=_IS_KEPT.format("tool"))


def find_tools_to_verify(*, most: int, before: date | None) -> list[ToolToVerify]:
    """Return tools with prices or facts last checked before a day, oldest check first.

    For None, return tools with prices or facts that were never checked, newest tool first. Withdrawn tools and examples
    are left out.
    """
    rows = _read_rows(_UNVERIFIED if before is None else _STALE, {"most": most, "before": before})
    return [ToolToVerify(*row) for row in rows]


def _read_rows(sql: str, parameters: dict[str, int | date | None]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()
