"""The gate is pure: objects that no database ever saw go in, findings come out."""

from datetime import UTC, datetime, timedelta

import pytest

from comparisons.models import Comparison
from desk.publishing import gate
from desk.publishing.gate import Finding
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, Fact, Plan, Tool

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = timedelta(days=1)
LONG = "Words enough to say why. " * 5
SEATS = [Reviewer(pk=number, name=f"Seat {number}", seat=number) for number in (1, 2)]
SOURCED = {"source": "https://example.com/", "verified_on": NOW.date()}


@pytest.fixture(autouse=True)
def _now(time_machine):
    time_machine.move_to(NOW, tick=False)


def tool(**fields) -> Tool:
    full = {"tagline": "A line", "description": "Words", "website": "https://example.com/"}
    return Tool(**{"pk": 1, "name": "Alpha", "category": Category(pk=1, name="Speech"), **full, **fields})


def facts(number: int = 3, **fields) -> list[Fact]:
    return [Fact(attribute=Attribute(name=f"Fact {n}"), value="yes", **{**SOURCED, **fields}) for n in range(number)]


def review(of: Tool, by: Reviewer, predictions: list[Prediction] = [], **fields) -> Review:  # noqa: B006
    made = Review(
        **{"pk": 1, "tool": of, "reviewer": by, "verdict": "ship", "quote": LONG, "flips_if": "It slows.", **fields}
    )
    made._prefetched_objects_cache = {"predictions": predictions}
    return made


def findings(of: Tool, **given) -> list[Finding]:
    full = {
        "plans": [Plan(name="Free", kind="free", **SOURCED)],
        "facts": facts(),
        "reviews": [review(of, seat) for seat in SEATS],
        "seats": SEATS,
        "at": NOW,
    }
    return gate.check_tool(of, **{**full, **given})


def test_nothing_is_missing_of_a_whole_tool():
    assert findings(tool()) == []


def test_everything_that_is_missing_is_said_at_once():
    empty = Tool(pk=1, name="Alpha")
    assert findings(empty, plans=[], facts=facts(1), reviews=[]) == [
        Finding("There is no tagline."),
        Finding("There is no description."),
        Finding("There is no website."),
        Finding("There is no category."),
        Finding("There is no plan: readers cannot see what it costs, or that it is free."),
        Finding("One fact with a source; three are needed."),
        Finding("Seat 1: there is no review."),
        Finding("Seat 2: there is no review."),
    ]


def test_statements_without_source_or_verification_block_and_old_ones_are_a_hint():
    plans = [
        Plan(name="A", kind="free"),
        Plan(name="B", kind="free", source="https://example.com/"),
        Plan(name="C", kind="free", verified_on=NOW.date()),
        Plan(name="D", kind="free", source="https://example.com/", verified_on=(NOW - 91 * DAY).date()),
        Plan(name="E", kind="free", source="https://example.com/", verified_on=(NOW - 90 * DAY).date()),
    ]
    assert findings(tool(), plans=plans, facts=[*facts(3), *facts(1, source="", verified_on=None)]) == [
        Finding("The plan “A” has no source and was never verified."),
        Finding("The plan “B” was never verified."),
        Finding("The plan “C” has no source."),
        Finding("The plan “D” was last verified on 21 Aug 2026, more than 90 days before.", blocks=False),
        Finding("The fact “Fact 0” has no source and was never verified."),
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"published_at": None}, []),
        ({"published_at": NOW}, []),
        ({"published_at": NOW - DAY}, []),
        (
            {"published_at": NOW + DAY},
            [Finding("Seat 2: its review is not published until 21 Nov 2026, 09:00 UTC.")],
        ),
        ({"published_at": NOW - DAY, "withdrawn_at": NOW}, [Finding("Seat 2: there is no review.")]),
    ],
)
def test_each_seat_has_a_review_that_is_out_by_then_or_comes_along(fields, expected):
    one = tool()
    assert findings(one, reviews=[review(one, SEATS[0]), review(one, SEATS[1], **fields)]) == expected


def test_reviews_of_the_instant_of_a_scheduled_tool_come_along_when_it_moves():
    one = tool(published_at=NOW + 2 * DAY)
    reviews = [review(one, seat, published_at=NOW + 2 * DAY) for seat in SEATS]
    assert findings(one, reviews=reviews, at=NOW) == []


