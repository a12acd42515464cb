import pytest

from comparisons.shaping.verdict_text import (
    Contender,
    SeatVerdicts,
    compose_ranking,
    compose_reason,
    compose_verdict,
)
from reviews.panel import Panel
from votes.community import Community
from web.words import isolate_name

NAMES = ("The Builder", "The Skeptic", "The Futurist", "The Founder")
QUIET = Community(0, 0, None, None, None)


def contender(name: str, verdicts: str, community: Community = QUIET) -> Contender:
    judged = [verdict for verdict in verdicts if verdict != "?"]
    ship = judged.count("+")
    percent = (200 * ship + len(judged)) // (2 * len(judged)) if judged else None
    return Contender(name, Panel(ship, len(judged), percent, ()), community)


def verdict(first: str, second: str, one: Community = QUIET, two: Community = QUIET) -> str:
    words = {"+": "ship", "-": "skip", "?": None}
    seats = [
        SeatVerdicts(name, words[a], words[b])
        for name, a, b in zip(NAMES, first, second, strict=True)
        if (a, b) != ("?", "?")
    ]
    return compose_verdict(contender("Alpha", first, one), contender("Beta", second, two), seats)


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        (
            "+-+-", "+++-",
            "Beta leads with the panel by one seat: 3 of 4 ship it, against 2 of 4 for Alpha. "
            "The Skeptic would ship only Beta.",
        ),
        (
            "++++", "----",
            "Alpha leads with the panel by four seats: 4 of 4 ship it, against 0 of 4 for Beta. "
            "The Builder, The Skeptic, The Futurist and The Founder would ship only Alpha.",
        ),
        (
            "+-+-", "-++-",
            "A tie with the panel: 2 of 4 ship each. "
            "The Builder would ship only Alpha; The Skeptic would ship only Beta.",
        ),
        ("++++", "++++", "A tie with the panel: all 4 would ship either. No seat tells them apart."),
        (
            "----", "----",
            "A tie with the panel, and not a happy one: none of 4 would ship either. No seat tells them apart.",
        ),
        ("????", "????", "The panel has reviewed neither Alpha nor Beta yet."),
        ("++?-", "????", "The panel has not reviewed Beta yet; of Alpha, 2 of 3 ship."),
        ("????", "+---", "The panel has not reviewed Alpha yet; of Beta, 1 of 4 ship."),
        (
            "+++?", "+++-",
            "Alpha leads with the panel: 3 of 3 ship it, against 3 of 4 for Beta. No seat tells them apart.",
        ),
        ("++--", "+-??", "A tie with the panel, at 50% each. The Skeptic would ship only Alpha."),
        ("+-??", "??+-", "A tie with the panel: 1 of 2 ship each."),
    ],
)  # fmt: skip
def test_verdict_of_the_panel(first, second, sentence):
    assert verdict(first, second) == sentence


def test_verdict_names_the_community_only_where_it_has_a_number():
    many, few = Community(181, 131, 58, 52, 63), Community(3, 2, 60, 23, 88)
    assert verdict("????", "????", many, few).endswith("yet. The community puts Alpha at 58% of 312 votes.")
    assert verdict("++--", "++--", many, many).endswith(
        "The community puts Alpha at 58% of 312 votes and Beta at 58% of 312 votes. "
        "Panel and community disagree on Alpha: the panel’s 50% lies outside the community’s 52–63%. "
        "Panel and community disagree on Beta: the panel’s 50% lies outside the community’s 52–63%."
    )


def test_verdict_says_disagreement_only_outside_the_interval():
    assert "disagree" not in verdict("++--", "++--", Community(16, 15, 52, 35, 68))


def test_long_name_is_cut():
    text = compose_verdict(contender("x" * 300, "++++"), contender("Beta", "----"), [])
    assert text.startswith("x" * 59 + "… leads with the panel")


@pytest.mark.parametrize("name", ["Acme Co.", "Ship it!", "x" * 300, "מודל Inc."])
def test_verdict_ends_in_one_period_regardless_of_how_names_end(name):
    text = compose_verdict(contender("Alpha", "++++"), contender(name, "----"), [SeatVerdicts("Ann", "skip", "ship")])
    shown = isolate_name(name)
    assert text == (
        f"Alpha leads with the panel by four seats: 4 of 4 ship it, against 0 of 4 for {shown} "
        f"Ann would ship only {shown}"
    )


