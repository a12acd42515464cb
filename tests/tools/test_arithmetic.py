from decimal import Decimal
from math import sqrt
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.django_db
Z = 1.959963984540054


def select(expression: str, *values: object) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {expression}", values)
        return cursor.fetchone()[0]


def wilson(s: int, n: int) -> tuple[float, float]:
    """Return the interval by the textbook formula, as a reference for the SQL function."""
    p = s / n
    center = p + Z**2 / (2 * n)
    margin = Z * sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return (center - margin) / (1 + Z**2 / n), (center + margin) / (1 + Z**2 / n)


counts = st.integers(1, 10**7).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_wilson_equals_the_textbook_formula(pair):
    low = select("wilson_low(%s::bigint, %s::bigint)", *pair)
    high = select("wilson_high(%s::bigint, %s::bigint)", *pair)
    assert (low, high) == pytest.approx(wilson(*pair), abs=1e-9)
    assert 0 <= low <= pair[0] / pair[1] <= high <= 1


def test_wilson_without_votes_is_null():
    assert select("wilson_low(0::bigint, 0::bigint)") is None
    assert select("wilson_high(0::bigint, 0::bigint)") is None


@given(counts)
def test_percent_rounds_half_up(pair):
    share, total = pair
    assert select("whole_percent(%s::bigint, %s::bigint)", share, total) == (200 * share + total) // (2 * total)


@pytest.mark.parametrize(("share", "total", "percent"), [(1, 8, 13), (1, 3, 33), (2, 3, 67), (1, 200, 1), (0, 5, 0)])
def test_percent_examples(share, total, percent):
    assert select("whole_percent(%s::bigint, %s::bigint)", share, total) == percent


def test_percent_of_a_zero_total_is_null():
    assert select("whole_percent(0::bigint, 0::bigint)") is None


def compute_monthly(kind: str, amount: Decimal | None, period: str | None, *, per_seat: bool, seats: int | None):
    """Return the monthly price by hand, as a reference for the SQL function."""
    if kind == "free":
        return Decimal(0)
    if amount is None or period in (None, "once", "usage"):
        return None
    months = {"month": 1, "year": 12}[period]
    return amount * (seats or 1 if per_seat else 1) / months


@given(
    st.sampled_from(["free", "paid", "contact"]),
    st.none() | st.decimals("0.000001", 99_999_999, places=6),
    st.sampled_from([None, "once", "month", "year", "usage"]),
    st.booleans(),
    st.none() | st.integers(1, 1_000_000),
    st.decimals("0.01", 999_999, places=2),
)
def test_monthly_price_equals_the_price_by_hand(kind, amount, period, per_seat, seats, budget):
    expected = compute_monthly(kind, amount, period, per_seat=per_seat, seats=seats)
    call = "monthly_price(%s, %s::numeric, %s, %s, %s::integer)"
    monthly = select(call, kind, amount, period, per_seat, seats)
    assert monthly == (None if expected is None else pytest.approx(expected, abs=Decimal("1e-6")))
    if expected is not None:
        assert (monthly <= budget) == (expected <= budget)


@pytest.mark.parametrize(
    ("arguments", "monthly"),
    [
        (("free", None, None, False, None), "0"),
        (("paid", "19", "month", False, 5), "19"),
        (("paid", "19", "month", True, None), "19"),
        (("paid", "30", "month", True, 5), "150"),
        (("paid", "120", "year", False, None), "10"),
        (("paid", "200", "year", True, 3), "50"),  # 16.67 a seat, but not a cent more than 50
        (("paid", "49", "once", False, None), None),
        (("paid", "0.25", "usage", False, None), None),
        (("paid", None, "usage", False, None), None),
        (("contact", None, None, False, None), None),
    ],
)
def test_monthly_price_examples(arguments, monthly):
    kind, amount, *rest = arguments
    amount = None if amount is None else Decimal(amount)
    found = select("monthly_price(%s, %s::numeric, %s, %s, %s::integer)", kind, amount, *rest)
    assert found == (None if monthly is None else Decimal(monthly))
