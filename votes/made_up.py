"""Made-up votes of a demonstration: how they differ from visitors' votes, and whether there are any.

They are ordinary rows in the tables of votes. Their visitors are UUIDs of version 8 in one range. Those of real
visitors are random and of version 4, so none of them can lie in it (docs/decisions/0026-made-up-votes.md).
"""

import uuid
from collections.abc import Callable
from functools import partial
from time import monotonic

from django.db import Error
from django.http import HttpRequest

from web.caching import on_clear
from web.replica import connection

FIRST = uuid.UUID("64656d6f-0000-8000-8000-000000000000")
LAST = uuid.UUID("64656d6f-0000-8000-8000-ffffffffffff")
MARK = "made-up-votes"
SENTENCE = "Votes on this demonstration are made up."
FRESH_SECONDS = 5.0
"""The maximum age of the cached answer on a page that reads no revision."""

MARK_SQL = f"""(SELECT '{MARK}' WHERE EXISTS (SELECT FROM votes_vote WHERE is_made_up(visitor))
             OR EXISTS (SELECT FROM votes_pairvote WHERE is_made_up(visitor)))"""  # noqa: S608 (ours)
"""The mark if there are made-up votes, else NULL. Two index lookups. The content revision changes with it."""

_cached: tuple[bool, float] | None = None  # whether there are any, and when that was read (monotonic)


def make_visitor(number: int) -> uuid.UUID:
    """Return the id of a made-up visitor, of at most 2 ** 48."""
    return uuid.UUID(int=FIRST.int + number)


def note(are_there: bool) -> None:  # noqa: FBT001 (what was read)
    """Cache what a page has just read with its revision, so that others need not query."""
    global _cached
    _cached = are_there, monotonic()


def _clear() -> None:
    global _cached
    _cached = None


on_clear(_clear)


def are_there() -> bool:
    """Return whether there are made-up votes, as of at most FRESH_SECONDS ago. Most calls make no query."""
    if _cached is None or monotonic() - _cached[1] > FRESH_SECONDS:
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {MARK_SQL} IS NOT NULL")
                note(cursor.fetchone()[0])
        except Error:  # the page is about that, or it will be
            return _cached is not None and _cached[0]
    return _cached is not None and _cached[0]


def are_on_page(request: HttpRequest) -> bool:
    """Return whether a page has to say that votes are made up.

    A stored page says what was true when its question was answered (web/pages.py).
    """
    reading = getattr(request, "page_reading", None)
    return are_there() if reading is None else reading.also is not None


def context(request: HttpRequest) -> dict[str, Callable[[], bool]]:
    """Return the context by which every page says that votes are made up. Read only if a template asks."""
    return {"has_made_up_votes": partial(are_on_page, request)}


def name_file(what: str) -> str:
    """Return what a download of votes is named for, such as `votes`, or `votes-made-up` while some are made up."""
    return f"{what}-made-up" if are_there() else what
