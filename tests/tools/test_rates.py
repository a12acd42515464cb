"""Rates of plans: the rule in Python and in the database, and how they are written and read."""

import json
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.choices import Beyond, Meter
from tools.rates import Rate, find_rate_errors, format_count, parse_count, read_rate_line, read_rates

COUNTS = st.one_of(st.integers(0, 30), st.integers(0, 10**15), st.sampled_from([10**3, 10**6, 1_250_000]))
AMOUNTS = st.decimals(Decimal("-1"), Decimal("100000000"), places=6).map(abs)
SOUND = st.builds(
    Rate,
    st.sampled_from(Meter.values),
    st.integers(1, 10**14 - 1).map(lambda number: Decimal(number).scaleb(-6)),
    st.integers(1, 10**15),
    COUNTS,
    st.just("costs"),
)
LIMITS = st.builds(
    Rate,
    st.sampled_from(Meter.values),
    st.none(),
    st.none(),
    st.integers(1, 10**15),
    st.sampled_from(["stops", "slows"]),
)
ANY = st.builds(
    Rate,
    st.sampled_from(Meter.values),
    st.none() | AMOUNTS,
    st.none() | st.integers(0, 10**6),
    COUNTS,
    st.sampled_from(Beyond.values),
)


@given(SOUND | LIMITS)
def test_line_of_a_rate_is_read_as_the_same_rate(rate):
    assert read_rate_line(rate.line) == rate
    assert read_rates([json.loads(json.dumps(rate.stored))]) == (rate,)
    assert find_rate_errors([rate]) == {}


@given(COUNTS)
def test_short_count_is_read_as_the_same_count(count):
    assert parse_count(format_count(count)) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [("50M", 50_000_000), ("1.5b", 1_500_000_000), ("10 k", 10_000), ("2,000", 2000), ("1 000 000", 10**6), ("0", 0)],
)
def test_count_is_read_as_people_write_it(text, count):
    assert parse_count(text) == count


@pytest.mark.parametrize(
    "text", ["", "-5", "1.5", "many", "1,5", "1e6", "2000T", "1,0000", "0,500", "1 000,000", "٣", "9" * 30]
)
def test_count_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"Write a|more than"):
        parse_count(text)


@pytest.mark.parametrize(
    ("count", "text"),
    [(1, "1"), (300, "300"), (2000, "2,000"), (10_000, "10k"), (12_500, "12.5k"), (1_234_567, "1,234,567"),
     (10**6, "1M"), (1_500_000, "1.5M"), (10**9, "1B"), (10**12, "1T")],
)  # fmt: skip
def test_count_is_written_in_short(count, text):
    assert format_count(count) == text


@pytest.mark.parametrize(
    ("rate", "line"),
    [
        (Rate("input", Decimal("0.25"), 10**6), "input: 0.25 per 1M"),
        (Rate("request", Decimal("0.04"), 1, 300), "request: 300 included, then 0.04 per 1"),
        (Rate("image", None, None, 2000, "slows"), "image: 2,000 included, then slows"),
    ],
)
def test_line_of_a_rate_is_readable(rate, line):
    assert rate.line == line


@pytest.mark.parametrize(
    "line", ["", "input", "input 0.25 per 1M", "token: 1 per 1M", "input: a per 1M", "input: 1 per x"]
)
def test_line_that_is_no_rate_is_refused(line):
    with pytest.raises(ValueError, match=r"is not|Write a number"):
        read_rate_line(line)


@pytest.mark.django_db
def test_database_and_forms_have_the_same_rule():
    @settings(deadline=None, max_examples=150)
    @given(st.lists(SOUND | LIMITS | ANY, max_size=3))
    def check(rates):
        with connection.cursor() as cursor:
            stored = json.dumps([rate.stored for rate in rates])
            cursor.execute("SELECT are_rates(%s::jsonb, %s::jsonb)", [stored, json.dumps(Meter.values)])
            assert cursor.fetchone()[0] == (not find_rate_errors(rates)), rates

    check()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "stored",
    [
        {}, "input", None, [1], [{}], [{"meter": "input"}],
        [{"meter": "tokens", "amount": "1", "per": 1, "included": 0, "beyond": "costs"}],
        [{"meter": "input", "amount": 1, "per": 1, "included": 0, "beyond": "costs"}],
        [{"meter": "input", "amount": "1.0", "per": 1, "included": 0, "beyond": "costs"}],
        [{"meter": "input", "amount": "1", "per": "1", "included": 0, "beyond": "costs"}],
        [{"meter": "input", "amount": "1", "per": 1.5, "included": 0, "beyond": "costs"}],
        [{"meter": "input", "amount": "1", "per": 1, "included": -1, "beyond": "costs"}],
        [{"meter": "input", "amount": "1", "per": 1, "included": 0, "beyond": "waits"}],
        [{"meter": "input", "amount": "1", "per": 1, "included": 0, "beyond": "costs", "note": ""}],
    ],
)  # fmt: skip
def test_database_refuses_what_is_no_list_of_rates(stored):
    with connection.cursor() as cursor:
        cursor.execute("SELECT are_rates(%s::jsonb, %s::jsonb)", [json.dumps(stored), json.dumps(Meter.values)])
        assert cursor.fetchone()[0] is False
