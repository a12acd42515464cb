"""The public ledger: how many of the votes first cast on a day count, are held, or were rejected, and what for."""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection, models
from django.db.models import Q
from django.utils import timezone

from tools.models import Tool


class LedgerHour(models.Model):
    """How many of the votes first cast on a tool in an hour (UTC) say ship and skip, by what they are worth, in slots.

    Only triggers on `votes_vote` write here, with the tally and in the same slots (votes/sql/tally.sql). Votes that
    were taken back are in no row.
    """

    pk = models.CompositePrimaryKey("tool_id", "hour_at", "state", "rejected_for", "slot")
    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="ledger", db_index=False)
    hour_at = models.DateTimeField()
    state = models.CharField(max_length=8)
    rejected_for = models.CharField(max_length=9, blank=True)
    slot = models.PositiveSmallIntegerField()
    ship = models.IntegerField()
    skip = models.IntegerField()

    class Meta:
        constraints = [models.CheckConstraint(name="votes_ledger_not_negative", condition=Q(ship__gte=0, skip__gte=0))]

    def __str__(self) -> str:
        return f"tool {self.tool_id}, {self.hour_at:%Y-%m-%d %H}:00, {self.state}: {self.ship} ship, {self.skip} skip"


@dataclass(frozen=True, slots=True)
class Entry:
    """The votes first cast in a day, or in an hour: those that count, and how many of the others."""

    starts_at: datetime
    ship: int
    skip: int
    held: int
    flood: int
    script: int
    duplicate: int
    other: int

    @property
    def counted(self) -> int:
        return self.ship + self.skip

    @property
    def rejected(self) -> int:
        return self.flood + self.script + self.duplicate + self.other

    @property
    def votes(self) -> int:
        return self.counted + self.held + self.rejected

    @property
    def day(self) -> date:
        return self.starts_at.date()


_SUMS = """
       COALESCE(sum(ship) FILTER (WHERE state = 'counted'), 0), COALESCE(sum(skip) FILTER (WHERE state = 'counted'), 0),
       COALESCE(sum(ship + skip) FILTER (WHERE state = 'held'), 0),
       COALESCE(sum(ship + skip) FILTER (WHERE rejected_for = 'flood'), 0),
       COALESCE(sum(ship + skip) FILTER (WHERE rejected_for = 'script'), 0),
       COALESCE(sum(ship + skip) FILTER (WHERE rejected_for = 'duplicate'), 0),
       COALESCE(sum(ship + skip) FILTER (WHERE rejected_for = 'other'), 0)"""

_ENTRIES = """
SELECT date_trunc(%(step)s, hour_at, 'UTC'),{sums}
FROM votes_ledgerhour WHERE tool_id = %(tool)s AND hour_at >= %(start)s AND hour_at < %(end)s
GROUP BY 1 HAVING sum(ship + skip) > 0 ORDER BY 1
""".replace("{sums}", _SUMS)

# From one month to the one before it, by index: a popular tool has thousands of rows a month.
_MONTHS = """
WITH RECURSIVE month(start) AS (
    SELECT date_trunc('month', max(hour_at), 'UTC') FROM votes_ledgerhour WHERE tool_id = %(tool)s
    UNION ALL
    SELECT (
        SELECT date_trunc('month', max(hour_at), 'UTC') FROM votes_ledgerhour
        WHERE tool_id = %(tool)s AND hour_at < month.start
    ) FROM month WHERE month.start IS NOT NULL
)
SELECT start FROM month WHERE start IS NOT NULL
"""

_EXPORT = """
SELECT tool.slug, (date_trunc('day', hour_at, 'UTC') AT TIME ZONE 'UTC')::date::text,{sums}
FROM votes_ledgerhour AS ledger JOIN tools_tool AS tool ON tool.id = ledger.tool_id
WHERE is_published(tool.published_at, tool.withdrawn_at, %s)
GROUP BY tool.id, 2 HAVING sum(ship + skip) > 0 ORDER BY 1, 2
""".replace("{sums}", _SUMS)
COLUMNS = (
    "tool", "day", "ship", "skip", "held",
    "rejected_flood", "rejected_script", "rejected_duplicate", "rejected_other",
)  # fmt: skip


def entries(tool_id: int, *, start: datetime, end: datetime, step: str = "day") -> list[Entry]:
    """The entries of a tool from one instant (UTC) to before another one, a row a `day` or an `hour` that has any."""
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, {"step": step, "tool": tool_id, "start": start, "end": end})
        return [Entry(*row) for row in cursor.fetchall()]


def months(tool_id: int) -> list[date]:
    """The first days of the months in which votes were cast on a tool, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS, {"tool": tool_id})
        return [month.date() for (month,) in cursor.fetchall()]


def month_after(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def daily_totals() -> Iterator[tuple[str | int, ...]]:
    """Yield the daily totals of every published tool, by slug and day, as COLUMNS; read piece by piece."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_EXPORT, [timezone.now()])
        while rows := cursor.fetchmany(2000):
            yield from rows


def _nothing(at: datetime) -> Entry:
    return Entry(at, 0, 0, 0, 0, 0, 0, 0)


def total(entries: Iterable[Entry]) -> Entry:
    """All entries in one; it starts when the first does."""
    entries = list(entries)
    columns = zip(*(astuple(entry)[1:] for entry in entries), strict=True)
    return Entry(entries[0].starts_at, *map(sum, columns)) if entries else _nothing(datetime.min.replace(tzinfo=UTC))


def every_day(entries: Iterable[Entry], month: date) -> list[Entry]:
    """The entries of a month with an empty one for each day that has none."""
    by_day = {entry.day: entry for entry in entries}
    start = datetime(month.year, month.month, 1, tzinfo=UTC)
    days = (month_after(month) - month.replace(day=1)).days
    return [by_day.get(at.date()) or _nothing(at) for at in (start + timedelta(days=n) for n in range(days))]


def every_hour(entries: Iterable[Entry], *, start: datetime, end: datetime) -> list[Entry]:
    """The entries between two full hours with an empty one for each hour that has none."""
    by_hour = {entry.starts_at: entry for entry in entries}
    hours = int((end - start).total_seconds()) // 3600
    return [by_hour.get(at) or _nothing(at) for at in (start + timedelta(hours=n) for n in range(hours))]
