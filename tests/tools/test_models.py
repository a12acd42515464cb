import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.db.models import ProtectedError

from tests import factories as make
from tools.models import Category, ContentRevision, Plan, Tool
from tools.publishing import PublicationState
from tools.slugged import FormerSlug

pytestmark = pytest.mark.django_db
RATES = [{"meter": "input", "amount": "0.25", "per": 1_000_000, "included": 0, "beyond": "costs"}]
USAGE = {"kind": "paid", "currency": "USD", "period": "usage", "rates": RATES}


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("tools_plan_kind_fits_amount", {"kind": "free", "amount": 3}),
        ("tools_plan_kind_fits_amount", {"kind": "free", "currency": "USD"}),
        ("tools_plan_kind_fits_amount", {"kind": "contact", "period": "month"}),
        ("tools_plan_kind_fits_amount", {"kind": "paid", "amount": 3, "currency": "USD"}),
        ("tools_plan_kind_fits_amount", {"kind": "paid", "amount": 3, "period": "month"}),
        ("tools_plan_kind_fits_amount", {"kind": "paid", "currency": "USD", "period": "month"}),
        ("tools_plan_kind_fits_amount", {"kind": "paid", "amount": 0, "currency": "USD", "period": "month"}),
        ("tools_plan_kind_fits_amount", {"kind": "paid", "amount": 3, "currency": "usd", "period": "month"}),
        ("tools_plan_kind_fits_amount", {"kind": "gift"}),
        ("tools_plan_unit_with_usage", {"kind": "paid", "amount": 3, "currency": "USD", "period": "usage"}),
        ("tools_plan_unit_with_usage", {"kind": "free", "unit": "seat"}),
        ("tools_plan_kind_fits_amount", {"kind": "free", "rates": RATES}),
        ("tools_plan_kind_fits_amount", {"kind": "paid", "currency": "USD", "period": "usage"}),
        ("tools_plan_kind_fits_amount", {"kind": "paid", "currency": "USD", "period": "month", "rates": RATES}),
        ("tools_plan_unit_with_usage", {**USAGE, "amount": 3, "unit": "1M tokens"}),
        ("tools_plan_unit_with_usage", {**USAGE, "unit": "1M tokens"}),
        ("tools_plan_terms_fit", {"kind": "free", "per_seat": True}),
        ("tools_plan_terms_fit", {**USAGE, "per_seat": True}),
        ("tools_plan_terms_fit", {"kind": "contact", "is_from": True}),
        ("tools_plan_terms_fit", {**USAGE, "billed_yearly": True}),
        ("tools_plan_terms_fit", {"kind": "free", "trial_days": 14}),
        ("tools_plan_seats_in_order", {"kind": "free", "minimum_seats": 0}),
        ("tools_plan_seats_in_order", {"kind": "free", "minimum_seats": 5, "maximum_seats": 4}),
        ("tools_plan_rates_sound", {"kind": "free", "rates": [{}]}),
        ("tools_plan_rates_sound", {**USAGE, "rates": RATES * 2}),
        ("tools_plan_source_web", {"kind": "free", "source": "javascript:alert(1)"}),
    ],
)
def test_inconsistent_plan_is_rejected(constraint, fields):
    tool = make.tool()
    with pytest.raises(IntegrityError, match=constraint):
        make.plan(of=tool, **fields)


def test_plan_name_is_unique_among_current_plans():
    tool = make.tool()
    make.plan(of=tool, name="Pro", superseded_at=make.PAST)
    make.plan(of=tool, name="Pro")
    assert Plan.objects.current().filter(tool=tool).count() == 1
    with pytest.raises(IntegrityError, match="tools_plan_one_standing"):
        make.plan(of=tool, name="Pro")


def test_attribute_has_one_current_fact_per_tool():
    fact = make.fact(of=make.tool())
    with pytest.raises(IntegrityError, match="tools_fact_one_standing"):
        make.fact(of=fact.tool, attribute=fact.attribute)


