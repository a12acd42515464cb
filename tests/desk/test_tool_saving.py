"""What saving a tool's page costs: a number of queries that depends on no number of rows, with the history of each."""

import pytest
from django.test import Client

from bench.large_tool import make_large_tool
from tests import factories as make
from tests.desk.tool_forms import fill_tool_form, tool_url
from tools.models import Plan

SIZES = [(2, 2, 1), (9, 7, 3)]


def _rows(form) -> list[str]:
    return [name.removesuffix("-source") for name in form if name.endswith("-source") and form[name]]


def _change(form, number: int) -> dict[str, str]:
    return {
        "tagline": f"Tagline {number}.",
        "plans-0-amount": str(number),
        "facts-0-value": f"Value {number}",
        "plans-1-name": f"Renamed {number}",
        "facts-1-DELETE": "on",
    }


def _verify(form, number: int) -> dict[str, str]:
    return {f"{row}-verified_today": "on" for row in _rows(form)}


def _supersede(form, number: int) -> dict[str, str]:
    return {f"{row}-amount": str(number) for row in _rows(form) if row.startswith("plans")}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("change", "queries"), [(_change, 56), (_verify, 48), (_supersede, 46)])
def test_saving_makes_a_constant_number_of_queries(admin_client, django_assert_num_queries, size, change, queries):
    tool = make_large_tool(**dict(zip(("facts", "plans", "seats"), size, strict=True)))
    form = fill_tool_form(admin_client.get(tool_url(tool)))
    with django_assert_num_queries(queries):
        assert admin_client.post(tool_url(tool), form | change(form, 7)).status_code == 302


@pytest.mark.parametrize("size", SIZES)
def test_merging_makes_a_constant_number_of_queries(admin_client, admin_user, django_assert_num_queries, size):
    tool = make_large_tool(**dict(zip(("facts", "plans", "seats"), size, strict=True)))
    other = Client()
    other.force_login(admin_user)
    form = fill_tool_form(admin_client.get(tool_url(tool)))
    theirs = fill_tool_form(other.get(tool_url(tool)))
    assert other.post(tool_url(tool), theirs | _supersede(theirs, 7)).status_code == 302
    with django_assert_num_queries(55):
        assert admin_client.post(tool_url(tool), form | {"tagline": "Mine."}).status_code == 302
    assert {plan.amount for plan in tool.plans.current()} == {7}


@pytest.mark.parametrize("is_public", [True, False])
def test_rows_saved_together_have_a_history_each(admin_client, admin_user, is_public):
    tool = make.tool() if is_public else make.tool(published_at=None)
    kept, renamed, removed = (make.plan(of=tool, name=name) for name in ("Kept", "Renamed", "Removed"))
    form = fill_tool_form(admin_client.get(tool_url(tool)))
    typed = {
        "plans-0-verified_today": "on",
        "plans-1-name": "New name",
        "plans-2-DELETE": "on",
        "plans-3-name": "New",
        "plans-3-kind": "free",
        "change_reason": "All at once.",
    }
    for name in ("amount", "currency", "period", "unit"):
        form[f"plans-3-{name}"] = ""
    assert admin_client.post(tool_url(tool), form | typed).status_code == 302
    assert [plan.name for plan in tool.plans.current()] == ["Kept", "New name", "New"]
    new_name, new = tool.plans.current()[1:]
    gone = "~" if is_public else "-"
    events = Plan.history.filter(history_user=admin_user).order_by("id", "history_id")
    assert list(events.values_list("id", "history_type", "history_change_reason")) == [
        (kept.pk, "~", "All at once."),
        (renamed.pk, gone, "All at once."),
        (removed.pk, gone, "All at once."),
        (new_name.pk, "+", "All at once."),
        (new.pk, "+", "All at once."),
    ]
