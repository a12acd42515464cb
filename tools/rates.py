"""The rates of a plan: what a meter costs, how much of it each month includes, and what happens beyond. No queries.

A plan stores its rates as a list of objects, which `are_rates` (tools/sql/rates.sql) checks again:
`{"meter": "input", "amount": "0.25", "per": 1000000, "included": 0, "beyond": "costs"}`. The amount is decimal digits,
so that no price goes through a binary fraction.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from tools.choices import Beyond, Meter

MAX_COUNT = 10**15  # of what a rate buys or includes
MAX_RATES = len(Meter)
AMOUNT_PLACES = 6  # decimals of an amount, as in the column of a plan's own amount

type StoredRate = dict[str, Any]
"""A rate as the database holds it."""

_SHORT = {"k": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
_COUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kKmMbBtT]?)")
_PLAIN_COUNT = re.compile(r"[1-9][0-9]{0,2}([ ,_'\u00a0\u202f])[0-9]{3}(\1[0-9]{3})*")


class Rate(NamedTuple):
    """What a plan says about one meter.

    Each month includes `included` of it. Beyond that, `amount` buys `per` of it, or it stops or slows down, and then
    both are None.
    """

    meter: str
    amount: Decimal | None = None
    per: int | None = None
    included: int = 0
    beyond: str = Beyond.COSTS.value

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Rate":
        """Return a rate as the database holds it."""
        amount = stored["amount"]
        return cls(
            stored["meter"],
            None if amount is None else Decimal(amount),
            stored["per"],
            int(stored["included"]),
            stored["beyond"],
        )

    @property
    def stored(self) -> StoredRate:
        """The rate as the database holds it."""
        amount = None if self.amount is None else f"{self.amount.normalize():f}"
        return {**self._asdict(), "amount": amount}

    @property
    def does_cost(self) -> bool:
        return self.beyond == Beyond.COSTS

    @property
    def label(self) -> str:
        """What is counted: `input tokens`."""
        return str(Meter(self.meter).label)

    @property
    def line(self) -> str:
        """The rate as one line: `input: 0.25 per 1M`, `request: 300 included, then 0.04 per 1`.

        `read_rate_line` reads it again.
        """
        price = f"{self.amount.normalize():f} per {format_count(self.per or 1)}" if self.amount is not None else ""
        if not self.included:
            return f"{self.meter}: {price or self.beyond}"
        return f"{self.meter}: {format_count(self.included)} included, then {price or self.beyond}"


def read_rates(stored: Iterable[Mapping[str, Any]] | None) -> tuple[Rate, ...]:
    """Return the rates of a plan as the database holds them."""
    return tuple(map(Rate.of, stored or ()))


def find_rate_errors(rates: Sequence[Rate]) -> dict[int, str]:
    """Return a message per rate that is inconsistent, by its place; {} if all are sound.

    This is the rule that the constraint of `Plan` enforces, in words for forms and files.
    """
    errors = {place: error for place, rate in enumerate(rates) if (error := _find_error(rate))}
    seen: set[str] = set()
    for place, rate in enumerate(rates):
        if rate.meter in seen:
            errors.setdefault(place, f"There is another rate for {rate.label}; a plan has one per meter.")
        seen.add(rate.meter)
    return errors


def _find_error(rate: Rate) -> str:
    if rate.included < 0 or rate.included > MAX_COUNT or (rate.per or 1) > MAX_COUNT:
        return f"Counts are whole numbers from 0 to {format_count(MAX_COUNT)}."
    if rate.does_cost:
        if rate.amount is None or rate.per is None:
            return "A rate that costs needs an amount, and how many of the meter it buys, such as 1M."
        if rate.amount <= 0 or rate.per < 1:
            return "A rate that costs needs an amount above 0 for at least 1 of the meter."
        if rate.amount >= 10**8 or rate.amount != round(rate.amount, AMOUNT_PLACES):
            return "An amount has at most 8 digits before and 6 after the decimal point."
        return ""
    if rate.amount is not None or rate.per is not None:
        return "What stops or slows down has no amount and no “per”."
    return "" if rate.included else "What stops or slows down needs a number that each month includes."


def name_meter(meter: str, count: int) -> str:
    """Return what a meter counts: `request`, `requests`."""
    plural = str(Meter(meter).label)
    return plural.removesuffix("s") if count == 1 else plural


def format_count(count: int | Decimal) -> str:
    """Return a number of tokens, requests, or the like in short: `1M`, `2,000`, `1.5M`, `10k`, `1,250,500`."""
    for letter, size in reversed(_SHORT.items()):
        scaled = Decimal(count) / size
        if scaled >= (10 if letter == "k" else 1) and scaled == round(scaled, 2) and (scaled < 1000 or letter == "T"):
            return f"{scaled.normalize():f}{letter}"
    return f"{Decimal(count).normalize():,f}"


def parse_count(text: str) -> int:
    """Return a number as people write it: `50M`, `1.5b`, `10 k`, `2,000`, `2000`. Raises ValueError with a message."""
    text = text.strip()
    if _PLAIN_COUNT.fullmatch(text):
        text = re.sub(r"[^0-9]", "", text)
    match = _COUNT.fullmatch(text)
    if not match or len(text) > 20:
        raise ValueError("Write a number such as 2000, 10k, 50M, or 1.5B.")
    letter = match[2].lower()
    number = Decimal(match[1]) * (_SHORT[letter if letter == "k" else letter.upper()] if letter else 1)
    if number != int(number):
        raise ValueError("Write a whole number.")
    if number > MAX_COUNT:
        raise ValueError(f"This is more than {format_count(MAX_COUNT)}.")
    return int(number)


_LINE = re.compile(
    r"(?P<meter>[a-z-]+)\s*:\s*(?:(?P<included>[^ ,]+(?:,[0-9]{3})*)\s+included,?\s+then\s+)?"
    r"(?:(?P<amount>[0-9]+(?:\.[0-9]+)?)\s+per\s+(?P<per>.+)|(?P<beyond>costs|stops|slows))",
    re.IGNORECASE,
)


def read_rate_line(line: str) -> Rate:
    """Return the rate of a line as `Rate.line` writes it. Raises ValueError with a message."""
    match = _LINE.fullmatch(line.strip())
    if match is None:
        raise ValueError(
            f"“{line.strip()[:60]}” is not a rate such as “input: 0.25 per 1M” or “request: 300 included, then stops”."
        )
    meter = match["meter"].lower()
    if meter not in Meter.values:
        raise ValueError(f"“{meter}” is not one of {', '.join(Meter.values)}.")
    return Rate(
        meter,
        Decimal(match["amount"]) if match["amount"] else None,
        parse_count(match["per"]) if match["per"] else None,
        parse_count(match["included"]) if match["included"] else 0,
        (match["beyond"] or Beyond.COSTS.value).lower(),
    )


def write_rate_lines(stored: Iterable[Mapping[str, Any]] | None) -> str:
    """Return rates with one line each."""
    return "\n".join(rate.line for rate in read_rates(stored))


def is_stored_rates(value: object) -> bool:
    """Return whether a value is a list of rates as the database holds them, and not some other list."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) and "meter" in one for one in value)
