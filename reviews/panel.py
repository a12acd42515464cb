"""How the panel's numbers are said. Objects in, words out; no queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

NOTHING = "—"


class Mark(TypedDict):
    """One seat's verdict on one tool."""

    name: str
    verdict: str


class PanelNumbers(TypedDict):
    """`ToolQuerySet.with_panel()`: counts, a percent 0–100, and the seats in order."""

    ship: int
    seats: int
    percent: int
    marks: list[Mark]


@dataclass(frozen=True, slots=True)
class Panel:
    """A tool's panel ship. The panel is a census of its seats, so there is no margin."""

    ship: int
    seats: int
    percent: int | None
    marks: tuple[tuple[str, str], ...]
    """(reviewer's name, verdict) in seat order."""

    @classmethod
    def of(cls, numbers: PanelNumbers | None) -> "Panel":
        if numbers is None:
            return cls(ship=0, seats=0, percent=None, marks=())
        marks = tuple((mark["name"], mark["verdict"]) for mark in numbers["marks"])
        return cls(numbers["ship"], numbers["seats"], numbers["percent"], marks)

    @classmethod
    def counting(cls, marks: Sequence[tuple[str, str]]) -> "Panel":
        """The panel of some verdicts, as (reviewer's name, verdict): what the database will make of them."""
        ship, seats = sum(verdict == "ship" for _, verdict in marks), len(marks)
        # Half up, in whole numbers, as whole_percent of tools/sql/arithmetic.sql does.
        percent = (200 * ship + seats) // (2 * seats) if seats else None
        return cls(ship=ship, seats=seats, percent=percent, marks=tuple(marks))

    @property
    def figure(self) -> str:
        return NOTHING if self.percent is None else f"{self.percent}%"

    @property
    def words(self) -> str:
        return f"{self.ship} of {self.seats} ship" if self.seats else "Not reviewed yet"
