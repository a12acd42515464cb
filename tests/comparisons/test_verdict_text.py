import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparisons.shaping.verdict_text import (
    MAX_HEADLINE_WORDS,
    Contender,
    SeatVerdicts,
    VerdictText,
    compose_ranking,
    compose_verdict,
)
from reviews.panel import Panel
from votes.community import Community
from votes.preference import Preference
from web.words import isolate_name

NAMES = ("The Builder", "The Skeptic", "The Futurist", "The Founder")
WORDS = {"+": "ship", "-": "skip", "?": None}
QUIET = Community(0, 0, None, None, None)
SHIPPED = Community(84, 16, 84, 76, 90)
SKIPPED = Community(30, 70, 30, 22, 40)
UNCLEAR = Community(52, 48, 52, 42, 62)
FIRST, SECOND, EVEN = (
    Preference(*counts) for counts in ((58, 42, 58, 52, 63), (42, 58, 42, 37, 48), (5, 5, 50, 24, 76))
)


def contender(name: str, verdicts: str, community: Community = QUIET) -> Contender:
    marks = [(seat, WORDS[sign]) for seat, sign in zip(NAMES, verdicts, strict=True) if sign != "?"]
    return Contender(name, Panel.from_verdicts(marks), community)  # type: ignore[arg-type] # no None is left


def list_seats(first: str, second: str, gists: tuple[str, str] = ("", "")) -> list[SeatVerdicts]:
    return [
        SeatVerdicts(name, WORDS[a], WORDS[b], gists)
        for name, a, b in zip(NAMES, first, second, strict=True)
        if (a, b) != ("?", "?")
    ]


def verdict(
    first: str, second: str, one: Community = QUIET, two: Community = QUIET, preference: Preference | None = None
) -> VerdictText:
    sides = contender("Alpha", first, one), contender("Beta", second, two)
    return compose_verdict(*sides, list_seats(first, second), preference=preference)


# -- The panel ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "headline", "reason"),
    [
        ("+-+-", "+++-", "Beta leads the panel, 3 to 2.", "Only The Skeptic separates them: ship Beta, skip Alpha."),
        ("++++", "----", "Alpha leads the panel, 4 to 0.", "Every reviewer ships Alpha and skips Beta."),
        (
            "++-+", "-+--", "Alpha leads the panel, 3 to 1.",
            "The Builder and The Founder ship only Alpha.",
        ),
        (
            "++--", "--++", "It’s a tie: the panel is split on both, 2 of 4 each.",
            "The Builder and The Skeptic ship only Alpha; The Futurist and The Founder only Beta.",
        ),
        (
            "++-+", "+++-", "It’s a tie: the panel would ship both, 3 of 4 each.",
            "The Founder ships only Alpha, The Futurist only Beta.",
        ),
        ("++++", "++++", "It’s a tie: the panel would ship both, 4 of 4 each.",
         "Every reviewer gives both the same verdict."),
        ("----", "----", "It’s a tie: the panel would ship neither, 0 of 4 each.",
         "Every reviewer gives both the same verdict."),
        ("---+", "----", "The panel would ship neither; Alpha leads, 1 to 0.",
         "Only The Founder separates them: ship Alpha, skip Beta."),
        ("????", "????", "The panel has reviewed neither Alpha nor Beta yet.", ""),
        ("++?-", "????", "The panel has not reviewed Beta yet; 2 of 3 would ship Alpha.", ""),
        ("????", "+---", "The panel has not reviewed Alpha yet; 1 of 4 would ship Beta.", ""),
        ("+++?", "+++-", "Alpha leads the panel, 3 of 3 to 3 of 4.",
         "Everyone who reviewed both gives both the same verdict."),
        ("++--", "+-??", "It’s a tie: the panel is split on both, 50% each.",
         "Only The Skeptic separates them: ship Alpha, skip Beta."),
        ("+-??", "??+-", "It’s a tie: the panel is split on both, 1 of 2 each.", ""),
        ("+???", "-???", "Alpha leads the panel, 1 to 0.", "The Builder ships Alpha and skips Beta."),
    ],
)  # fmt: skip
def test_verdict_of_the_panel(first, second, headline, reason):
    text = verdict(first, second)
    assert (text.headline, text.reason) == (headline, reason)
    assert text.summary == text.reasons
    assert text.sentence == f"{headline} {reason}".rstrip()


