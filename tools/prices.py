"""How prices are said: `Free`, `$20/mo`, `$0.25 per 1M tokens`, `Contact sales`, or `—` when nothing is known."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from tools.models import Period, Plan, PlanKind

UNKNOWN = "—"
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
_PERIODS = {Period.ONCE.value: " once", Period.MONTH.value: "/mo", Period.YEAR.value: "/yr"}
_KINDS = {PlanKind.FREE.value: 0, PlanKind.PAID.value: 1, PlanKind.CONTACT.value: 2}


class Price(NamedTuple):
    """What a plan costs. Only a paid one has an amount, a currency and a period; only usage has a unit."""

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
        said = format_amount(self.amount, self.currency)
        return f"{said} per {self.unit}" if self.period == Period.USAGE else said + _PERIODS[self.period]

    @property
    def rank(self) -> tuple[int, Decimal]:
        """Where it stands among the ways in: free, then the smaller amount (a year's as a twelfth), then sales.

        There is no exchange rate between currencies, nor between a month and a usage: the smaller figure gets you in.
        """
        amount = self.amount or Decimal(0)
        return _KINDS[self.kind], amount / 12 if self.period == Period.YEAR else amount


def format_amount(amount: Decimal, currency: str) -> str:
    """An amount with its currency: whole amounts without decimals, others with two, or more where two would lie."""
    places = max(0, -int(amount.normalize().as_tuple().exponent))
    digits = f"{amount:,.0f}" if places == 0 else f"{amount:,.{max(2, places)}f}"
    return f"{_SYMBOLS[currency]}{digits}" if currency in _SYMBOLS else f"{currency} {digits}"


def find_entry_price(prices: Sequence[Price]) -> Price | None:
    """The cheapest way in, or None when no price is known. Among equals the first."""
    return min(prices, key=lambda price: price.rank, default=None)


def format_entry_price(prices: Sequence[Price]) -> str:
    """What the card shows as the way in."""
    price = find_entry_price(prices)
    return price.words if price else UNKNOWN
