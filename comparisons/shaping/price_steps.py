"""The prices of a tool over time: a step line per plan, true to time, with a table as its text.

A price that was wrong never was one: the line has the right one instead, and the table says what we had said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from comparisons.reading.records import PlanSpan
from tools.choices import PlanKind
from tools.prices import Price, are_alike, describe_change, format_amount
from tools.rates import Rate
from web import clock
from web.folding import sort_key
from web.words import format_day

HEIGHT = 76  # of a drawing, in CSS pixels
_TOP, _BOTTOM = 24, 64  # where the highest price and nothing at all are drawn
_LABEL_WIDTH = 26.0  # percent of the width that a label needs on a phone


class PricePeriod(NamedTuple):
    """A price as the table lists it: from and until which day, in words, and how it compares with the one before."""

    since: str
    until: str
    words: str
    remark: str


class StepMark(NamedTuple):
    """A line of the drawing, along a price or up or down to the next. `x` are percent of the width, `y` pixels."""

    x1: str
    x2: str
    y1: str
    y2: str


class StepLabel(NamedTuple):
    """A price written above its line; `anchor` is the end of the text that is at `x`."""

    x: str
    y: str
    anchor: str
    words: str


@dataclass(frozen=True, slots=True)
class StepDrawing:
    marks: list[StepMark]
    labels: list[StepLabel]
    measure: str
    """What the line is the price of, such as `input tokens`; "" for the price itself."""


@dataclass(frozen=True, slots=True)
class PlanHistory:
    """A plan whose price changed: its periods, newest first, and a drawing if two of its prices can be compared."""

    name: str
    periods: list[PricePeriod]
    drawing: StepDrawing | None


class PriceStep(NamedTuple):
    """A price that held from one time until another."""

    price: Price
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """The plans whose prices changed, all on one scale: from the first day to today."""

    first: str
    plans: list[PlanHistory]


def build_price_history(spans: Sequence[PlanSpan], *, today: date) -> PriceHistory | None:
    """Return the prices of a tool over time; None if no plan ever had another one."""
    told = [span for span in spans if span["since"] is not None]
    lines = [line for line in follow_plans(told) if len(line) > 1]
    if not lines:
        return None
    start, end = min(_since(span) for span in told), clock.start_of(today + timedelta(days=1))
    return PriceHistory(
        format_day(start.date()),
        [
            PlanHistory(
                line[-1]["name"],
                list(_list_periods(line))[::-1],
                _draw(list(merge_steps(line, until=end)), start, end),
            )
            for line in lines
        ],
    )


def follow_plans(spans: Sequence[PlanSpan]) -> list[list[PlanSpan]]:
    """Return the prices of each plan, oldest first, even if it was renamed or not offered for a while."""
    lines: list[list[PlanSpan]] = []
    ended: dict[tuple[str, datetime], list[PlanSpan]] = {}
    for span in sorted(spans, key=_since):
        since, name = _since(span), span["name"]
        line = ended.get((span["renamed_from"] or name, since))
        if line is None:
            line = next((one for one in lines if one[-1]["name"] == name and one[-1]["superseded_at"]), None)
        if line is None:
            lines.append(line := [])
        line.append(span)
        if span["superseded_at"]:
            ended[name, datetime.fromisoformat(span["superseded_at"])] = line
    return sorted(lines, key=lambda line: (bool(line[-1]["superseded_at"]), sort_key(line[-1]["name"])))


def merge_steps(line: Sequence[PlanSpan], *, until: datetime) -> Iterator[PriceStep]:
    """Yield the prices that a plan really had, oldest first; the current one until a given time.

    What was wrong had the price that replaced it. What was wrong and replaced by nothing was no price.
    """
    wrong_since: datetime | None = None
    wrong_until: datetime | None = None
    for span in line:
        since, end = _since(span), _until(span) or until
        if wrong_since and wrong_until == since:
            since = wrong_since
        if span["correction"]:
            wrong_since, wrong_until = since, end
        else:
            wrong_since = wrong_until = None
            yield PriceStep(Price.of_record(span), since, end)


def _list_periods(line: Sequence[PlanSpan]) -> Iterator[PricePeriod]:
    """Yield the rows of the table, oldest first."""
    before: Price | None = None
    name = line[0]["name"]
    for span in line:
        price, until = Price.of_record(span), _until(span)
        remarks = [f"now called {span['name']}"] if span["name"] != name else []
        if span["correction"]:
            remarks.append("we had this wrong")
        elif before and before.kind == PlanKind.FREE != price.kind:
            remarks.append("no longer free")
        elif before:
            remarks.append(describe_change(before, price))
        yield PricePeriod(
            format_day(_since(span).date()),
            format_day(until.date()) if until else "today",
            ", ".join([price.words, *price.details]),
            ", ".join(filter(None, remarks)),
        )
        name = span["name"]
        if not span["correction"]:
            before = price


def _draw(steps: Sequence[PriceStep], start: datetime, end: datetime) -> StepDrawing | None:
    """Draw prices that can be compared with the newest amount; free is nothing. None if there are not two of them.

    Prices by use are drawn by one of their rates.
    """
    newest = next((step.price for step in reversed(steps) if step.price.kind == PlanKind.PAID), None)
    if newest is None:
        return None
    alike = [step for step in steps if step.price.kind == PlanKind.FREE or are_alike(step.price, newest)]
    rate = _choose_rate([step.price for step in alike], newest) if newest.amount is None else None
    drawn = [(step, amount) for step in alike if (amount := _find_amount(step.price, rate)) is not None]
    top = max((amount for _, amount in drawn), default=Decimal(0))
    if len(drawn) < 2 or not top:
        return None

    def x(at: datetime) -> float:
        return (at - start) / (end - start) * 100

    def y(amount: Decimal) -> str:
        return f"{_BOTTOM - (_BOTTOM - _TOP) * float(amount / top):.1f}"

    def name(step: PriceStep, amount: Decimal) -> str:
        return format_amount(amount, step.price.currency) if rate and step.price.currency else step.price.words

    marks, labels = [], []
    for place, (step, amount) in enumerate(drawn):
        marks.append(StepMark(_percent(x(step.since)), _percent(x(step.until)), y(amount), y(amount)))
        if place + 1 < len(drawn) and drawn[place + 1][0].since == step.until:
            at = _percent(x(step.until))
            marks.append(StepMark(at, at, y(amount), y(drawn[place + 1][1])))
    free_from, last = 0.0, drawn[-1]
    for step, amount in drawn[:-1]:
        if x(step.since) >= free_from and x(step.since) + _LABEL_WIDTH <= x(last[0].until) - _LABEL_WIDTH:
            labels.append(StepLabel(_percent(x(step.since)), _above(y(amount)), "start", name(step, amount)))
            free_from = x(step.since) + _LABEL_WIDTH
    labels.append(StepLabel(_percent(x(last[0].until)), _above(y(last[1])), "end", name(*last)))
    return StepDrawing(marks, labels, rate.label if rate else "")


def _choose_rate(prices: Sequence[Price], newest: Price) -> Rate | None:
    """Return the rate of the newest price by which prices are drawn: the first one that was another before."""
    rates = [rate for rate in newest.rates if rate.does_cost]
    amounts = {rate: {_find_amount(price, rate) for price in prices if price.kind == PlanKind.PAID} for rate in rates}
    return next((rate for rate in rates if len(amounts[rate] - {None}) > 1), rates[0] if rates else None)


def _find_amount(price: Price, rate: Rate | None) -> Decimal | None:
    """Return what a price is drawn as: its amount, or that of the rate with the same meter; None if it has none."""
    if price.kind == PlanKind.FREE:
        return Decimal(0)
    if rate is None:
        return price.amount
    return next((one.amount for one in price.rates if (one.meter, one.per) == (rate.meter, rate.per)), None)


def _percent(share: float) -> str:
    return f"{share:.1f}%"


def _above(y: str) -> str:
    return f"{float(y) - 6:.1f}"


def _since(span: PlanSpan) -> datetime:
    return datetime.fromisoformat(span["since"] or "")


def _until(span: PlanSpan) -> datetime | None:
    return datetime.fromisoformat(span["superseded_at"]) if span["superseded_at"] else None
