"""A drawing of what tools cost against seats or usage, and where the cheapest one changes. No queries."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from tools.costs import Usage, format_cost
from tools.rates import format_count, name_meter
from web.words import join_words

WIDTH, HEIGHT = 600, 160  # of the drawing, in its own units; it stretches to its place
_DASH = 6  # units that a line of one point is long
STEPS = 30  # between the ends of the drawing
MAX_LINES = 4
_SEATS_AT_LEAST = 20  # on the axis
_LOOK_AHEAD = 10  # times what was asked for: how far a change is looked for
MAX_STRETCHES = 3  # stated in words
_FIGURES = 2  # of a number of tokens at which the cheapest changes

type Cost = Callable[[Usage], Fraction | None]
"""What something costs a month; None if that is not known or it does not fit."""


class Axis(NamedTuple):
    """What the drawing varies: seats, or all the usage in proportion, measured by its first meter."""

    usage: Usage
    meter: str  # "" for seats

    @property
    def asked(self) -> int:
        return dict(self.usage.meters)[self.meter] if self.meter else self.usage.seats

    def at(self, number: int) -> Usage:
        """Return the usage with so many seats, or so much of the meter and the others in proportion."""
        if not self.meter:
            return self.usage._replace(seats=number)
        asked = self.asked
        return self.usage._replace(meters=tuple((meter, count * number // asked) for meter, count in self.usage.meters))

    def name(self, number: int) -> str:
        """Return `34 seats` or `120M input tokens`."""
        if not self.meter:
            return f"{number:,} {'seat' if number == 1 else 'seats'}"
        return f"{format_count(number)} {name_meter(self.meter, number)}"


class ChartLine(NamedTuple):
    """One line: its name, its key, and runs of points for `<polyline points>`.

    The key is a number from 1: its place among what is compared, or among the lines if more than MAX_LINES are.
    """

    name: str
    key: int
    runs: tuple[str, ...]


class ChartMark(NamedTuple):
    """A line from top to bottom at a percent of the width, at most 50, and a label at its right."""

    x: str
    words: str


class CostChart(NamedTuple):
    """The drawing, and the words that say the same."""

    lines: tuple[ChartLine, ...]
    start: str
    end: str
    top: str
    """The greatest amount on it."""
    mark: ChartMark
    """What was asked for."""
    change: tuple[str, str] | None
    """Where the cheapest one changes first: in percent from the left and from the top; None if it does not."""
    words: str
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def label(self) -> str:
        """The words for those who do not see the drawing."""
        return f"The cost a month from {self.start} to {self.end}. {self.words} {self.mark.words}."


def choose_axis(usage: Usage, *, has_seats: bool, meters: Sequence[str]) -> Axis | None:
    """Return what to vary: seats if they matter and were given, else the usage; None if nothing was given.

    `has_seats` is whether seats were given and matter, `meters` the meters that do.
    """
    if has_seats:
        return Axis(usage, "")
    used = [meter for meter, _ in usage.meters if meter in meters]
    return Axis(usage, used[0]) if used else None


def draw_costs(axis: Axis, costs: Sequence[tuple[str, Cost]], currency: str) -> CostChart | None:
    """Return the drawing of what each of the named `costs` comes to, all in one currency.

    None if fewer than two lines have anything to show, as there is then nothing to compare.
    """
    first = 1 if not axis.meter else 0
    least = 0 if axis.meter else _SEATS_AT_LEAST
    ahead = max(axis.asked * _LOOK_AHEAD, least)
    stretches = _find_stretches(axis, [cost for _, cost in costs], ahead)
    last = max([axis.asked * 2, least, *(start * 5 // 4 for start, _ in stretches[1:2])])
    numbers = sorted({first + (last - first) * step // STEPS for step in range(STEPS + 1)} | {axis.asked})
    rows = {place: [cost(axis.at(number)) for number in numbers] for place, (_, cost) in enumerate(costs)}
    known = [place for place, row in rows.items() if any(amount is not None for amount in row)]
    chosen = _choose_lines(known, stretches)
    amounts = [amount for place in chosen for amount in rows[place] if amount is not None]
    if len(chosen) < 2 or not any(amounts):
        return None
    top = max(amounts)

    def place(number: int) -> Fraction:
        return Fraction(WIDTH * (number - first), max(1, last - first))

    lines = tuple(
        ChartLine(
            costs[line][0],
            number if len(costs) > MAX_LINES else line + 1,
            _draw_runs([place(one) for one in numbers], rows[line], top),
        )
        for number, line in enumerate(chosen, start=1)
    )
    words = _describe_stretches(axis, {line: costs[line][0] for line in known}, stretches, ahead)
    return CostChart(
        lines,
        axis.name(first),
        axis.name(last),
        format_cost(top, currency),
        _place_mark(axis, place(axis.asked)),
        _find_change(costs, stretches, axis, last=last, top=top, place=place),
        words,
    )


def _place_mark(axis: Axis, x: Fraction) -> ChartMark:
    return ChartMark(_percent(x / WIDTH), f"You: {axis.name(axis.asked)}")


def _find_change(
    costs: Sequence[tuple[str, Cost]],
    stretches: Sequence[tuple[int, tuple[int, ...]]],
    axis: Axis,
    *,
    last: int,
    top: Fraction,
    place: Callable[[int], Fraction],
) -> tuple[str, str] | None:
    """Return where one cheapest tool takes over from another, if it is drawn."""
    if len(stretches) < 2 or not stretches[0][1] or not stretches[1][1] or stretches[1][0] > last:
        return None
    number, (cheapest, *_) = stretches[1]
    amount = costs[cheapest][1](axis.at(number))
    return None if amount is None else (_percent(place(number) / WIDTH), _percent(1 - amount / top))


def _percent(share: Fraction) -> str:
    return f"{_round(share * 100)}%"


def _choose_lines(known: Sequence[int], stretches: Sequence[tuple[int, tuple[int, ...]]]) -> list[int]:
    """Return the places of at most MAX_LINES lines, in order. Lines that are cheapest somewhere take precedence."""
    cheapest = dict.fromkeys(place for _, places in stretches for place in places)
    return sorted(list(dict.fromkeys([*(place for place in cheapest if place in known), *known]))[:MAX_LINES])


def _round(number: Fraction) -> str:
    return f"{float(number):.1f}".removesuffix(".0")


def _draw_runs(places: Sequence[Fraction], amounts: Sequence[Fraction | None], top: Fraction) -> tuple[str, ...]:
    """Return the points of each unbroken run of amounts. A single point is drawn as a short dash."""
    runs: list[list[tuple[Fraction, Fraction]]] = [[]]
    for place, amount in zip(places, amounts, strict=True):
        if amount is None:
            runs.append([])
        else:
            runs[-1].append((place, HEIGHT * (1 - amount / top)))
    dashes = [run if len(run) > 1 else [*run, (run[0][0] + _DASH, run[0][1])] for run in runs if run]
    return tuple(" ".join(f"{_round(x)},{_round(y)}" for x, y in _keep_corners(run)) for run in dashes)


def _keep_corners(run: Sequence[tuple[Fraction, Fraction]]) -> list[tuple[Fraction, Fraction]]:
    """Leave out the points at which a line goes straight on."""
    kept = list(run[:1])
    for (x, y), (next_x, next_y) in pairwise(run[1:]):
        last_x, last_y = kept[-1]
        if (y - last_y) * (next_x - x) != (next_y - y) * (x - last_x):
            kept.append((x, y))
    return [*kept, *run[-1:]]


def _find_cheapest(costs: Sequence[Cost], usage: Usage) -> tuple[int, ...]:
    """Return the places of the cheapest of `costs`: several if they cost the same, none if nothing is known."""
    known = [(amount, place) for place, cost in enumerate(costs) if (amount := cost(usage)) is not None]
    least = min(known)[0] if known else None
    return tuple(place for amount, place in known if amount == least)


def _find_stretches(axis: Axis, costs: Sequence[Cost], ahead: int) -> list[tuple[int, tuple[int, ...]]]:
    """Return (first number, the cheapest from there on, none if none fits) for each stretch of the axis up to `ahead`.

    Usage near nothing is left out: it costs nothing everywhere.
    """
    first = max(1, ahead // (4 * STEPS)) if axis.meter else 1
    numbers = sorted({first + (ahead - first) * step // (2 * STEPS) for step in range(2 * STEPS + 1)})
    stretches = [(first, _find_cheapest(costs, axis.at(first)))]
    for low, high in pairwise(numbers):
        if (after := _find_cheapest(costs, axis.at(high))) == stretches[-1][1]:
            continue
        while high - low > max(1, low // 1000):
            middle = (low + high) // 2
            is_before = _find_cheapest(costs, axis.at(middle)) == stretches[-1][1]
            low, high = (middle, high) if is_before else (low, middle)
        stretches.append((high, after))
    return stretches


def _describe_stretches(
    axis: Axis, names: Mapping[int, str], stretches: Sequence[tuple[int, tuple[int, ...]]], ahead: int
) -> str:
    """Return `Up to 34 seats A is the cheaper one; beyond that, B is.`, or that nothing changes."""
    if len(stretches) < 2:
        phrase = _describe_cheapest(names, stretches[0][1])
        return f"{phrase[0].upper()}{phrase[1:]} up to {axis.name(ahead)}, as far as we looked."
    parts = [
        f"up to {_name_limit(axis, after[0])} {_describe_cheapest(names, cheapest)}"
        for (_, cheapest), after in pairwise(stretches[:MAX_STRETCHES])
    ]
    parts.append(f"beyond that, {_describe_cheapest(names, stretches[:MAX_STRETCHES][-1][1])}")
    if len(stretches) > MAX_STRETCHES:
        parts[-1] += ", until it changes again"
    rest = " (the other usage grows in proportion)" if len(axis.usage.meters) > 1 and axis.meter else ""
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}{rest}."


def _describe_cheapest(names: Mapping[int, str], places: Sequence[int]) -> str:
    if not places:
        return "none of them fits"
    if len(places) == len(names):
        return "they cost the same"
    verb = "is" if len(places) == 1 else "are"
    cheapest = "the cheaper one" if len(names) == 2 else "cheapest"
    return f"{join_words([names[place] for place in places])} {verb} {cheapest}"


def _name_limit(axis: Axis, number: int) -> str:
    """Return the last number before a change: exact for seats, about for usage."""
    if not axis.meter:
        return axis.name(number - 1)
    size = 10 ** max(0, len(str(number)) - _FIGURES)
    return f"about {axis.name(round(number / size) * size)} a month"
