"""Tables of cells, as a file holds them: what every format reads into and writes from."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import ClassVar

from web.normalize import normalize_line

MAX_ROWS = 20_000
MAX_ROWS_SCANNED = 100_000  # including empty rows at the end
MAX_COLUMNS = 40

type CellValue = object
"""What a cell holds: text, a number, a day, a StyledCell, a BadCell, or None. Booleans arrive as TRUE or FALSE."""


@dataclass(frozen=True, slots=True)
class StyledCell:
    """A number or a day that its number format displays in some other way. `text` is None if that is not known."""

    value: int | Decimal | date
    text: str | None
    number_format: str


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell without a usable value, and why, as a message for editors."""

    message: str


class CellError(ValueError):
    """A cell that cannot be read. The message is for editors."""


class SheetError(Exception):
    """A file that cannot be read as a sheet. `row` is where the problem is; 0 means the whole file."""

    def __init__(self, message: str, row: int = 0) -> None:
        self.message, self.row = message, row
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below the names of their columns. All rows are as wide as the header."""

    header: list[str]
    rows: list[list[CellValue]] = field(default_factory=list)
    title: str = "Sheet"
    """The name of the sheet in a workbook; "" for a file that is no workbook."""
    problems: list[tuple[int, str]] = field(default_factory=list)
    """Rows that could not be read as a whole, by their numbers, and why. They are cut to the width of the header."""


class SheetFormat(ABC):
    """A file format for sheets."""

    extension: ClassVar[str]
    label: ClassVar[str]
    content_type: ClassVar[str]

    @abstractmethod
    def write(self, table: Table) -> bytes:
        """Return the file. Raises ValueError, with a message for editors, for what the format cannot hold."""

    @abstractmethod
    def read(self, content: bytes) -> Table:
        """Return the rows of a file, empty ones included so that rows keep their numbers. Raises SheetError."""


def build_table(rows: Iterable[list[CellValue]], *, title: str) -> Table:
    """Return a table of rows whose first names the columns. Raises SheetError."""
    rows = iter(rows)
    header = next(rows, [])
    while header and header[-1] in (None, ""):
        header.pop()
    if len(header) > MAX_COLUMNS:
        raise SheetError(f"The first row has more than {MAX_COLUMNS} columns.", 1)
    if not header:
        raise SheetError("The first row is empty. It must name the columns.", 1)
    if bad := next((name for name in header if isinstance(name, BadCell)), None):
        raise SheetError(f"A cell {bad.message}.", 1)
    table = Table([normalize_line(format_cell(name)) for name in header], title=title)
    # Empty rows are added only when a row follows, so that thousands of them at the end cost nothing.
    empty_rows = 0
    for number, row in enumerate(islice(rows, MAX_ROWS_SCANNED), start=2):
        if beyond := [value for value in row[len(header) :] if value not in (None, "")]:
            text = str(beyond[0])[:60]
            table.problems.append(
                (number, f"There is a cell beyond the last column: “{text}”. Name its column, or clear it.")
            )
        cells = [*row[: len(header)], *[None] * (len(header) - len(row))]
        if all(cell in (None, "") for cell in cells):
            empty_rows += 1
            continue
        if number > MAX_ROWS + 1:
            raise SheetError(f"There are more than {MAX_ROWS:,} rows. Split the file.", number)
        table.rows.extend([None] * len(header) for _ in range(empty_rows))
        empty_rows = 0
        table.rows.append(cells)
    return table


def format_cell(value: CellValue) -> str:
    """Return a cell's value as the text that the spreadsheet displays. Raises CellError."""
    if isinstance(value, BadCell):
        raise CellError(value.message)
    if isinstance(value, StyledCell):
        if value.text is None:
            raise CellError(f"has the number format {value.number_format}, which cannot be read; format it as text")
        return value.text
    if isinstance(value, datetime | date):
        return value.isoformat()
    return "" if value is None else str(value)


def normalize_line_endings(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