def test_right_to_left_name_is_isolated():
    text = compose_verdict(contender("מודל", "++++"), contender("Beta", "----"), [])
    assert text.startswith("\u2068מודל\u2069 leads")


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        ("+-+- ++++ +++-", "B leads with the panel: 4 of 4 ship it. Then C with 3 of 4 and A with 2 of 4."),
        (
            "+--- ++++ +--- +++-",
            "B leads with the panel: 4 of 4 ship it. Then D with 3 of 4 and A and C with 1 of 4 each.",
        ),
        ("+++- ++-+ +---", "A tie at the top of the panel between A and B: 3 of 4 ship each. Then C with 1 of 4."),
        ("++-- --++ +-+-", "A tie with the panel between A, B and C: 2 of 4 ship each."),
        ("++-- +-?? ----", "A tie at the top of the panel between A and B: 50% ship each. Then C with 0 of 4."),
        ("???? ++-- ++--", "A tie with the panel between B and C: 2 of 4 ship each. The panel has not reviewed A yet."),
        ("???? ++-- ????", "Of B, 2 of 4 ship. The panel has not reviewed A and C yet."),
        ("???? ???? ????", "The panel has reviewed none of A, B and C yet."),
    ],
)
def test_ranking(verdicts, sentence):
    contenders = [contender(name, seats) for name, seats in zip("ABCD", verdicts.split(), strict=False)]
    assert compose_ranking(contenders) == sentence
    for whole, filtered in (
        ("The panel has not reviewed A and C yet", "A and C are not reviewed yet"),
        ("The panel has not reviewed A yet", "A is not reviewed yet"),
        ("The panel has reviewed none of A, B and C yet", "None of A, B and C is reviewed yet"),
    ):
        sentence = sentence.replace(whole, filtered)
    assert compose_ranking(contenders, seat_names="The Skeptic") == f"Through the eyes of The Skeptic alone: {sentence}"


def test_seat_filter_does_not_say_that_the_panel_has_not_reviewed():
    opening = "Through the eyes of The Skeptic alone: "
    pairs = {
        ("????", "????"): "Neither A nor B is reviewed yet.",
        ("+???", "????"): "B is not reviewed yet; of A, 1 of 1 ship.",
        ("????", "-???"): "A is not reviewed yet; of B, 0 of 1 ship.",
    }
    for (first, second), sentence in pairs.items():
        sides = contender("A", first), contender("B", second)
        assert compose_verdict(*sides, [], seat_names="The Skeptic") == opening + sentence


def test_ranking_names_the_community_and_where_it_disagrees():
    loud = Community(181, 131, 58, 52, 63)
    three = [contender("A", "++--", loud), contender("B", "+---"), contender("C", "----", loud)]
    communities = "The community puts A at 58% of 312 votes and C at 58% of 312 votes."
    assert compose_ranking(three).endswith(
        f"{communities} "
        "Panel and community disagree on A: the panel’s 50% lies outside the community’s 52–63%. "
        "Panel and community disagree on C: the panel’s 0% lies outside the community’s 52–63%."
    )
    assert compose_ranking(three, seat_names="The Skeptic").endswith(communities)


def test_reason_quotes_the_gists_of_the_seats_that_differ():
    split = [
        SeatVerdicts("The Builder", "ship", "ship", ("Fine.", "Fine too.")),
        SeatVerdicts("The Skeptic", "ship", "skip", ("Open.", "No auth.")),
        SeatVerdicts("The Futurist", None, "skip", ("", "Late.")),
        SeatVerdicts("The Founder", "skip", "ship", ("Too dear.", "Cheap.")),
    ]
    assert compose_reason(split, "Alpha", "Beta") == (
        "The Skeptic skips Beta: “No auth.” The Founder skips Alpha: “Too dear.”"
    )
    assert compose_reason(split[:1], "Alpha", "Beta") == ""
    assert compose_reason([SeatVerdicts("The Skeptic", "ship", "skip")], "Alpha", "Beta") == ""


def test_reason_quotes_at_most_two_seats():
    split = [SeatVerdicts(name, "ship", "skip", ("", f"{name}.")) for name in ("A", "B", "C")]
    assert compose_reason(split, "Alpha", "Beta") == "A skips Beta: “A.” B skips Beta: “B.”"
