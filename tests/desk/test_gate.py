"""The gate is pure: unsaved objects in, findings out."""

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


def make_tool(**fields) -> Tool:
    full = {"tagline": "A line", "description": "Words", "website": "https://example.com/"}
    return Tool(**{"pk": 1, "name": "Alpha", "category": Category(pk=1, name="Speech"), **full, **fields})


def make_facts(number: int = 3, **fields) -> list[Fact]:
    return [Fact(attribute=Attribute(name=f"Fact {n}"), value="yes", **{**SOURCED, **fields}) for n in range(number)]


def make_review(of: Tool, by: Reviewer, predictions: list[Prediction] = [], **fields) -> Review:  # noqa: B006
    unsaved = Review(
        **{
            "pk": 1,
            "tool": of,
            "reviewer": by,
            "verdict": "ship",
            "quote": LONG,
            "flips_if": "It slows.",
            "gist": "In one line.",
            "basis": "read",
            **fields,
        }
    )
    unsaved._prefetched_objects_cache = {"predictions": predictions}
    return unsaved


def check_tool(of: Tool, **overrides) -> list[Finding]:
    full = {
        "plans": [Plan(name="Free", kind="free", **SOURCED)],
        "facts": make_facts(),
        "reviews": [make_review(of, seat) for seat in SEATS],
        "seats": SEATS,
        "at": NOW,
    }
    return without_places(gate.check_tool(of, **{**full, **overrides}))


def check_review(review: Review, **options) -> list[Finding]:
    return without_places(gate.check_review(review, **options))


def without_places(findings: list[Finding]) -> list[Finding]:
    """Return findings without where to fix them, which `test_findings_lead_to_where_they_are_fixed` tests."""
    return [finding._replace(place="") for finding in findings]


def test_complete_tool_has_no_findings():
    assert check_tool(make_tool()) == []


def test_sources_of_an_example_are_not_asked_for():
    assert check_tool(make_tool(example=True), plans=[Plan(name="A", kind="free")], facts=[]) == []


def test_everything_missing_is_listed_at_once():
    empty = Tool(pk=1, name="Alpha")
    assert check_tool(empty, plans=[], facts=make_facts(1), reviews=[]) == [
        Finding("There is no tagline."),
        Finding("There is no description."),
        Finding("There is no website."),
        Finding("There is no category."),
        Finding("There is no plan: readers cannot see what it costs, or that it is free."),
        Finding("One fact with a source; three are needed."),
        Finding("Seat 1: there is no review."),
        Finding("Seat 2: there is no review."),
    ]


def test_unsourced_and_unverified_rows_block_and_stale_ones_are_hints():
    plans = [
        Plan(name="A", kind="free"),
        Plan(name="B", kind="free", source="https://example.com/"),
        Plan(name="C", kind="free", verified_on=NOW.date()),
        Plan(name="D", kind="free", source="https://example.com/", verified_on=(NOW - 91 * DAY).date()),
        Plan(name="E", kind="free", source="https://example.com/", verified_on=(NOW - 90 * DAY).date()),
    ]
    assert check_tool(
        make_tool(), plans=plans, facts=[*make_facts(3), *make_facts(1, source="", verified_on=None)]
    ) == [
        Finding("The plan “A” has no source and was never verified."),
        Finding("The plan “B” was never verified."),
        Finding("The plan “C” has no source."),
        Finding("The plan “D” was last verified on Aug 21, 2026, more than 90 days before.", blocks=False),
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
            [Finding("Seat 2: its review is not published until Nov 21, 2026, 09:00 UTC.")],
        ),
        ({"published_at": NOW - DAY, "withdrawn_at": NOW}, [Finding("Seat 2: there is no review.")]),
    ],
)
def test_each_seat_needs_a_review_that_is_public_by_then_or_published_with_the_tool(fields, expected):
    one = make_tool()
    assert check_tool(one, reviews=[make_review(one, SEATS[0]), make_review(one, SEATS[1], **fields)]) == expected


def test_reviews_scheduled_with_their_tool_move_with_it():
    one = make_tool(published_at=NOW + 2 * DAY)
    reviews = [make_review(one, seat, published_at=NOW + 2 * DAY) for seat in SEATS]
    assert check_tool(one, reviews=reviews, at=NOW) == []


@pytest.mark.parametrize(("length", "blocks"), [(79, True), (80, False)])
def test_quote_length_excludes_markdown(length, blocks):
    one = make_tool()
    quote = f"**{'a' * length}**\n"
    findings = check_review(make_review(make_tool(published_at=NOW), SEATS[0], quote=quote), predictions=[], at=NOW)
    expected = [Finding(f"The quote has {length} characters; 80 are needed.")] if blocks else []
    assert findings == expected
    tool_findings = check_tool(one, reviews=[make_review(one, SEATS[0], quote=quote), make_review(one, SEATS[1])])
    assert tool_findings == [Finding(f"Seat 1: the quote has {length} characters; 80 are needed.")] * blocks


