"""Finding a pair by its address, and knowing cheaply whether its page has changed.

This is the one query of a conditional request, so it is written as SQL and prepared by the server. It must name
everything that the comparison page shows: see docs/decisions/0002-etags.md before you add to that page.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from django.utils import timezone

from comparisons.models import Comparison
from tools.models import Tool
from votes.community import Community
from votes.preference import Preference

# The clock changes a page by itself when a tool, review or comparison comes due (the newest one that is out moves),
# and when a day begins (prices grow stale, predictions fall due). Everything else that editors do raises the revision;
# votes move the tallies.
_EDITION = """
       concat_ws(
           ' ', (SELECT number FROM tools_contentrevision),
           (SELECT max(published_at) FROM tools_tool WHERE published_at <= %(now)s),
           (SELECT max(published_at) FROM reviews_review WHERE published_at <= %(now)s),
           (SELECT max(published_at) FROM comparisons_comparison WHERE published_at <= %(now)s)
       )"""

# Of two tools, a and b: what visitors say of each, and which of them they would ship with.
_VOTES = """
       (SELECT concat(sum(ship), '/', sum(skip), '/', sum(held)) FROM votes_tally WHERE tool_id = a.id)
       || (SELECT '/' || count(*) FROM votes_freeze WHERE tool_id = a.id),
       (SELECT concat(sum(ship), '/', sum(skip), '/', sum(held)) FROM votes_tally WHERE tool_id = b.id)
       || (SELECT '/' || count(*) FROM votes_freeze WHERE tool_id = b.id),
       (
           SELECT concat_ws('/', for_first, for_second, neither, held) FROM votes_pairtally
           WHERE first_id = LEAST(a.id, b.id) AND second_id = GREATEST(a.id, b.id)
       )"""

_FIND = """
SELECT a.id, a.slug, b.id, b.slug, c.id, c.first_id, COALESCE(c.introduction, ''),{edition},
{votes}
FROM tools_tool AS a
JOIN tools_tool AS b ON b.slug = %(second)s AND b.published_at <= %(now)s AND b.withdrawn_at IS NULL
LEFT JOIN comparisons_comparison AS c
       ON LEAST(c.first_id, c.second_id) = LEAST(a.id, b.id)
      AND GREATEST(c.first_id, c.second_id) = GREATEST(a.id, b.id)
      AND c.published_at <= %(now)s AND c.withdrawn_at IS NULL
WHERE a.slug = %(first)s AND a.published_at <= %(now)s AND a.withdrawn_at IS NULL
""".replace("{edition}", _EDITION).replace("{votes}", _VOTES)

_TALLIES = "SELECT {edition},{votes} FROM (VALUES (%(first)s::bigint)) AS a(id), (VALUES (%(second)s::bigint)) AS b(id)"
_TALLIES = _TALLIES.replace("{edition}", _EDITION).replace("{votes}", _VOTES)

_COMMUNITY = """
SELECT ship, skip, whole_percent(ship, ship + skip),
       whole_percent(wilson_low(ship, ship + skip)), whole_percent(wilson_high(ship, ship + skip))
FROM (
    VALUES (1, %s::bigint, %s::bigint), (2, %s::bigint, %s::bigint), (3, %s::bigint, %s::bigint)
) AS tally(place, ship, skip)
ORDER BY place
"""


type Edition = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two published tools in the order of their canonical address."""

    ids: tuple[int, int]
    slugs: tuple[str, str]
    comparison: int | None
    """The id of the editors' comparison; None for a pair that none of them made."""
    introduction: str
    edition: Edition
    """Differs whenever anything differs that editors wrote, or that the clock does to it: (day, revision and times)."""
    tallies: tuple[str, str]
    """Of each tool how many votes say ship and skip, how many are held, and whether votes are frozen (1 or 0), as
    `32/9/3/0`; `///0` where nobody ever voted.
    """

    pair_tally: tuple[int, int, int, int]
    """How many pair votes choose the first, the second, and neither; and how many are held."""

    @property
    def is_editorial(self) -> bool:
        return self.comparison is not None

    @property
    def stamp(self) -> tuple[Any, ...]:
        """Differs whenever the page would."""
        return (self.ids, self.edition, self.tallies, self.pair_tally)

    @property
    def communities(self) -> list[Community]:
        """What the tallies come to, for both tools."""
        return self._numbers[:2]

    @property
    def preference(self) -> Preference:
        """Which of the two visitors would ship with."""
        return Preference(between=self._numbers[2], neither=self.pair_tally[2])

    @property
    def _numbers(self) -> list[Community]:
        return _communities(*self.tallies, "{0}/{1}/{3}/0".format(*self.pair_tally))


