"""The panel's numbers on a tool, and their wording. No queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

NO_NUMBER = "—"


class Mark(TypedDict):
    """The verdict of one seat on one tool."""

    name: str
    verdict: str


class PanelNumbers(TypedDict):
    """What `ToolQuerySet.with_panel()` annotates: counts, a percent 0–100, when the newest review was published (ISO
    text), and the marks in seat order.
    """

    ship: int
    seats: int
    percent: int
    judged_at: str
    marks: list[Mark]


@dataclass(frozen=True, slots=True)
class Panel:
    """The panel ship of a tool. The panel is a census of its seats, so it has no margin of error."""

    ship: int
    seats: int
    percent: int | None
    marks: tuple[tuple[str, str], ...]
    """(reviewer's name, verdict) in seat order."""

    @classmethod
    def of(cls, numbers: PanelNumbers | None) -> "Panel":
        """Return the panel for what the database counted; None means no review."""
        if numbers is None:
            return cls(ship=0, seats=0, percent=None, marks=())
        marks = tuple((mark["name"], mark["verdict"]) for mark in numbers["marks"])
        return cls(numbers["ship"], numbers["seats"], numbers["percent"], marks)

    @classmethod
    def from_verdicts(cls, marks: Sequence[tuple[str, str]]) -> "Panel":
        """Return the panel of (reviewer's name, verdict) pairs, with the same numbers as the database computes."""
        ship, seats = sum(verdict == "ship" for _, verdict in marks), len(marks)
        # Round half up in integers, as whole_percent does (tools/sql/arithmetic.sql).
        percent = (200 * ship + seats) // (2 * seats) if seats else None
        return cls(ship=ship, seats=seats, percent=percent, marks=tuple(marks))

    @property
    def side(self) -> int:
        """On which side of 50% it is: 1 if most seats ship, -1 if most skip, 0 for a tie or without a review."""
        return (2 * self.ship > self.seats) - (2 * self.ship < self.seats)

    @property
    def figure(self) -> str:
        return NO_NUMBER if self.percent is None else f"{self.percent}%"

    @property
    def words(self) -> str:
        return f"{self.ship} of {self.seats} ship" if self.seats else "Not reviewed yet"
