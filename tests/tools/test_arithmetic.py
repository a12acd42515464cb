from math import sqrt

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.django_db
Z = 1.959963984540054


def select(expression: str, *values: int) -> object:
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
