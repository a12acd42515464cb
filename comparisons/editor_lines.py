"""What editors say about the lines of “Pick A if, pick B if”: own lines, an order, what to hide. No queries.

A comparison stores them as a list of objects, which `are_editor_lines` (comparisons/sql/lines.sql) checks again:
`{"side": "first", "words": "you already run Postgres", "link": "fact-license"}` is a line of an editor's own,
`{"key": "self-hosting"}` the place of a computed one, and `{"key": "seat:founder:ship", "hidden": true}` hides it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

SIDES = ("first", "second", "neither")
MAX_LINES = 40  # of one comparison
MAX_OWN_LINES = 4  # for one side
MAX_WORDS_LENGTH = 200  # characters
MAX_KEY_LENGTH = 300  # characters

_KEYS = {"side", "words", "link", "key", "hidden"}
_LINK = re.compile(r"pricing|(?:fact|seat)-[a-z0-9-]{1,100}", re.ASCII)
_OTHER_SIDE = {"first": "second", "second": "first"}

type StoredLine = dict[str, Any]
"""A line as the database holds it: without what is empty."""


class EditorLine(NamedTuple):
    """A line of an editor's own, which has a side and words, or what to do with the computed line of a key."""

    side: str = ""
    words: str = ""
    link: str = ""
    """The id of what it stands on, on the page: `fact-license`, `seat-founder`, `pricing`, or ""."""
    key: str = ""
    hidden: bool = False

    @property
    def stored(self) -> StoredLine:
        return {name: value for name, value in self._asdict().items() if value}

    @property
    def description(self) -> str:
        """The line as editors read it in a history."""
        if self.key:
            return f"{self.key} {'hidden' if self.hidden else 'here'}"
        return f"{self.side}: {self.words}{f' ({self.link})' if self.link else ''}"


def read_lines(stored: Iterable[Mapping[str, Any]]) -> list[EditorLine]:
    """Return stored lines. Raises TypeError or ValueError for anything else."""
    return [_read_line(line) for line in stored]


def _read_line(stored: Mapping[str, Any]) -> EditorLine:
    if not isinstance(stored, Mapping) or not stored.keys() <= _KEYS:
        raise ValueError
    line = EditorLine(**stored)
    if not isinstance(line.hidden, bool) or not all(isinstance(text, str) for text in line[:4]):
        raise TypeError
    return line


def store_lines(lines: Iterable[EditorLine]) -> list[StoredLine]:
    """Return lines as a comparison stores them: hidden ones, whose place means nothing, last."""
    return [line.stored for line in sorted(lines, key=lambda line: line.hidden)]


def is_editor_line(stored: Any) -> bool:
    """Return whether a value looks like a stored line."""
    return isinstance(stored, dict) and ("key" in stored or "side" in stored)


def find_line_errors(lines: Sequence[EditorLine]) -> dict[int, str]:
    """Return a message per place of a line that cannot stand there; {} if all can."""
    errors: dict[int, str] = {}
    seen: set[str] = set()
    for place, line in enumerate(lines):
        name = line.key or line.words.casefold()
        if message := _find_line_error(line):
            errors[place] = message
        elif name in seen:
            errors[place] = "This line stands twice." if line.key else "The same words stand twice."
        elif line.side and sum(one.side == line.side for one in lines[:place]) >= MAX_OWN_LINES:
            errors[place] = f"A side has at most {MAX_OWN_LINES} lines of your own."
        seen.add(name)
    if len(lines) > MAX_LINES:
        errors[MAX_LINES] = f"A comparison has at most {MAX_LINES} lines."
    return errors


def _find_line_error(line: EditorLine) -> str:
    if line.key:
        if line.side or line.words or line.link:
            return "A computed line has no words of your own."
        return "The name of the computed line is too long." if len(line.key) > MAX_KEY_LENGTH else ""
    if line.hidden:
        return "Only a computed line can be hidden."
    if line.side not in SIDES:
        return "Say whether it is for the first tool, for the second, or for neither."
    if not line.words.strip():
        return "Write the line, or leave all of it empty."
    if len(line.words) > MAX_WORDS_LENGTH:
        return f"The line has {len(line.words)} characters; the maximum is {MAX_WORDS_LENGTH}."
    if line.link and not _LINK.fullmatch(line.link):
        return f"“{line.link[:40]}” is nothing on the page: use fact-…, seat-…, or pricing."
    return ""


def swap_sides(stored: Iterable[StoredLine]) -> list[StoredLine]:
    """Return stored lines for a comparison whose two tools change places."""
    return [
        line | {name: _OTHER_SIDE.get(line[name], line[name]) for name in line.keys() & {"side"}} for line in stored
    ]
