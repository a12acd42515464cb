from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparisons.shaping.pair_timeline import build_pair_timeline
from tests import factories as make

TODAY = date(2026, 11, 29)


def make_tool(*, flips: list[date], due: list[tuple[date, str]]) -> Any:
    """Return as much of a tool's record as the time line takes."""
    predictions = [
        {"claim": f"Claim {n}", "due_on": on.isoformat(), "outcome": outcome, "note": "", "source": ""}
        for n, (on, outcome) in enumerate(due)
    ]
    return {
        "flips": [
            {
                "name": "The Skeptic",
                "verdict": "ship",
                "was": "skip",
                "published_at": f"{on.isoformat()}T09:00:00+00:00",
            }
            for on in flips
        ],
        "reviews": [{"name": "The Builder", "predictions": predictions}] if predictions else None,
    }


def count_events(tool: Any) -> int:
    return len(tool["flips"]) + sum(len(review["predictions"]) for review in tool["reviews"] or [])


days = st.dates(date(2024, 1, 1), date(2030, 12, 31))
tools = st.builds(
    lambda flips, due: make_tool(flips=flips, due=due),
    st.lists(days.filter(lambda day: day <= TODAY), max_size=6),
    st.lists(st.tuples(days, st.sampled_from(["open", "right", "wrong", "void"])), max_size=8),
)


@given(tools, tools)
def test_events_stand_in_the_order_of_time_within_the_drawing(one, two):
    timeline = build_pair_timeline([one, two], ["A", "B"], today=TODAY)
    wanted = sum(count_events(tool) for tool in (one, two))
    if timeline is None:
        assert not wanted
        return
    assert [placed.number for placed in timeline.events] == list(range(1, wanted + 1))
    assert [placed.event.on for placed in timeline.events] == sorted(placed.event.on for placed in timeline.events)
    places = [float(placed.x) for placed in timeline.events]
    assert places == sorted(places)
    assert all(0 < x < 100 for x in places)
    assert all(0 < placed.y < timeline.height for placed in timeline.events)
    now = float(timeline.today)
    for placed, x in zip(timeline.events, places, strict=True):
        assert (x > now + 0.1) <= (placed.event.on > TODAY) <= (x >= now - 0.1)
    for lane in range(2):
        marks = [(float(placed.x), placed.y) for placed in timeline.events if placed.event.lane == lane]
        assert all(y != other for (x, y), (there, other) in pairwise(marks) if there - x < 7.9)


def test_overdue_claims_are_said_to_be_overdue():
    tool = make_tool(flips=[], due=[(TODAY, "open"), (TODAY + timedelta(days=1), "open"), (TODAY, "right")])
    timeline = build_pair_timeline([tool, make_tool(flips=[], due=[])], ["A", "B"], today=TODAY)
    assert timeline is not None
    assert sorted((placed.event.outcome, placed.event.is_overdue) for placed in timeline.events) == [
        ("open", False), ("open", True), ("right", False),
    ]  # fmt: skip


@pytest.mark.django_db
def test_page_lists_flips_and_predictions_of_both_tools(client):
    alpha, beta = (make.tool(slug=slug, name=slug.title()) for slug in ("alpha", "beta"))
    skeptic = make.reviewer(name="The Skeptic")
    make.review(of=alpha, by=skeptic, verdict="skip", published_at=make.PAST)
    flipped = make.review(of=alpha, by=skeptic, verdict="ship", published_at=make.PAST + timedelta(days=40))
    make.prediction(of=flipped, claim="It will <b>rain</b>", due_on=date(2030, 1, 1))
    make.review(of=beta, by=skeptic, verdict="ship", published_at=make.FUTURE)
    make.comparison(first=alpha, second=beta)
    page = client.get("/compare/alpha-vs-beta/").content.decode()
    assert page.count('class="events__number') == 2
    assert "The Skeptic flipped on <bdi>Alpha</bdi>" in page
    assert "It will &lt;b&gt;rain&lt;/b&gt;" in page
