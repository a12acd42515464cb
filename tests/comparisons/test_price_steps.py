"""The prices of a tool over time: lines that are true to time, and the table beside them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from comparisons.shaping.price_steps import build_price_history, follow_plans, merge_steps

START = datetime(2026, 1, 1, tzinfo=UTC)
TODAY = date(2026, 4, 10)  # the 100th day; the scale ends when it does
DAY = timedelta(days=1)


def make_span(since: int, until: int | None = None, *, amount: int | None = 20, **fields: Any) -> dict[str, Any]:
    """Return a price that was stated from and until a day, counted from START. Without an amount it is free."""
    return {
        "name": "Pro", "renamed_from": "", "kind": "free" if amount is None else "paid",
        "amount": None if amount is None else Decimal(amount), "currency": None if amount is None else "USD",
        "period": None if amount is None else "month", "unit": "", "per_seat": False, "is_from": False,
        "billed_yearly": False, "minimum_seats": None, "maximum_seats": None, "trial_days": None, "rates": [],
        "since": (START + since * DAY).isoformat(),
        "superseded_at": None if until is None else (START + until * DAY).isoformat(),
        "correction": False, "source": "", "verified_on": None, "added_at": None, **fields,
    }  # fmt: skip


def build(*spans: dict[str, Any]) -> Any:
    history = build_price_history(spans, today=TODAY)
    assert history is not None
    return history


def test_line_is_as_long_as_a_price_held():
    [plan] = build(make_span(0, 25, amount=10), make_span(25, 75, amount=40), make_span(75, amount=20)).plans
    along = [(mark.x1, mark.x2, mark.y1) for mark in plan.drawing.marks if mark.y1 == mark.y2]
    up_and_down = [(mark.x1, mark.y1, mark.y2) for mark in plan.drawing.marks if mark.y1 != mark.y2]
    assert along == [("0.0%", "25.0%", "54.0"), ("25.0%", "75.0%", "24.0"), ("75.0%", "100.0%", "44.0")]
    assert up_and_down == [("25.0%", "54.0", "24.0"), ("75.0%", "24.0", "44.0")]
    assert [(label.words, label.x, label.anchor) for label in plan.drawing.labels] == [
        ("$10/mo", "0.0%", "start"),  # the next one begins too close to it
        ("$20/mo", "100.0%", "end"),
    ]


def test_plans_are_in_the_order_of_their_names_whatever_their_case_and_accents():
    names = ("Zeta", "alpha", "Plan 10", "Éclair", "Plan 9")
    spans = [span for name in names for span in (make_span(0, 31, name=name), make_span(31, name=name, amount=25))]
    assert [plan.name for plan in build(*spans).plans] == ["alpha", "Éclair", "Plan 9", "Plan 10", "Zeta"]


def test_table_has_every_price_newest_first():
    history = build(make_span(0, 31, amount=None), make_span(31, 59, amount=20), make_span(59, amount=25))
    assert history.first == "Jan 1, 2026"
    assert [tuple(period) for period in history.plans[0].periods] == [
        ("Mar 1, 2026", "today", "$25/mo", "+25%"),
        ("Feb 1, 2026", "Mar 1, 2026", "$20/mo", "no longer free"),
        ("Jan 1, 2026", "Feb 1, 2026", "Free", ""),
    ]


def test_wrong_price_is_in_the_table_and_not_in_the_line():
    spans = [make_span(0, 50, amount=20), make_span(50, 60, amount=250, correction=True), make_span(60, amount=25)]
    [plan] = build(*spans).plans
    assert [(period.words, period.remark) for period in plan.periods] == [
        ("$25/mo", "+25%"),
        ("$250/mo", "we had this wrong"),
        ("$20/mo", ""),
    ]
    steps = list(merge_steps(spans, until=START + 100 * DAY))
    assert [(step.price.words, (step.since - START).days, (step.until - START).days) for step in steps] == [
        ("$20/mo", 0, 50),
        ("$25/mo", 50, 100),
    ]
    assert list(merge_steps([make_span(0, 9, correction=True)], until=START + 100 * DAY)) == []


def test_plan_is_followed_through_names_and_gaps():
    spans = [
        make_span(0, 10, name="A"),
        make_span(0, 10, name="B", amount=30),
        make_span(10, 20, name="B", renamed_from="A"),
        make_span(10, name="A", renamed_from="B", amount=30),
        make_span(30, 40, name="B", amount=35),
        make_span(50, name="C"),
    ]
    assert [[(span["name"], int(span["amount"])) for span in line] for line in follow_plans(spans)] == [
        [("B", 30), ("A", 30)],
        [("C", 20)],
        [("A", 20), ("B", 20), ("B", 35)],
    ]


def test_other_currencies_and_offers_are_in_the_table_only():
    spans = [make_span(0, 50), make_span(50, amount=18, currency="EUR")]
    [plan] = build(*spans).plans
    assert (plan.drawing, len(plan.periods)) == (None, 2)
    sales = {"kind": "contact", "currency": None, "period": None}
    [plan] = build(make_span(0, 50), make_span(50, amount=None, **sales)).plans
    assert plan.drawing is None


def test_tool_whose_prices_never_changed_has_no_history():
    assert build_price_history([make_span(0), make_span(0, 9, name="Team")], today=TODAY) is None
    assert build_price_history([make_span(0) | {"since": None}], today=TODAY) is None
    assert build_price_history([], today=TODAY) is None


def make_rates(inside: int, outside: int) -> dict[str, Any]:
    """Return the fields of a price by use, in dollars per million tokens."""
    return {
        "kind": "paid",
        "amount": None,
        "currency": "USD",
        "period": "usage",
        "rates": [
            {"meter": "input", "amount": str(inside), "per": 10**6, "included": 0, "beyond": "costs"},
            {"meter": "output", "amount": str(outside), "per": 10**6, "included": 0, "beyond": "costs"},
        ],
    }


def test_price_by_use_is_drawn_by_the_rate_that_changed():
    [plan] = build(make_span(0, 50, **make_rates(1, 4)), make_span(50, **make_rates(1, 2))).plans
    assert plan.drawing.measure == "output tokens"
    assert [mark.y1 for mark in plan.drawing.marks if mark.y1 == mark.y2] == ["24.0", "44.0"]
    assert [label.words for label in plan.drawing.labels] == ["$4", "$2"]
    [plan] = build(make_span(0, 50, amount=10), make_span(50, **make_rates(1, 2))).plans
    assert plan.drawing is None  # an amount by the month and a rate have nothing in common
    [plan] = build(make_span(0, 50, amount=None), make_span(50, **make_rates(1, 2))).plans
    assert [label.words for label in plan.drawing.labels] == ["Free", "$1"]
