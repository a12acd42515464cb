"""Statistics for editors: how many people subscribe, and the deliveries of each issue. Readers are not tracked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection

from newsletter.models import Delivery, Issue, SendState
from web import clock
from web.words import format_day

WEEKS = 26
WIDTH, HEIGHT = 640, 220  # of the chart, in its own units
_MARGIN = 12
BAR_HEIGHT = 10  # in the units of its own drawing
MIN_WIDTH = 0.8  # percent of the longest bar

# Subscribers grouped by when they signed up, confirmed, and left, in one scan per table. `width_bucket` returns the
# index of the first day that ends after an event. Of an erased subscriber only the erasure is known: it counts as left.
_COUNT_SUBSCRIBERS = """
SELECT width_bucket(created_at, ends), width_bucket(confirmed_at, ends), width_bucket(left_at, ends), count(*)
FROM newsletter_subscriber, (SELECT %(ends)s::timestamptz[] AS ends) AS days GROUP BY 1, 2, 3
UNION ALL
SELECT NULL, NULL, width_bucket(created_at, ends), count(*)
FROM newsletter_suppression, (SELECT %(ends)s::timestamptz[] AS ends) AS days WHERE reason = 'erased' GROUP BY 3
"""


@dataclass(frozen=True, slots=True)
class SubscriberCounts:
    """The numbers of subscribers at the end of a day (UTC). One who came back counts from the day of coming back."""

    day: date
    confirmed: int
    pending: int
    left: int


@dataclass(frozen=True, slots=True)
class SubscriberLine:
    """A line of the chart of subscribers."""

    name: str
    key: str
    runs: tuple[str, ...]
    """The points of each of its unbroken parts: there is one."""
    number: int


def count_subscribers_by_week(*, today: date, weeks: int = WEEKS) -> list[SubscriberCounts]:
    """Return the numbers of subscribers week by week, oldest first; the last one is for `today`."""
    days = [today - timedelta(weeks=back) for back in reversed(range(weeks))]
    with connection.cursor() as cursor:
        ends = [clock.start_of(day + timedelta(days=1)) for day in days]
        cursor.execute(_COUNT_SUBSCRIBERS, {"ends": ends})
        groups = cursor.fetchall()
    return [_sum_groups(day, index, groups) for index, day in enumerate(days)]


def _sum_groups(
    day: date, index: int, groups: Sequence[tuple[int | None, int | None, int | None, int]]
) -> SubscriberCounts:
    """Return the numbers at the end of the day at `index`, from the rows of `_COUNT_SUBSCRIBERS`."""
    confirmed = pending = left = 0
    for created_index, confirmed_index, left_index, number in groups:
        if left_index is not None and left_index <= index:
            left += number
        elif confirmed_index is not None and confirmed_index <= index:
            confirmed += number
        elif created_index is not None and created_index <= index:
            pending += number
    return SubscriberCounts(day, confirmed, pending, left)


def get_maximum(rows: Sequence[SubscriberCounts]) -> int:
    """Return the number at the top of the chart; 1 if there are no subscribers."""
    return max((max(row.confirmed, row.pending, row.left) for row in rows), default=0) or 1


def draw_lines(rows: Sequence[SubscriberCounts]) -> list[SubscriberLine]:
    """Return the lines of the chart, all on one scale from 0 to `get_maximum(rows)`."""
    maximum = get_maximum(rows)
    intervals = max(len(rows) - 1, 1)

    def y(number: int) -> float:
        return HEIGHT - _MARGIN - number / maximum * (HEIGHT - 2 * _MARGIN)

    def x(index: int) -> float:
        return _MARGIN + index / intervals * (WIDTH - 2 * _MARGIN)

    lines = []
    for name in ("confirmed", "pending", "left"):
        numbers = [getattr(row, name) for row in rows]
        lines.append(
            SubscriberLine(
                name=name.capitalize(),
                key=name,
                runs=(" ".join(f"{x(index):.1f},{y(number):.1f}" for index, number in enumerate(numbers)),),
                number=numbers[-1],
            )
        )
    return lines


def describe_lines(lines: Sequence[SubscriberLine], *, first: date, last: date) -> str:
    """Return what the chart shows in a sentence."""
    now = ", ".join(f"{line.number:,} {line.key} now" for line in lines)
    return f"Subscribers from {format_day(first)} to {format_day(last)}: {now}. The table below has every number."


@dataclass(frozen=True, slots=True)
class DeliveryCounts:
    """The numbers of an issue's deliveries by state. `left` are readers who left before it was sent to them."""

    issue: Issue
    sent: int
    failed: int
    unknown: int
    left: int
    waiting: int

    @property
    def total(self) -> int:
        return self.sent + self.failed + self.unknown + self.left + self.waiting


@dataclass(frozen=True, slots=True)
class IssueBarPart:
    """A part of an issue's bar. `x` and `width` are percents (0–100) of the longest bar."""

    kind: str
    x: str
    width: str
    y: int = 1
    height: int = BAR_HEIGHT - 2


@dataclass(frozen=True, slots=True)
class IssueBar:
    """The bar of an issue in the chart: sent, failed, unknown, and the rest."""

    issue: Issue
    parts: tuple[IssueBarPart, ...]
    width: int = 100
    height: int = BAR_HEIGHT


def draw_bars(rows: Sequence[DeliveryCounts]) -> list[IssueBar]:
    """Return the bars of issues, all on one scale. A part that is not empty is wide enough to be seen."""
    maximum = max((row.total for row in rows), default=0) or 1
    bars = []
    for row in rows:
        parts, x = [], 0.0
        numbers = {"sent": row.sent, "failed": row.failed, "unknown": row.unknown, "rest": row.left + row.waiting}
        widths = {kind: max(number / maximum * 100, MIN_WIDTH) for kind, number in numbers.items() if number}
        if (excess := sum(widths.values()) - 100) > 0:
            widest = max(widths, key=widths.__getitem__)
            widths[widest] -= excess  # what the small parts take to be seen
        for kind, width in widths.items():
            short = {"y": 1 + (BAR_HEIGHT - 2) // 2, "height": (BAR_HEIGHT - 2) // 2} if kind == "failed" else {}
            parts.append(IssueBarPart(kind, f"{x:.2f}", f"{width:.2f}", **short))
            x += width
        bars.append(IssueBar(row.issue, tuple(parts)))
    return bars


def count_deliveries(issues: Sequence[Issue]) -> list[DeliveryCounts]:
    """Return the numbers of deliveries of some issues. One query."""
    counts = Delivery.objects.filter(issue__in=issues).count_by_state()

    def count(issue: Issue, *states: SendState) -> int:
        return sum(counts.get((issue.pk, state), 0) for state in states)

    return [
        DeliveryCounts(
            issue=issue,
            sent=count(issue, SendState.SENT),
            failed=count(issue, SendState.FAILED),
            unknown=count(issue, SendState.UNKNOWN),
            left=count(issue, SendState.LEFT),
            waiting=count(issue, SendState.QUEUED, SendState.SENDING),
        )
        for issue in issues
    ]
