"""A list as rows of inputs: what the fields of rates, of presets, and of the lines of “Pick if” have in common."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from desk.shapes import Posted


class RowsWidget[RowT: Mapping[str, Any]](forms.Widget):
    """Rows of inputs named `<name>-<number>-<column>`, with blank ones at the end. They work without JavaScript."""

    use_fieldset = True
    first_column: ClassVar[str]
    """The column that every row sends, blank or not."""

    def read_row(self, data: Any, stem: str) -> RowT:
        """Return a row as typed. Its inputs are named `<stem>-<column>`."""
        raise NotImplementedError

    def is_filled(self, row: RowT) -> bool:
        raise NotImplementedError

    def value_from_datadict(self, data: Posted, files: object, name: str) -> list[RowT]:
        pattern = re.compile(rf"{re.escape(name)}-([0-9]{{1,3}})-{self.first_column}")
        numbers = sorted(int(match[1]) for key in data if (match := pattern.fullmatch(key)))
        rows = (self.read_row(data, f"{name}-{number}") for number in numbers)
        return [row for row in rows if self.is_filled(row)]

    def value_omitted_from_data(self, data: Posted, files: object, name: str) -> bool:
        return False


class RowsField(forms.Field):
    """A field whose value is a list as it is stored; its widget is a RowsWidget."""

    def has_changed(self, initial: list[Any] | None, data: list[Any] | None) -> bool:
        try:
            return bool(self.clean(data or []) != (initial or []))
        except ValidationError:
            return True

    def describe(self, rows: Sequence[Any]) -> str:
        """Return rows as typed, in a line."""
        raise NotImplementedError


def read_columns(data: Posted, stem: str, columns: Sequence[str]) -> dict[str, str]:
    """Return a row of one input per column, as typed."""
    return {column: data.get(f"{stem}-{column}") or "" for column in columns}


def read_rows[RowT, ValueT](
    rows: Sequence[RowT],
    read: Callable[[RowT], ValueT],
    find_errors: Callable[[Sequence[ValueT]], Mapping[int, str]],
    *,
    noun: str,
) -> list[ValueT]:
    """Return the values of rows. Raises ValidationError with a message per wrong row: `Rate 2: …`.

    `read` raises ValueError with a message, and `find_errors` returns messages by place.
    """
    values, messages = [], []
    for number, row in enumerate(rows, start=1):
        try:
            values.append(read(row))
        except ValueError as error:
            messages.append(f"{noun} {number}: {error}")
    if not messages:  # otherwise the numbers would not be those of the rows
        messages = [f"{noun} {place + 1}: {message}" for place, message in find_errors(values).items()]
    if messages:
        raise ValidationError(messages)
    return values
