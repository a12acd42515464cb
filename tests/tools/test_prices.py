from decimal import Decimal

import pytest

from tools.prices import Price, format_amount, format_entry_price

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
