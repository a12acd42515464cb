"""The lines of “Pick if” as rows of inputs: one field of a comparison's form, which works without JavaScript."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from comparisons.editor_lines import (
    MAX_WORDS_LENGTH,
    SIDES,
    EditorLine,
    StoredLine,
    find_line_errors,
    read_lines,
    store_lines,
)
from comparisons.shaping.picks import Line, Picks
from desk.row_inputs import RowsField, RowsWidget, read_columns
from desk.shapes import Posted
from web.normalize import normalize_line

COLUMNS = ("key", "side", "place", "hidden", "words", "link")
BLANK_ROWS = 3

type LineRow = dict[str, str]
"""A row as typed, by column. A computed line has a key, and a line of the editor's own has none."""


class LineContext(NamedTuple):
    """What the rows of one comparison refer to."""

    computed: Picks = Picks()
    names: tuple[str, ...] = ("the first tool", "the second tool")
    sources: Mapping[str, str] = MappingProxyType({})
    """What a line can stand on, {id on the page: name}."""


class LineRowsWidget(RowsWidget[LineRow]):
    """A row per computed line and per line of the editor's own, with blank ones at the end."""

    first_column = "place"
    lines = LineContext()

    def read_row(self, data: Posted, stem: str) -> LineRow:
        return read_columns(data, stem, COLUMNS)

    def is_filled(self, row: LineRow) -> bool:
        return any(row[column].strip() for column in ("key", "words", "link"))

    def render(
        self, name: str, value: list[LineRow] | None, attrs: dict[str, object] | None = None, renderer: object = None
    ) -> SafeString:
        """Render the rows with the site's own templates, which forms otherwise do not use."""
        computed = {line.key: (side, line) for side, lines in self.lines.computed._asdict().items() for line in lines}
        rows = [*(value or []), *[dict.fromkeys(COLUMNS, "")] * BLANK_ROWS]
        shown = {row["key"] for row in rows}
        rows[:0] = [dict.fromkeys(COLUMNS, "") | {"key": key} for key in computed if key not in shown]
        rows.sort(key=lambda row: not row["key"])
        sides = dict(zip(SIDES, (*self.lines.names, "neither"), strict=True))
        return render_to_string(
            "desk/_lines.html",
            {
                "name": name,
                "id": (attrs or {}).get("id"),
                "rows": [self._describe_row(row, computed, sides) for row in rows],
                "sides": sides.items(),
                "sources": self.lines.sources.items(),
                "max_length": MAX_WORDS_LENGTH,
            },
        )

    def _describe_row(
        self, row: LineRow, computed: Mapping[str, tuple[str, Line]], sides: Mapping[str, str]
    ) -> dict[str, object]:
        """Return a row with what it is about, for the template."""
        side, line = computed.get(row["key"]) or ("", None)
        about = {"text": line.text, "source": line.source} if line else {"text": "", "source": ""}
        return {**row, **about, "for": sides.get(side, ""), "has_source": row["link"] in self.lines.sources}


class LineRowsField(RowsField):
    """The lines of a comparison. Its value is a list of stored lines."""

    widget = LineRowsWidget

    def prepare_value(self, value: list[StoredLine] | list[LineRow] | None) -> list[LineRow]:
        """Return stored lines as rows, or rows as typed unchanged."""
        if value and "place" in value[0]:
            rows: list[LineRow] = value
            return rows
        lines = read_lines(value or [])
        return [_show(line, place) for place, line in enumerate(lines, start=1)]

    def clean(self, value: list[LineRow]) -> list[StoredLine]:
        rows = sorted(value, key=_read_place)
        lines = [_read(row) for row in rows]
        errors = find_line_errors(lines)
        if errors:
            raise ValidationError(
                [f"“{lines[place].words or lines[place].key}”: {message}" for place, message in errors.items()]
                if max(errors) < len(lines)
                else [*errors.values()]
            )
        said = (line for line, row in zip(lines, rows, strict=True) if line.words or line.hidden or row["place"])
        return store_lines(said)

    def describe(self, rows: Sequence[LineRow]) -> str:
        return "; ".join(_read(row).description for row in rows if row["words"] or row["hidden"] or row["place"])


def _show(line: EditorLine, place: int) -> LineRow:
    return {
        "key": line.key,
        "side": line.side,
        "place": "" if line.hidden else str(place),
        "hidden": "on" if line.hidden else "",
        "words": line.words,
        "link": line.link,
    }


def _read(row: LineRow) -> EditorLine:
    if row["key"]:
        return EditorLine(key=normalize_line(row["key"]), hidden=bool(row["hidden"]))
    return EditorLine(row["side"], normalize_line(row["words"]), row["link"])


def _read_place(row: LineRow) -> float:
    """Return the place that was typed. Rows without one come last, in their order; anything else is no place."""
    text = row["place"].strip()
    return float(text) if re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) else float("inf")
