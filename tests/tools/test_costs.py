"""Bills: a table worked by hand, and what must hold for any plan and any usage."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.choices import Meter
from tools.costs import Bill, Usage, compute_bill, find_cheapest, find_sold_meters, format_cost, round_to_cent
from tools.models import find_plan_errors
from tools.prices import Price
from tools.rates import Rate

K, M, B, T = 10**3, 10**6, 10**9, 10**12


def monthly(amount: str, *rates: Rate, **terms) -> Price:
    return Price("paid", Decimal(amount), terms.pop("currency", "USD"), "month", rates=rates, **terms)


def yearly(amount: str, **terms) -> Price:
    return Price("paid", Decimal(amount), "USD", "year", **terms)


def usage_price(*rates: Rate, currency: str = "USD", **terms) -> Price:
    return Price("paid", None, currency, "usage", rates=rates, **terms)


def rate(meter: str, amount: str, per: int = 1, included: int = 0) -> Rate:
    return Rate(meter, Decimal(amount), per, included)


def stops(meter: str, included: int) -> Rate:
    return Rate(meter, None, None, included, "stops")


def slows(meter: str, included: int) -> Rate:
    return Rate(meter, None, None, included, "slows")


def free(*rates: Rate, **terms) -> Price:
    return Price("free", rates=rates, **terms)


MINI = (rate("input", "0.25", M), rate("cached-input", "0.025", M), rate("output", "2", M))
COPILOT = (rate("request", "0.04", 1, 300),)

# (price, seats, usage, the amount that was worked out by hand in the comment)
BILLS = [
    # Flat and per seat
    (monthly("20"), 1, {}, "20"),  # 20
    (monthly("20"), 10, {}, "20"),  # flat: 20 for any number of seats
    (monthly("20", maximum_seats=10), 10, {}, "20"),  # 10 of at most 10 seats
    (monthly("19", per_seat=True), 1, {}, "19"),  # 1 × 19
    (monthly("19", per_seat=True), 10, {}, "190"),  # 10 × 19
    (monthly("9.99", per_seat=True), 7, {}, "69.93"),  # 7 × 9.99 = 70 − 0.07
    (monthly("30", per_seat=True, minimum_seats=5), 2, {}, "150"),  # 5 × 30, although two would do
    (monthly("30", per_seat=True, minimum_seats=5), 5, {}, "150"),  # 5 × 30
    (monthly("30", per_seat=True, minimum_seats=5), 6, {}, "180"),  # 6 × 30
    (monthly("10", per_seat=True, billed_yearly=True), 3, {}, "30"),  # 3 × 10; 360 at once
    (monthly("45", is_from=True), 1, {}, "45"),  # from 45
    (monthly("0.5", per_seat=True), 1_000_000, {}, "500000"),  # a million × 0.5
    # By the year
    (yearly("120"), 1, {}, "10"),  # 120 ÷ 12
    (yearly("100"), 1, {}, "8.33"),  # 100 ÷ 12 = 8.333…
    (yearly("200"), 1, {}, "16.67"),  # 200 ÷ 12 = 16.666…
    (yearly("228", per_seat=True), 10, {}, "190"),  # 10 × 228 ÷ 12 = 10 × 19
    (yearly("100", per_seat=True), 7, {}, "58.33"),  # 700 ÷ 12 = 58.333…
    (yearly("1.02"), 1, {}, "0.09"),  # 1.02 ÷ 12 = 0.085: half a cent is rounded up
    # Tokens
    (usage_price(*MINI), 1, {}, "0"),  # nothing used
    (usage_price(*MINI), 1, {"input": 50 * M, "output": 10 * M}, "32.5"),  # 50 × 0.25 + 10 × 2 = 12.5 + 20
    (usage_price(*MINI), 9, {"input": 50 * M, "output": 10 * M}, "32.5"),  # seats cost nothing here
    (usage_price(*MINI), 1, {"input": 10 * M, "cached-input": 40 * M}, "3.5"),  # 10 × 0.25 + 40 × 0.025 = 2.5 + 1
    (usage_price(*MINI[::2]), 1, {"input": 10 * M, "cached-input": 40 * M}, "12.5"),  # 50 × 0.25: no price for cached
    (usage_price(*MINI), 1, {"input": 1}, "0"),  # 0.00000025
    (usage_price(*MINI), 1, {"input": 20 * K}, "0.01"),  # 0.02 × 0.25 = 0.005: half a cent is rounded up
    (usage_price(*MINI), 1, {"input": 19_999}, "0"),  # 0.019999 × 0.25 = 0.00499975
    (usage_price(*MINI), 1, {"input": T, "output": T}, "2250000"),  # a million × (0.25 + 2)
    (usage_price(rate("input", "0.15", M), rate("output", "0.6", M)), 1,
     {"input": 1_234_567, "output": 7_654_321}, "4.78"),
    # 1.234567 × 0.15 + 7.654321 × 0.6 = 0.18518505 + 4.5925926 = 4.77777765
    # Other meters
    (usage_price(rate("image", "0.04")), 1, {"image": 250}, "10"),  # 250 × 0.04
    (usage_price(rate("minute", "0.0043")), 1, {"minute": 1000}, "4.3"),  # 1,000 × 0.0043
    (usage_price(rate("gpu-hour", "2.49")), 1, {"gpu-hour": 730}, "1817.7"),  # 730 × 2.49 = 1,825 − 7.3
    (usage_price(rate("character", "15", M)), 1, {"character": 500 * K}, "7.5"),  # half of 15
    (usage_price(rate("page", "1", 3)), 1, {"page": 10}, "3.33"),  # 10 ÷ 3
    (usage_price(rate("gigabyte", "0.33"), rate("request", "16", M)), 1, {"gigabyte": 100, "request": 5 * M}, "113"),
    # 100 × 0.33 + 5 × 16 = 33 + 80
    # Included, and beyond
    (monthly("39", *COPILOT, per_seat=True), 1, {"request": 300}, "39"),  # all 300 are included
    (monthly("39", *COPILOT, per_seat=True), 1, {"request": 301}, "39.04"),  # 39 + 1 × 0.04
    (monthly("39", *COPILOT, per_seat=True), 10, {"request": 4000}, "430"),  # 390 + (4,000 − 3,000) × 0.04 = 390 + 40
    (monthly("20", *COPILOT), 10, {"request": 4000}, "168"),  # flat: 20 + (4,000 − 300) × 0.04 = 20 + 148
    (yearly("120", rates=(rate("image", "0.1", 1, 100),)), 1, {"image": 150}, "15"),  # 10 + 50 × 0.1
    (monthly("25", rate("gigabyte", "0.125", 1, 8), rate("request", "0.5", K, 100 * K)), 1,
     {"gigabyte": 20, "request": 350 * K}, "151.5"),  # 25 + 12 × 0.125 + 250 × 0.5 = 25 + 1.5 + 125
    (monthly("10", slows("request", 500)), 1, {"request": 500}, "10"),  # 500 of 500 included
    (free(stops("request", 50), maximum_seats=1), 1, {"request": 50}, "0"),  # free within its limit
]  # fmt: skip


def test_there_are_forty_bills():
    assert len(BILLS) >= 40


@pytest.mark.parametrize(("price", "seats", "meters", "amount"), BILLS)
def test_bill_is_what_was_worked_out_by_hand(price, seats, meters, amount):
    bill = compute_bill("Plan", price, Usage.of(meters, seats=seats))
    assert (bill.obstacle, bill.missing) == ("", "")
    assert round_to_cent(bill.amount, "USD") == Decimal(amount)
    assert sum(line.amount for line in bill.lines) == bill.amount


@pytest.mark.parametrize(("price", "seats", "meters", "amount"), BILLS)
def test_plans_of_the_table_can_exist(price, seats, meters, amount):
    assert find_plan_errors(**price._asdict()) == {}


@pytest.mark.parametrize(
    ("price", "seats", "meters", "obstacle"),
    [
        (monthly("10", maximum_seats=1), 2, {}, "It is for one person."),
        (monthly("10", maximum_seats=10), 11, {}, "It has 10 seats at most."),
        (monthly("10", slows("request", 500)), 1, {"request": 501}, "It slows down after 500 requests a month."),
        (free(stops("request", 50)), 1, {"request": 2 * M}, "It stops after 50 requests a month."),
        (
            monthly("10", stops("image", 5), per_seat=True),
            3,
            {"image": 16},
            "It stops after 15 images a month.",
        ),
    ],
)
def test_plan_that_does_not_fit_says_why(price, seats, meters, obstacle):
    assert compute_bill("Plan", price, Usage.of(meters, seats=seats)) == Bill("Plan", obstacle=obstacle)


@pytest.mark.parametrize(
    ("price", "meters", "missing"),
    [
        (Price("contact"), {}, "Only its sales department names a price."),
        (usage_price(MINI[0]), {"output": 1}, "It has no price for output tokens that we know."),
        (usage_price(MINI[2]), {"input": 1, "cached-input": 1},
         "It has no price for input tokens and cached input tokens that we know."),
        (usage_price(*MINI), {"image": 1}, "It has no price for images that we know."),
        (monthly("20", MINI[0]), {"output": 1}, "It has no price for output tokens that we know."),
        (Price("paid", Decimal(1), "USD", "usage", "1k credits"), {},
         "Its price is per 1k credits, and we do not know how many that would be."),
        (Price("paid", Decimal(99), "USD", "once"), {}, "It is paid once ($99 once), not by the month."),
    ],
)  # fmt: skip
def test_price_that_is_not_known_says_what_is_missing(price, meters, missing):
    assert compute_bill("Plan", price, Usage.of(meters)) == Bill("Plan", missing=missing)


@pytest.mark.parametrize("price", [free(), free(maximum_seats=1), monthly("20"), monthly("20", stops("request", 5))])
def test_plan_does_not_come_with_what_the_tool_sells_by_use(price):
    sold = find_sold_meters([price, usage_price(*MINI), Price("contact")], besides=price)
    assert sold == {"input", "cached-input", "output"}
    bill = compute_bill("Plan", price, Usage.of({"input": 5, "output": 5}), sold=sold)
    assert bill == Bill("Plan", missing="We do not know that it comes with input tokens and output tokens.")
    assert compute_bill("Plan", price, Usage.of({"minute": 5}), sold=sold).amount is not None


def test_free_plan_does_not_come_with_what_a_paid_plan_counts():
    prices = [free(), monthly("20", *COPILOT), monthly("10", stops("minute", 60)), Price("contact")]
    assert find_sold_meters(prices, besides=free()) == {rate.meter for rate in COPILOT} | {"minute"}
    assert find_sold_meters(prices, besides=monthly("30")) == set()
    bill = compute_bill("Free", free(), Usage.of({"minute": 5}), sold={"minute"})
    assert bill == Bill("Free", missing="We do not know that it comes with minutes.")
    limited = compute_bill("Free", free(stops("minute", 60)), Usage.of({"minute": 5}), sold={"minute"})
    assert (limited.amount, limited.uncounted) == (0, ())
    assert compute_bill("Free", free(), Usage.of({"minute": 5})).uncounted == ("minute",)


def test_arithmetic_is_stated_line_by_line():
    price = monthly("19", *COPILOT, rate("input", "0.25", M), per_seat=True, minimum_seats=5, billed_yearly=True)
    bill = compute_bill("Team", price, Usage.of({"request": 2000, "input": 50 * M, "image": 3}, seats=2))
    assert [(line.words, line.amount) for line in bill.lines] == [
        ("5 seats, the least it is sold for, × $19", 95),
        ("50M input tokens × $0.25 per 1M", Fraction(25, 2)),
        ("(2,000 − 1,500 included) requests × $0.04", 20),
    ]
    assert bill.notes == ("Billed yearly: $1,140 at once.", "It does not count images, as far as we know.")
    assert bill.words == "$127.50"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (Fraction(190), "USD", "$190"),
        (Fraction(3, 8), "USD", "$0.38"),
        (Fraction(1, 1000), "USD", "under $0.01"),
        (Fraction(0), "USD", "$0"),
        (Fraction(2_500_001, 2), "EUR", "€1,250,000.50"),
        (Fraction(25, 2), "JPY", "¥13"),
    ],
)
def test_amount_is_rounded_half_up_to_the_cent(amount, currency, text):
    assert format_cost(amount, currency) == text


def test_cheapest_is_found_per_currency():
    bills = [
        Bill("A", Fraction(30), "USD"),
        Bill("B", Fraction(20), "EUR"),
        Bill("C", Fraction(20), "USD"),
        Bill("D", obstacle="It is for one person."),
    ]
    assert [bill.plan for bill in find_cheapest(bills)] == ["C", "B"]
    assert [bill.plan for bill in find_cheapest([*bills, Bill("E", Fraction(0))])] == ["E"]
    assert find_cheapest(bills[3:]) == []


# -- Any plan, any usage ------------------------------------------------------------------------------------

COUNTS = st.integers(0, 50) | st.integers(0, 10**12)
AMOUNTS = st.integers(1, 10**10).map(lambda number: Decimal(number).scaleb(-4))
RATES = st.one_of(
    st.builds(rate, st.sampled_from(Meter.values), AMOUNTS, st.sampled_from([1, 3, K, M]), COUNTS),
    st.builds(stops, st.sampled_from(Meter.values), st.integers(1, 10**9)),
    st.builds(slows, st.sampled_from(Meter.values), st.integers(1, 10**9)),
)
USES = st.dictionaries(st.sampled_from(Meter.values), COUNTS, max_size=5)


@st.composite
def prices(draw) -> Price:
    rates = {one.meter: one for one in draw(st.lists(RATES, max_size=4))}
    price = Price(
        draw(st.sampled_from(["free", "paid", "paid", "paid", "contact"])),
        draw(st.none() | AMOUNTS),
        draw(st.none() | st.sampled_from(["USD", "EUR"])),
        draw(st.sampled_from([None, "once", "month", "year", "usage"])),
        per_seat=draw(st.booleans()),
        minimum_seats=draw(st.none() | st.integers(1, 20)),
        maximum_seats=draw(st.none() | st.integers(20, 1000)),
        rates=tuple(rates.values()),
    )
    if price.kind != "paid":
        limits = tuple(one for one in price.rates if not one.does_cost)
        price = price._replace(amount=None, currency=None, period=None, per_seat=False, rates=limits)
    elif price.currency is None or price.period is None or (price.amount is None and price.period != "usage"):
        price = price._replace(currency="USD", period="month", amount=price.amount or Decimal(7))
    if price.period == "usage":
        by_rates = any(one.does_cost for one in price.rates)
        price = price._replace(
            amount=None if by_rates else Decimal(3), unit="" if by_rates else "credit", per_seat=False
        )
    assert find_plan_errors(**price._asdict()) == {}
    return price


@given(prices(), USES, st.integers(1, 1000), st.dictionaries(st.sampled_from(Meter.values), COUNTS, max_size=3))
def test_cost_never_falls_with_usage_within_a_plan(price, meters, seats, more):
    greater = {meter: meters.get(meter, 0) + more.get(meter, 0) for meter in Meter.values}
    less, most = (compute_bill("Plan", price, Usage.of(used, seats=seats)) for used in (meters, greater))
    assert most.amount is None or (less.amount is not None and less.amount <= most.amount)


@given(prices(), USES, st.integers(1, 1000), st.integers(0, 1000))
def test_cost_never_falls_with_seats_unless_they_include_more(price, meters, seats, more):
    if price.per_seat:
        price = price._replace(rates=tuple(one for one in price.rates if not one.included))
    less, most = (compute_bill("Plan", price, Usage.of(meters, seats=number)) for number in (seats, seats + more))
    assert most.amount is None or (less.amount is not None and less.amount <= most.amount)


@given(st.lists(prices(), min_size=1, max_size=5), USES, st.integers(1, 100))
def test_cheapest_is_at_most_each(offers, meters, seats):
    bills = [compute_bill(str(place), price, Usage.of(meters, seats=seats)) for place, price in enumerate(offers)]
    cheapest = find_cheapest(bills)
    assert bool(cheapest) == any(bill.amount is not None for bill in bills)
    for best in cheapest:
        same = [
            bill for bill in bills if bill.amount is not None and (not best.amount or bill.currency == best.currency)
        ]
        assert all(best.amount <= bill.amount for bill in same)


@given(prices(), USES, st.integers(1, 10**6))
def test_every_bill_adds_up_or_says_why_not(price, meters, seats):
    bill = compute_bill("Plan", price, Usage.of(meters, seats=seats))
    if bill.amount is None:
        assert bool(bill.obstacle) != bool(bill.missing)
        assert (bill.lines, bill.words) == ((), "")
    else:
        assert sum((line.amount for line in bill.lines), Fraction()) == bill.amount
        assert all(line.amount >= 0 for line in bill.lines)
        assert abs(Fraction(round_to_cent(bill.amount, "USD")) - bill.amount) <= Fraction(1, 200)
