"""A tool and its prices are copied into a form, which says what it holds, and writes nothing until it is saved."""

import pytest

from tests import factories as make
from tests.desk.confirming import read_text
from tests.desk.people import make_user, sign_in
from tests.desk.tool_forms import ADD, fill_tool_form, tool_url
from tools.models import Plan, Tool

pytestmark = pytest.mark.django_db
SOURCE = {"source": "https://one.example/pricing", "verified_on": "2026-01-02"}


def make_source() -> Tool:
    tool = make.tool(name="One", tagline="A line.", website="https://one.example", aliases=["Uno"])
    make.plan(of=tool, name="Free", **SOURCE)
    price = {"kind": "paid", "amount": "20.50", "currency": "USD", "period": "month", "trial_days": 14}
    make.plan(of=tool, name="Pro", **price, **SOURCE)
    make.plan(of=tool, name="Old", superseded_at=make.PAST)
    attribute = make.attribute(name="License")
    attribute.categories.add(tool.category)
    make.attribute(name="Elsewhere")
    make.fact(of=tool, attribute=attribute, value="MIT", note="Since 2.0", **SOURCE)
    make.review(of=tool, by=make.reviewer())
    return tool


def read_plans(tool: Tool) -> list[tuple]:
    return [
        (plan.name, plan.amount and float(plan.amount), plan.trial_days, plan.source, plan.verified_on)
        for plan in tool.plans.current()
    ]


def test_duplicate_is_a_draft_with_a_name_of_its_own(admin_client):
    source = make_source()
    assert f'href="{ADD}?duplicate={source.pk}"' in admin_client.get(tool_url(source)).content.decode()
    address = f"{ADD}?duplicate={source.pk}"
    page = admin_client.get(address)
    assert (
        "A copy of One , which is not saved yet. Copied: category, tagline, description, website, example, two "
        "prices, and one fact, with their sources. Not copied: its short and other names"
    ) in read_text(page)
    form = fill_tool_form(page)
    assert (form["name"], form["tagline"], form["aliases"]) == ("", "A line.", "")
    assert (admin_client.post(address, form).status_code, Tool.objects.count()) == (200, 1)
    assert admin_client.post(address, form | {"name": "Two"}).status_code == 302
    copy = Tool.objects.get(name="Two")
    assert (copy.slug, copy.published_at, copy.category, copy.website, copy.aliases) == (
        "two", None, source.category, "https://one.example", [],
    )  # fmt: skip
    assert read_plans(copy) == [
        ("Free", None, None, SOURCE["source"], None),
        ("Pro", 20.5, 14, SOURCE["source"], None),
    ]
    assert list(copy.facts.values_list("attribute__name", "value", "note", "source", "verified_on")) == [
        ("License", "MIT", "Since 2.0", SOURCE["source"], None)
    ]
    assert copy.reviews.count() == 0


def test_prices_of_another_tool_are_filled_in_as_new_rows(admin_client):
    source, tool = make_source(), make.tool(name="Two", published_at=None)
    make.plan(of=tool, name="Free")
    chosen = admin_client.get(f"{tool_url(tool).removesuffix('change/')}copy-plans/", {"q": "one"})
    address = f"{tool_url(tool)}?plans_from={source.pk}"
    assert f'<a href="{address}#plans-heading">One</a>: 2 prices' in chosen.content.decode()
    page = admin_client.get(address)
    words = "One price of One , filled in below as new rows that nobody has verified. Nothing is saved yet."
    assert words in read_text(page)
    assert [name for name, *_ in read_plans(tool)] == ["Free"]
    assert admin_client.post(address, fill_tool_form(page)).status_code == 302
    assert read_plans(tool)[1:] == [("Pro", 20.5, 14, SOURCE["source"], None)]


@pytest.mark.parametrize("query", ["duplicate=x", "duplicate=99999999999999999999", "plans_from=-1", "duplicate="])
def test_address_that_names_no_tool_copies_nothing(admin_client, query):
    make_source()
    page = admin_client.get(f"{ADD}?{query}")
    assert (page.status_code, "filled in below" in page.text, "A copy of" in page.text) == (200, False, False)


def test_only_who_may_write_prices_chooses_where_they_come_from():
    tool = make_source()
    address = f"{tool_url(tool).removesuffix('change/')}copy-plans/"
    client = sign_in(make_user("tools.view_tool"))
    assert client.get(address).status_code == 403
    assert sign_in(make_user("tools.view_tool", "tools.change_tool", "tools.add_plan")).get(address).status_code == 200
    assert Plan.objects.count() == 3
