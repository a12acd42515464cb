"""What would it cost me? The form, and what each tool would cost for what a reader enters. No queries."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple
from urllib.parse import urlencode

from comparisons.addresses import add_query
from comparisons.shaping.cost_chart import CostChart, choose_axis, draw_costs
from comparisons.shaping.pricing_read import NOT_ALIKE
from tools.choices import Meter, Period, PlanKind
from tools.costs import (
    Bill,
    Usage,
    compute_bill,
    find_cheapest,
    find_sold_meters,
    format_cost,
    name_meters,
    round_to_cent,
)
from tools.presets import MAX_SEATS, Preset
from tools.prices import Price
from tools.rates import MAX_COUNT, format_count, parse_count
from web.caching import process_cache
from web.words import isolate_name, join_words

SEATS = "seats"
_LABELS = {SEATS: "Seats", **{meter: str(label).capitalize() for meter, label in Meter.choices}} | {
    Meter.GIGABYTE.value: "GB",
    Meter.GPU_HOUR.value: "GPU hours",
}

type Typed = tuple[tuple[str, str], ...]
"""What a reader typed: (field, text), for fields that are not empty."""


class BillablePlan(NamedTuple):
    """A plan of a tool, and a sentence on when its price was verified if that is doubtful (else "")."""

    name: str
    price: Price
    doubt: str = ""


class BillableTool(NamedTuple):
    """A tool with its plans and the presets of its category."""

    name: str
    plans: tuple[BillablePlan, ...]
    presets: tuple[Preset, ...] = ()


class CostField(NamedTuple):
    """A field of the form, as typed, with an error if it cannot be read."""

    name: str
    label: str
    value: str
    error: str


class Figure(NamedTuple):
    """What a tool costs: `$190`, on which plan, and the arithmetic: (words, amount) line by line."""

    plan: str
    words: str
    lines: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    bill: Bill
    share: float | None = None
    """Percent of the dearest one; None if they cannot be compared."""


class ToolEstimate(NamedTuple):
    """What a tool costs: a figure for the cheapest plan that fits, or one per currency; what the other plans come to.

    `reason` says why there is no figure.
    """

    name: str
    figures: tuple[Figure, ...]
    others: tuple[tuple[str, str], ...]
    reason: str


class Estimate(NamedTuple):
    """The form and its answer. Without `is_asked`, only the form."""

    fields: tuple[CostField, ...]
    presets: tuple[tuple[str, str], ...]
    """Name and query string of each preset."""
    is_asked: bool
    tools: tuple[ToolEstimate, ...]
    summary: str
    chart: CostChart | None
    cheaper: int | None = None
    """The place of the cheaper one of two tools; None if they cost the same or cannot be compared."""


class CostSection(NamedTuple):
    """What `comparisons/_cost.html` takes: an estimate at an address."""

    estimate: Estimate
    action: str
    hidden: tuple[tuple[str, str], ...]
    """What else the reader selected, as fields of the form."""
    presets: tuple[tuple[str, str], ...]
    """Name and address of each preset."""
    bare: str
    """The address without the form's fields."""


def format_query(typed: Typed) -> str:
    """Return what was typed as a query string."""
    return urlencode(typed)


def build_section(
    tools: tuple[BillableTool, ...], typed: Typed, *, here: str, hidden: Sequence[tuple[str, str]] = ()
) -> CostSection | None:
    """Return the form at the path `here` and its answer; None for tools whose price no usage changes.

    `hidden` are the other parts of the query string, which the form keeps.
    """
    estimate = build_estimate(tools, typed)
    if estimate is None:
        return None
    kept = urlencode(hidden, safe=",")
    presets = tuple((name, add_query(here, kept, query)) for name, query in estimate.presets)
    return CostSection(estimate, here, tuple(hidden), presets, add_query(here, kept))


@process_cache(maxsize=512)
def build_estimate(tools: tuple[BillableTool, ...], typed: Typed) -> Estimate | None:
    """Return the form, and what each tool would cost. None for tools whose price no usage changes."""
    meters = _find_meters(tools)
    names = [*([SEATS] if _depend_on_seats(tools) else []), *meters]
    if not names:
        return None
    texts = dict(typed)
    fields, numbers = _read_fields(names, texts)
    presets = tuple(_list_presets(tools, names))
    is_asked = bool(numbers) or any(field.error for field in fields)
    if not numbers or any(field.error for field in fields):
        return Estimate(fields, presets, is_asked, (), "", None)
    usage = Usage.of(numbers, seats=numbers.get(SEATS, 1))
    has_use = any(meter in numbers for meter in meters)
    offers = [_Offer(tool, tool.plans, has_use) for tool in tools]
    answers = tuple(_estimate_tool(offer, usage) for offer in offers)
    if obstacle := _find_obstacle(tools, numbers, answers):
        return Estimate(fields, presets, is_asked, answers, obstacle, None)
    if len(tools) == 1:  # its plans are compared with each other
        offers = [_Offer(tools[0], (plan,), has_use) for plan in tools[0].plans]
    chart = _draw(offers, usage, has_seats=SEATS in numbers, meters=meters)
    summary, cheaper = _summarize(answers), _find_cheaper(answers)
    return Estimate(fields, presets, is_asked, _measure(answers), summary, chart, cheaper)


