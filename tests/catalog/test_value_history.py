"""The history of plans and facts in the catalog file: why a value was superseded, and since when it was stated."""

import json

import pytest

from tests.catalog.documents import document, export, fact, get_problems, import_content, plan, tool
from tools.models import Plan

pytestmark = pytest.mark.django_db
JUNE, JULY, AUGUST = (f"2026-0{month}-01T09:00:00Z" for month in (6, 7, 8))
PAID = {"kind": "paid", "currency": "USD", "period": "month"}
FREE = {"kind": "free", "amount": None, "currency": None, "period": None}


def read_history() -> list[tuple]:
    return [
        (row.name, row.amount and int(row.amount), row.superseded_at is None, row.correction, row.added_at is not None)
        for row in Plan.objects.order_by("pk")
    ]


def test_history_survives_a_round_trip_byte_for_byte():
    plans = [
        plan(**PAID, name="Pro", amount=10, superseded_at=JUNE, correction=True),
        plan(**PAID, name="Pro", amount=20, superseded_at=JULY),
        plan(**PAID, name="Plus", amount=25, renamed_from="Pro", added_at=JULY),
        plan(**FREE, name="Team", added_at=AUGUST),
    ]
    content = document(
        tools=[tool(plans=plans, facts=[fact(note="", added_at=JUNE, superseded_at=JULY, correction=True)])]
    )
    import_content(content)
    first = export()
    assert json.loads(first)["tools"] == content["tools"]
    report = import_content(first)
    assert (report.changed.total(), report.added.total(), export()) == (0, 0, first)


def test_import_that_supersedes_or_adds_says_when():
    import_content(document(tools=[tool(plans=[plan(**PAID, name="Pro", amount=20)])]))
    later = document(tools=[tool(plans=[plan(**PAID, name="Pro", amount=25), plan(**FREE, name="New")])])
    import_content(later)
    expected = [
        ("Pro", 20, False, False, False),
        ("Pro", 25, True, False, False),
        ("New", None, True, False, True),
    ]
    assert read_history() == expected
    import_content(later)
    assert read_history() == expected


def test_history_of_another_site_is_taken_as_it_is():
    import_content(document(tools=[tool(plans=[plan(**PAID, name="Pro", amount=20)])]))
    plans = [
        plan(**PAID, name="Pro", amount=20, superseded_at=JUNE, correction=True),
        plan(**PAID, name="Pro", amount=25),
    ]
    import_content(document(tools=[tool(plans=plans)]))
    assert read_history() == [("Pro", 20, False, True, False), ("Pro", 25, True, False, False)]


def test_history_cannot_be_rewritten():
    old = plan(**PAID, name="Pro", amount=20, superseded_at=JUNE)
    import_content(document(tools=[tool(plans=[old])]))
    assert get_problems(
        document(tools=[tool(plans=[{**old, "correction": True, "added_at": "2026-05-01T09:00:00Z"}])])
    ) == [
        "tools[0].plans[0].added_at: history cannot be rewritten: the site has null",
        "tools[0].plans[0].correction: history cannot be rewritten: the site has false",
    ]


def test_impossible_history_is_refused():
    wrong = [
        plan(name="A", correction=True),
        plan(name="B", added_at=JULY, superseded_at=JUNE),
        plan(name="C", renamed_from="B"),
    ]
    assert get_problems(document(tools=[tool(plans=wrong)])) == [
        "tools[0].plans[0]: only a superseded value can be a correction",
        "tools[0].plans[1]: added_at is not before superseded_at",
        "tools[0].plans[2]: a plan with renamed_from needs added_at, the time at which it was renamed",
    ]
