"""Comparing tallies, ledger, and listings with a fresh count of the votes, and repairing them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from votes.subjects import KINDS, StoredCounts, SubjectKind

_DIFFERENCES = """
SELECT {key}, {stored}, {fresh}
FROM {table} AS stored
FULL JOIN (SELECT {expressions} FROM {votes} GROUP BY {places}) AS fresh USING ({key})
WHERE ({stored}) <> ({fresh})
ORDER BY {places}
"""

_REPAIR = """
INSERT INTO {table} ({key}, {columns}) VALUES ({values})
ON CONFLICT ({key}) DO UPDATE SET {updates}
"""

_LAGGING = """
SELECT DISTINCT listing.tool_id, community_ship, community_skip, tally.ship, tally.skip
FROM votes_listing AS listing
LEFT JOIN (SELECT tool_id, sum(ship) AS ship, sum(skip) AS skip FROM votes_tally GROUP BY 1) AS sums USING (tool_id)
CROSS JOIN LATERAL (SELECT COALESCE(sums.ship, 0) AS ship, COALESCE(sums.skip, 0) AS skip) AS tally
WHERE (community_ship, community_skip) <> (tally.ship, tally.skip)
ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class TallyDifference:
    """Stored counts that disagree with their source. str() is one line."""

    place: str
    stored_in: str
    stored: dict[str, int]
    source: str
    fresh: dict[str, int]

    def __str__(self) -> str:
        return f"{self.place}: {self.stored_in} {_describe(self.stored)}; {self.source} {_describe(self.fresh)}"


def _describe(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.removeprefix('for_')}" for name, count in counts.items())


@transaction.atomic
def verify_tally(*, repair: bool = False) -> list[TallyDifference]:
    """Compare tallies and ledger with a fresh count, and listings with the tally. Return the differences; with
    `repair`, correct them too.

    A plain comparison blocks nobody. While votes come in, a listing may lag for as long as one vote takes. A repair
    blocks writers of votes.
    """
    differences: list[TallyDifference] = []
    with connection.cursor() as cursor:
        if repair:
            cursor.execute(
                "LOCK TABLE votes_vote, votes_pairvote, votes_tally, votes_pairtally, votes_ledgerhour"
                " IN SHARE ROW EXCLUSIVE MODE"
            )
        for kind in KINDS:
            for counts in kind.stored:
                differences += _verify(cursor, kind, counts, repair=repair)
        cursor.execute(_LAGGING)
        lagging = cursor.fetchall()
        if repair:
            cursor.execute("SELECT settle_listings(%s::bigint[], false)", [[row[0] for row in lagging]])
    for tool, *counts in lagging:
        names = ("ship", "skip")
        listed, tallied = dict(zip(names, counts[:2], strict=True)), dict(zip(names, counts[2:], strict=True))
        differences.append(TallyDifference(f"tool {tool}", "lists count", listed, "the tally says", tallied))
    return differences


def _verify(cursor: Any, kind: SubjectKind, counts: StoredCounts, *, repair: bool) -> list[TallyDifference]:
    """Compare a table with the votes that it counts. Return the differences; with `repair`, correct them too."""
    columns, width = list(counts.counts), len(counts.key)
    fresh_columns = [
        *(f"{expression} AS {column}" for column, expression in counts.key.items()),
        *(f"count(*) FILTER (WHERE {condition}) AS {column}" for column, condition in counts.counts.items()),
    ]
    names = {
        "table": counts.table,
        "votes": kind.votes,
        "key": ", ".join(counts.key),
        "places": ", ".join(str(n + 1) for n in range(width)),
        "expressions": ", ".join(fresh_columns),
        "stored": ", ".join(f"COALESCE(stored.{column}, 0)" for column in columns),
        "fresh": ", ".join(f"COALESCE(fresh.{column}, 0)" for column in columns),
        "columns": ", ".join(columns),
        "values": ", ".join(["%s"] * (width + len(columns))),
        "updates": ", ".join(f"{column} = excluded.{column}" for column in columns),
    }
    cursor.execute(_DIFFERENCES.format(**names))
    rows = cursor.fetchall()
    if repair:
        cursor.executemany(_REPAIR.format(**names), [(*row[:width], *row[width + len(columns) :]) for row in rows])
    return [
        TallyDifference(
            _name_place(dict(zip(counts.key, row[:width], strict=True))),
            f"the {counts.name} says",
            dict(zip(columns, row[width : width + len(columns)], strict=True)),
            "the votes say",
            dict(zip(columns, row[width + len(columns) :], strict=True)),
        )
        for row in rows
    ]


def _name_place(key: dict[str, Any]) -> str:
    """Return the row in words, such as `tool 5, slot 3` or `tools 5 and 9`."""
    if "first_id" in key:
        return f"tools {key['first_id']} and {key['second_id']}"
    hour: datetime | None = key.get("hour_at")
    parts = (
        f"tool {key['tool_id']}",
        f"{hour:%Y-%m-%d %H}:00" if hour else "",
        f"slot {key['slot']}",
        key.get("rejected_for") or key.get("state", ""),
    )
    return ", ".join(part for part in parts if part)
