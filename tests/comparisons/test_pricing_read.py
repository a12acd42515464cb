"""The pricing read: like with like, or why not."""

from decimal import Decimal

import pytest

from comparisons.shaping.pricing_read import write_pricing_read
from tools.prices import Price
from tools.rates import Rate

FREE, CONTACT = Price("free"), Price("contact")


def monthly(amount: str, **terms) -> Price:
    return Price("paid", Decimal(amount), terms.pop("currency", "USD"), terms.pop("period", "month"), **terms)


def tokens(inside: str, outside: str, *, per: int = 10**6, currency: str = "USD") -> Price:
    rates = (Rate("input", Decimal(inside), per), Rate("output", Decimal(outside), per))
    return Price("paid", None, currency, "usage", rates=rates)


def by_use(meter: str, amount: str) -> Price:
    return Price("paid", None, "USD", "usage", rates=(Rate(meter, Decimal(amount), 1),))


PERSON = monthly("10", maximum_seats=1)
TEAM = monthly("19", per_seat=True, minimum_seats=5)


@pytest.mark.parametrize(
    ("one", "two", "text"),
    [
        ([], [], "Nobody has entered a price for either of them yet."),
        ([FREE], [FREE], "Both let you in for free."),
        ([FREE], [FREE, monthly("9"), monthly("30")], "Both let you in for free. B starts at $9/mo once you pay."),
        ([FREE, monthly("5")], [monthly("20")],
         "Only A lets you in for free. A asks less for its first paid plan than B: $5/mo against $20/mo."),
        ([FREE, monthly("45", is_from=True)], [FREE], "Both let you in for free. A starts at $45/mo once you pay."),
        ([FREE], [monthly("20")], "A lets you in for free; B starts at $20/mo."),
        ([monthly("20")], [], "A starts at $20/mo; no price of B is known to us."),
        ([CONTACT], [TEAM], "A names no price before a talk with sales; B starts at $19/seat/mo, five seats at least."),
        # Like with like
        ([monthly("20")], [monthly("9")], "B asks less for its first paid plan than A: $9/mo against $20/mo."),
        ([monthly("20")], [monthly("20")], "Both ask $20/mo."),
        ([monthly("10")], [monthly("120", period="year")],
         "Both come to the same for its first paid plan: $10/mo against $120/yr."),
        ([monthly("17", maximum_seats=1, billed_yearly=True), monthly("20", maximum_seats=1)], [PERSON],
         "B asks less for one person than A: $10/mo against $20/mo."),
        ([monthly("17", maximum_seats=1, billed_yearly=True)], [monthly("20", maximum_seats=1)],
         "A asks less for one person than B: $17/mo, billed yearly, against $20/mo."),
        ([PERSON], [monthly("20", maximum_seats=1)], "A asks less for one person than B: $10/mo against $20/mo."),
        ([FREE, PERSON, TEAM], [FREE, monthly("30", per_seat=True)],
         "Both let you in for free. "
         "A asks less per seat than B: $19/seat/mo, five seats at least, against $30/seat/mo."),
        ([PERSON, TEAM], [monthly("9", maximum_seats=1), monthly("30", per_seat=True)],
         "B asks less for one person than A: $9/mo against $10/mo. "
         "A asks less per seat than B: $19/seat/mo, five seats at least, against $30/seat/mo."),
        ([tokens("0.25", "2")], [tokens("3", "15")],
         "A asks less per token than B: $0.25 in · $2 out per 1M against $3 in · $15 out per 1M."),
        ([tokens("0.25", "2")], [tokens("0.0002", "0.0025", per=1000)],
         "B asks less for the input, A for the output: A’s $0.25 in · $2 out per 1M against "
         "B’s $0.0002 in · $0.0025 out per 1,000."),
        ([by_use("minute", "0.0078")], [by_use("minute", "0.0045")],
         "B asks less per minute than A: $0.0045 per minute against $0.0078 per minute."),
        ([monthly("49", period="once")], [monthly("99", period="once")],
         "A asks less as a single payment than B: $49 once against $99 once."),
        # Not like with like
        ([PERSON], [TEAM],
         "The paid plans do not compare like with like: one person’s plan (A, $10/mo) against "
         "a team’s (B, $19/seat/mo, five seats at least)."),
        ([monthly("20")], [tokens("0.25", "2")],
         "The paid plans do not compare like with like: a flat price (A, $20/mo) against "
         "a price per token (B, $0.25 in · $2 out per 1M)."),
        ([monthly("1", period="usage", unit="credit")], [monthly("1", period="usage", unit="page")],
         "The paid plans do not compare like with like: A’s $1 per credit against B’s $1 per page."),
        ([by_use("gpu-hour", "0.5")], [by_use("gpu-hour", "1.19")],
         "The paid plans do not compare like with like: A’s $0.50 per GPU hour against B’s $1.19 per GPU hour."),
        ([monthly("20")], [monthly("18", currency="EUR")],
         "A’s $20/mo and B’s €18/mo are in different currencies, not converted here."),
    ],
)  # fmt: skip
def test_pricing_read(one, two, text):
    assert write_pricing_read(("A", one), ("B", two)) == text