@pytest.mark.parametrize(
    ("gists", "reason"),
    [
        (("Too dear.", "Cheap."), "Only The Skeptic separates them, skipping Alpha: “Too dear.”"),
        (("", "Cheap."), "Only The Skeptic separates them, shipping Beta: “Cheap.”"),
        (("", ""), "Only The Skeptic separates them: ship Beta, skip Alpha."),
    ],
)
def test_the_only_seat_that_differs_is_quoted(gists, reason):
    first, second = "+-+-", "+++-"
    sides = contender("Alpha", first), contender("Beta", second)
    assert compose_verdict(*sides, list_seats(first, second, gists)).reason == reason
    short = compose_verdict(*sides, list_seats(first, second, gists)).summary
    assert short == ("Only The Skeptic separates them: ship Beta, skip Alpha.",)
    text = compose_verdict(*sides, [], preference=FIRST, untried="None of the four seats has tried Beta.")
    assert text.reason == "Made to choose, 58% of visitors pick Alpha. None of the four seats has tried Beta."
    assert text.summary == ("Made to choose, 58% of visitors pick Alpha.",)


# -- Visitors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "one", "two", "preference", "headline", "reason"),
    [
        # Pair votes: on the same side, on the other, too close, and in a tie.
        ("+++-", "++--", QUIET, QUIET, FIRST, "Alpha leads the panel, 3 to 2.",
         "Made to choose, 58% of visitors pick Alpha."),
        ("+++-", "++--", QUIET, QUIET, SECOND, "The panel prefers Alpha, 3 to 2. Visitors lean the other way.",
         "Made to choose, 58% of visitors pick Beta."),
        ("+++-", "++--", QUIET, QUIET, EVEN, "Alpha leads the panel, 3 to 2.", ""),
        ("++++", "++++", QUIET, QUIET, SECOND, "It’s a tie: the panel would ship both, 4 of 4 each.",
         "Made to choose, 58% of visitors pick Beta."),
        # Votes on the tools. On the same side nothing is said.
        ("++++", "+++-", SHIPPED, SHIPPED, None, "Alpha leads the panel, 4 to 3.", ""),
        ("+++-", "++--", UNCLEAR, UNCLEAR, None, "Alpha leads the panel, 3 to 2.", ""),
        ("+++-", "+---", SKIPPED, SHIPPED, None, "The panel prefers Alpha, 3 to 1. Visitors lean the other way.",
         "30% of visitors would ship Alpha. 84% of visitors would ship Beta."),
        ("+++-", "++++", SKIPPED, SHIPPED, None, "Beta leads the panel, 4 to 3. Visitors disagree on Alpha.",
         "30% of visitors would ship Alpha."),
        ("---+", "----", SHIPPED, SHIPPED, None, "The panel would ship neither; Alpha leads, 1 to 0. "
         "Visitors would ship both.", "84% of visitors would ship Alpha. 84% of visitors would ship Beta."),
        ("+++-", "+++-", SKIPPED, SKIPPED, None, "It’s a tie: the panel would ship both, 3 of 4 each. "
         "Visitors would skip both.", "30% of visitors would ship Alpha. 30% of visitors would ship Beta."),
        ("+---", "????", SHIPPED, QUIET, None, "The panel has not reviewed Beta yet; 1 of 4 would ship Alpha. "
         "Visitors disagree.", "84% of visitors would ship Alpha."),
        # A panel of 2:2 does not disagree with anybody.
        ("++--", "++--", SHIPPED, SKIPPED, None, "It’s a tie: the panel is split on both, 2 of 4 each.",
         "Visitors break the tie on Alpha: 84% would ship it. Visitors break the tie on Beta: 70% would skip it."),
    ],
)  # fmt: skip
def test_verdict_with_votes(first, second, one, two, preference, headline, reason):
    text = verdict(first, second, one, two, preference)
    without_votes = verdict(first, second)
    assert (text.headline, text.reason) == (headline, f"{without_votes.reason} {reason}".strip())


