"""Finds a pair by its slugs, and checks cheaply whether its page has changed.

The statement is the only query of a conditional request, so it is written in SQL and prepared by the server. It must
cover everything that the comparison page shows: read docs/decisions/0002-etags.md before you add to that page.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.utils import timezone

from comparisons.models import Comparison
from comparisons.reading.revision import REVISION_SQL, Revision, revision_at
from tools.models import Tool
from votes.community import Community
from votes.preference import Preference
from web.caching import process_cache
from web.replica import connection

# The counts of votes on two tools, a and b, and between them; `_COUNT_JOINS` reads them.
_COUNTS = """
       on_a.ship, on_a.skip, on_a.held, EXISTS (SELECT FROM votes_freeze WHERE tool_id = a.id),
       on_b.ship, on_b.skip, on_b.held, EXISTS (SELECT FROM votes_freeze WHERE tool_id = b.id),
       COALESCE(on_pair.for_first, 0), COALESCE(on_pair.for_second, 0), COALESCE(on_pair.neither, 0),
       COALESCE(on_pair.held, 0)"""
_SUMS = """(
    SELECT COALESCE(sum(ship), 0) AS ship, COALESCE(sum(skip), 0) AS skip, COALESCE(sum(held), 0) AS held
    FROM votes_tally WHERE tool_id = {tool}.id
) AS on_{tool}"""
_COUNT_JOINS = f"""
CROSS JOIN LATERAL {_SUMS.replace("{tool}", "a")}
CROSS JOIN LATERAL {_SUMS.replace("{tool}", "b")}
LEFT JOIN votes_pairtally AS on_pair
       ON on_pair.first_id = LEAST(a.id, b.id) AND on_pair.second_id = GREATEST(a.id, b.id)"""

_FIND = """
SELECT a.id, a.slug, b.id, b.slug, c.id, c.first_id, COALESCE(c.introduction, ''), COALESCE(c.lines, '[]')::text,
       {revision},{counts}
FROM tools_tool AS a
JOIN tools_tool AS b ON b.slug = %(second)s AND is_published(b.published_at, b.withdrawn_at, %(now)s)
LEFT JOIN comparisons_comparison AS c
       ON LEAST(c.first_id, c.second_id) = LEAST(a.id, b.id)
      AND GREATEST(c.first_id, c.second_id) = GREATEST(a.id, b.id)
      AND is_published(c.published_at, c.withdrawn_at, %(now)s){count_joins}
WHERE a.slug = %(first)s AND is_published(a.published_at, a.withdrawn_at, %(now)s)
"""

_STATE = """
SELECT {revision},{counts}
FROM (VALUES (%(first)s::bigint)) AS a(id) CROSS JOIN (VALUES (%(second)s::bigint)) AS b(id){count_joins}
"""

_FIND, _STATE = (
    sql.replace("{revision}", REVISION_SQL).replace("{counts}", _COUNTS).replace("{count_joins}", _COUNT_JOINS)
    for sql in (_FIND, _STATE)
)

_COMMUNITY = """
SELECT ship, skip, whole_percent(ship, ship + skip),
       whole_percent(wilson_low(ship, ship + skip)), whole_percent(wilson_high(ship, ship + skip))
FROM (
    VALUES (1, %s::bigint, %s::bigint), (2, %s::bigint, %s::bigint), (3, %s::bigint, %s::bigint)
) AS tally(place, ship, skip)
ORDER BY place
"""


class Counts(NamedTuple):
    """The counted and held votes on one tool, and whether voting on it is frozen."""

    ship: int
    skip: int
    held: int
    is_frozen: bool


class PairCounts(NamedTuple):
    """The counted and held votes between two tools."""

    first: int
    second: int
    neither: int
    held: int

    def swap(self) -> "PairCounts":
        """Return the same counts with the two tools the other way around."""
        return PairCounts(self.second, self.first, self.neither, self.held)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two published tools in the order of their canonical address."""

    ids: tuple[int, int]
    slugs: tuple[str, str]
    comparison: int | None
    """The id of the comparison that editors made of the pair, or None."""
    introduction: str
    lines: str
    """What editors say about the lines of “Pick if”, as JSON text (comparisons.editor_lines)."""
    revision: Revision
    counts: tuple[Counts, Counts]
    pair_counts: PairCounts

    @property
    def is_editorial(self) -> bool:
        return self.comparison is not None

    @property
    def communities(self) -> list[Community]:
        """The numbers of both tools."""
        return _numbers(*self.counts, self.pair_counts)[0]

    @property
    def preference(self) -> Preference:
        """Which of the two visitors would ship with."""
        return _numbers(*self.counts, self.pair_counts)[1]


