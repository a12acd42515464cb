"""What one network did on all tools and pairs in a day, for moderators. Limits look at one subject at a time.

A network's hash is valid for one day (votes/network.py), so nothing here can see further than one day.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from tools.models import Tool
from votes.subjects import KINDS, Subject, SubjectKind
from web import clock

MIN_VOTES = 3
"""The fewest votes of one network on one subject that count here. Fewer may be a household's."""
MIN_SUBJECTS = 4
"""The fewest subjects with MIN_VOTES for a network to be listed. People at one office rarely agree on that many."""
MIN_AGREEING = 0.8
"""The share of these votes that must agree with most votes on their subject. People differ; campaigns do not."""
DAYS = 3
"""How many days a network is listed."""


def _build_votes_sql(kind: SubjectKind) -> str:
    """Return the votes of a kind since an instant, with the position of their choice, 0 for one taken back."""
    first, *rest = kind.key
    places = " ".join(f"WHEN '{choice}' THEN {place}" for place, choice in enumerate(kind.choices, start=1))
    return (
        f"SELECT network, visitor, state, created_at, {first} AS one, {rest[0] if rest else 'NULL::bigint'} AS two, "  # noqa: S608 (ours)
        f"CASE choice {places} ELSE 0 END AS place FROM {kind.votes} "
        "WHERE created_at >= %(start)s AND created_at < %(end)s AND network "
    )


# {which} is the same for both kinds. The index on created_at keeps older votes out of both.
_VOTES = " UNION ALL ".join(_build_votes_sql(kind) + "{which}" for kind in KINDS)

_BUSY = f"""
WITH vote AS MATERIALIZED ({_VOTES.format(which="IS NOT NULL")}), subject AS (
    SELECT network, one, two, count(*) AS votes, count(*) FILTER (WHERE state = 'held') AS held,
           GREATEST(
               count(*) FILTER (WHERE place = 1), count(*) FILTER (WHERE place = 2), count(*) FILTER (WHERE place = 3)
           ) AS agreeing
    FROM vote GROUP BY 1, 2, 3
), busy AS (
    SELECT network, count(*) AS subjects, count(*) FILTER (WHERE votes >= %(min_votes)s) AS repeated,
           sum(votes)::bigint AS votes, sum(held)::bigint AS held,
           sum(agreeing) FILTER (WHERE votes >= %(min_votes)s) AS agreeing,
           sum(votes) FILTER (WHERE votes >= %(min_votes)s) AS compared
    FROM subject GROUP BY 1
    HAVING count(*) FILTER (WHERE votes >= %(min_votes)s) >= %(min_subjects)s
       AND sum(agreeing) FILTER (WHERE votes >= %(min_votes)s)
           >= %(min_agreeing)s * sum(votes) FILTER (WHERE votes >= %(min_votes)s)
)
SELECT network, (min(created_at) AT TIME ZONE 'UTC')::date, count(DISTINCT visitor), subjects, repeated, busy.votes,
       busy.held, agreeing::float / compared
FROM busy JOIN vote USING (network)
GROUP BY busy.network, subjects, repeated, busy.votes, busy.held, agreeing, compared
ORDER BY 2 DESC, repeated DESC, busy.votes DESC, network LIMIT %(most)s
"""  # noqa: S608 (ours)

_SUBJECTS = f"""
SELECT one, two, array_agg(place), count(*) FILTER (WHERE state = 'counted'), count(*) FILTER (WHERE state = 'held'),
       count(*) FILTER (WHERE state = 'rejected'), min(created_at), max(created_at)
FROM ({_VOTES.format(which="= %(network)s")}) AS vote
GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2
"""  # noqa: S608 (ours)

_BROWSERS = f"SELECT count(DISTINCT visitor) FROM ({_VOTES.format(which='= %(network)s')}) AS vote"  # noqa: S608 (ours)


@dataclass(frozen=True, slots=True)
class BusyNetwork:
    """A network with several votes on each of several subjects in one day."""

    network: uuid.UUID
    day: date
    browsers: int
    subjects: int
    repeated: int  # subjects with at least MIN_VOTES
    votes: int
    held: int
    agreeing: float  # the share, 0–1, of the votes on repeated subjects that say what most of them say there

    @property
    def short_network(self) -> str:
        return self.network.hex[:8]

    @property
    def percent_agreeing(self) -> int:
        return int(self.agreeing * 100 + 0.5)


@dataclass(frozen=True, slots=True)
class SubjectVotes:
    """The votes of one network on one subject in one day."""

    subject: Subject
    choices: str
    counted: int
    held: int
    rejected: int
    first_at: datetime
    last_at: datetime

    @property
    def votes(self) -> int:
        return self.counted + self.held + self.rejected


def read_busy_networks(*, today: date, most: int) -> list[BusyNetwork]:
    """Return the networks of the latest DAYS with several, one-sided votes on several subjects, the newest first."""
    start = clock.start_of(today) - timedelta(days=DAYS - 1)
    values: dict[str, Any] = {
        "start": start,
        "end": clock.start_of(today) + timedelta(days=1),
        "min_votes": MIN_VOTES,
        "min_subjects": MIN_SUBJECTS,
        "min_agreeing": MIN_AGREEING,
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BUSY, values)
        return [BusyNetwork(*row) for row in cursor.fetchall()]


def read_network(network: uuid.UUID, *, day: date, tools: Any) -> tuple[list[SubjectVotes], int]:
    """Return a network's votes of a day per subject, most votes first, and from how many browsers they came.

    Subjects with a tool that is not among `tools`, a queryset, are left out.
    """
    start = clock.start_of(day)
    values: dict[str, Any] = {"network": network, "start": start, "end": start + timedelta(days=1)}
    with connection.cursor() as cursor:
        cursor.execute(_SUBJECTS, values)
        rows = cursor.fetchall()
        cursor.execute(_BROWSERS, values)
        [browsers] = cursor.fetchone()
    found: dict[int, Tool] = tools.in_bulk({pk for row in rows for pk in row[:2] if pk is not None})
    subjects = []
    for one, two, places, *rest in rows:
        if one in found and (two is None or two in found):
            subject = Subject.of_tool(found[one]) if two is None else Subject.of_pair(found[one], found[two])
            subjects.append(SubjectVotes(subject, _describe_choices(subject, places), *rest))
    return subjects, browsers


def _describe_choices(subject: Subject, places: list[int]) -> str:
    """Return how often each choice was made: `9 ship, 1 taken back`."""
    names = subject.kind.choices if len(subject.tools) == 1 else (*(tool.name for tool in subject.tools), "neither")
    counts = [(places.count(place), name) for place, name in enumerate(names, start=1)]
    return ", ".join(f"{count:,} {name}" for count, name in [*counts, (places.count(0), "taken back")] if count)
