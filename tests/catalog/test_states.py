"""Drafts, publication, corrections, and judgments: what the desk refuses, files may not do either."""

from datetime import timedelta

import pytest

from reviews.models import Prediction, Review
from tests import factories as make
from tests.catalog.documents import (
    document,
    export,
    fact,
    get_problems,
    get_tool_page,
    import_content,
    plan,
    review,
    tool,
)
from tools.models import Tool

pytestmark = pytest.mark.django_db


def test_draft_is_updated_in_place():
    import_content(document(tools=[tool(reviews=[review(published_at=None)])]))
    import_content(document(tools=[tool(reviews=[review(published_at=None, quote="Better.")])]))
    assert list(Review.objects.values_list("quote", flat=True)) == ["Better."]


@pytest.mark.parametrize("published_at", [None, "2099-01-01T00:00:00Z"])
def test_what_readers_saw_never_becomes_a_draft_again(client, published_at):
    other, comparison = tool("beta"), {"tools": ["alpha", "beta"], "published_at": "2026-10-02T09:00:00Z"}
    public = document(tools=[tool(), other], comparisons=[comparison])
    import_content(public)
    hidden = document(
        tools=[tool(published_at=published_at), other], comparisons=[comparison | {"published_at": published_at}]
    )
    refusal = "readers have seen this, so it cannot become a draft again: give it withdrawn_at"
    assert get_problems(hidden) == [
        f"comparisons[0].published_at: {refusal}",
        f"tools[0].published_at: {refusal}",
    ]
    assert client.get("/tools/alpha/").status_code == 200


def test_what_readers_saw_never_comes_out_at_another_time(client):
    """Later, it would lose its history; earlier, what only its draft said would become history."""
    import_content(document(tools=[tool(plans=[plan(amount=7)]), tool("beta")]))
    comparison = {"tools": ["alpha", "beta"], "published_at": "2026-10-02T09:00:00Z"}
    import_content(document(tools=[tool(plans=[plan(amount=20)])], comparisons=[comparison]))
    for moved in ("2026-11-28T09:00:00Z", "2026-09-01T09:00:00Z"):
        refusal = "and it cannot come out at another time"
        assert get_problems(
            document(tools=[tool(published_at=moved)], comparisons=[comparison | {"published_at": moved}])
        ) == [
            f"comparisons[0].published_at: readers have seen this since 2026-10-02T09:00:00Z, {refusal}",
            f"tools[0].published_at: readers have seen this since 2026-10-01T09:00:00Z, {refusal}",
        ]
    assert "$7" in get_tool_page(client)
    assert import_content(export()).does_nothing


def test_file_can_give_a_reset_tool_only_the_time_at_which_it_came_out():
    import_content(document(tools=[tool()]))
    Tool.objects.update(published_at=None)
    assert import_content(export()).does_nothing
    assert get_problems(document(tools=[tool(published_at="2026-11-28T09:00:00Z")])) == [
        "tools[0].published_at: "
        "readers have seen this since 2026-10-01T09:00:00Z, and it cannot come out at another time"
    ]
    import_content(document(tools=[tool()]))
    assert Tool.objects.get().published_at is not None


@pytest.mark.parametrize("published_at", [None, "2026-10-02T09:00:00Z", "2099-01-01T00:00:00Z"])
def test_correction_of_what_no_reader_saw_is_refused(published_at):
    secret = {"note": "EMBARGOED", "made_at": "2026-10-01T09:00:00Z"}
    wrong = document(tools=[tool(published_at=published_at, corrections=[secret])])
    assert get_problems(wrong) == ["tools[0].corrections[0].made_at: only what readers have seen can be corrected"]
    import_content(document(tools=[tool(published_at=published_at)]))
    assert get_problems(wrong) == ["tools[0].corrections[0].made_at: only what readers have seen can be corrected"]


def test_correction_older_than_its_tool_never_shows(client):
    """However it came to be there: with SQL, say."""
    import_content(document(tools=[tool(), tool("beta")]))
    alpha = Tool.objects.get(slug="alpha")
    make.correction(of=alpha, note="EMBARGOED", made_at=alpha.published_at - timedelta(seconds=1))
    make.correction(of=alpha, note="All can see this.", made_at=alpha.published_at)
    for address in (
        "/tools/alpha/", "/tools/alpha.json", "/compare/alpha-vs-beta/", "/compare/alpha-vs-beta.json",
        "/compare/custom/?t=alpha&t=beta", "/changes/?kind=corrections", "/feeds/changes.xml", "/feeds/tools/alpha.xml",
    ):  # fmt: skip
        assert "EMBARGOED" not in client.get(address).text, address
    assert "All can see this." in client.get("/tools/alpha.json").text
    assert "All can see this." in client.get("/changes/?kind=corrections").text