@process_cache(maxsize=4096)
def _numbers(one: Counts, two: Counts, pair: PairCounts) -> tuple[list[Community], Preference]:
    """Return the numbers of two tools and of their pair. The database computes them, and the result depends on nothing
    but the counts, so it is cached per set of counts.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COMMUNITY, [one.ship, one.skip, two.ship, two.skip, pair.first, pair.second])
        *ratios, (first, second, percent, low, high) = cursor.fetchall()
    preference = Preference(first, second, percent, low, high, neither=pair.neither, held=pair.held)
    return [
        Community(ship, skip, percent, low, high, held=counts.held, is_frozen=counts.is_frozen)
        for (ship, skip, percent, low, high), counts in zip(ratios, (one, two), strict=True)
    ], preference


def find_pair(first: str, second: str) -> Pair | None:
    """Return the pair of two slugs, given in either order; None unless both tools are published. One query.

    The canonical order is that of the published comparison, else alphabetical by slug.
    """
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_FIND, {"first": first, "second": second, "now": now})
        row = cursor.fetchone()
    if row is None:
        return None
    a, a_slug, b, b_slug, comparison, editors_first, introduction, lines, revision, *counts = row
    on_a, on_b, between = Counts(*counts[:4]), Counts(*counts[4:8]), PairCounts(*counts[8:])
    if editors_first == b or (editors_first is None and b_slug < a_slug):
        a, a_slug, b, b_slug, on_a, on_b = b, b_slug, a, a_slug, on_b, on_a
    return Pair(
        ids=(a, b),
        slugs=(a_slug, b_slug),
        comparison=comparison,
        introduction=introduction,
        lines=lines,
        revision=revision_at(now, revision),
        counts=(on_a, on_b),
        pair_counts=between.swap() if a > b else between,
    )


def read_pair_for_preview(comparison: Comparison) -> Pair:
    """Return the pair of a comparison, published or not. One query."""
    first, second = comparison.first, comparison.second
    revision, counts, pair_counts = _read_state(first.pk, second.pk)
    return Pair(
        ids=(first.pk, second.pk),
        slugs=(first.slug, second.slug),
        comparison=comparison.pk,
        introduction=comparison.introduction,
        lines=json.dumps(comparison.lines),
        revision=revision,
        counts=counts,
        pair_counts=pair_counts,
    )


def _read_state(first: int, second: int) -> tuple[Revision, tuple[Counts, Counts], PairCounts]:
    """Return the revision and the counts (see Pair) of two tools by their ids, in this order."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_STATE, {"first": first, "second": second, "now": now})
        revision, *counts = cursor.fetchone()
    between = PairCounts(*counts[8:])
    return (
        revision_at(now, revision),
        (Counts(*counts[:4]), Counts(*counts[4:8])),
        between.swap() if first > second else between,
    )


def read_editors_order(ids: Sequence[int]) -> set[tuple[str, str]]:
    """Return the slugs of every published comparison between two of the tools, in the editor's order. One query.

    Every other pair is in alphabetical order.
    """
    between = Comparison.objects.published().filter(first__in=ids, second__in=ids)
    return set(between.order_by().values_list("first__slug", "second__slug"))


def find_current_slugs(first: str, second: str) -> tuple[str, str] | None:
    """Return the current slugs for two slugs, current or former; None unless both belong to published tools."""
    found = Tool.objects.published().by_slugs(first, second)
    return (found[first].slug, found[second].slug) if first in found and second in found else None
