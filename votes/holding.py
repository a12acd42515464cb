"""Held votes on a subject, grouped by hour and network for moderators."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection

from votes.models import HeldFor
from votes.subjects import KINDS, Subject, SubjectKind


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """Held votes that were cast in one hour from one network (None: unknown)."""

    hour_at: datetime
    network: uuid.UUID | None
    held_for: list[str]
    counts: tuple[int, ...]
    """The number of votes per choice, in the order of the kind's choices, then of votes that were taken back."""

    @property
    def votes(self) -> int:
        return sum(self.counts)

    @property
    def short_network(self) -> str:
        return self.network.hex[:8] if self.network else "unknown"

    @property
    def key(self) -> str:
        """The value that names the group in a form; `parse_key` reads it."""
        return f"{int(self.hour_at.timestamp())}.{self.network.hex if self.network else ''}"

    @property
    def held_for_words(self) -> str:
        labels = dict(HeldFor.choices)  # no constraint keeps other values out of pair votes
        return "; ".join(str(labels.get(value, value or "not known")) for value in self.held_for)


def parse_key(key: str) -> tuple[datetime, str]:
    """Return the hour and the network (hex, or "") of a group's key. Raise ValueError for anything else."""
    seconds, dot, network = key.partition(".")
    try:
        if dot and (not network or uuid.UUID(network).hex == network):
            return datetime.fromtimestamp(int(seconds), tz=UTC), network
    except (ValueError, OverflowError, OSError):
        pass
    raise ValueError(f"{key!r} names no group of votes")


def _build_groups_sql(kind: SubjectKind) -> str:
    counts = ", ".join(f"count(*) FILTER (WHERE choice = '{choice}')" for choice in (*kind.choices, "none"))
    return kind.fill("""
SELECT date_trunc('hour', created_at, 'UTC'), network, array_agg(DISTINCT held_for ORDER BY held_for),
       ARRAY[{counts}], count(*) OVER ()
FROM {votes} WHERE {matches} AND state = 'held' AND created_at <= %(until)s
GROUP BY 1, 2 ORDER BY 1 DESC, count(*) DESC, 2 LIMIT %(most)s OFFSET %(start)s
""").replace("{counts}", counts)


_GROUPS = {kind: _build_groups_sql(kind) for kind in KINDS}


def read_held_groups(subject: Subject, *, until: datetime, most: int, start: int = 0) -> tuple[list[HeldGroup], int]:
    """Return the held votes on a subject that were cast until an instant, in groups, and the number of all groups.

    The newest hours come first, and in each hour the largest groups. At most `most` groups are returned, from `start`
    on; past the end the number is 0.
    """
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS[subject.kind], {**subject.key, "until": until, "most": most, "start": start})
        rows = cursor.fetchall()
    groups = [HeldGroup(hour, network, held_for, tuple(counts)) for hour, network, held_for, counts, _ in rows]
    return groups, rows[0][-1] if rows else 0
