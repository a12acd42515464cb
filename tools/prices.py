"""Prices as text: `Free`, `$19/seat/mo`, `$0.25 in · $2 out per 1M`, `Contact sales`, or `—` if no price is known."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from tools.choices import Beyond, Meter, Period, PlanKind
from tools.models import Plan
from tools.rates import Rate, format_count, name_meter, read_rates
from web.words import count_of

UNKNOWN = "—"
SEPARATOR = " · "
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
_PERIODS = {Period.ONCE.value: " once", Period.MONTH.value: "/mo", Period.YEAR.value: "/yr"}
_KINDS = {PlanKind.FREE.value: 0, PlanKind.PAID.value: 1, PlanKind.CONTACT.value: 2}
_TOKENS_IN_SHORT = {Meter.INPUT.value: "in", Meter.OUTPUT.value: "out"}
_MOST_RATES = 2  # of other meters, on a card


class Price(NamedTuple):
    """What a plan costs. Only a paid plan has a currency and a period, and an amount or rates that cost; only a usage
    price with an amount has a unit.
    """

    kind: str
    amount: Decimal | None = None
    currency: str | None = None
    period: str | None = None
    unit: str = ""
    per_seat: bool = False
    is_from: bool = False
    billed_yearly: bool = False
    minimum_seats: int | None = None
    maximum_seats: int | None = None
    trial_days: int | None = None
    rates: tuple[Rate, ...] = ()

    @classmethod
    def of(cls, plan: Plan) -> "Price":
        return cls.of_record({name: getattr(plan, name) for name in cls._fields})

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "Price":
        """Return the price of a record that has its fields, and perhaps others."""
        values = {name: record[name] for name in cls._fields}
        return cls(**{**values, "rates": read_rates(values["rates"])})

    @property
    def words(self) -> str:
        """The price as a card shows it."""
        if self.kind == PlanKind.FREE:
            return "Free"
        if self.currency is None or self.period is None:
            return "Contact sales"
        start = "from " if self.is_from else ""
        if self.amount is None:
            return start + _write_rates(self._card_rates, self.currency)
        text = start + format_amount(self.amount, self.currency)
        if self.period == Period.USAGE:
            return f"{text} per {self.unit}"
        seat = "/seat" if self.per_seat else ""
        billing = ", billed yearly" if self.billed_yearly else ""
        return f"{text}{seat}{_PERIODS[self.period]}{billing}"

    @property
    def details(self) -> tuple[str, ...]:
        """What the plan says beyond its words: seats, a trial, and the other rates."""
        shown = self._card_rates if self.amount is None else ()
        return (
            *filter(None, [self.seats_words]),
            *([f"{count_of(self.trial_days, 'day')} to try"] if self.trial_days else []),
            *(self._describe_rate(rate) for rate in self.rates if rate not in shown or rate.included),
        )

    @property
    def seats_words(self) -> str:
        """How many seats the plan is sold for: `5 seats at least`; "" without a limit."""
        low, high = self.minimum_seats, self.maximum_seats
        if high == 1:
            return "for one person"
        if low is not None and low > 1:
            return f"{low:,} to {high:,} seats" if high is not None else f"{low:,} seats at least"
        return f"{high:,} seats at most" if high is not None else ""

    @property
    def rank(self) -> tuple[int, Decimal]:
        """The sort key for finding the entry: free first, then by amount (a yearly one divided by 12), then sales.

        A price per seat counts with the seats that it is sold for at least. Amounts are compared as plain numbers,
        without conversion between currencies or between months and usage.
        """
        amounts = [rate.amount for rate in self.rates if rate.amount is not None]
        amount = self.amount if self.amount is not None else min(amounts, default=Decimal(0))
        if self.per_seat:
            amount *= self.minimum_seats or 1
        return _KINDS[self.kind], amount / 12 if self.period == Period.YEAR else amount

    @property
    def _card_rates(self) -> tuple[Rate, ...]:
        """The rates that a card shows: of input and output tokens, or else the first ones that cost."""
        costing = tuple(rate for rate in self.rates if rate.does_cost)
        tokens = tuple(rate for rate in costing if rate.meter in _TOKENS_IN_SHORT)
        return tokens or costing[:_MOST_RATES]

    def _describe_rate(self, rate: Rate) -> str:
        seat = " per seat" if self.per_seat else ""
        included = f"{format_count(rate.included)} {name_meter(rate.meter, rate.included)} a month{seat}"
        if rate.amount is None or rate.per is None or self.currency is None:
            return f"{included}, then it {Beyond(rate.beyond).label}"
        if not rate.included:
            return _write_rate(rate, self.currency)
        amount = format_amount(rate.amount, self.currency)
        return f"{included}, then {amount} {'each' if rate.per == 1 else f'per {format_count(rate.per)}'}"


def format_amount(amount: Decimal, currency: str) -> str:
    """Return an amount with its currency: without decimals if it is whole, else with two, or more if it needs them."""
    places = max(0, -int(amount.normalize().as_tuple().exponent))
    digits = f"{amount:,.0f}" if places == 0 else f"{amount:,.{max(2, places)}f}"
    return f"{_SYMBOLS[currency]}{digits}" if currency in _SYMBOLS else f"{currency} {digits}"


def format_budget(amount: Decimal) -> str:
    """Return the most that a reader would pay: `At most $20/mo`."""
    return f"At most {format_amount(amount, 'USD')}{_PERIODS[Period.MONTH.value]}"


def _write_rates(rates: Sequence[Rate], currency: str) -> str:
    """Return rates in short: `$0.25 in · $2 out per 1M`, `$0.04 per image`."""
    sizes = {rate.per for rate in rates}
    if len(rates) > 1 and len(sizes) == 1 and all(rate.meter in _TOKENS_IN_SHORT for rate in rates):
        sides = [
            f"{format_amount(rate.amount or Decimal(0), currency)} {_TOKENS_IN_SHORT[rate.meter]}" for rate in rates
        ]
        return f"{SEPARATOR.join(sides)} per {format_count(sizes.pop() or 1)}"
    return SEPARATOR.join(_write_rate(rate, currency) for rate in rates)


def _write_rate(rate: Rate, currency: str) -> str:
    """Return a rate that costs: `$0.25 per 1M input tokens`, `$0.04 per image`."""
    per = rate.per or 1
    size = "" if per == 1 else f"{format_count(per)} "
    return f"{format_amount(rate.amount or Decimal(0), currency)} per {size}{name_meter(rate.meter, per)}"


def find_entry_price(prices: Sequence[Price]) -> Price | None:
    """Return the cheapest price, the first among equals, or None without any."""
    return min(prices, key=lambda price: price.rank, default=None)


def find_first_paid_price(prices: Sequence[Price]) -> Price | None:
    """Return the cheapest price that costs, or None without any."""
    return find_entry_price([price for price in prices if price.kind == PlanKind.PAID])


def format_entry_price(prices: Sequence[Price]) -> str:
    """Return the entry price as a card shows it. Beside “Free”, which says little, stands the first paid step."""
    entry = find_entry_price(prices)
    if entry is None:
        return UNKNOWN
    paid = find_first_paid_price(prices)
    return f"{entry.words}{SEPARATOR}{paid.words}" if entry.kind == PlanKind.FREE and paid else entry.words


# Prices that differ in one of these cannot be compared.
_SAME_KIND_FIELDS = ("kind", "currency", "period", "unit", "per_seat", "billed_yearly")


def are_alike(one: Price, other: Price) -> bool:
    """Return whether two prices can be compared: in one currency, for one period and unit, both per seat or neither."""
    return all(getattr(one, name) == getattr(other, name) for name in _SAME_KIND_FIELDS)


def describe_change(old: Price, new: Price) -> str:
    """Return by how much a price changed: `+25%`, or `input tokens +25%, output tokens −10%` if its rates did.

    "" if the two are not alike.
    """
    if not are_alike(old, new):
        return ""
    if old.amount is not None and new.amount is not None and (percent := _describe_percent(old.amount, new.amount)):
        return percent
    before = {(rate.meter, rate.per): rate.amount for rate in old.rates if rate.amount is not None}
    percents = {
        rate.label: _describe_percent(before[rate.meter, rate.per], rate.amount)
        for rate in new.rates
        if rate.amount is not None and (rate.meter, rate.per) in before
    }
    if old.amount is None and len(percents) == len(before) and len(set(percents.values())) == 1:
        return next(iter(percents.values()))
    return ", ".join(f"{label} {percent}" for label, percent in percents.items() if percent)


def _describe_percent(old: Decimal, new: Decimal) -> str:
    """Return a change as a whole percent, rounded half up, or with a decimal below 1%; "" if that is 0."""
    percent = (new - old) * 100 / old
    size = abs(percent).quantize(Decimal("0.1") if abs(percent) < 1 else Decimal(1), ROUND_HALF_UP)
    sign = "+" if percent > 0 else "−"
    return f"{sign}{f'{size:,.0f}' if size == size.to_integral_value() else size}%" if size else ""