def test_published_text_is_not_checked_again():
    one = make_tool()
    assert (
        check_tool(one, reviews=[make_review(one, seat, quote="Short.", published_at=NOW - DAY) for seat in SEATS])
        == []
    )


def test_no_current_edition_lacks_a_gist_or_a_basis():
    one, bare = make_tool(), {"gist": "", "basis": ""}
    expected = [
        Finding("There is no gist: the reason in one line of at most 90 characters."),
        Finding("How the seat knows is not recorded."),
    ]
    assert check_review(make_review(make_tool(published_at=NOW), SEATS[0], **bare), predictions=[], at=NOW) == (
        expected
    )
    of_seat = [
        Finding("Seat 1: there is no gist: the reason in one line of at most 90 characters."),
        Finding("Seat 1: how the seat knows is not recorded."),
    ]
    old = make_review(one, SEATS[0], published_at=NOW - DAY, **bare)
    for reviews, findings in (
        ([make_review(one, SEATS[0], **bare)], of_seat),
        ([old], of_seat),
        ([old, make_review(one, SEATS[0], published_at=NOW)], []),  # superseded
        ([old, make_review(one, SEATS[0])], []),  # superseded by the edition that is published with the tool
    ):
        assert check_tool(one, reviews=[*reviews, make_review(one, SEATS[1])]) == findings


def test_predictions_must_be_due_after_publication():
    predictions = [
        Prediction(claim="Past", due_on=(NOW - DAY).date()),
        Prediction(claim="Today", due_on=NOW.date()),
        Prediction(claim="Judged", due_on=NOW.date(), outcome="right"),
        Prediction(claim="To come", due_on=(NOW + DAY).date()),
    ]
    one = make_tool(published_at=NOW)
    assert check_review(make_review(one, SEATS[0]), predictions=predictions, at=NOW) == [
        Finding("The prediction “Past” is due on Nov 19, 2026, before it is published."),
        Finding("The prediction “Today” is due on Nov 20, 2026, before it is published."),
    ]
    tool_findings = check_tool(
        make_tool(), reviews=[make_review(make_tool(), SEATS[0], predictions[:1]), make_review(make_tool(), SEATS[1])]
    )
    assert tool_findings == [Finding("Seat 1: the prediction “Past” is due on Nov 19, 2026, before it is published.")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"published_at": NOW}, []),
        ({"published_at": None}, [Finding("Alpha is a draft.", is_final=True)]),
        (
            {"published_at": NOW + DAY},
            [
                Finding(
                    "Alpha is scheduled for Nov 21, 2026, 09:00 UTC; its reviews cannot be public before.",
                    is_final=True,
                )
            ],
        ),
        ({"published_at": NOW - DAY, "withdrawn_at": NOW}, [Finding("Alpha was withdrawn.", is_final=True)]),
    ],
)
def test_review_is_published_alone_only_on_a_public_tool(fields, expected):
    assert check_review(make_review(make_tool(**fields), SEATS[0]), predictions=[], at=NOW) == expected


def test_review_without_flips_if_gets_a_hint():
    findings = check_review(make_review(make_tool(published_at=NOW), SEATS[0], flips_if=""), predictions=[], at=NOW)
    assert findings == [Finding("It does not say what would flip it.", blocks=False)]


def check_comparison(
    first: Tool, second: Tool, *, by_first=SEATS, by_second=SEATS, introduction="Who chooses.", at=NOW
):
    return without_places(
        gate.check_comparison(
            Comparison(first=first, second=second, introduction=introduction),
            first_reviews=[make_review(first, seat, published_at=NOW) for seat in by_first],
            second_reviews=[make_review(second, seat, published_at=NOW) for seat in by_second],
            at=at,
        )
    )


def test_comparison_needs_two_tools_that_are_public_by_then():
    public, later = make_tool(published_at=NOW), make_tool(pk=2, name="Beta", published_at=NOW + DAY)
    assert check_comparison(public, make_tool(pk=2, published_at=NOW)) == []
    assert check_comparison(public, later) == [
        Finding(
            "Beta is scheduled for Nov 21, 2026, 09:00 UTC; its comparisons cannot be public before.", is_final=True
        )
    ]
    assert check_comparison(public, later, at=NOW + DAY) == []


def test_comparison_needs_a_common_seat_and_hints_at_others():
    one, two = make_tool(published_at=NOW), make_tool(pk=2, published_at=NOW)
    assert check_comparison(one, two, by_first=SEATS[:1], by_second=SEATS[1:]) == [
        Finding("No seat will have reviewed both tools by then, so there is no verdict.")
    ]
    assert check_comparison(one, two, by_first=SEATS[:1]) == [
        Finding("One seat reviewed only one of the tools.", blocks=False)
    ]
    assert check_comparison(one, two, introduction=" ") == [
        Finding("There is no introduction that says who is choosing.", blocks=False)
    ]