@st.composite
def votes(draw: st.DrawFn) -> Community:
    """Return a community whose interval holds its percent."""
    percent, below, above = (draw(st.integers(0, most)) for most in (100, 40, 40))
    count = draw(st.integers(1, 200))
    ship = count * percent // 100
    return Community(ship, count - ship, percent, max(percent - below, 0), min(percent + above, 100))


signs = st.text("+-?", min_size=4, max_size=4)
preferences = st.sampled_from([None, FIRST, SECOND, EVEN])
MIRRORED = {None: None, FIRST: SECOND, SECOND: FIRST, EVEN: EVEN}


@given(signs, signs, votes(), votes(), preferences)
def test_headline_is_short_and_says_the_counts(first, second, one, two, preference):
    text = verdict(first, second, one, two, preference)
    assert len(text.headline.split()) <= MAX_HEADLINE_WORDS
    known = [verdicts for verdicts in (first, second) if set(verdicts) != {"?"}]
    counts = {(verdicts.count("+"), 4 - verdicts.count("?")) for verdicts in known}
    assert {(int(ship), int(seats)) for ship, seats in re.findall(r"(\d) of (\d)", text.headline)} <= counts
    for ship, other in re.findall(r", (\d) to (\d)\.", text.headline):
        assert sorted(verdicts.count("+") for verdicts in known) == [int(other), int(ship)]
    figures = {one.percent, two.percent, 100 - (one.percent or 0), 100 - (two.percent or 0), 58}
    assert {int(figure) for figure in re.findall(r"(\d+)%", text.reason)} <= figures


@given(signs, signs, votes(), votes(), preferences)
def test_order_of_the_tools_does_not_change_the_verdict(first, second, one, two, preference):
    sides = contender("Alpha", first, one), contender("Beta", second, two)
    there = compose_verdict(*sides, list_seats(first, second), preference=preference)
    back = compose_verdict(*reversed(sides), list_seats(second, first), preference=MIRRORED[preference])
    if "neither Alpha" in there.headline:
        assert back.headline == "The panel has reviewed neither Beta nor Alpha yet."
    else:
        assert there.headline == back.headline
    assert [len(text.reasons) for text in (there, back)] == [len(there.reasons)] * 2


@given(signs, signs, votes(), votes())
def test_disagreement_needs_different_sides_of_a_half(first, second, one, two):
    disputed = {
        name
        for name, verdicts, community in (("Alpha", first, one), ("Beta", second, two))
        if community.votes >= 10
        and (
            (verdicts.count("+") > verdicts.count("-") and community.high < 50)
            or (verdicts.count("+") < verdicts.count("-") and community.low > 50)
        )
    }
    text = verdict(first, second, one, two)
    if not disputed:
        assert "Visitors" not in text.headline
    if "Visitors lean the other way." in text.headline:
        assert one.side * two.side == -1
    assert set(re.findall(r"% of visitors would ship (\w+)\.", text.reason)) == disputed


# -- Names --------------------------------------------------------------------------------------------------


def test_long_name_is_cut():
    text = compose_verdict(contender("x" * 300, "++++"), contender("Beta", "----"), [])
    assert text.headline == f"{'x' * 59}… leads the panel, 4 to 0."


@pytest.mark.parametrize("name", ["Acme Co.", "Ship it!", "x" * 300, "מודל Inc."])
def test_verdict_ends_in_one_period_regardless_of_how_names_end(name):
    shown = isolate_name(name)
    text = compose_verdict(
        contender("Alpha", "++++"),
        contender(name, "----", SHIPPED),
        [SeatVerdicts("Ann", "ship", "skip"), SeatVerdicts("Ben", "ship", "ship")],
    )
    assert text.headline == f"Alpha leads the panel, 4 to 0. Visitors disagree on {shown}"
    assert text.reasons == (
        f"Only Ann separates them: ship Alpha, skip {shown}", f"84% of visitors would ship {shown}",
    )  # fmt: skip


