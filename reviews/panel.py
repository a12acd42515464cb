"""How the panel's numbers are said and its seats drawn. Objects in, words out; no queries."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypedDict

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

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
    marks: tuple[Mark, ...] = ()

    @classmethod
    def of(cls, numbers: PanelNumbers | None) -> "Panel":
        if numbers is None:
            return cls(ship=0, seats=0, percent=None)
        return cls(
            ship=numbers["ship"], seats=numbers["seats"], percent=numbers["percent"], marks=tuple(numbers["marks"])
        )

    @property
    def figure(self) -> str:
        return NOTHING if self.percent is None else f"{self.percent}%"

    @property
    def words(self) -> str:
        return f"{self.ship} of {self.seats} ship" if self.seats else "Not reviewed yet"

    @property
    def marks_drawn(self) -> SafeString:
        """The seats in order, a filled mark for ship and a hollow one for skip, each with its name; "" without any."""
        return _drawn(tuple((mark["name"], mark["verdict"]) for mark in self.marks))


@lru_cache(maxsize=1024)
def _drawn(marks: tuple[tuple[str, str], ...]) -> SafeString:
    if not marks:
        return SafeString()
    items = format_html_join(
        "",
        '<li class="mark mark--{}" title="{}: {}"><span class="visually-hidden">{}: {}</span></li>',
        ((verdict, name, verdict, name, verdict) for name, verdict in marks),
    )
    return format_html('<ul class="marks" aria-label="The seats">{}</ul>', items)
