"""The sentences about the prices of two tools. They compare like with like, and say when they cannot. No queries."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from tools.choices import Meter, Period, PlanKind
from tools.prices import Price, find_entry_price, find_first_paid_price
from tools.rates import name_meter
from web.words import isolate_name, spell_number

# Meters that are not the same in two tools: what a credit buys, and what machine an hour is of.
NOT_ALIKE = {Meter.CREDIT.value, Meter.GPU_HOUR.value}

type PricedTool = tuple[str, Sequence[Price]]
"""The name of a tool and its prices."""


class _Shape(NamedTuple):
    """How something is sold. Prices of the same shape compare, and others do not."""

    sold: str
    """Words for the shape: `one person’s plan`."""
    scope: str
    """Words after “asks less”: `for one person`."""
    unit: tuple[str, ...] = ()
    """What usage is counted in."""


_ONE_PERSON = _Shape("one person’s plan", "for one person")
_SEATS = _Shape("a team’s", "per seat")
_FLAT = _Shape("a flat price", "for its first paid plan")
_ONCE = _Shape("paid once", "as a single payment")


def write_pricing_read(first: PricedTool, second: PricedTool) -> str:
    """Return a sentence or two on the prices of two tools."""
    tools = [(isolate_name(name), prices) for name, prices in (first, second)]
    kinds = [_find_entry_kind(prices) for _, prices in tools]
    paid = _compare_paid(*tools)
    if kinds == [PlanKind.FREE, PlanKind.FREE]:
        opening = "Both let you in for free."
    elif kinds == [None, None]:
        opening = "Nobody has entered a price for either of them yet."
    elif kinds == [PlanKind.PAID, PlanKind.PAID]:
        opening = ""  # the comparison states both
    elif paid and PlanKind.FREE in kinds:
        opening = f"Only {tools[kinds.index(PlanKind.FREE)][0]} lets you in for free."
    else:
        opening = f"{_describe_entry(*tools[0])}; {_describe_entry(*tools[1])}."
    beyond = [_describe_first_paid(*tool) for tool, kind in zip(tools, kinds, strict=True) if kind == PlanKind.FREE]
    return " ".join(filter(None, [opening, *([paid] if paid else beyond)]))


def _find_entry_kind(prices: Sequence[Price]) -> str | None:
    entry = find_entry_price(prices)
    return entry.kind if entry else None


def _describe_entry(name: str, prices: Sequence[Price]) -> str:
    entry = find_entry_price(prices)
    match entry.kind if entry else None:
        case PlanKind.FREE:
            return f"{name} lets you in for free"
        case PlanKind.PAID:
            return f"{name} starts at {_state_start(entry)}"
        case PlanKind.CONTACT:
            return f"{name} names no price before a talk with sales"
        case _:
            return f"no price of {name} is known to us"


def _describe_first_paid(name: str, prices: Sequence[Price]) -> str:
    paid = find_first_paid_price(prices)
    return f"{name} starts at {_state_start(paid)} once you pay." if paid else ""


def _state_start(price: Price | None) -> str:
    """Return a price after “starts at”, which says “from” already."""
    return _state(price._replace(is_from=False)) if price else ""


def _state(price: Price | None) -> str:
    """Return a price with the seats that it is sold for: `$19/seat/mo, five seats at least`."""
    if price is None:
        return ""
    least = price.minimum_seats or 1
    if price.maximum_seats == 1:
        return f"{price.words} for one person"
    return f"{price.words}, {spell_number(least)} seats at least" if least > 1 else price.words


def _compare_paid(first: PricedTool, second: PricedTool) -> str:
    """Return how the paid prices compare; "" if one of the tools has none."""
    (one, offers), (other, others) = ((name, _group_by_shape(prices)) for name, prices in (first, second))
    if not offers or not others:
        return ""
    if shared := [shape for shape in offers if shape in others and not NOT_ALIKE.intersection(shape.unit)]:
        pairs = [(shape, *_choose_alike(offers[shape], others[shape])) for shape in shared]
        return " ".join(_compare_alike(shape, one, left, other, right) for shape, left, right in pairs)
    left, right = (_find_cheapest(price for prices in found.values() for price in prices) for found in (offers, others))
    sold = _find_shape(left).sold, _find_shape(right).sold
    sides = [f"{_of(one)} {_state(left)}", f"{_of(other)} {_state(right)}"]
    if sold[0] != sold[1]:
        sides = [f"{sold[0]} ({one}, {_state_bare(left)})", f"{sold[1]} ({other}, {_state_bare(right)})"]
    return f"The paid plans do not compare like with like: {sides[0]} against {sides[1]}."


def _choose_alike(prices: Sequence[Price], others: Sequence[Price]) -> tuple[Price, Price]:
    """Return the cheapest price of each of two tools, preferring prices that both bill alike."""
    for is_yearly in (False, True):
        alike = [[price for price in side if _is_billed_yearly(price) == is_yearly] for side in (prices, others)]
        if all(alike):
            return _find_cheapest(alike[0]), _find_cheapest(alike[1])
    return _find_cheapest(prices), _find_cheapest(others)


def _is_billed_yearly(price: Price) -> bool:
    return price.billed_yearly or price.period == Period.YEAR


def _find_cheapest(prices: Iterable[Price]) -> Price:
    return min(prices, key=lambda price: price.rank)


def _state_bare(price: Price) -> str:
    """Return a price without what its shape says already."""
    return price.words if price.maximum_seats == 1 else _state(price)


def _of(name: str) -> str:
    return f"{name}’" if name.endswith("s") else f"{name}’s"


def _group_by_shape(prices: Iterable[Price]) -> dict[_Shape, list[Price]]:
    """Return the paid prices of each shape, in the order of the plans."""
    by_shape: dict[_Shape, list[Price]] = {}
    for price in prices:
        if price.kind == PlanKind.PAID:
            by_shape.setdefault(_find_shape(price), []).append(price)
    return by_shape


def _find_shape(price: Price) -> _Shape:
    if price.period == Period.USAGE:
        return _find_usage_shape(price)
    if price.period == Period.ONCE:
        return _ONCE
    if price.maximum_seats == 1:
        return _ONE_PERSON
    return _SEATS if price.per_seat else _FLAT


def _find_usage_shape(price: Price) -> _Shape:
    if price.amount is not None:
        return _Shape("a price per use", f"per {price.unit}", (price.unit.casefold(),))
    meters = tuple(rate.meter for rate in price.rates if rate.does_cost)
    tokens = {Meter.INPUT.value, Meter.OUTPUT.value}
    if tokens <= set(meters):
        return _Shape("a price per token", "per token", ("tokens",))
    scope = f"per {name_meter(meters[0], 1)}" if len(meters) == 1 else "per use"
    return _Shape("a price per use", scope, tuple(sorted(meters)))


def _compare_alike(shape: _Shape, first: str, one: Price, second: str, other: Price) -> str:
    """Return how two prices of one shape compare."""
    if one.currency != other.currency:
        both = f"{_of(first)} {_state(one)} and {_of(second)} {_state(other)}"
        return f"{both} are in different currencies, not converted here."
    if _state(one) == _state(other):
        return f"Both ask {_state(one)}."
    signs = {_sign(left - right) for left, right in zip(_figures(one), _figures(other), strict=True)} - {0}
    against = _set_against(one, other)
    if len(signs) == 1:
        cheaper, dear = (first, second) if signs == {-1} else (second, first)
        against = against if signs == {-1} else _set_against(other, one)
        return f"{cheaper} asks less {shape.scope} than {dear}: {against}."
    if not signs:
        return f"Both come to the same {shape.scope}: {against}."
    input_is_less = _figures(one)[0] < _figures(other)[0]
    reader, writer = (first, second) if input_is_less else (second, first)
    sides = f"{_of(first)} {one.words} against {_of(second)} {other.words}"
    return f"{reader} asks less for the input, {writer} for the output: {sides}."


def _set_against(one: Price, other: Price) -> str:
    left = _state_bare(one)
    return f"{left}{',' if ', ' in left else ''} against {_state_bare(other)}"


def _figures(price: Price) -> list[Decimal]:
    """Return the amounts of a price that compare with those of another price of its shape, in the same order."""
    if price.amount is not None:
        return [price.amount / 12 if price.period == Period.YEAR else price.amount]
    rates = {rate.meter: rate for rate in price.rates if rate.amount is not None}
    meters = [Meter.INPUT.value, Meter.OUTPUT.value]
    chosen = meters if set(meters) <= rates.keys() else sorted(rates)
    return [(rates[meter].amount or Decimal(0)) / (rates[meter].per or 1) for meter in chosen]


def _sign(number: Decimal) -> int:
    return (number > 0) - (number < 0)
