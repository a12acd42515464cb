"""Why a price or fact is superseded: it changed, which is news, or we were wrong, which is a correction."""

import pytest
from django.db import IntegrityError, transaction

from tests import factories as make
from tests.desk.test_restore import find_oldest, restore
from tests.desk.tool_forms import fill_tool_form, read_errors, tool_url
from tools.models import Plan, Tool

PRICE = {"kind": "paid", "amount": "20", "currency": "USD", "period": "month"}
WHY = 'class="desk-field desk-field--why"'


def save(admin_client, tool, **typed):
    return admin_client.post(tool_url(tool), fill_tool_form(admin_client.get(tool_url(tool)), **typed))


def read_history(tool: Tool) -> list[tuple]:
    """Return each plan's name, whether it is current, was wrong, was added later, and what it was called before."""
    return [
        (row.name, row.superseded_at is None, row.correction, row.added_at is not None, row.renamed_from)
        for row in tool.plans.order_by("pk")
    ]


@pytest.mark.parametrize(("typed", "correction"), [({}, False), ({"plans-0-why": "wrong"}, True)])
def test_editor_says_why_a_price_is_superseded(admin_client, typed, correction):
    tool = make.tool()
    make.plan(of=tool, name="Pro", **PRICE)
    save(admin_client, tool, **{"plans-0-amount": "25", **typed})
    assert read_history(tool) == [("Pro", False, correction, False, ""), ("Pro", True, False, False, "")]
    assert Plan.history.filter(correction=True).exists() == correction


def test_removed_row_and_fact_can_have_been_wrong(admin_client):
    tool = make.tool()
    make.plan(of=tool, name="Pro", **PRICE)
    fact = make.fact(of=tool)
    save(
        admin_client,
        tool,
        **{"plans-0-DELETE": "on", "plans-0-why": "wrong", "facts-0-value": "other", "facts-0-why": "wrong"},
    )
    fact.refresh_from_db()
    assert (read_history(tool), fact.correction) == ([("Pro", False, True, False, "")], True)


def test_same_value_cannot_have_been_wrong(admin_client):
    tool = make.tool()
    make.plan(of=tool, name="Pro", **PRICE)
    response = save(admin_client, tool, **{"plans-0-why": "wrong"})
    assert read_errors(response) == [
        "Plan “Pro”, Why a new value: Nothing here was wrong: the value is the same. "
        "Enter the right one, or check “Remove”."
    ]
    assert read_history(tool) == [("Pro", True, False, False, "")]


def test_question_is_asked_only_of_what_readers_saw(admin_client):
    public, draft = make.tool(), make.tool(published_at=None)
    for tool in (public, draft):
        make.plan(of=tool, **PRICE)
    assert [admin_client.get(tool_url(tool)).content.decode().count(WHY) for tool in (public, draft)] == [1, 0]
    save(
        admin_client,
        draft,
        **{"plans-0-amount": "25", "plans-0-why": "wrong", "plans-1-name": "New", "plans-1-kind": "free"},
    )
    assert [row[1:] for row in read_history(draft)] == [(True, False, False, "")] * 2


def test_new_plan_of_a_public_tool_says_since_when(admin_client):
    tool = make.tool()
    save(admin_client, tool, **{"plans-0-name": "Pro", "plans-0-kind": "free"})
    assert read_history(tool) == [("Pro", True, False, True, "")]


def test_plan_removed_and_entered_again_continues(admin_client):
    tool = make.tool()
    make.plan(of=tool, name="Pro", **PRICE)
    save(admin_client, tool, **{"plans-0-DELETE": "on", "plans-1-name": "Pro", "plans-1-kind": "free"})
    assert read_history(tool) == [("Pro", False, False, False, ""), ("Pro", True, False, False, "")]


def test_renamed_plan_says_what_it_was_called(admin_client):
    tool = make.tool()
    make.plan(of=tool, name="A", **PRICE)
    make.plan(of=tool, name="B", kind="free")
    save(admin_client, tool, **{"plans-0-name": "B", "plans-1-name": "A"})
    assert read_history(tool)[2:] == [("B", True, False, True, "A"), ("A", True, False, True, "B")]
    ended, renamed = tool.plans.get(name="A", superseded_at__isnull=False), tool.plans.get(renamed_from="A")
    assert ended.superseded_at == renamed.added_at


def test_restored_price_says_why(admin_client):
    tool = make.tool()
    old = make.plan(of=tool, name="Pro", **PRICE)
    version = find_oldest(old)
    old.supersede(amount=30)
    assert "We were wrong" in restore(admin_client, tool, version, why="wrong")
    assert read_history(tool) == [
        ("Pro", False, False, False, ""),
        ("Pro", False, True, False, ""),
        ("Pro", True, False, False, ""),
    ]


def test_price_that_ended_is_restored_as_a_new_one(admin_client):
    tool = make.tool()
    old = make.plan(of=tool, name="Pro", **PRICE)
    version = find_oldest(old)
    old.retire()
    assert "We were wrong" not in restore(admin_client, tool, version)
    assert read_history(tool) == [("Pro", False, False, False, ""), ("Pro", True, False, True, "")]


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("tools_plan_correction_superseded", {"correction": True}),
        ("tools_plan_added_before_superseded", {"added_at": make.FUTURE, "superseded_at": make.PAST}),
        ("tools_plan_renamed_when_added", {"renamed_from": "Plus"}),
    ],
)
def test_impossible_history_is_refused(db, constraint, fields):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make.plan(of=make.tool(), **fields)