@pytest.mark.parametrize("slug", ["a-vs-b", "vs-a", "a-vs"])
def test_slug_that_makes_pairs_ambiguous_is_rejected(slug):
    with pytest.raises(IntegrityError, match="tools_tool_slug_pairable"):
        make.tool(slug=slug)


def test_malformed_slug_is_rejected():
    with pytest.raises(IntegrityError, match="tools_tool_slug_shape"):
        make.tool(slug="Not A Slug")


def test_website_must_be_an_http_url():
    with pytest.raises(IntegrityError, match="tools_tool_website_web"):
        make.tool(website="javascript:alert(1)")


def test_former_slug_keeps_working_after_any_kind_of_rename():
    tool = make.tool(slug="first")
    Tool.objects.filter(pk=tool.pk).update(slug="second")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tools_tool SET slug = 'third' WHERE id = %s", [tool.pk])
    assert Tool.objects.by_slugs("first", "second", "third", "fourth") == {
        "first": tool,
        "second": tool,
        "third": tool,
    }


def test_tool_may_take_its_old_slug_back():
    tool = make.tool(slug="first")
    for slug in ("second", "first"):
        tool.slug = slug
        tool.save()
    assert list(FormerSlug.objects.values_list("slug", flat=True)) == ["second"]


def test_former_slug_cannot_be_reused_by_another_tool():
    tool = make.tool(slug="first")
    Tool.objects.filter(pk=tool.pk).update(slug="second")
    with pytest.raises(ValidationError, match="use this slug"):
        Tool(slug="first", name="Other", category=tool.category).full_clean()
    with pytest.raises(IntegrityError, match="redirects to another row"):
        make.tool(slug="first")


def test_former_slugs_of_tools_and_categories_are_separate():
    category = make.category(slug="same")
    Category.objects.filter(pk=category.pk).update(slug="other")
    assert make.tool(slug="same").slug == "same"


def test_former_slugs_are_deleted_with_their_tool():
    tool = make.tool(slug="first", published_at=None)
    Tool.objects.filter(pk=tool.pk).update(slug="second")
    tool.delete()
    assert not FormerSlug.objects.exists()


def test_tool_with_a_review_cannot_be_deleted():
    tool = make.tool()
    make.review(of=tool, by=make.reviewer())
    with pytest.raises(ProtectedError):
        tool.delete()


def test_tool_with_a_vote_cannot_be_deleted():
    tool = make.tool()
    make.votes(on=tool, ship=1)
    with pytest.raises(ProtectedError):
        tool.delete()


def test_withdrawn_tool_is_hidden_and_withdrawing_is_idempotent():
    tool = make.tool()
    tool.withdraw()
    first = tool.withdrawn_at
    tool.withdraw()
    tool.refresh_from_db()
    assert (tool.state, tool.withdrawn_at) == (PublicationState.WITHDRAWN, first)
    assert list(Tool.objects.published()) == []


def test_state_follows_the_clock(time_machine):
    tool = make.tool(published_at=make.FUTURE)
    assert (tool.state, list(Tool.objects.published())) == (PublicationState.SCHEDULED, [])
    time_machine.move_to(make.FUTURE)
    assert (tool.state, list(Tool.objects.published())) == (PublicationState.PUBLISHED, [tool])
    assert make.tool(published_at=None).state == PublicationState.DRAFT


def test_every_content_change_increments_the_revision():
    def number():
        return ContentRevision.objects.get().number

    numbers = [number()]
    tool, reviewer = make.tool(), make.reviewer()
    for change in (
        lambda: make.category(),
        lambda: make.attribute().categories.add(tool.category),
        lambda: make.plan(of=tool),
        lambda: make.fact(of=tool),
        lambda: make.prediction(of=make.review(of=tool, by=reviewer)),
        lambda: make.comparison(first=tool),
        lambda: Tool.objects.filter(pk=tool.pk).update(tagline="New"),
        lambda: make.remove(Plan.objects.all()),
    ):
        numbers.append(number())
        change()
        assert number() > numbers[-1]
