"""What a tool stated only while it was withdrawn is not told as its history after it is put back."""

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from comparisons.reading.price_history import read_fact_spans, read_plan_spans
from tests import factories as make
from tests.catalog.documents import document, import_content, plan, tool
from tests.desk.confirming import confirm
from tools.models import Fact, Plan, Tool
from tools.unseen import NEVER_SEEN, put_back_tool


def paid(amount: int) -> dict:
    return {"kind": "paid", "amount": amount, "currency": "USD", "period": "month"}


def read_prices() -> list[tuple[str, int, bool]]:
    """Return what readers are told of prices as (name, amount, whether it is current)."""
    return [(span["name"], int(span["amount"]), span["superseded_at"] is None) for span in read_plan_spans()]


def edit(tool: Tool, *, step: str, number: int, name: str, amount: int) -> None:
    """Do one thing that an editor does to one of the plans. What is not possible is left out."""
    plans = list(tool.plans.current())
    names = {plan.name for plan in plans}
    if step == "add" and name not in names:
        make.plan(of=tool, name=name, **paid(amount), added_at=timezone.now())
    if not plans or step == "add":
        return
    one = plans[number % len(plans)]
    if step == "retire":
        one.retire()
    elif step == "rename" and name not in names:
        one.supersede(name=name)
    elif step == "change" and one.amount != amount:
        one.supersede(amount=amount)


def read_current(tool: Tool) -> set[tuple[str, int]]:
    return {(plan.name, int(plan.amount)) for plan in tool.plans.current()}


EDITS = st.lists(
    st.fixed_dictionaries(
        {
            "step": st.sampled_from(["add", "retire", "rename", "change", "change"]),
            "number": st.integers(0, 2),
            "name": st.sampled_from(["Pro", "Plus", "Max"]),
            "amount": st.integers(1, 9),
        }
    ),
    max_size=6,
)


class HistoryTests(TestCase):
    @settings(max_examples=15)
    @given(st.lists(st.tuples(EDITS, EDITS), min_size=1, max_size=3))
    def test_readers_are_told_what_was_public(self, phases):
        """The edits of each phase are made first while the tool is public, and then while it is withdrawn."""
        tool = make.tool()
        make.plan(of=tool, name="Pro", **paid(10))
        told = read_current(tool)
        for in_public, withdrawn in phases:
            for one in in_public:
                edit(tool, **one)
                told |= read_current(tool)
            tool.withdraw()
            for one in withdrawn:
                edit(tool, **one)
            put_back_tool(tool=tool)
            told |= read_current(tool)
        assert {(name, amount) for name, amount, _ in read_prices()} == told
        assert {(name, amount) for name, amount, is_current in read_prices() if is_current} == read_current(tool)


@pytest.mark.django_db
def test_put_back_at_the_desk_drops_what_nobody_saw_and_keeps_the_chain(admin_client):
    tool = make.tool(name="One")
    first = make.plan(of=tool, name="Pro", **paid(20))
    fact = make.fact(of=tool, value="EMBARGOED once")
    tool.withdraw()
    first.supersede(name="Plus", amount=77).supersede(name="Max", amount=30)
    fact.supersede(value="EMBARGOED twice").supersede(value="Free")
    late = make.fact(of=tool, value="EMBARGOED thrice", added_at=timezone.now())
    late.retire()
    confirm(admin_client, reverse("admin:tools_tool_put_back", args=[tool.pk]), reason="It is back.")
    tool.refresh_from_db()
    assert tool.withdrawn_at is None
    assert read_prices() == [("Max", 30, True), ("Pro", 20, False)]
    assert [span["value"] for span in read_fact_spans()] == ["EMBARGOED once", "Free"]
    assert Plan.objects.get(name="Max").renamed_from == "Pro"
    assert set(Fact.history.filter(history_type="-").values_list("value", "history_change_reason")) == {
        ("EMBARGOED twice", NEVER_SEEN),
        ("EMBARGOED thrice", NEVER_SEEN),
    }


@pytest.mark.django_db
def test_catalog_file_that_puts_a_tool_back_drops_what_it_does_not_state():
    withdrawn = "2026-11-01T00:00:00Z"
    for number, amount in enumerate((20, 77, 30)):
        parts = {"plans": [plan(amount=amount)]} | ({"withdrawn_at": withdrawn} if number else {})
        import_content(document(tools=[tool(**parts)]))
    import_content(document(tools=[tool(plans=[plan(amount=30)], withdrawn_at=None)]))
    assert read_prices() == [("Pro", 20, False), ("Pro", 30, True)]
