"""What editors see of the newsletter: how many subscribe, and what came of each issue. Who reads is not known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection

from newsletter.models import Delivery, Issue, State

WEEKS = 26
WIDTH, HEIGHT = 640, 220  # of the picture, in its own units
_EDGE = 12

# Subscribers by the weeks in which they asked, confirmed and left, told by how many of the days are over by then: one
# look at each. Who was erased has left, and is known for nothing else.
_STANDING = """
SELECT width_bucket(created_at, ends), width_bucket(confirmed_at, ends), width_bucket(left_at, ends), count(*)
FROM newsletter_subscriber, (SELECT %(ends)s::timestamptz[] AS ends) AS days GROUP BY 1, 2, 3
UNION ALL
SELECT NULL, NULL, width_bucket(created_at, ends), count(*)
FROM newsletter_suppression, (SELECT %(ends)s::timestamptz[] AS ends) AS days WHERE reason = 'erased' GROUP BY 3
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How many there were at the end of a day (UTC). One who came back counts from the day on which they did."""

    day: date
    confirmed: int
    pending: int
    left: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the picture."""

    name: str
    key: str
    points: str
    end: str
    """The height of its right end."""
    number: int


def standings(*, today: date, weeks: int = WEEKS) -> list[Standing]:
    """How many subscribers there were week by week, oldest first; the last is today's."""
    days = [today - timedelta(weeks=back) for back in reversed(range(weeks))]
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, {"ends": [datetime.combine(day + timedelta(days=1), time(), UTC) for day in days]})
        found = cursor.fetchall()
    return [_standing(day, place, found) for place, day in enumerate(days)]


def _standing(day: date, place: int, found: Sequence[tuple[int | None, int | None, int | None, int]]) -> Standing:
    """How many there were at the end of the day that is in a place, from `_STANDING`."""
    confirmed = pending = left = 0
    for asked_in, confirmed_in, left_in, number in found:
        if left_in is not None and left_in <= place:
            left += number
        elif confirmed_in is not None and confirmed_in <= place:
            confirmed += number
        elif asked_in is not None and asked_in <= place:
            pending += number
    return Standing(day, confirmed, pending, left)


def highest(rows: Sequence[Standing]) -> int:
    """The number at the top of the picture; 1 where there is nobody."""
    return max((max(row.confirmed, row.pending, row.left) for row in rows), default=0) or 1


def lines(rows: Sequence[Standing]) -> list[Line]:
    """The standings as lines of a picture, all to one scale, from 0 to `highest`."""
    most = highest(rows)
    across = max(len(rows) - 1, 1)

    def height(number: int) -> float:
        return HEIGHT - _EDGE - number / most * (HEIGHT - 2 * _EDGE)

    def x(place: int) -> float:
        return _EDGE + place / across * (WIDTH - 2 * _EDGE)

    made = []
    for name in ("confirmed", "pending", "left"):
        numbers = [getattr(row, name) for row in rows]
        made.append(
            Line(
                name=name.capitalize(),
                key=name,
                points=" ".join(f"{x(place):.1f},{height(number):.1f}" for place, number in enumerate(numbers)),
                end=f"{height(numbers[-1]):.1f}",
                number=numbers[-1],
            )
        )
    return made


@dataclass(frozen=True, slots=True)
class IssueNumbers:
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
class Part:
    """A piece of an issue's bar, in percent of the longest one."""

    key: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """An issue's line of the picture: what was sent, failed and is unknown, and all the rest."""

    issue: Issue
    parts: tuple[Part, ...]


def bars(rows: Sequence[IssueNumbers]) -> list[Bar]:
    """What came of some issues as bars to one scale. What there is at all is wide enough to be seen."""
    most = max((row.total for row in rows), default=0) or 1
    made = []
    for row in rows:
        parts, x = [], 0.0
        for key in ("failed", "unknown", "rest", "sent"):  # the small ones first, where they line up
            number = row.left + row.waiting if key == "rest" else getattr(row, key)
            if number:
                width = min(max(number / most * 100, 0.8), 100 - x)
                parts.append(Part(key, round(x, 2), round(width, 2)))
                x += width
        made.append(Bar(row.issue, tuple(parts)))
    return made


def of_issues(issues: Sequence[Issue]) -> list[IssueNumbers]:
    """What came of some issues. One query."""
    counts = Delivery.objects.filter(issue__in=issues).counts()

    def number(issue: Issue, *states: State) -> int:
        return sum(counts.get((issue.pk, state), 0) for state in states)

    return [
        IssueNumbers(
            issue=issue,
            sent=number(issue, State.SENT),
            failed=number(issue, State.FAILED),
            unknown=number(issue, State.UNKNOWN),
            left=number(issue, State.LEFT),
            waiting=number(issue, State.QUEUED, State.SENDING),
        )
        for issue in issues
    ]
