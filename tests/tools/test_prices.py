from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.prices import Price, describe_change, format_amount, format_entry_price
from tools.rates import Rate

FREE = Price("free")
CONTACT = Price("contact")


def paid(amount: str, period: str = "month", currency: str = "USD", unit: str = "") -> Price:
    return Price("paid", Decimal(amount), currency, period, unit)


@pytest.mark.parametrize(
    ("prices", "text"),
    [
        ([], "—"),
        ([CONTACT], "Contact sales"),
        ([CONTACT, paid("20")], "$20/mo"),
        ([paid("20"), FREE, CONTACT], "Free · $20/mo"),
        ([CONTACT, FREE], "Free"),
        ([paid("20"), paid("120", "year")], "$120/yr"),
        ([paid("9"), paid("120", "year")], "$9/mo"),
        ([paid("0.25", "usage", unit="1M tokens")], "$0.25 per 1M tokens"),
        ([paid("49", "once", "EUR")], "€49 once"),
    ],
)
def test_entry_price_is_the_cheapest(prices, text):
    assert format_entry_price(prices) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("20.000000", "USD", "$20"),
        ("9.5", "USD", "$9.50"),
        ("0.0008", "USD", "$0.0008"),
        ("1234.5", "EUR", "€1,234.50"),
        ("100", "USD", "$100"),
        ("20", "CHF", "CHF 20"),
    ],
)
def test_amount_has_as_many_decimals_as_needed(amount, currency, text):
    assert format_amount(Decimal(amount), currency) == text


def usage(**rates: str) -> Price:
    """Return a price by rates per 1M tokens."""
    return Price(
        "paid",
        None,
        "USD",
        "usage",
        rates=tuple(Rate(meter, Decimal(amount), 10**6) for meter, amount in rates.items()),
    )


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (paid("20"), paid("25"), "+25%"),
        (paid("25"), paid("20"), "−20%"),
        (paid("2"), paid("25"), "+1,150%"),
        (paid("200"), paid("201"), "+0.5%"),
        (paid("100000"), paid("100001"), ""),
        (paid("200"), paid("203"), "+2%"),  # 1.5% is rounded half up
        (paid("20"), paid("20"), ""),
        (paid("20"), paid("25", currency="EUR"), ""),
        (paid("20"), paid("200", "year"), ""),
        (paid("1", "usage", unit="image"), paid("2", "usage", unit="page"), ""),
        (paid("20"), paid("25")._replace(per_seat=True), ""),
        (paid("20"), paid("25")._replace(billed_yearly=True), ""),
        (paid("20"), paid("25")._replace(is_from=True, minimum_seats=3, trial_days=14), "+25%"),
        (FREE, paid("25"), ""),
        (paid("20"), CONTACT, ""),
        (usage(input="2", output="8"), usage(input="1", output="4"), "−50%"),
        (usage(input="2", output="8"), usage(input="2", output="10"), "output tokens +25%"),
        (usage(input="2", output="8"), usage(input="1", output="10"), "input tokens −50%, output tokens +25%"),
        (usage(input="2"), usage(input="3", output="10"), "+50%"),
    ],
)
def test_change_of_like_prices_has_a_percentage(old, new, text):
    assert describe_change(old, new) == text


amounts = st.decimals("0.000001", "99999999", places=6)


@given(amounts, amounts)
def test_percentage_leads_from_the_old_amount_to_the_new_one(old, new):
    text = describe_change(paid(str(old)), paid(str(new)))
    percent = Decimal(text.rstrip("%").replace("−", "-").replace(",", "") or "0")
    assert abs(old * (100 + percent) / 100 - new) <= old * Decimal("0.005") + Decimal("1e-12")
    assert (percent > 0) <= (new > old)
    assert (percent < 0) <= (new < old)
