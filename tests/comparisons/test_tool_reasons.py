"""The first words on the page of a tool, without a database."""

from typing import Any

import pytest

from comparisons.shaping.tool_reasons import find_conditions, write_reason, write_verdict
from reviews.panel import Panel
from tests.comparisons.test_picks import CHOICE, FREE, GRADE, PAID
from tests.comparisons.test_tool_columns import make_fact, make_record, make_review
from votes.community import Community


def make_panel(ship: int, skip: int) -> Panel:
    verdicts = ["ship"] * ship + ["skip"] * skip
    return Panel.from_verdicts([(f"S{seat}", verdict) for seat, verdict in enumerate(verdicts)])


NOBODY = Community.of(None)
FANS, CRITICS = Community(90, 10, 90, 83, 94), Community(10, 90, 10, 6, 17)
UNDECIDED, FEW = Community(50, 50, 50, 40, 60), Community(3, 0, 100, 44, 100)


@pytest.mark.parametrize(
    ("panel", "community", "words"),
    [
        ((0, 0), NOBODY, "The panel has not judged it yet."),
        ((0, 0), CRITICS, "The panel has not judged it yet. Visitors would skip it."),
        ((1, 0), NOBODY, "The one reviewer who has judged it would ship it."),
        ((0, 2), NOBODY, "Both reviewers would skip it."),
        ((4, 0), FANS, "All four reviewers would ship it."),
        ((0, 7), FANS, "All seven reviewers would skip it. Visitors disagree: ship."),
        ((3, 1), CRITICS, "The panel would ship it, 3 to 1. Visitors disagree: skip."),
        ((1, 2), UNDECIDED, "The panel would skip it, 2 to 1."),
        ((2, 2), FANS, "The panel is split, 2 to 2. Visitors break the tie: ship."),
        ((2, 2), UNDECIDED, "The panel is split, 2 to 2."),
        ((2, 2), FEW, "The panel is split, 2 to 2."),
    ],
)
def test_verdict(panel, community, words):
    assert write_verdict(make_panel(*panel), community) == words


def make_reviewed(*verdicts: str, **fields: Any) -> Any:
    reviews = [
        {**make_review(seat, verdict, f"2026-11-0{9 - seat}T09:00:00+00:00"), "gist": f"Reason {seat}.", **fields}
        for seat, verdict in enumerate(verdicts, start=1)
    ]
    return make_record(name="Alpha", reviews=reviews)


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ((), ""),
        (("ship", "ship", "skip"), "S3 skips it: “Reason 3.”"),
        (("skip", "ship", "skip"), "S2 ships it: “Reason 2.”"),
        (("ship", "ship"), "S1 ships it: “Reason 1.”"),
        (("skip", "ship"), "S1 skips it: “Reason 1.”"),  # the newest of a tie
        (("skip",) * 3 + ("ship",) * 4, "S1 skips it: “Reason 1.” S2 skips it: “Reason 2.”"),
    ],
)
def test_reason_is_the_minoritys(verdicts, words):
    assert write_reason(make_reviewed(*verdicts, basis="production")) == words


def test_reason_says_when_nobody_has_tried_it_and_leaves_out_seats_without_a_reason():
    assert write_reason(make_reviewed("ship", "skip", gist="")) == "Neither of the two seats has tried Alpha."


def list_words(tool: Any, prices: Any = ()) -> list[list[str]]:
    return [[line.text for line in lines] for lines in find_conditions(tool, prices)]


@pytest.mark.parametrize(
    ("value", "fields", "words"),
    [
        ("yes", GRADE, [["You must host it yourself."], []]),
        ("no", GRADE, [[], ["You must host it yourself."]]),
        ("partly", GRADE, [[], []]),
        ("yes", {**GRADE, "decides": False}, [[], []]),
        ("yes", {**GRADE, "need": ""}, [[], []]),
        ("bsd", CHOICE, [["You must sell what you build."], ["You want a patent grant."]]),
        ("research", CHOICE, [[], ["You must sell what you build.", "You want a patent grant."]]),
    ],
)
def test_facts_speak_for_those_whose_need_they_meet(value, fields, words):
    assert list_words(make_record(facts=[make_fact(1, value, **fields)])) == words


def test_free_entry_is_a_reason_to_ship():
    assert list_words(make_record(), [PAID, FREE]) == [["You want to start for free."], []]
    assert list_words(make_record(), [PAID]) == [[], []]


def test_seats_speak_with_their_reasons_and_conditions_and_leave_room_for_facts():
    tool = make_reviewed("ship", "ship", "skip", flips_if="it changes")
    ship, skip = list_words(tool)
    assert ship == [
        "You agree with S1: “Reason 1.”", "S3’s condition to ship it holds: “it changes”",
        "You agree with S2: “Reason 2.”",
    ]  # fmt: skip
    assert skip == [
        "You agree with S3: “Reason 3.”", "S1’s condition to skip it holds: “it changes”",
        "S2’s condition to skip it holds: “it changes”",
    ]  # fmt: skip
    tool["facts"] = [make_fact(number, "yes", **{**GRADE, "need": f"need {number}"}) for number in range(6)]
    ship, skip = list_words(tool)
    assert ship == [
        "Need 0.",
        "Need 1.",
        "You agree with S1: “Reason 1.”",
        "S3’s condition to ship it holds: “it changes”",
    ]
    assert len(skip) == 3
    assert [line.url for line in find_conditions(tool, ()).ship] == ["#fact-a0", "#fact-a1", "#seat-s1", "#seat-s3"]
