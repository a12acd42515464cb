"""A line of a list at the desk, on the front page and among what a search finds."""

from dataclasses import dataclass

MAX_TEXT_LENGTH = 120  # characters of a line that a search finds; about two lines of its suggestions


@dataclass(frozen=True, slots=True)
class DeskItem:
    """A line of a list: its text, the address where the work is done ("" for none), a note, and whether it is done."""

    text: str
    url: str
    note: str = ""
    is_done: bool = False