def _find_cheaper(answers: Sequence[ToolEstimate]) -> int | None:
    """Return the place of the cheaper one of two tools with one figure each, in one currency; else None."""
    bills = [answer.figures[0].bill for answer in answers if len(answer.figures) == 1]
    amounts = [bill.amount for bill in bills if bill.amount is not None]
    currencies = {bill.currency for bill in bills} - {None}
    if len(answers) != 2 or len(amounts) != 2 or len(currencies) > 1 or amounts[0] == amounts[1]:
        return None
    return amounts.index(min(amounts))


def _measure(answers: Sequence[ToolEstimate]) -> tuple[ToolEstimate, ...]:
    """Return answers that compare with the share of each figure; as they are if there is nothing to compare with."""
    amounts = [figure.bill.amount or Fraction() for answer in answers for figure in answer.figures]
    top = max(amounts, default=Fraction())
    if not top or sum(bool(answer.figures) for answer in answers) < 2:
        return tuple(answers)

    def measure(figure: Figure) -> Figure:
        return figure._replace(share=round(float((figure.bill.amount or Fraction()) / top * 100), 1))

    return tuple(answer._replace(figures=tuple(map(measure, answer.figures))) for answer in answers)


def _find_obstacle(tools: Sequence[BillableTool], numbers: Mapping[str, int], answers: Sequence[ToolEstimate]) -> str:
    """Return in a sentence why what the tools cost does not compare; "" if it does, or if only one has a figure."""
    if unlike := _find_unlike(tools, numbers):
        return f"{unlike[0].upper()}{unlike[1:]} are not the same in different tools, so these are not compared."
    known = [answer.figures for answer in answers if answer.figures]
    bills = [figure.bill for figures in known for figure in figures]
    if len(known) < 2:
        return ""
    if len({bill.currency for bill in bills if bill.amount}) > 1:
        return "Their prices are in different currencies, which we do not convert, so they are not compared."
    least = min(bill.amount or 0 for bill in bills)
    best = [bill for bill in bills if bill.amount == least]
    if meters := _find_left_out(bills, best):
        return f"Only some of them count {name_meters(meters)}, as far as we know, so these are not compared."
    if any(bill.is_least for bill in best):
        return "A “from” price only says where it starts, so these are not compared."
    return ""


def _find_left_out(bills: Sequence[Bill], best: Sequence[Bill]) -> tuple[str, ...]:
    """Return the meters that one of the `best` bills leaves out and another bill counts: those do not compare."""
    for bill in best:
        if meters := tuple(meter for meter in bill.uncounted if any(meter not in other.uncounted for other in bills)):
            return meters
    return ()


def _find_unlike(tools: Sequence[BillableTool], numbers: Mapping[str, int]) -> str:
    """Return what was entered and is not the same in every tool, such as credits; "" if there is nothing.

    It need not be counted by more than one tool: who rents no GPU from the other one has to get it elsewhere.
    """
    entered = [meter for meter in _find_meters(tools) if meter in NOT_ALIKE and numbers.get(meter)]
    return str(Meter(entered[0]).label) if entered and len(tools) > 1 else ""


def _find_meters(tools: Sequence[BillableTool]) -> list[str]:
    """Return the meters that these plans have rates for, in the order of `Meter`."""
    found = {rate.meter for tool in tools for plan in tool.plans for rate in plan.price.rates}
    return [meter for meter in Meter.values if meter in found]


def _depend_on_seats(tools: Sequence[BillableTool]) -> bool:
    prices = [plan.price for tool in tools for plan in tool.plans if plan.price.kind != PlanKind.CONTACT]
    return any(price.per_seat or price.maximum_seats is not None for price in prices)


def _read_fields(names: Sequence[str], texts: Mapping[str, str]) -> tuple[tuple[CostField, ...], dict[str, int]]:
    """Return the fields as typed, and the number in each field that can be read."""
    fields, numbers = [], {}
    for name in names:
        text, error = texts.get(name, ""), ""
        if text:
            try:
                numbers[name] = _read_number(name, text)
            except ValueError as problem:
                error = str(problem)
        fields.append(CostField(name, _LABELS[name], text, error))
    return tuple(fields), numbers


def _read_number(name: str, text: str) -> int:
    number = parse_count(text)
    if name == SEATS and not 1 <= number <= MAX_SEATS:
        raise ValueError(f"Write a number from 1 to {MAX_SEATS:,}.")
    return min(number, MAX_COUNT)