@lru_cache(maxsize=4096)
def _communities(*tallies: str) -> list[Community]:
    """The numbers of both tools' tallies and of the pair's: the database's arithmetic, and pure, so that it is asked
    once for the same counts.
    """
    counts = [[int(count or 0) for count in tally.split("/")] for tally in tallies]
    with connection.cursor() as cursor:
        cursor.execute(_COMMUNITY, [count for ship, skip, *_ in counts for count in (ship, skip)])
        return [
            Community(ship, skip, percent, low, high, held=held, is_frozen=bool(frozen))
            for (ship, skip, percent, low, high), (*_, held, frozen) in zip(cursor.fetchall(), counts, strict=True)
        ]


def find_pair(first: str, second: str) -> Pair | None:
    """The pair of two slugs, given in either order; None unless both tools are published.

    The canonical order is the editor's where a comparison is published, else that of the slugs.
    """
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_FIND, {"first": first, "second": second, "now": now})
        row = cursor.fetchone()
    if row is None:
        return None
    a, a_slug, b, b_slug, comparison, editors_first, introduction, edition, *tallies, pair_tally = row
    if editors_first == b or (editors_first is None and b_slug < a_slug):
        a, a_slug, b, b_slug, tallies = b, b_slug, a, a_slug, tallies[::-1]
    return Pair(
        ids=(a, b),
        slugs=(a_slug, b_slug),
        comparison=comparison,
        introduction=introduction,
        edition=_edition(now, edition),
        tallies=(tallies[0], tallies[1]),
        pair_tally=_pair_tally(pair_tally, turned=a > b),
    )


def unpublished_pair(comparison: Comparison) -> Pair:
    """A comparison as a pair, whether or not it or its tools are published: for previews."""
    first, second = comparison.first, comparison.second
    edition, tallies, pair_tally = _as_it_is(first.pk, second.pk)
    return Pair(
        ids=(first.pk, second.pk),
        slugs=(first.slug, second.slug),
        comparison=comparison.pk,
        introduction=comparison.introduction,
        edition=edition,
        tallies=tallies,
        pair_tally=pair_tally,
    )


def still_shows(pair: Pair) -> bool:
    """Whether the pair's page would still show what it showed when the pair was found. One statement.

    What the address leads to, and whether the tools are published, is editors' work and so part of the edition.
    """
    return _as_it_is(*pair.ids) == (pair.edition, pair.tallies, pair.pair_tally)


def _as_it_is(first: int, second: int) -> tuple[Edition, tuple[str, str], tuple[int, int, int, int]]:
    """The edition, tallies and pair tally (see Pair) of two tools by their ids, in this order."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_TALLIES, {"first": first, "second": second, "now": now})
        edition, *tallies, pair_tally = cursor.fetchone()
    return _edition(now, edition), (tallies[0], tallies[1]), _pair_tally(pair_tally, turned=first > second)


def _pair_tally(counts: str | None, *, turned: bool) -> tuple[int, int, int, int]:
    """The counts of pair votes in the order of the page, which may turn that of the ids; None where there are none."""
    first, second, neither, held = (int(count) for count in (counts or "0/0/0/0").split("/"))
    return (second, first, neither, held) if turned else (first, second, neither, held)


def current_edition() -> Edition:
    """The edition of the site as it is now: what depends on editors' words and the clock alone can be kept under it."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_EDITION}", {"now": now})
        return _edition(now, cursor.fetchone()[0])


def _edition(now: datetime, times: str) -> Edition:
    return now.astimezone(timezone.get_default_timezone()).date().isoformat(), times


def current_slugs(first: str, second: str) -> tuple[str, str] | None:
    """Where two slugs, current or former, lead today; None when they do not both lead to published tools."""
    found = Tool.objects.published().by_slugs(first, second)
    return (found[first].slug, found[second].slug) if first in found and second in found else None
