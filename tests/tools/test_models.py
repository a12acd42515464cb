import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.db.models import ProtectedError

from tests import factories as make
from tools.models import Category, ContentRevision, Plan, Tool
from tools.publishing import PublicationState
from tools.slugged import FormerSlug

pytestmark = pytest.mark.django_db


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
        ("tools_plan_source_web", {"kind": "free", "source": "javascript:alert(1)"}),
    ],
)
def test_plan_that_makes_no_sense_is_refused(constraint, fields):
    tool = make.tool()
    with pytest.raises(IntegrityError, match=constraint):
        make.plan(of=tool, **fields)


def test_plan_of_one_name_stands_once_and_may_have_a_history():
    tool = make.tool()
    make.plan(of=tool, name="Pro", superseded_at=make.PAST)
    make.plan(of=tool, name="Pro")
    assert Plan.objects.standing().filter(tool=tool).count() == 1
    with pytest.raises(IntegrityError, match="tools_plan_one_standing"):
        make.plan(of=tool, name="Pro")


def test_fact_of_one_attribute_stands_once():
    fact = make.fact(of=make.tool())
    with pytest.raises(IntegrityError, match="tools_fact_one_standing"):
        make.fact(of=fact.tool, attribute=fact.attribute)


@pytest.mark.parametrize("slug", ["a-vs-b", "vs-a", "a-vs"])
def test_slug_that_would_make_pairs_ambiguous_is_refused(slug):
    with pytest.raises(IntegrityError, match="tools_tool_slug_pairable"):
        make.tool(slug=slug)


def test_slug_of_wrong_shape_is_refused():
    with pytest.raises(IntegrityError, match="tools_tool_slug_shape"):
        make.tool(slug="Not A Slug")


def test_website_must_be_on_the_web():
    with pytest.raises(IntegrityError, match="tools_tool_website_web"):
        make.tool(website="javascript:alert(1)")


def test_renamed_slug_goes_on_working_however_it_was_renamed():
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


def test_nobody_else_can_take_a_former_slug():
    tool = make.tool(slug="first")
    Tool.objects.filter(pk=tool.pk).update(slug="second")
    with pytest.raises(ValidationError, match="lead over this slug"):
        Tool(slug="first", name="Other", category=tool.category).full_clean()
    with pytest.raises(IntegrityError, match="redirects to another row"):
        make.tool(slug="first")


def test_former_slugs_of_tools_and_categories_do_not_meet():
    category = make.category(slug="same")
    Category.objects.filter(pk=category.pk).update(slug="other")
    assert make.tool(slug="same").slug == "same"


def test_former_slugs_go_with_what_is_deleted():
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


def test_withdrawing_keeps_the_tool_and_hides_it():
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


def test_every_change_of_content_raises_the_revision():
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
        lambda: make.removed(Plan.objects.all()),
    ):
        numbers.append(number())
        change()
        assert number() > numbers[-1]
