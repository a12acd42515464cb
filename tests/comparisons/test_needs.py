"""What a reader must have, without a database: read from an address, judged, and said in words."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparisons.reading.records import Criterion
from comparisons.shaping import needs
from comparisons.shaping.needs import Fit, Need, Standing
from tests.comparisons.test_tool_columns import make_fact, make_record
from tools.values import Option

HOSTING = Criterion("self-hosting", "Self-hosting", "grade")
LICENSE = Criterion("license", "License", "choice", options=(Option("mit", "MIT"), Option("apache-2.0", "Apache-2.0")))
CONTEXT = Criterion("context", "Context window", "number", better="higher", unit="tokens")
PRICE = Criterion("latency", "Latency", "number", better="lower", unit="%")
SIZE = Criterion("size", "Size", "number")
NOTES = Criterion("notes", "Notes", "text")
CRITERIA = {one.slug: one for one in (HOSTING, LICENSE, CONTEXT, PRICE, SIZE, NOTES)}


@pytest.mark.parametrize(
    ("text", "key", "label"),
    [
        ("self-hosting", "self-hosting", "Self-hosting"),
        ("license:mit", "license:mit", "License: MIT"),
        ("license:Apache-2.0", "license:apache-2.0", "License: Apache-2.0"),
        ("context:128k", "context:128000", "Context window: at least 128,000 tokens"),
        ("context:0.50", "context:0.5", "Context window: at least 0.5 tokens"),
        ("latency:3", "latency:3", "Latency: at most 3%"),
    ],
)
def test_needs_are_read_from_an_address(text, key, label):
    need = needs.parse_need(text, CRITERIA)
    assert need is not None
    assert (need.key, need.label) == (key, label)
    assert needs.parse_need(key, CRITERIA) == need


@pytest.mark.parametrize(
    "text",
    ["", ":", "license", "license:", "license:gpl", "license:mit; apache-2.0", "self-hosting:yes", "context",
     "context:", "context:long", "context:1e9", "size:7", "notes", "notes:x", "nothing", "nothing:x", "Self-hosting"],
)  # fmt: skip
def test_anything_else_is_no_need(text):
    assert needs.parse_need(text, CRITERIA) is None
    assert needs.parse_needs([text, "self-hosting"], CRITERIA) == ((Need(HOSTING),), (text,))


@given(st.text())
def test_no_text_breaks_the_reading(text):
    need = needs.parse_need(text, CRITERIA)
    assert need is None or needs.parse_need(need.key, CRITERIA) == need


def test_needs_are_read_once_each():
    assert needs.parse_needs(["license:MIT", "license:mit"], CRITERIA) == ((Need(LICENSE, "mit"),), ())


@pytest.mark.parametrize(
    ("need", "value", "fit"),
    [
        (Need(HOSTING), "yes", Fit.YES),
        (Need(HOSTING), "partly", Fit.PARTLY),
        (Need(HOSTING), "no", Fit.NO),
        (Need(HOSTING), None, None),
        (Need(LICENSE, "mit"), "apache-2.0, mit", Fit.YES),
        (Need(LICENSE, "mit"), "apache-2.0", Fit.NO),
        (Need(LICENSE, "mit"), None, None),
        (Need(CONTEXT, "128000"), "128000", Fit.YES),
        (Need(CONTEXT, "128000"), "9000", Fit.NO),
        (Need(PRICE, "0.5"), "0.4", Fit.YES),
        (Need(PRICE, "0.5"), "10", Fit.NO),
    ],
)
def test_values_meet_needs(need, value, fit):
    assert needs.judge(need, value) is fit


@given(st.decimals(-1000, 1000, places=2), st.decimals(-1000, 1000, places=2))
def test_a_number_meets_its_own_bound_and_every_easier_one(number: Decimal, bound: Decimal):
    assert (needs.judge(Need(CONTEXT, str(bound)), str(number)) == Fit.YES) == (number >= bound)
    assert (needs.judge(Need(PRICE, str(bound)), str(number)) == Fit.YES) == (number <= bound)


def test_boxes_are_what_decides_and_is_known_and_what_was_asked():
    def fact(attribute: int, value: str, kind: str, **fields):
        return make_fact(attribute, value, kind=kind, decides=True, **fields)

    choices = [{"slug": slug, "name": slug.upper()} for slug in ("a", "b", "c")]
    tools = [
        make_record(facts=[fact(1, "no", "grade"), fact(2, "a, c", "choice", choices=choices),
                           fact(3, "9", "number", better="higher")]),
        make_record(facts=[make_fact(0, "yes", kind="grade"), fact(2, "c", "choice", choices=choices),
                           fact(3, "10", "number", better="higher"), fact(4, "7", "number"), fact(5, "x", "text")]),
    ]  # fmt: skip
    boxes = needs.build_boxes(
        needs.list_needs(tools), [Need(LICENSE, "mit"), Need(needs.to_criterion(fact(1, "", "grade")))]
    )
    assert [(box.value, box.label, box.is_on) for box in boxes] == [
        ("a1", "A1", True),
        ("a2:a", "A2: A", False),
        ("a3:10", "A3: at least 10", False),
        ("license:mit", "License: MIT", True),
    ]


ONE, TWO = Need(HOSTING), Need(LICENSE, "mit")
OUT, IN = Standing(failed=(ONE,)), Standing()


@pytest.mark.parametrize(
    ("standings", "asked", "sentence"),
    [
        ([OUT, IN], [ONE], "By your must-have only B is left."),
        ([IN, IN], [ONE, TWO], "By your two must-haves both are left."),
        ([OUT, OUT], [ONE, TWO], "By your two must-haves neither is left."),
        ([IN, IN, IN], [ONE], "By your must-have all three are left."),
        ([IN, OUT, IN], [ONE], "By your must-have A and C are left."),
        ([OUT, OUT, OUT, OUT], [ONE], "By your must-have none of the four is left."),
        ([Standing(unknown=(ONE,)), OUT], [ONE],
         "By your must-have only A is left. Nobody knows whether A meets “Self-hosting”."),
        ([Standing(unknown=(ONE,)), Standing(unknown=(ONE,))], [ONE],
         "By your must-have both are left. Nobody knows whether A or B meets “Self-hosting”."),
        ([Standing(partly=(ONE,)), Standing(unknown=(TWO,))], [ONE, TWO],
         "By your two must-haves both are left. A meets “Self-hosting” only in part. "
         "Nobody knows whether B meets “License: MIT”."),
        ([Standing(failed=(TWO,), unknown=(ONE,)), IN], [ONE, TWO], "By your two must-haves only B is left."),
        ([IN, IN], [], ""),
    ],
)  # fmt: skip
def test_sentence_says_what_is_left_and_what_nobody_knows(standings, asked, sentence):
    assert needs.write_sentence("ABCD"[: len(standings)], standings, asked) == sentence


def test_failing_tools_say_what_they_fail():
    assert Standing(failed=(ONE, TWO)).words == "Out: fails “Self-hosting” and “License: MIT”."
    assert Standing(unknown=(ONE,), partly=(TWO,)).words == ""


@given(st.lists(st.sampled_from(["yes", "partly", "no", None]), min_size=2, max_size=4))
def test_only_a_known_no_puts_a_tool_out(grades):
    standings = [needs.judge_tool([ONE], {"self-hosting": grade} if grade else {}) for grade in grades]
    assert [standing.is_out for standing in standings] == [grade == "no" for grade in grades]
    assert ("Nobody knows" in needs.write_sentence("ABCD"[: len(grades)], standings, [ONE])) == (None in grades)


@pytest.mark.parametrize(
    ("ignored", "has_more", "remark"),
    [
        ([], False, ""),
        (["licence"], False, "“licence” is not a must-have that we know, so it was left out."),
        (["a", "b" * 60], True, f"“a” and “{'b' * 39}…” are not must-haves that we know, so they were left out. "
                                "Only the first ten must-haves count."),
    ],
)  # fmt: skip
def test_remark_says_what_was_left_out(ignored, has_more, remark):
    assert needs.write_remark(ignored, has_more=has_more) == remark
