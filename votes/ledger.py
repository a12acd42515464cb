"""The public ledger: how many of the votes first cast on a day count, are held, or were rejected, and why."""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import batched

from django.utils import timezone

from tools.models import Tool
from votes.models import Reason
from web.replica import connection


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """The votes first cast in a day or an hour: counted votes by choice, and others by class."""

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
    def rejected_words(self) -> str:
        """Why votes were rejected: `3 network flood, 1 script`."""
        counts = [(getattr(self, reason), label.lower()) for reason, label in Reason.rejecting()]
        return ", ".join(f"{count:,} {label}" for count, label in counts if count)

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

_ROWS = """
SELECT date_trunc(%(step)s, hour_at, 'UTC'),{sums}
FROM votes_ledgerhour WHERE tool_id = %(tool)s AND hour_at >= %(start)s AND hour_at < %(end)s
GROUP BY 1 HAVING sum(ship + skip) > 0 ORDER BY 1
""".replace("{sums}", _SUMS)

# Step from each month to the one before it by index: a popular tool has thousands of rows per month.
_MONTHS = """
WITH RECURSIVE month(start) AS (
    SELECT date_trunc('month', max(hour_at), 'UTC') FROM votes_ledgerhour WHERE tool_id = %(tool)s
    UNION ALL
    SELECT (
        SELECT date_trunc('month', max(hour_at), 'UTC') FROM votes_ledgerhour
        WHERE tool_id = %(tool)s AND hour_at < month.start
    ) FROM month WHERE month.start IS NOT NULL
)
SELECT start FROM month WHERE start IS NOT NULL ORDER BY start DESC
"""

_EXPORT = """
SELECT tool.slug, (date_trunc('day', hour_at, 'UTC') AT TIME ZONE 'UTC')::date::text,{sums}
FROM votes_ledgerhour AS ledger JOIN tools_tool AS tool ON tool.id = ledger.tool_id
WHERE tool.id = ANY(%s)
GROUP BY tool.id, 2 HAVING sum(ship + skip) > 0 ORDER BY 1, 2
""".replace("{sums}", _SUMS)
# The sum does not depend on the order of rows. It covers everything that the export shows, so it changes with that.
_FINGERPRINT = """
SELECT count(*) || ' ' || COALESCE(sum(hashtextextended(concat_ws(
    ' ', tool.slug, hour_at AT TIME ZONE 'UTC', state, rejected_for, slot, ship, skip
), 0)), 0)
FROM votes_ledgerhour AS ledger JOIN tools_tool AS tool ON tool.id = ledger.tool_id
WHERE is_published(tool.published_at, tool.withdrawn_at, %s)
"""
TOOLS_PER_QUERY = 50
COLUMNS = (
    "tool", "day", "ship", "skip", "held",
    "rejected_flood", "rejected_script", "rejected_duplicate", "rejected_other",
)  # fmt: skip


def read_rows(tool_id: int, *, start: datetime, end: datetime, step: str = "day") -> list[LedgerRow]:
    """Return a tool's rows from `start` (UTC) up to but excluding `end`, one per `day` or `hour` with votes."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, {"step": step, "tool": tool_id, "start": start, "end": end})
        return [LedgerRow(*row) for row in cursor.fetchall()]


def list_months(tool_id: int) -> list[date]:
    """Return the first days of the months in which votes were cast on a tool, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS, {"tool": tool_id})
        return [month.date() for (month,) in cursor.fetchall()]


def get_next_month(month: date) -> date:
    """Return the first day of the month after the one that a day is in."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def read_daily_totals() -> Iterator[tuple[str | int, ...]]:
    """Yield the daily totals of every published tool, by slug and day, as COLUMNS.

    One query per TOOLS_PER_QUERY tools rather than one cursor: a cursor would hold a transaction open for as long as a
    slow client downloads, and without a transaction a pooler such as PgBouncer loses it.
    """
    tools = Tool.objects.published().order_by("slug").values_list("pk", flat=True)
    for batch in batched(tools, TOOLS_PER_QUERY, strict=False):
        with connection.cursor() as cursor:
            cursor.execute(_EXPORT, [list(batch)])
            rows = cursor.fetchall()
        yield from rows


def read_fingerprint() -> str:
    """Return a text that differs whenever `read_daily_totals` would. One query, which reads the ledger but sends none
    of it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FINGERPRINT, [timezone.now()])
        fingerprint: str = cursor.fetchone()[0]
    return fingerprint


def _empty_row(at: datetime) -> LedgerRow:
    return LedgerRow(at, 0, 0, 0, 0, 0, 0, 0)


def sum_rows(rows: Iterable[LedgerRow]) -> LedgerRow:
    """Return all rows as one that starts when the first does."""
    rows = list(rows)
    columns = zip(*(astuple(row)[1:] for row in rows), strict=True)
    return LedgerRow(rows[0].starts_at, *map(sum, columns)) if rows else _empty_row(datetime.min.replace(tzinfo=UTC))


def fill_days(rows: Iterable[LedgerRow], month: date) -> list[LedgerRow]:
    """Return the rows of a month, with an empty one for each day that has none."""
    by_day = {row.day: row for row in rows}
    start = datetime(month.year, month.month, 1, tzinfo=UTC)
    days = (get_next_month(month) - month.replace(day=1)).days
    return [by_day.get(at.date()) or _empty_row(at) for at in (start + timedelta(days=n) for n in range(days))]


def fill_hours(rows: Iterable[LedgerRow], *, start: datetime, end: datetime) -> list[LedgerRow]:
    """Return the rows between two full hours, with an empty one for each hour that has none."""
    by_hour = {row.starts_at: row for row in rows}
    hours = int((end - start).total_seconds()) // 3600
    return [by_hour.get(at) or _empty_row(at) for at in (start + timedelta(hours=n) for n in range(hours))]
