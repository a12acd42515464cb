"""How many tools of a category have what a fact says, as words and as squares. No queries."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from comparisons.shaping.facets import ListedTools
from tools.choices import Grade
from web.masks import Mask

MAX_SQUARES = 40  # more tools are drawn as a bar
PER_ROW = 10  # so that a row fits the narrowest table
SIDE, STEP = 11, 15  # of a square, and from one to the next, in CSS pixels
MARGIN = 2  # for the ring

UNKNOWN = "unknown"
_KINDS = (Grade.YES.value, Grade.PARTLY.value, Grade.NO.value, UNKNOWN)


class Square(NamedTuple):
    """A tool, by the grade it has, and where it is drawn."""

    kind: str
    x: int
    y: int


class Peers(NamedTuple):
    """The tools of a category by one attribute, with the tools that have it first."""

    words: str
    """Such as `Yes for 5 of 7, partly for 1`."""
    squares: tuple[Square, ...]
    """Empty for more than MAX_SQUARES tools."""
    own: Square | None
    """The square of the tool whose page it is: the first one of its kind."""
    total: int
    yes: int
    partly: int
    unknown: int

    @property
    def percent(self) -> float:
        """Of the tools that have it."""
        return round(100 * self.yes / self.total, 1)

    @property
    def width(self) -> int:
        return min(len(self.squares), PER_ROW) * STEP + MARGIN

    @property
    def height(self) -> int:
        return -(-len(self.squares) // PER_ROW) * STEP + MARGIN


def count_peers(listed: ListedTools, grades: Collection[int], *, tool: int, category: int) -> Mapping[int, Peers]:
    """Return the peers of a tool by attribute; empty if the tool is not listed, or the only one of its category.

    `tool`, `category`, and `grades`, the attributes that are grades, are ids.
    """
    everyone = listed.by_category.get(category, 0)
    position = listed.positions.get(tool)
    if position is None or everyone.bit_count() < 2:
        return {}
    counted = {}
    for attribute in grades:
        having = listed.by_option.get(attribute, {})
        own = next((grade for grade in Grade.values if having.get(grade, 0) >> position & 1), None)
        if own:
            masks = {grade: having.get(grade, 0) & everyone for grade in Grade.values}
            masks[UNKNOWN] = everyone & ~listed.known.get(attribute, 0)
            counted[attribute] = _draw(masks, own, everyone.bit_count())
    return counted


def _draw(masks: Mapping[str, Mask], own: str, total: int) -> Peers:
    numbers = {kind: masks[kind].bit_count() for kind in _KINDS}
    kinds = [kind for kind in _KINDS for _ in range(numbers[kind])] if total <= MAX_SQUARES else []
    squares = tuple(_place(kinds))
    ringed = next((square for square in squares if square.kind == own), None)
    return Peers(
        words=_describe(numbers, total),
        squares=squares,
        own=ringed,
        total=total,
        yes=numbers[Grade.YES],
        partly=numbers[Grade.PARTLY],
        unknown=numbers[UNKNOWN],
    )


def _place(kinds: list[str]) -> Iterator[Square]:
    for place, kind in enumerate(kinds):
        row, column = divmod(place, PER_ROW)
        yield Square(kind, MARGIN + column * STEP, MARGIN + row * STEP)


def _describe(numbers: Mapping[str, int], total: int) -> str:
    parts = [f"Yes for {numbers[Grade.YES] or 'none'} of {total:,}"]
    if partly := numbers[Grade.PARTLY]:
        parts.append(f"partly for {partly:,}")
    if unknown := numbers[UNKNOWN]:
        parts.append(f"not known for {unknown:,}")
    return ", ".join(parts)
