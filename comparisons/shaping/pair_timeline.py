"""The flips and predictions about two tools on one time line: a lane per tool, and the same events as a list.

Records in, numbers and words out; no queries.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from comparisons.reading.records import ToolRecord
from reviews.choices import Outcome
from web.words import format_day

NEAR = 8.0  # percent of the width: an event this close to the one before it is lifted
LIFTS = 2  # an event is lifted so many times at most
LANE_HEIGHT, LIFT = 88, 24  # CSS pixels


class Event(NamedTuple):
    """A flip, or a prediction on the day it is due. Events sort by day."""

    on: date
    lane: int
    reviewer: str
    tool: str
    day: str
    verdict: str = ""
    """What a flip led to; "" for a prediction. It came from `was`."""
    was: str = ""
    claim: str = ""
    outcome: str = ""
    """Of a prediction (reviews.choices.Outcome); "" for a flip."""
    is_overdue: bool = False
    note: str = ""
    source: str = ""


class PlacedEvent(NamedTuple):
    """An event with its number, and the middle of its mark: `x` in percent of the width, `y` in CSS pixels."""

    number: int
    event: Event
    x: str
    y: int


class Tick(NamedTuple):
    """A label below the lanes, at `x` percent; `anchor` is how SVG text stands to that place."""

    x: str
    words: str
    anchor: str


class Lane(NamedTuple):
    """A tool's lane: its name at `top`, its line at `y`, in CSS pixels."""

    name: str
    top: int
    y: int


class PairTimeline(NamedTuple):
    """The drawing and its list, in the order of time. `today` and `future` (the rest) are percents of the width."""

    lanes: tuple[Lane, ...]
    events: tuple[PlacedEvent, ...]
    ticks: tuple[Tick, ...]
    today: str
    future: str
    height: int
    words: str


def build_pair_timeline(tools: Sequence[ToolRecord], names: Sequence[str], *, today: date) -> PairTimeline | None:
    """Return the time line of tools that the page calls `names`; None without a flip or prediction."""
    events = sorted(event for lane, tool in enumerate(tools) for event in _list_events(tool, lane, names[lane], today))
    if not events:
        return None
    start, end = min(events[0].on, today), max(events[-1].on, today)
    margin = max((end - start) // 20, timedelta(days=20))
    start, end = start - margin, end + margin

    def place(day: date) -> float:
        return (day - start) / (end - start) * 100

    now = place(today)
    height = LANE_HEIGHT * len(names)
    return PairTimeline(
        lanes=tuple(Lane(name, lane * LANE_HEIGHT + 18, _find_axis(lane)) for lane, name in enumerate(names)),
        events=tuple(_place_events(events, [place(event.on) for event in events])),
        ticks=_list_ticks(start, end, now),
        today=f"{now:.1f}",
        future=f"{100 - now:.1f}",
        height=height,
        words=f"Time line from {start:%B %Y} to {end:%B %Y}; each number is a line of the list below",
    )


def _find_axis(lane: int) -> int:
    return (lane + 1) * LANE_HEIGHT - 16


def _list_events(tool: ToolRecord, lane: int, name: str, today: date) -> Iterator[Event]:
    for flip in tool["flips"] or []:
        on = datetime.fromisoformat(flip["published_at"]).date()
        yield Event(on, lane, flip["name"], name, format_day(on), verdict=flip["verdict"], was=flip["was"])
    for review in tool["reviews"] or []:
        for prediction in review["predictions"] or []:
            on = date.fromisoformat(prediction["due_on"])
            yield Event(
                on,
                lane,
                review["name"],
                name,
                format_day(on),
                claim=prediction["claim"],
                outcome=prediction["outcome"],
                is_overdue=prediction["outcome"] == Outcome.OPEN and on <= today,
                note=prediction["note"],
                source=prediction["source"],
            )


def _place_events(events: Sequence[Event], places: Sequence[float]) -> Iterator[PlacedEvent]:
    """Yield the events with their places. One that is near the one before it in its lane stands higher."""
    last: dict[int, tuple[float, int]] = {}
    for number, (event, x) in enumerate(zip(events, places, strict=True), start=1):
        before, lift = last.get(event.lane, (-100.0, 0))
        lift = (lift + 1) % (LIFTS + 1) if x - before < NEAR else 0
        last[event.lane] = (x, lift)
        yield PlacedEvent(number, event, f"{x:.1f}", _find_axis(event.lane) - lift * LIFT)


def _list_ticks(start: date, end: date, now: float) -> tuple[Tick, ...]:
    """Return labels for both ends and for today; the ends only where today leaves room for them."""
    ticks = [Tick(f"{now:.1f}", "Today", "middle")]
    if now > 3 * NEAR:
        ticks.insert(0, Tick("0", f"{start:%b %Y}", "start"))
    if 100 - now > 3 * NEAR:
        ticks.append(Tick("100", f"{end:%b %Y}", "end"))
    return tuple(ticks)