def _list_presets(tools: Sequence[BillableTool], names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the name and query string of each preset that says something about these plans."""
    presets = dict.fromkeys(preset for tool in tools for preset in tool.presets)
    listed: dict[str, str] = {}
    for preset in presets:
        seats = [(SEATS, str(preset.seats))] if preset.seats is not None else []
        used = [*seats, *((meter, format_count(number)) for meter, number in preset.usage)]
        if query := urlencode([(name, text) for name, text in used if name in names], safe=","):
            listed.setdefault(preset.name, query)
    return list(listed.items())


# -- One tool -----------------------------------------------------------------------------------------------


class _Offer(NamedTuple):
    """Plans of a tool: all of them, or one. Without `has_use`, the reader entered nothing but seats."""

    tool: BillableTool
    plans: tuple[BillablePlan, ...]
    has_use: bool

    @property
    def name(self) -> str:
        return self.plans[0].name if len(self.plans) < len(self.tool.plans) else isolate_name(self.tool.name)

    def compute_bills(self, usage: Usage) -> dict[Bill, BillablePlan]:
        prices = [plan.price for plan in self.tool.plans]
        bills = {}
        for plan in self.plans:
            is_by_use = plan.price.period == Period.USAGE and plan.price.amount is None
            if is_by_use and not self.has_use:
                bill = Bill(plan.name, missing=f"It is priced by use ({plan.price.words}). Enter how much.")
            else:
                sold = find_sold_meters(prices, besides=plan.price)
                bill = compute_bill(plan.name, plan.price, usage, sold=sold)
            bills[bill] = plan
        return bills

    def find_cost(self, usage: Usage) -> Fraction | None:
        """Return what the cheapest of the plans costs; None if none fits, or if that price only starts there."""
        cheapest = find_cheapest(self.compute_bills(usage))
        return cheapest[0].amount if cheapest and not cheapest[0].is_least else None


def _estimate_tool(offer: _Offer, usage: Usage) -> ToolEstimate:
    tool, bills = offer.tool, offer.compute_bills(usage)
    cheapest = find_cheapest(bills)
    others = tuple((bill.plan, _describe_other(bill)) for bill in bills if bill not in cheapest)
    figures = tuple(_build_figure(bill, bills[bill].doubt) for bill in cheapest)
    if figures:
        return ToolEstimate(tool.name, figures, others, "")
    if not bills:
        return ToolEstimate(tool.name, (), (), "No price of it is known to us.")
    if all(bill.obstacle for bill in bills):
        return ToolEstimate(tool.name, (), others, "No plan fits.")
    return ToolEstimate(tool.name, (), others, "Cannot be computed.")


def _build_figure(bill: Bill, doubt: str) -> Figure:
    currency = bill.currency or ""
    lines = tuple((line.words, format_cost(line.amount, currency) if currency else "") for line in bill.lines)
    notes = (*bill.notes, *filter(None, [doubt]))
    return Figure(bill.plan, bill.words, lines, notes, bill)


def _describe_other(bill: Bill) -> str:
    """Return what another plan comes to, or why it does not."""
    return bill.obstacle or bill.missing or f"{bill.words} a month"


# -- All tools together -------------------------------------------------------------------------------------


def _summarize(answers: Sequence[ToolEstimate]) -> str:
    """Return a sentence on which tool costs less; "" for one tool, or if only one has a figure."""
    known = [(isolate_name(answer.name), answer.figures) for answer in answers if answer.figures]
    if len(known) < 2:
        return ""
    bills = [(name, figure.bill) for name, figures in known for figure in figures]
    ranked = sorted(bills, key=lambda named: named[1].amount or 0)
    least = ranked[0][1]
    best = [name for name, bill in ranked if bill.amount == least.amount]
    if len(best) == len(ranked):
        return f"{'Both' if len(best) == 2 else 'All'} come to {least.words} a month."
    comes = f"{'comes' if len(best) == 1 else 'come'} {'cheaper' if len(ranked) == 2 else 'cheapest'}"
    against = join_words([f"{bill.words} for {name}" for name, bill in ranked[len(best) :]])
    return f"{join_words(best)} {comes}: {least.words} a month, against {against}."


def _draw(offers: Sequence[_Offer], usage: Usage, *, has_seats: bool, meters: Sequence[str]) -> CostChart | None:
    """Return the drawing of what has a figure, if it is all in one currency."""
    axis = choose_axis(usage, has_seats=has_seats, meters=meters)
    currencies = {plan.price.currency for offer in offers for plan in offer.plans if plan.price.currency}
    if axis is None or len(currencies) != 1:
        return None
    return draw_costs(axis, [(offer.name, offer.find_cost) for offer in offers], currencies.pop())


# -- For programs -------------------------------------------------------------------------------------------


def describe_for_programs(answer: ToolEstimate) -> dict[str, Any]:
    """Return what a tool costs as the JSON documents state it."""
    return {
        "figures": [
            {
                "plan": figure.plan,
                "amount": f"{round_to_cent(figure.bill.amount or Fraction(), figure.bill.currency or '')}",
                "currency": figure.bill.currency,
                "is_least": figure.bill.is_least,
                "words": figure.words,
                "lines": [{"words": words, "amount": amount} for words, amount in figure.lines],
                "notes": list(figure.notes),
            }
            for figure in answer.figures
        ],
        "others": [{"plan": plan, "words": words} for plan, words in answer.others],
        "reason": answer.reason,
    }
