"""What a plan would cost a month for a given usage, line by line. Exact arithmetic, no queries.

Amounts are fractions until they are shown, because a price per 3 or a twelfth of a year has no end in decimals. Amounts
in different currencies are never compared or added.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import NamedTuple

from tools.choices import Beyond, Meter, Period, PlanKind
from tools.prices import Price, format_amount
from tools.rates import Rate, format_count, name_meter
from web.words import join_words

TOKEN_METERS = (Meter.INPUT.value, Meter.CACHED_INPUT.value, Meter.OUTPUT.value)
_CENT = Decimal("0.01")
_PLACES = {"JPY": Decimal(1)}  # of a shown amount, where it is not a cent


class Usage(NamedTuple):
    """What somebody would use in a month: seats, and (meter, number) in the order of `Meter`. Zeros are left out."""

    seats: int = 1
    meters: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, meters: Mapping[str, int], *, seats: int = 1) -> "Usage":
        return cls(seats, tuple((meter, meters[meter]) for meter in Meter.values if meters.get(meter)))


class BillLine(NamedTuple):
    """One step of a bill: `10 seats × $19`, and what it comes to."""

    words: str
    amount: Fraction


class Bill(NamedTuple):
    """What a month on a plan costs, or why that is not known.

    `obstacle` says why the plan does not fit the usage, `missing` what is not known of its price; with either there is
    no amount. An amount without a currency is 0.
    """

    plan: str
    amount: Fraction | None = None
    currency: str | None = None
    lines: tuple[BillLine, ...] = ()
    notes: tuple[str, ...] = ()
    is_least: bool = False
    """Whether the price only starts there."""
    obstacle: str = ""
    missing: str = ""
    uncounted: tuple[str, ...] = ()
    """The meters that are used and that the plan neither charges nor limits, as far as is known."""

    @property
    def words(self) -> str:
        """The amount: `$190`, `from $45`, `nothing`."""
        if self.amount is None:
            return ""
        if self.currency is None or not self.amount:
            return "nothing"
        return ("from " if self.is_least else "") + format_cost(self.amount, self.currency)


class _NoAmountError(Exception):
    """The plan does not fit, or its price is not known."""

    def __init__(self, *, obstacle: str = "", missing: str = "") -> None:
        self.obstacle, self.missing = obstacle, missing


def compute_bill(plan: str, price: Price, usage: Usage, *, sold: Collection[str] = ()) -> Bill:
    """Return what a month of `usage` costs on a plan (its name and its price).

    `sold` are the meters that the tool charges for elsewhere (`find_sold_meters`): a plan that does not mention one of
    them does not come with it.
    """
    try:
        seats = _count_seats(price, usage.seats)
        lines = [*_charge_seats(price, seats, usage.seats), *_charge_meters(price, seats, usage, sold)]
    except _NoAmountError as error:
        return Bill(plan, obstacle=error.obstacle, missing=error.missing)
    amount = sum((line.amount for line in lines), Fraction())
    uncounted = _find_uncounted(price, usage)
    notes = tuple(_write_notes(price, seats, uncounted))
    return Bill(plan, amount, price.currency, tuple(lines), notes, is_least=price.is_from, uncounted=uncounted)


def find_sold_meters(prices: Iterable[Price], *, besides: Price) -> frozenset[str]:
    """Return the meters that a tool charges for, and that the plan `besides` does not come with unless it says so.

    A paid plan does not come with what is sold by use, such as tokens where a model has a chat plan and an API. A free
    plan does not come with anything that a paid plan counts either, such as the credits of an editor.
    """
    is_free = besides.kind == PlanKind.FREE
    selling = [price for price in prices if price.kind == PlanKind.PAID and (is_free or price.period == Period.USAGE)]
    return frozenset(rate.meter for price in selling for rate in price.rates if is_free or rate.does_cost)


def find_cheapest(bills: Iterable[Bill]) -> list[Bill]:
    """Return the cheapest bill, the first among equals; one per currency if there are several, as they do not compare.

    A bill of 0 is the cheapest in any currency. Bills without an amount are left out.
    """
    known = [bill for bill in bills if bill.amount is not None]
    if free := next((bill for bill in known if not bill.amount), None):
        return [free]
    currencies = dict.fromkeys(bill.currency for bill in known)
    return [
        min((bill for bill in known if bill.currency == currency), key=lambda bill: bill.amount or 0)
        for currency in currencies
    ]


def name_meters(meters: Iterable[str]) -> str:
    """Return `requests and images`."""
    return join_words([name_meter(meter, 0) for meter in meters])


def format_cost(amount: Fraction, currency: str) -> str:
    """Return a computed amount, rounded half up to the cent: `$190`, `$0.38`, `under $0.01`."""
    rounded = round_to_cent(amount, currency)
    if amount and not rounded:
        return f"under {format_amount(_PLACES.get(currency, _CENT), currency)}"
    return format_amount(rounded, currency)


def round_to_cent(amount: Fraction, currency: str = "") -> Decimal:
    """Return an amount rounded half up to the cent, or to what is smallest in its currency."""
    cent = _PLACES.get(currency, _CENT)
    return floor(amount / Fraction(cent) + Fraction(1, 2)) * cent


def _count_seats(price: Price, seats: int) -> int:
    """Return the seats to pay for. Raises _NoAmountError if the plan is not sold for that many."""
    if price.maximum_seats is not None and seats > price.maximum_seats:
        if price.maximum_seats == 1:
            raise _NoAmountError(obstacle="It is for one person.")
        raise _NoAmountError(obstacle=f"It has {price.maximum_seats:,} seats at most.")
    return max(seats, price.minimum_seats or 0)


def _charge_seats(price: Price, seats: int, wanted: int) -> list[BillLine]:
    """Return the line for what the plan costs without usage; none for a plan that only usage costs."""
    if price.kind == PlanKind.FREE:
        return []
    if price.kind == PlanKind.CONTACT or price.currency is None:
        raise _NoAmountError(missing="Only its sales department names a price.")
    if price.amount is None:
        return []
    if price.period == Period.USAGE:
        raise _NoAmountError(missing=f"Its price is per {price.unit}, and we do not know how many that would be.")
    amount = format_amount(price.amount, price.currency)
    if price.period == Period.ONCE:
        raise _NoAmountError(missing=f"It is paid once ({price.words}), not by the month.")
    each, words = Fraction(price.amount), f"{amount} a {price.period}"
    if price.per_seat:
        least = ", the least it is sold for," if seats > wanted else ""
        a_year = " a year" if price.period == Period.YEAR else ""
        words = f"{seats:,} {'seat' if seats == 1 else 'seats'}{least} × {amount}{a_year}"
        each *= seats
    if price.period == Period.YEAR:
        each /= 12
        words += " ÷ 12"
    return [BillLine(words, each)]


def _charge_meters(price: Price, seats: int, usage: Usage, sold: Collection[str]) -> list[BillLine]:
    """Return a line for each meter that is used and that the plan charges or includes."""
    rates = {rate.meter: rate for rate in price.rates}
    lines, unpriced, unmentioned = [], [], []
    for meter, number in _merge_cached(usage.meters, rates):
        rate = rates.get(meter)
        if rate is not None:
            lines.append(_charge_meter(price, rate, number, seats))
        elif _should_price(price, meter):
            unpriced.append(name_meter(meter, 0))
        elif meter in sold:
            unmentioned.append(name_meter(meter, 0))
    if unpriced:
        raise _NoAmountError(missing=f"It has no price for {join_words(unpriced)} that we know.")
    if unmentioned:
        raise _NoAmountError(missing=f"We do not know that it comes with {join_words(unmentioned)}.")
    return lines


def _merge_cached(meters: Sequence[tuple[str, int]], rates: Mapping[str, Rate]) -> list[tuple[str, int]]:
    """Return the usage as a plan counts it: cached input without a rate of its own is input like any other."""
    used = dict(meters)
    if Meter.CACHED_INPUT in rates or Meter.INPUT not in rates or Meter.CACHED_INPUT not in used:
        return list(meters)
    cached = used.pop(Meter.CACHED_INPUT.value)
    return list({Meter.INPUT.value: 0, **used, Meter.INPUT.value: used.get(Meter.INPUT, 0) + cached}.items())


def _should_price(price: Price, meter: str) -> bool:
    """Return whether a plan that has no rate for a meter must have one: it sells nothing but usage, or other tokens."""
    if price.kind == PlanKind.PAID and price.period == Period.USAGE:
        return True
    return meter in TOKEN_METERS and any(rate.meter in TOKEN_METERS and rate.does_cost for rate in price.rates)


def _charge_meter(price: Price, rate: Rate, number: int, seats: int) -> BillLine:
    included = rate.included * (seats if price.per_seat else 1)
    excess = max(0, number - included)
    meter = name_meter(rate.meter, number)
    if not excess:
        return BillLine(f"{format_count(number)} of {format_count(included)} {meter} included", Fraction())
    if rate.amount is None or rate.per is None or price.currency is None:
        limit = f"{format_count(included)} {name_meter(rate.meter, included)}"
        raise _NoAmountError(obstacle=f"It {Beyond(rate.beyond).label} after {limit} a month.")
    counted = f"({format_count(number)} − {format_count(included)} included)" if included else format_count(number)
    per = "" if rate.per == 1 else f" per {format_count(rate.per)}"
    words = f"{counted} {meter} × {format_amount(rate.amount, price.currency)}{per}"
    return BillLine(words, excess * Fraction(rate.amount) / rate.per)


def _find_uncounted(price: Price, usage: Usage) -> tuple[str, ...]:
    """Return the meters that are used and that the plan has no rate for."""
    rates = {rate.meter: rate for rate in price.rates}
    used = {meter for meter, number in _merge_cached(usage.meters, rates) if number}
    return tuple(meter for meter in Meter.values if meter in used - rates.keys())


def _write_notes(price: Price, seats: int, uncounted: Sequence[str]) -> list[str]:
    """Return what the amount does not say: how it is paid, and what the plan does not count."""
    notes = []
    if price.amount is not None and price.currency is not None:
        paid_at_once = Fraction(price.amount) * (seats if price.per_seat else 1)
        if price.billed_yearly:
            notes.append(f"Billed yearly: {format_cost(paid_at_once * 12, price.currency)} at once.")
        elif price.period == Period.YEAR:
            notes.append(f"Paid by the year: {format_cost(paid_at_once, price.currency)} at once.")
    if uncounted:
        notes.append(f"It does not count {name_meters(uncounted)}, as far as we know.")
    return notes
