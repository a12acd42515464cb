"""What a cell of a sheet holds: how it is read, so that a catalog file takes it, and how it is written."""

import re
from datetime import date
from decimal import Decimal
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Manager

from catalog.field_types import normalize_name
from desk.files.tables import CellError, CellValue, StyledCell, format_cell
from desk.value_fields import ChoicesField, write_choices
from tools.rates import read_rate_line, write_rate_lines
from web.normalize import normalize_line, normalize_text

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
# Numbers with a decimal comma or separators of thousands that can be read in one way only. `1,500` can be read in two.
_DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]{1,2}|[0-9]+,[0-9]{4,}|0,[0-9]+|[0-9]{1,3}([. ][0-9]{3})+,[0-9]+")
_THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+\.[0-9]+|[0-9]{1,3}(,[0-9]{3}){2,}|[0-9]{1,3}( [0-9]{3})+(\.[0-9]+)?")
_EUROPEAN_THOUSANDS = re.compile(r"[0-9]{1,3}(\.[0-9]{3}){2,}")
_YEAR_FIRST = re.compile(r"([0-9]{4})([./])([0-9]{1,2})\2([0-9]{1,2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})")


class TextCell:
    """Text of several lines. Numbers and days become text."""

    def read(self, value: CellValue) -> object:
        """Return what a catalog file would hold."""
        return normalize_text(format_cell(value))

    def write(self, value: object) -> CellValue:
        """Return what the cell holds for a value of the database."""
        return value


class LineCell(TextCell):
    """One line: a name, a slug, an address, or a word from a list."""

    def read(self, value: CellValue) -> object:
        return normalize_name(format_cell(value))


class OptionalCell(LineCell):
    """The same, and an empty cell means that there is no value."""

    def read(self, value: CellValue) -> object:
        return normalize_name(format_cell(value)) or None


class WordCell(LineCell):
    """A word from a list. Its case does not matter."""

    def read(self, value: CellValue) -> object:
        return normalize_line(format_cell(value)).lower()


class OptionalWordCell(OptionalCell):
    """The same, and an empty cell means that there is no value."""

    def read(self, value: CellValue) -> object:
        return normalize_line(format_cell(value)).lower() or None


class CurrencyCell(OptionalCell):
    """A currency code. Its case does not matter."""

    def read(self, value: CellValue) -> object:
        return normalize_line(format_cell(value)).upper() or None


class DayCell(OptionalCell):
    """A day, as a date cell or as text that can be read in one way only."""

    def read(self, value: CellValue) -> object:
        if isinstance(value, StyledCell) and isinstance(value.value, date):
            value = value.value
        text = normalize_line(format_cell(value))
        return _read_day(text) or text or None


def _read_day(text: str) -> str | None:
    """Return a day as ISO text: `28.11.2026` and `11/28/2026`, but not `1.2.2026`, which can be read in two ways."""
    if match := _YEAR_FIRST.fullmatch(text):
        year, _, month, day = match.groups()
    elif match := _YEAR_LAST.fullmatch(text):
        first, _, second, year = match.groups()
        if int(first) <= 12 and int(second) <= 12 and int(first) != int(second):
            return None
        day, month = (first, second) if int(second) <= 12 else (second, first)
    else:
        return None
    return f"{year}-{int(month):02}-{int(day):02}"


class NumberCell(OptionalCell):
    """A number, written without needless zeros. Text counts if it can be read in one way only."""

    def read(self, value: CellValue) -> object:
        if isinstance(value, StyledCell):
            value = value.value
        if isinstance(value, int | Decimal):
            return value
        text = normalize_line(format_cell(value))
        if _DECIMAL_COMMA.fullmatch(text):
            return Decimal(text.replace(".", "").replace(" ", "").replace(",", "."))
        if _THOUSANDS.fullmatch(text):
            return Decimal(text.replace(",", "").replace(" ", ""))
        if _EUROPEAN_THOUSANDS.fullmatch(text):
            return Decimal(text.replace(".", ""))
        # Text that is not a number stays text, so that the report can quote it.
        return Decimal(text) if _NUMBER.fullmatch(text) else text or None

    def write(self, value: object) -> CellValue:
        if not isinstance(value, int | Decimal):
            return None
        return int(value) if value == int(value) else Decimal(value).normalize()


class WholeNumberCell(NumberCell):
    """A whole number."""

    def read(self, value: CellValue) -> object:
        number = super().read(value)
        return int(number) if isinstance(number, Decimal) and number == int(number) else number


class YesCell(LineCell):
    """Yes or no; an empty cell means no."""

    _WORDS: ClassVar[dict[str, bool]] = {"yes": True, "true": True, "no": False, "false": False, "": False}

    def read(self, value: CellValue) -> object:
        text = normalize_line(format_cell(value))
        return self._WORDS.get(text.lower(), text)

    def write(self, value: object) -> CellValue:
        return "yes" if value else "no"


class RatesCell(TextCell):
    """The rates of a plan, each on a line of its own inside the cell."""

    def read(self, value: CellValue) -> object:
        try:
            return [read_rate_line(line)._asdict() for line in normalize_text(format_cell(value)).split("\n") if line]
        except ValueError as error:
            raise CellError(str(error)) from None

    def write(self, value: object) -> CellValue:
        return write_rate_lines(value) if isinstance(value, list) else ""


class NamesCell(TextCell):
    """Several names, each on a line of its own inside the cell."""

    def read(self, value: CellValue) -> object:
        return [line for line in map(normalize_line, format_cell(value).split("\n")) if line]

    def write(self, value: object) -> CellValue:
        return "\n".join(value) if isinstance(value, list) else ""


class ChoicesCell(TextCell):
    """The choices of an attribute, each on a line of its own inside the cell."""

    def read(self, value: CellValue) -> object:
        try:
            return ChoicesField(required=False).clean(normalize_text(format_cell(value)))
        except ValidationError as error:
            raise CellError(" ".join(error.messages)) from None

    def write(self, value: object) -> CellValue:
        return write_choices(value) if isinstance(value, list) else ""


class SlugsCell(NamesCell):
    """The slugs of related rows, each on a line of its own inside the cell."""

    def write(self, value: object) -> CellValue:
        return super().write([row.slug for row in value.all()] if isinstance(value, Manager) else value)
