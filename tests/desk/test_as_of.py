"""A whole tool taken back to a time: its fields, prices, and facts, by the rules of ordinary edits."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.http import urlencode

from accounts.groups import EDITOR
from tests import factories as make
from tests.accounts.people import person
from tests.desk.people import sign_in
from tools.models import Attribute, Plan, Tool

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return sign_in(person(EDITOR))


def paid(tool: Tool, name: str, amount: int, **fields) -> Plan:
    return make.plan(of=tool, name=name, kind="paid", amount=amount, currency="USD", period="month", **fields)


def look(client, tool: Tool, at):
    return client.get(f"/admin/tools/tool/{tool.pk}/as-of/?{urlencode({'at': at.isoformat()})}")


def restore(client, tool: Tool, at, why: str = "changed") -> str:
    """Restore as a browser does, and return the words of the dry run."""
    shown = look(client, tool, at)
    address = f"/admin/tools/tool/{tool.pk}/as-of/?{urlencode({'at': at.isoformat()})}"
    response = client.post(address, {"seal": shown.context["seal"], "why": why})
    assert (response.status_code, response["Location"]) == (303, f"/admin/tools/tool/{tool.pk}/history/")
    return shown.context["report"].summary


def read_current(tool: Tool) -> dict[str, object]:
    tool.refresh_from_db()
    facts = {fact.attribute.name: fact.value for fact in tool.facts.current().select_related("attribute")}
    return {"tagline": tool.tagline, **facts, **{plan.name: plan.amount for plan in tool.plans.current()}}


def test_public_tool_goes_back_by_superseding_and_forth_again(client):
    tool = make.tool(tagline="Old")
    license_, context = (make.attribute(name=name) for name in ("License", "Context"))
    pro, free = paid(tool, "Pro", 20), paid(tool, "Gone", 5)
    mit = make.fact(of=tool, attribute=license_, value="MIT")
    then, before = timezone.now(), read_current(tool)
    tool.tagline = "New"
    tool.save()
    tool.withdraw()
    pro.supersede(amount=25).supersede(name="Pro Plus", amount=30)
    free.retire()
    paid(tool, "Max", 50, added_at=timezone.now())
    mit.supersede(value="BSD")
    make.fact(of=tool, attribute=context, value="128k", added_at=timezone.now())
    review = make.review(of=tool, by=make.reviewer())
    now, after = timezone.now(), read_current(tool)
    rows = Plan.objects.count()
    words = restore(client, tool, then)
    assert words == (
        "facts: 1 changed back; facts: 1 superseded; plans: 1 changed back; plans: 1 current again; "
        "plans: 1 no longer offered; tools: 1 changed back."
    )
    assert read_current(tool) == before
    again = tool.plans.current().get(name="Pro")
    assert (again.renamed_from, Plan.objects.count()) == ("Pro Plus", rows + 2)
    review.refresh_from_db()
    assert (tool.state, review.state) == ("withdrawn", "published")
    restore(client, tool, now)
    assert read_current(tool) == after
    assert look(client, tool, timezone.now()).context["report"].does_nothing


def test_draft_goes_back_in_place(client):
    tool = make.tool(published_at=None, tagline="Old")
    pro = paid(tool, "Pro", 20)
    gone = paid(tool, "Gone", 5)
    then, before = timezone.now(), read_current(tool)
    gone_pk = gone.pk
    gone.delete()
    pro.amount = 25
    pro.save()
    paid(tool, "Max", 50)
    restore(client, tool, then)
    assert read_current(tool) == before
    assert set(tool.plans.values_list("pk", flat=True)) == {pro.pk, gone_pk}


def test_value_that_no_longer_fits_its_attribute_is_left(client):
    attribute = make.attribute(name="License")
    tool = make.tool()
    free = make.fact(of=tool, attribute=attribute, value="It depends")
    then = timezone.now()
    free.supersede(value="yes")
    Attribute.objects.filter(pk=attribute.pk).update(kind="grade")
    report = look(client, tool, then).context["report"]
    assert report.left == [
        (f"fact “License: It depends” of “{tool}”", "it is no longer a value of its attribute"),
    ]  # fmt: skip
    assert report.does_nothing


def test_history_offers_it_and_a_time_before_the_tool_changes_nothing(client):
    tool = make.tool(tagline="Old")
    long_ago = tool.history.latest().history_date - timedelta(days=1)
    tool.history.update(history_date=timezone.now() - timedelta(hours=1))
    tool.tagline = "New"
    tool.save()
    page = client.get(f"/admin/tools/tool/{tool.pk}/history/").text
    assert page.count("Restore the tool as of then…") == 1
    assert f"/admin/tools/tool/{tool.pk}/as-of/?at=" in page
    assert client.get(f"/admin/tools/tool/{tool.pk}/as-of/?at=yesterday").status_code == 303
    report = look(client, tool, long_ago).context["report"]
    assert report.does_nothing