CLAIM = {"claim": "It happens", "due_on": "2026-11-20"}
JUDGED = CLAIM | {
    "outcome": "right", "note": "It did.", "source": "https://example.com/", "judged_on": "2026-11-21",
}  # fmt: skip


@pytest.mark.parametrize(
    ("prediction", "problems"),
    [
        (
            CLAIM | {"outcome": "right"},
            [f"{key}: is required to judge a prediction right" for key in ("judged_on", "note", "source")],
        ),
        (JUDGED | {"outcome": "wrong", "note": " "}, ["note: is required to judge a prediction wrong"]),
        (JUDGED | {"judged_on": "2026-10-31"}, ["judged_on: is before the day on which its review was published"]),
        (
            JUDGED | {"outcome": "void", "judged_on": "2026-10-31"},
            ["judged_on: is before the day on which its review was published"],
        ),
    ],
)  # fmt: skip
def test_judgment_that_the_desk_refuses_is_refused(prediction, problems):
    where = "tools[0].reviews[0].predictions[0]"
    wrong = document(tools=[tool(reviews=[review(predictions=[prediction])])])
    assert get_problems(wrong) == [f"{where}.{problem}" for problem in problems]
    import_content(document(tools=[tool(reviews=[review(predictions=[CLAIM])])]))
    assert get_problems(wrong) == [f"{where}.{problem}" for problem in problems]


def test_claim_about_the_past_is_refused():
    past = CLAIM | {"due_on": "2026-11-01"}
    assert get_problems(document(tools=[tool(reviews=[review(predictions=[past])])])) == [
        "tools[0].reviews[0].predictions[0].due_on: is not after the day on which its review was published"
    ]


@pytest.mark.parametrize("published_at", [None, "2099-01-01T00:00:00Z"])
def test_prediction_that_no_reader_saw_is_not_judged(published_at):
    judged = JUDGED | {"due_on": "2099-02-01"}
    assert get_problems(document(tools=[tool(reviews=[review(published_at=published_at, predictions=[judged])])])) == [
        "tools[0].reviews[0].predictions[0].outcome: only a prediction that readers have seen can be judged"
    ]


def test_judgment_that_the_file_does_not_repeat_stays():
    import_content(document(tools=[tool(reviews=[review(predictions=[JUDGED])])]))
    import_content(document(tools=[tool(reviews=[review(predictions=[CLAIM | {"outcome": "wrong"}])])]))
    assert Prediction.objects.values_list("outcome", "note").get() == ("wrong", "It did.")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"withdrawn_at": "2099-01-01T00:00:00Z"}, "withdrawn_at: is in the future"),
        ({"plans": [plan(superseded_at="2099-01-01T00:00:00Z")]}, "plans[0].superseded_at: is in the future"),
        ({"plans": [plan(verified_on="2099-01-01")]}, "plans[0].verified_on: is in the future"),
        ({"facts": [fact(superseded_at="2099-01-01T00:00:00Z")]}, "facts[0].superseded_at: is in the future"),
        ({"facts": [fact(verified_on="2099-01-01")]}, "facts[0].verified_on: is in the future"),
        ({"reviews": [review(withdrawn_at="2099-01-01T00:00:00Z")]}, "reviews[0].withdrawn_at: is in the future"),
        (
            {"published_at": "9999-12-31T23:59:59Z"},
            "published_at: 9999-12-31 23:59:59+00:00: The year 9999 cannot be right.",
        ),
        (
            {"facts": [fact(verified_on="0026-11-20")]},
            "facts[0].verified_on: 0026-11-20: The year 26 cannot be right.",
        ),
        (
            {"reviews": [review(predictions=[{"claim": "Gone", "due_on": "2206-01-01"}])]},
            "reviews[0].predictions[0].due_on: 2206-01-01: The year 2206 cannot be right.",
        ),
        (
            {"reviews": [review(predictions=[{"claim": "Gone", "due_on": "2027-02-29"}])]},
            'reviews[0].predictions[0].due_on: "2027-02-29" is not a valid date',
        ),
        (
            {"published_at": None, "withdrawn_at": "2026-10-02T00:00:00Z"},
            "withdrawn_at: only what was published before that time can be withdrawn",
        ),
        (
            {"withdrawn_at": "2026-09-02T00:00:00Z"},
            "withdrawn_at: only what was published before that time can be withdrawn",
        ),
    ],
)
def test_impossible_time_is_refused(fields, problem):
    assert get_problems(document(tools=[tool(**fields)])) == [f"tools[0].{problem}"]
