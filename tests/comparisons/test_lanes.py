"""The time line of a tool, without a database."""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from comparisons.shaping.lanes import draw_lanes
from tests.comparisons.test_price_steps import make_span

TODAY = date(2026, 11, 20)


def make_edition(seat: int, day: date, verdict: str = "ship", due: Any = ()) -> Any:
    return {
        "seat": seat,
        "name": f"S{seat}",
        "verdict": verdict,
        "published_at": datetime(day.year, day.month, day.day, 9, tzinfo=UTC).isoformat(),
        "predictions": [{"due_on": on.isoformat(), "outcome": outcome} for on, outcome in due] or None,
    }


def test_first_verdicts_alone_are_not_drawn():
    assert draw_lanes([], [], today=TODAY) is None
    assert draw_lanes([make_edition(1, date(2026, 9, 1)), make_edition(2, date(2026, 10, 1))], [], today=TODAY) is None


def test_each_seat_has_a_lane_in_which_each_verdict_reaches_to_the_next():
    editions = [
        make_edition(1, date(2026, 1, 1), "skip"),
        make_edition(1, date(2026, 6, 1), "ship"),
        make_edition(2, date(2026, 3, 1), "skip"),
    ]
    drawing = draw_lanes(editions, [], today=date(2026, 12, 30))
    assert drawing is not None
    assert [(lane.name, lane.label_y, lane.y) for lane in drawing.lanes] == [("S1", 18, 32), ("S2", 62, 76)]
    assert [[(bar.kind, bar.x, bar.width) for bar in lane.bars] for lane in drawing.lanes] == [
        [("skip", "0.1%", "41.5%"), ("ship", "41.6%", "58.4%")],
        [("skip", "16.3%", "83.7%")],
    ]
    assert (drawing.height, drawing.today.x, drawing.today.anchor, drawing.newest_change) == (88, "100.0%", "end", None)
    assert [label.words for label in drawing.labels] == ["Jan 2026", "May 2026", "Sep 2026"]
    assert drawing.words == "Verdicts by seat; the lists on this page say the same. Flipped: S1."


def test_predictions_extend_the_axis_but_not_without_end():
    due = [(date(2026, 9, 1), "wrong"), (date(2027, 3, 1), "open"), (date(2040, 1, 1), "open")]
    drawing = draw_lanes([make_edition(1, date(2026, 8, 1), due=due)], [], today=TODAY)
    assert drawing is not None
    assert [one.outcome for one in drawing.lanes[0].due] == ["wrong", "open"]
    assert float(drawing.today.x[:-1]) < float(drawing.lanes[0].due[1].x[:-1]) < 100


def test_price_changes_have_a_lane_and_the_newest_is_named():
    spans = [
        make_span(0, 25, amount=10),
        make_span(25, amount=20),
        make_span(0, name="Team", amount=40),
    ]
    drawing = draw_lanes([make_edition(1, date(2026, 3, 1))], spans, today=TODAY)
    assert drawing is not None
    assert [(lane.name, len(lane.changes)) for lane in drawing.lanes] == [("S1", 0), ("Price", 1)]
    assert drawing.newest_change is not None
    assert drawing.newest_change.words == "$10/mo → $20/mo"
    assert drawing.height == 2 * 44 + 16


days = st.dates(date(2020, 1, 1), TODAY)


@given(
    seats=st.lists(st.lists(days, min_size=1, max_size=4, unique=True), min_size=1, max_size=5),
    due=st.lists(st.dates(date(2020, 1, 1), date(2060, 1, 1)), min_size=1, max_size=4),
    today=st.integers(0, 400),
)
def test_everything_drawn_is_within_the_drawing_and_labels_do_not_touch(seats, due, today):
    editions = [
        make_edition(seat, day, due=[(on, "open") for on in due])
        for seat, times in enumerate(seats, start=1)
        for day in sorted(times)
    ]
    drawing = draw_lanes(editions, [], today=TODAY + timedelta(days=today))
    assert drawing is not None
    places = [bar.x for lane in drawing.lanes for bar in lane.bars] + [
        one.x for lane in drawing.lanes for one in lane.due
    ]
    assert all(0 <= float(x[:-1]) <= 100 for x in [*places, *drawing.ticks, drawing.today.x])
    assert all(float(bar.width[:-1]) >= 0 for lane in drawing.lanes for bar in lane.bars)
    centers = sorted(min(max(float(one.x[:-1]), 9), 91) for one in [*drawing.labels, drawing.today])
    assert all(two - one >= 19.8 for one, two in itertools.pairwise(centers))
    assert len(drawing.ticks) <= 9