def test_right_to_left_name_is_isolated():
    text = compose_verdict(contender("מודל", "++++"), contender("Beta", "----"), [])
    assert text.headline.startswith("\u2068מודל\u2069 leads")


# -- Three and four tools -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdicts", "headline", "reason"),
    [
        ("+-+- ++++ +++-", "B leads the panel with 4 of 4.", "Then C with 3 of 4 and A with 2 of 4."),
        ("+--- ++++ +--- +++-", "B leads the panel with 4 of 4.", "Then D with 3 of 4 and A and C with 1 of 4 each."),
        ("+++- ++-+ +---", "A and B lead the panel, 3 of 4 each.", "Then C with 1 of 4."),
        ("+--- ---- ----", "The panel would ship none; A leads with 1 of 4.", "Then B and C with 0 of 4 each."),
        ("+--- -+-- ----", "The panel would ship none; A and B lead, 1 of 4 each.", "Then C with 0 of 4."),
        ("++-- --++ +-+-", "It’s a tie: the panel is split on all three, 2 of 4 each.", ""),
        ("++++ ++++ ++++ ++++", "It’s a tie: the panel would ship all four, 4 of 4 each.", ""),
        ("---- ---- ----", "It’s a tie: the panel would ship none, 0 of 4 each.", ""),
        ("+++- +++? ----", "B leads the panel with 3 of 3.", "Then A with 3 of 4 and C with 0 of 4."),
        ("++-- +-?? ----", "A and B lead the panel, 50% each.", "Then C with 0 of 4."),
        ("???? ++-- ++--", "It’s a tie between B and C: 2 of 4 each.", "The panel has not reviewed A yet."),
        ("???? ++-- ????", "The panel has reviewed only B: 2 of 4 ship it.", ""),
        ("???? ???? ????", "The panel has reviewed none of A, B, and C yet.", ""),
    ],
)
def test_ranking(verdicts, headline, reason):
    text = compose_ranking([contender(name, seats) for name, seats in zip("ABCD", verdicts.split(), strict=False)])
    assert (text.headline, text.reason) == (headline, reason)


def test_ranking_says_on_which_tools_visitors_are_on_the_other_side():
    three = [contender("A", "++--", SHIPPED), contender("B", "+---", SHIPPED), contender("C", "----", SKIPPED)]
    text = compose_ranking(three)
    assert text.headline == "A leads the panel with 2 of 4. Visitors disagree on B."
    assert text.reasons[1:] == (
        "Visitors break the tie on A: 84% would ship it.", "84% of visitors would ship B.",
    )  # fmt: skip


@given(st.lists(st.tuples(signs, votes()), min_size=3, max_size=4))
def test_headline_of_a_ranking_is_short(tools):
    text = compose_ranking([contender(name, *tool) for name, tool in zip("ABCD", tools, strict=False)])
    assert len(text.headline.split()) <= MAX_HEADLINE_WORDS


# -- A seat filter ------------------------------------------------------------------------------------------


def test_seat_filter_counts_its_seats_only():
    some = "The Skeptic and The Founder"
    pairs = {
        ("?-?+", "?-?-"): f"Counting only {some}: 1 of 2 ship A, 0 of 2 ship B.",
        ("?-?-", "?-?+"): f"Counting only {some}: 1 of 2 ship B, 0 of 2 ship A.",
        ("????", "?-?+"): f"Counting only {some}: 1 of 2 ship B, no review of A.",
        ("????", "????"): f"Counting only {some}: no review of A or B.",
        ("?-??", "?+??"): f"Counting only {some}: ship B, skip A.",
    }
    for (first, second), headline in pairs.items():
        sides = contender("A", first, SHIPPED), contender("B", second, SHIPPED)
        assert compose_verdict(*sides, list_seats(first, second), seat_names=some).headline == headline
    three = [contender(name, verdicts, SKIPPED) for name, verdicts in zip("ABC", ("?+?-", "????", "?+?+"), strict=True)]
    assert compose_ranking(three, seat_names=some) == VerdictText(
        f"Counting only {some}: 2 of 2 ship C, 1 of 2 ship A, no review of B."
    )
