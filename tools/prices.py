"""Prices as text: `Free`, `$20/mo`, `$0.25 per 1M tokens`, `Contact sales`, or `—` if no price is known."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from tools.choices import Period, PlanKind
from tools.models import Plan

UNKNOWN = "—"
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
_PERIODS = {Period.ONCE.value: " once", Period.MONTH.value: "/mo", Period.YEAR.value: "/yr"}
_KINDS = {PlanKind.FREE.value: 0, PlanKind.PAID.value: 1, PlanKind.CONTACT.value: 2}


class Price(NamedTuple):
    """What a plan costs. Only a paid plan has an amount, a currency, and a period; only a usage price has a unit."""

    kind: str
    amount: Decimal | None = None
    currency: str | None = None
    period: str | None = None
    unit: str = ""

    @classmethod
    def of(cls, plan: Plan) -> "Price":
        return cls(plan.kind, plan.amount, plan.currency, plan.period, plan.unit)

    @property
    def words(self) -> str:
        if self.kind == PlanKind.FREE:
            return "Free"
        if self.amount is None or self.currency is None or self.period is None:
            return "Contact sales"
        text = format_amount(self.amount, self.currency)
        return f"{text} per {self.unit}" if self.period == Period.USAGE else text + _PERIODS[self.period]

    @property
    def rank(self) -> tuple[int, Decimal]:
        """The sort key for finding the entry: free first, then by amount (a yearly one divided by 12), then sales.

        Amounts are compared as plain numbers, without conversion between currencies or between months and usage.
        """
        amount = self.amount or Decimal(0)
        return _KINDS[self.kind], amount / 12 if self.period == Period.YEAR else amount


def format_amount(amount: Decimal, currency: str) -> str:
    """Return an amount with its currency: without decimals if it is whole, else with two, or more if it needs them."""
    places = max(0, -int(amount.normalize().as_tuple().exponent))
    digits = f"{amount:,.0f}" if places == 0 else f"{amount:,.{max(2, places)}f}"
    return f"{_SYMBOLS[currency]}{digits}" if currency in _SYMBOLS else f"{currency} {digits}"


def find_entry_price(prices: Sequence[Price]) -> Price | None:
    """Return the cheapest price, the first among equals, or None without any."""
    return min(prices, key=lambda price: price.rank, default=None)


def format_entry_price(prices: Sequence[Price]) -> str:
    """Return the entry price as a card shows it."""
    price = find_entry_price(prices)
    return price.words if price else UNKNOWN