@pytest.mark.parametrize(("length", "blocks"), [(79, True), (80, False)])
def test_quotes_are_measured_without_their_marks(length, blocks):
    one = tool()
    quote = f"**{'a' * length}**\n"
    said = gate.check_review(review(tool(published_at=NOW), SEATS[0], quote=quote), predictions=[], at=NOW)
    expected = [Finding(f"The quote has {length} characters; 80 are needed.")] if blocks else []
    assert said == expected
    of_tool = findings(one, reviews=[review(one, SEATS[0], quote=quote), review(one, SEATS[1])])
    assert of_tool == [Finding(f"Seat 1: the quote has {length} characters; 80 are needed.")] * blocks


def test_words_that_are_out_already_are_not_measured_again():
    one = tool()
    assert findings(one, reviews=[review(one, seat, quote="Short.", published_at=NOW - DAY) for seat in SEATS]) == []


def test_predictions_are_due_after_the_review_is_out():
    predictions = [
        Prediction(claim="Past", due_on=(NOW - DAY).date()),
        Prediction(claim="Today", due_on=NOW.date()),
        Prediction(claim="Judged", due_on=NOW.date(), outcome="right"),
        Prediction(claim="To come", due_on=(NOW + DAY).date()),
    ]
    one = tool(published_at=NOW)
    assert gate.check_review(review(one, SEATS[0]), predictions=predictions, at=NOW) == [
        Finding("The prediction “Past” is due on 19 Nov 2026, before it is published."),
        Finding("The prediction “Today” is due on 20 Nov 2026, before it is published."),
    ]
    along = findings(tool(), reviews=[review(tool(), SEATS[0], predictions[:1]), review(tool(), SEATS[1])])
    assert along == [Finding("Seat 1: the prediction “Past” is due on 19 Nov 2026, before it is published.")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"published_at": NOW}, []),
        ({"published_at": None}, [Finding("Alpha is a draft.")]),
        (
            {"published_at": NOW + DAY},
            [Finding("Alpha is scheduled for 21 Nov 2026, 09:00 UTC; its reviews cannot be public before.")],
        ),
        ({"published_at": NOW - DAY, "withdrawn_at": NOW}, [Finding("Alpha was withdrawn.")]),
    ],
)
def test_a_review_comes_out_by_itself_only_on_a_public_tool(fields, expected):
    assert gate.check_review(review(tool(**fields), SEATS[0]), predictions=[], at=NOW) == expected


def test_a_review_that_says_not_what_would_flip_it_is_worth_a_look():
    said = gate.check_review(review(tool(published_at=NOW), SEATS[0], flips_if=""), predictions=[], at=NOW)
    assert said == [Finding("It does not say what would flip it.", blocks=False)]


def compared(first: Tool, second: Tool, *, by_first=SEATS, by_second=SEATS, introduction="Who chooses.", at=NOW):
    return gate.check_comparison(
        Comparison(first=first, second=second, introduction=introduction),
        first_reviews=[review(first, seat, published_at=NOW) for seat in by_first],
        second_reviews=[review(second, seat, published_at=NOW) for seat in by_second],
        at=at,
    )


def test_a_comparison_is_of_two_tools_that_are_out_by_then():
    out, later = tool(published_at=NOW), tool(pk=2, name="Beta", published_at=NOW + DAY)
    assert compared(out, tool(pk=2, published_at=NOW)) == []
    assert compared(out, later) == [
        Finding("Beta is scheduled for 21 Nov 2026, 09:00 UTC; its comparisons cannot be public before.")
    ]
    assert compared(out, later, at=NOW + DAY) == []


def test_a_comparison_needs_a_seat_that_judged_both_and_is_better_with_all():
    one, two = tool(published_at=NOW), tool(pk=2, published_at=NOW)
    assert compared(one, two, by_first=SEATS[:1], by_second=SEATS[1:]) == [
        Finding("No seat will have reviewed both tools by then, so there is no verdict.")
    ]
    assert compared(one, two, by_first=SEATS[:1]) == [Finding("One seat reviewed only one of the tools.", blocks=False)]
    assert compared(one, two, introduction=" ") == [
        Finding("There is no introduction that says who is choosing.", blocks=False)
    ]
