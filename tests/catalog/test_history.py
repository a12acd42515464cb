"""What an import does to what readers have seen: it supersedes, adds, and keeps, and never rewrites."""

from datetime import timedelta
from decimal import Decimal

import pytest

from reviews.models import Prediction, Review, Reviewer
from tests import factories as make
from tests.catalog.documents import document, fact, get_problems, get_tool_page, import_content, plan, review, tool
from tools.models import Attribute, Fact, Plan, Tool

pytestmark = pytest.mark.django_db


def test_new_value_supersedes_and_new_verification_updates_in_place():
    import_content(document(tools=[tool(plans=[plan()], facts=[fact()])]))
    import_content(
        document(tools=[tool(plans=[plan(verified_on="2026-11-20")], facts=[fact(source="https://example.com/")])])
    )
    assert list(Plan.objects.values_list("verified_on", flat=True)) == [make.PAST.date().replace(month=11, day=20)]
    report = import_content(document(tools=[tool(plans=[plan(amount=25)], facts=[fact(value="GPL")])]))
    assert dict(report.changed) == {"plans": 1, "facts": 1, **{k: v for k, v in report.changed.items() if k == "tools"}}
    history = Plan.objects.order_by("pk").values_list("amount", "superseded_at")
    assert [(amount, superseded_at is None) for amount, superseded_at in history] == [
        (Decimal(20), False),
        (Decimal(25), True),
    ]
    assert list(Fact.objects.current().values_list("value", flat=True)) == ["GPL"]
    assert Fact.objects.count() == 2


def test_history_of_another_site_supersedes_the_same_current_value():
    import_content(document(tools=[tool(plans=[plan()])]))
    import_content(document(tools=[tool(plans=[plan(superseded_at="2026-09-01T00:00:00Z"), plan(amount=25)])]))
    assert list(Plan.objects.order_by("pk").values_list("amount", flat=True)) == [Decimal(20), Decimal(25)]


def test_later_edition_is_added_beside_the_earlier_one():
    import_content(document(tools=[tool(reviews=[review()])]))
    import_content(document(tools=[tool(reviews=[review(verdict="skip", published_at="2026-11-02T09:00:00Z")])]))
    assert list(Review.objects.order_by("pk").values_list("verdict", flat=True)) == ["ship", "skip"]


def test_prediction_can_be_judged_later():
    claim = {"claim": "It sinks", "due_on": "2026-11-02"}
    import_content(document(tools=[tool(reviews=[review(predictions=[claim])])]))
    judged = {
        **claim, "outcome": "wrong", "note": "It swims.", "source": "https://example.com/", "judged_on": "2026-11-02",
    }  # fmt: skip
    import_content(document(tools=[tool(reviews=[review(predictions=[judged])])]))
    assert list(Prediction.objects.values_list("outcome", "note")) == [("wrong", "It swims.")]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"quote": "Other words."},
            "reviews[0].quote: a published review cannot be rewritten: add a later edition",
        ),
        ({"verdict": "skip"}, "reviews[0].verdict: a published review cannot be rewritten: add a later edition"),
        (
            {"predictions": [{"claim": "New", "due_on": "2027-01-01"}]},
            "reviews[0].predictions[0]: a published review cannot be rewritten",
        ),
    ],
)
def test_published_review_cannot_be_rewritten(change, problem):
    import_content(document(tools=[tool(reviews=[review()])]))
    (found,) = get_problems(document(tools=[tool(reviews=[review(**change)])]))
    assert found.startswith(f"tools[0].{problem}")


def test_history_cannot_be_rewritten():
    old = plan(superseded_at="2026-09-01T00:00:00Z")
    import_content(document(tools=[tool(plans=[old])]))
    (found,) = get_problems(document(tools=[tool(plans=[{**old, "amount": 99}])]))
    assert found.startswith("tools[0].plans[0]: history cannot be rewritten")


