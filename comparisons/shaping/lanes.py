"""The time line of a tool: a lane per seat and one for prices, on one axis from the first day past today.

`x` and widths are percent of the drawing's width, `y` and heights are pixels, so that text keeps its size.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, pairwise
from typing import NamedTuple

from comparisons.reading.records import EditionRecord, PlanSpan
from comparisons.shaping.price_steps import PriceStep, follow_plans, merge_steps
from web import clock
from web.words import isolate_name

LANE_HEIGHT = 44
_BAR_HEIGHT = 12
_CHANGE_HEIGHT = 22
_LABEL_WIDTH = 20.0  # percent of the width that a label of the axis needs on a phone
_EDGE = 9.0  # percent: a label nearer to an end is aligned to that end
_LONGEST_FUTURE = 2  # times the past: what is due later than that is only listed
_SHORTEST_FUTURE = timedelta(days=180)
_MAX_TICKS = 8


class Bar(NamedTuple):
    """A verdict, or a price, for as long as it held."""

    kind: str
    x: str
    width: str
    y: int


class Due(NamedTuple):
    """A prediction on the day it is or was due, with its outcome."""

    outcome: str
    x: str
    y: int


class PriceChange(NamedTuple):
    x: str
    top: int
    bottom: int


class TimelineLane(NamedTuple):
    """A line of the drawing. The name stands at `label_y`, the axis at `y`."""

    name: str
    label_y: int
    y: int
    bars: list[Bar]
    due: list[Due]
    changes: list[PriceChange]


class Label(NamedTuple):
    """Words at `x`; `anchor` is the part of the text that is there."""

    x: str
    anchor: str
    words: str
    y: int = 0


@dataclass(frozen=True, slots=True)
class Drawing:
    height: int
    """Of the lanes; the labels of the axis stand below."""
    lanes: list[TimelineLane]
    ticks: list[str]
    labels: list[Label]
    today: Label
    newest_change: Label | None
    """The newest change of a price, in words under its lane."""
    words: str
    """What the drawing shows, for those who do not see it."""


def draw_lanes(editions: Sequence[EditionRecord], prices: Sequence[PlanSpan], *, today: date) -> Drawing | None:
    """Draw the editions of a tool (in seat order, each seat's oldest first) and the changes of its prices.

    Return None where a drawing would show nothing but bars: no seat spoke twice or predicted something, and no price
    changed.
    """
    by_seat = [list(seat) for _, seat in groupby(editions, key=lambda edition: edition["seat"])]
    now = clock.start_of(today + timedelta(days=1))
    steps = [step for step in _follow_prices(prices, now) if len(step) > 1]
    due = [_parse_day(one["due_on"]) for edition in editions for one in edition["predictions"] or []]
    if not steps and not due and all(len(seat) == 1 for seat in by_seat):
        return None
    axis = _Axis.fit([*map(_time, editions), *(plan[0].since for plan in steps)], due, now)
    lanes = [_draw_seat(place, seat, axis) for place, seat in enumerate(by_seat)]
    newest_change = None
    if steps:
        lanes.append(_draw_prices(len(lanes), steps, axis))
        newest_change = _label_newest_change(steps, axis, y=len(lanes) * LANE_HEIGHT + 6)
    return Drawing(
        height=len(lanes) * LANE_HEIGHT + (16 if steps else 0),
        lanes=lanes,
        ticks=[_percent(axis.place(at)) for at in axis.ticks()],
        labels=list(axis.labels()),
        today=Label(_percent(axis.place(now)), _anchor(axis.place(now)), "Today"),
        newest_change=newest_change,
        words=_describe(by_seat, has_due=bool(due), has_prices=bool(steps)),
    )


class _Axis(NamedTuple):
    """From the first of a month on, past today to what is due next."""

    start: datetime
    now: datetime
    end: datetime

    @classmethod
    def fit(cls, past: Sequence[datetime], due: Sequence[datetime], now: datetime) -> "_Axis":
        start = min([*past, *(day for day in due if day < now), now - timedelta(days=1)])
        start = datetime(start.year, start.month, 1, tzinfo=UTC)
        limit = now + max(_LONGEST_FUTURE * (now - start), _SHORTEST_FUTURE)
        coming = [day for day in due if now <= day <= limit]
        # A month of room, so that the last mark does not stand on the edge.
        end = max(coming) + timedelta(days=30) if coming else now
        return cls(start, now, end)

    def place(self, at: datetime) -> float:
        return (at - self.start) / (self.end - self.start) * 100

    def ticks(self) -> Iterator[datetime]:
        """Yield firsts of months at even distances, few enough to be told apart."""
        first, last = (at.year * 12 + at.month - 1 for at in (self.start, self.end))
        every = next(step for step in (1, 2, 3, 6, 12, 24, 60, 120, 1200) if (last - first) / step < _MAX_TICKS)
        for month in range(first, last + 1):
            at = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
            if month % every == 0 and at < self.end:
                yield at

    def labels(self) -> Iterator[Label]:
        """Yield the months that have room beside today and each other."""
        taken = [_center(self.place(self.now))]
        for at in dict.fromkeys([self.start, *self.ticks()]):
            x = self.place(at)
            if all(abs(_center(x) - other) >= _LABEL_WIDTH for other in taken):
                taken.append(_center(x))
                yield Label(_percent(x), _anchor(x), f"{at:%b %Y}")


def _draw_seat(place: int, seat: Sequence[EditionRecord], axis: _Axis) -> TimelineLane:
    y = place * LANE_HEIGHT + 32
    ends = [*(_time(edition) for edition in seat[1:]), axis.now]
    return TimelineLane(
        seat[0]["name"],
        y - 14,
        y,
        bars=[
            _draw_bar(edition["verdict"], _time(edition), end, y, axis) for edition, end in zip(seat, ends, strict=True)
        ],
        due=[
            Due(one["outcome"], _percent(axis.place(day)), y)
            for edition in seat
            for one in edition["predictions"] or []
            if (day := _parse_day(one["due_on"])) <= axis.end
        ],
        changes=[],
    )


def _draw_prices(place: int, plans: Sequence[Sequence[PriceStep]], axis: _Axis) -> TimelineLane:
    y = place * LANE_HEIGHT + 32
    since, until = min(plan[0].since for plan in plans), max(plan[-1].until for plan in plans)
    half = _CHANGE_HEIGHT // 2
    return TimelineLane(
        "Price",
        y - 14,
        y,
        bars=[_draw_bar("price", since, until, y, axis)],
        due=[],
        changes=[
            PriceChange(x, y - half, y + half)
            for x in dict.fromkeys(_percent(axis.place(step.since)) for plan in plans for step in plan[1:])
        ],
    )


def _draw_bar(kind: str, start: datetime, end: datetime, y: int, axis: _Axis) -> Bar:
    x = axis.place(start)
    return Bar(kind, _percent(x), _percent(axis.place(end) - x), y - _BAR_HEIGHT // 2)


def _label_newest_change(plans: Sequence[Sequence[PriceStep]], axis: _Axis, *, y: int) -> Label:
    before, after = max((pair for plan in plans for pair in pairwise(plan)), key=lambda pair: pair[1].since)
    x = axis.place(after.since)
    words = f"{before.price.words} → {after.price.words}"
    return Label(_percent(x), "start" if x < 50 else "end", words, y)


def _follow_prices(prices: Sequence[PlanSpan], now: datetime) -> Iterator[list[PriceStep]]:
    """Yield the prices that each plan really had, oldest first."""
    for line in follow_plans([span for span in prices if span["since"] is not None]):
        yield list(merge_steps(line, until=now))


def _describe(by_seat: Sequence[Sequence[EditionRecord]], *, has_due: bool, has_prices: bool) -> str:
    flipped = [seat[0]["name"] for seat in by_seat if any(a["verdict"] != b["verdict"] for a, b in pairwise(seat))]
    parts = ["Verdicts by seat"]
    if has_prices:
        parts.append("changes of prices")
    if has_due:
        parts.append("predictions")
    shown = f"{', '.join(parts)}; the lists on this page say the same."
    return shown if not flipped else f"{shown} Flipped: {', '.join(map(isolate_name, flipped))}."


def _anchor(x: float) -> str:
    return "start" if x < _EDGE else "end" if x > 100 - _EDGE else "middle"


def _center(x: float) -> float:
    return min(max(x, _EDGE), 100 - _EDGE)


def _percent(share: float) -> str:
    return f"{share:.1f}%"


def _time(edition: EditionRecord) -> datetime:
    return datetime.fromisoformat(edition["published_at"])


def _parse_day(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(12), UTC)
