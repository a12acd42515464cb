"""The revision of the site's content: the key of every process cache of what editors wrote."""

from datetime import date, datetime
from typing import NamedTuple

from django.utils import timezone

from votes import made_up
from votes.live import EDITORS, NEXT_TOOL, SITE
from web import clock
from web.pages import Question
from web.replica import connection

# Everything that editors do raises the number. The clock alone changes a page when a tool, review, or comparison comes
# due, which moves the newest publication time, and when a day begins: prices become stale, predictions fall due.
# Votes change none of it, except that made-up ones appear or go: then every page says so, or no longer does.
REVISION_SQL = f"""
       concat_ws(
           ' ', (SELECT number FROM tools_contentrevision),
           (SELECT max(published_at) FROM tools_tool WHERE published_at <= %(now)s),
           (SELECT max(published_at) FROM reviews_review WHERE published_at <= %(now)s),
           (SELECT max(published_at) FROM comparisons_comparison WHERE published_at <= %(now)s),
           {made_up.MARK_SQL}
       )"""  # noqa: S608 (ours)


# What pages depend on (web/pages.py). The clock alone changes them when content comes due, and when a day begins.
_NEXT_CHANGE = f"""LEAST(
    {NEXT_TOOL},
    (SELECT min(published_at) FROM reviews_review WHERE published_at > {{now}}),
    (SELECT min(published_at) FROM comparisons_comparison WHERE published_at > {{now}})
)"""  # noqa: S608 (ours)
CONTENT = Question(EDITORS, next_change=_NEXT_CHANGE, also=made_up.MARK_SQL)
EVERYTHING = Question(SITE, next_change=_NEXT_CHANGE, also=made_up.MARK_SQL)


def votes_on_tool(tool: int) -> Question:
    """Return what a page depends on that shows of votes only those on one tool, given by its id."""
    return Question(f"{EDITORS}, {_votes_on('$1')}", (str(tool),))


def votes_on_pair(first: int, second: int) -> Question:
    """Return what a page depends on that shows of votes only those on two tools and between them."""
    return Question(f"{EDITORS}, {_votes_on('$1')}, {_votes_on('$2')}, {_VOTES_BETWEEN}", (str(first), str(second)))


def _votes_on(tool: str) -> str:
    return f"""
       (SELECT (sum(ship), sum(skip), sum(held)) FROM votes_tally WHERE tool_id = {tool}::bigint),
       EXISTS (SELECT FROM votes_freeze WHERE tool_id = {tool}::bigint)"""  # noqa: S608 (ours)


_VOTES_BETWEEN = """
       (SELECT (for_first, for_second, neither, held) FROM votes_pairtally
        WHERE first_id = LEAST($1::bigint, $2::bigint) AND second_id = GREATEST($1::bigint, $2::bigint))"""


class Revision(NamedTuple):
    """A version of everything that editors wrote, and of what the clock changed in it."""

    today: date
    content: str
    """The number of the content revision, the newest publication time of each kind of content, and the mark of made-up
    votes.
    """

    @property
    def has_made_up_votes(self) -> bool:
        return self.content.endswith(made_up.MARK)


def current_revision() -> Revision:
    """Return the revision of the site as of now. One query."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {REVISION_SQL}", {"now": now})
        return revision_at(now, cursor.fetchone()[0])


def revision_at(now: datetime, content: str) -> Revision:
    """Return the revision of an instant, given what `REVISION_SQL` selected for it."""
    revision = Revision(clock.day_of(now), content)
    made_up.note(revision.has_made_up_votes)
    return revision