def test_former_slug_of_another_row_is_refused():
    import_content(document(tools=[tool()]))
    Tool.objects.update(slug="omega")
    assert get_problems(document(tools=[tool()])) == [
        'tools[0].slug: "alpha" is the former slug of something else on the site'
    ]


def test_values_of_a_draft_never_show_as_history(client):
    draft = tool(published_at=None, plans=[plan(amount=7)], facts=[fact(value="EMBARGOED")])
    import_content(document(tools=[draft]))
    import_content(document(tools=[draft | {"plans": [plan(amount=20)], "facts": [fact(value="MIT")]}]))
    assert list(Plan.objects.values_list("amount", "superseded_at")) == [(20, None)]
    assert list(Fact.objects.values_list("value", "superseded_at")) == [("MIT", None)]
    Tool.objects.get().publish()
    page = get_tool_page(client)
    assert ("$20/mo" in page, "$7" in page, "EMBARGOED" in page) == (True, False, False)


def test_values_superseded_before_publication_never_show_as_history(client):
    """However they came to be superseded: by an older version of the site, say, or with SQL."""
    import_content(document(tools=[tool(plans=[plan(amount=20)], facts=[fact(value="MIT")])]))
    alpha = Tool.objects.get()
    before = alpha.published_at - timedelta(hours=1)
    make.plan(of=alpha, name="Pro", kind="contact", superseded_at=before)
    make.plan(of=alpha, name="Secret plan", superseded_at=before)
    make.fact(of=alpha, attribute=Attribute.objects.get(), value="EMBARGOED", superseded_at=before)
    page = get_tool_page(client)
    assert [words in page for words in ("$20/mo", "Contact sales", "Secret plan", "EMBARGOED")] == [True] + 3 * [False]


def test_facts_of_a_tool_that_was_public_are_superseded_after_a_reset(client):
    """SQL can reset published_at, but the history knows that readers saw the tool."""
    import_content(document(tools=[tool(facts=[fact(value="Apache-2.0")])]))
    Tool.objects.update(published_at=None)
    alpha = Tool.objects.get()
    assert alpha.was_public is True
    import_content(document(tools=[{"slug": "alpha", "name": "Alpha", "category": "things", "facts": [fact()]}]))
    values = [(value, at is None) for value, at in Fact.objects.order_by("pk").values_list("value", "superseded_at")]
    assert values == [("Apache-2.0", False), ("MIT", True)]


def test_edition_before_the_first_one_of_its_seat_is_refused():
    import_content(document(tools=[tool(reviews=[review()])]))
    earlier = review(published_at="2026-10-05T09:00:00Z", verdict="skip")
    assert get_problems(document(tools=[tool(reviews=[earlier, review()])])) == [
        "tools[0].reviews[0].published_at: is before this seat’s first edition on the site (2026-11-01 09:00 UTC)"
    ]


@pytest.mark.parametrize("said", [{}, {"source": ""}])
def test_unstated_source_stays_and_an_empty_one_empties(said):
    sourced = fact(value="GPL", source="https://example.com/license", verified_on="2026-11-01")
    import_content(document(tools=[tool(facts=[sourced], plans=[plan()])]))
    short_fact = {"attribute": "license", "value": "MIT", **said}
    short_plan = {"name": "Pro", "kind": "paid", "amount": 25, "currency": "USD", "period": "month", **said}
    import_content(document(tools=[tool(facts=[short_fact], plans=[short_plan])]))
    current = [
        list(model.objects.filter(superseded_at=None).values_list("source", "verified_on")) for model in (Fact, Plan)
    ]
    sources = ("", "") if said else ("https://example.com/license", "https://example.com/pricing")
    assert current == [[(source, None)] for source in sources]


def test_unstated_bio_of_a_reviewer_stays():
    content = document()
    content["reviewers"][0]["bio"] = "Builds things."
    import_content(content)
    del content["reviewers"][0]["bio"]
    import_content(content)
    assert Reviewer.objects.get().bio == "Builds things."
