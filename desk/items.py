"""A line of a list at the desk, on the front page and among what a search finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeskItem:
    """A line of a list: its text, the address where the work is done ("" for none), and a note."""

    text: str
    url: str
    note: str = ""
