"""CSV and XLSX as spreadsheets write them, both ways; what is dangerous in either stays outside.

These are formats of django-import-export. What begins like a formula gets an apostrophe before it on its way out, and
loses it on its way in, in both formats: a sheet may be saved in the other one on its way.
"""

import csv
import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO, StringIO
from itertools import islice
from typing import Any, ClassVar
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

import tablib
from import_export.formats import base_formats
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

MOST_BYTES = 16 * 1024 * 1024  # of a file
MOST_UNPACKED = 64 * 1024 * 1024  # bytes in an XLSX, which is a zip
MOST_TAGS = 4_000_000  # in all of it: openpyxl makes an object of each in a row, and of each outside of rows
MOST_PARTS = 1000  # files in it; a workbook of a hundred sheets has a few hundred
MOST_ROWS = 20_000
MOST_BLANK = 100_000  # rows that are looked at, empty ones at the end included
MOST_COLUMNS = 40
LONGEST_XLSX_CELL = 32_767  # characters, of the format

_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_GUARDED = re.compile(r"'+[=+\-@\t\r＝＋－＠]")


class SheetError(Exception):
    """A file that is no sheet for us, in words; `row` is the row where that shows, 0 for the whole file."""

    def __init__(self, message: str, row: int = 0) -> None:
        self.message, self.row = message, row
        super().__init__(message)


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula; `unguarded` gives it back unchanged."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    return text[1:] if _GUARDED.match(text) else text


class CSV(base_formats.CSV):
    """UTF-8 with a byte order mark, which Excel asks for. Read with commas, semicolons or tabs, and any line ends."""

    def get_title(self) -> str:
        return "CSV"

    def is_binary(self) -> bool:
        return True  # bytes both ways: the mark is ours

    def get_read_mode(self) -> str:
        return "rb"

    def get_content_type(self) -> str:
        return "text/csv; charset=utf-8"

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        stream = StringIO(newline="")
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(dataset.headers)
        writer.writerows([_csv_cell(value) for value in row] for row in dataset)
        return stream.getvalue().encode("utf-8-sig", errors="replace")

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> tablib.Dataset:
        """Raises SheetError. An empty row is a row, so that rows keep their numbers."""
        try:
            text = in_stream.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            row = in_stream.count(b"\n", 0, error.start) + 1
            message = f"The file is not UTF-8 (byte {error.start}). In Excel: save as “CSV UTF-8”."
            raise SheetError(message, row) from error
        return _dataset(_csv_rows(text))


def _csv_cell(value: object) -> str:
    return "" if value is None else guarded(str(value))


def _csv_rows(text: str) -> Iterator[list[str]]:
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    row = 0
    while True:
        row += 1
        try:
            yield [unguarded(_lines(cell)) for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise SheetError(_csv_trouble(str(error)), row) from error


def _csv_trouble(said: str) -> str:
    if "field larger" in said:
        return f"A cell has more than {csv.field_size_limit():,} characters; is a quotation mark missing?"
    if "unexpected end" in said:
        return "A quotation mark opens here and is never closed."
    return "This row is not CSV: a quotation mark inside a quoted cell is written twice."


class XLSX(base_formats.XLSX):
    """The first sheet of a workbook. Formulas are read as the value that they had when it was saved."""

    MAGIC: ClassVar[bytes] = b"PK\x03\x04"

    def get_title(self) -> str:
        return "XLSX (Excel, LibreOffice, Numbers)"

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        """Raises ValueError, in words, for what the format cannot hold."""
        rows = [[_xlsx_value_of(value, number) for value in row] for number, row in enumerate(dataset, start=2)]
        workbook = Workbook(write_only=True)
        sheet = workbook.create_sheet(dataset.title or "Sheet")
        sheet.freeze_panes = "A2"
        header = [WriteOnlyCell(sheet, name) for name in dataset.headers]
        for cell in header:
            cell.font = Font(bold=True)
        sheet.append(header)
        for row in rows:
            sheet.append([_xlsx_cell(sheet, value) for value in row])
        stream = BytesIO()
        workbook.save(stream)
        return stream.getvalue()

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> tablib.Dataset:
        """Raises SheetError. Looks at what the file would unpack to before it unpacks any of it."""
        _inspect(in_stream)
        try:
            workbook = load_workbook(BytesIO(in_stream), read_only=True, data_only=True, keep_links=False)
            return _dataset(_xlsx_rows(workbook))
        except SheetError:
            raise
        except (BadZipFile, ParseError, KeyError, ValueError, TypeError, IndexError, AttributeError, OSError) as error:
            # What openpyxl says of a damaged workbook depends on where it is damaged.
            raise SheetError("This workbook is damaged and cannot be read.") from error


def _xlsx_value_of(value: object, row: int) -> object:
    """A value as a cell holds it. All are looked at before any is written: a workbook is not left half way."""
    if not isinstance(value, str):
        return value
    text = guarded(ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value))
    if len(text) > LONGEST_XLSX_CELL:
        raise ValueError(
            f"Row {row} has a cell of {len(text):,} characters; XLSX holds {LONGEST_XLSX_CELL:,}. CSV holds it."
        )
    return text


def _xlsx_cell(sheet: Any, value: object) -> Any:
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"  # openpyxl would make a formula of what begins with "="
    return cell


def _inspect(content: bytes) -> None:
    too_large = SheetError(f"This workbook unpacks to more than {MOST_UNPACKED // 1024**2} MB.")
    tags = 0
    try:
        with ZipFile(BytesIO(content)) as package:
            parts = package.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise too_large
            for part in parts:
                # zipfile never gives more of a part than the size that was summed up above.
                with package.open(part) as stream:
                    start = piece = stream.read(64 * 1024)
                    if _defines_entities(start, named=part.filename):
                        raise SheetError("This workbook has a document type of its own, which no spreadsheet has.")
                    while piece:
                        tags += piece.count(b"<")
                        piece = stream.read(1024 * 1024)
                if tags > MOST_TAGS:
                    raise too_large
    except (BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, zlib.error) as error:
        raise SheetError("This is not an XLSX file, or it is damaged or locked with a password.") from error


def _defines_entities(start: bytes, *, named: str) -> bool:
    """Whether a part has a document type, without which there are no entities; no spreadsheet program writes one."""
    if named.endswith((".xml", ".rels")) and (start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in start[:4]):
        return True  # UTF-16, in which it cannot be seen; no spreadsheet program writes that either
    prolog = re.sub(rb"<!--.*?(-->|\Z)|<\?.*?(\?>|\Z)", b"", start, flags=re.DOTALL)
    return prolog.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<!")


def _xlsx_rows(workbook: Any) -> Iterator[list[Any]]:
    sheet = workbook.worksheets[0]
    sheet.reset_dimensions()  # of what the sheet says about its own size nothing is believed
    for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1), start=1):
        yield [_xlsx_value(cell, number) for cell in row]


def _xlsx_value(cell: Any, row: int) -> Any:
    value = cell.value
    if getattr(cell, "data_type", None) == "e":
        raise SheetError(f"A cell holds the error {value}.", row)
    if isinstance(value, str):
        return unguarded(_lines(value))
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime) and value.time() == time():
        return value.date()
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 10**15 else Decimal(repr(value))
    return value


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _dataset(rows: Iterable[list[Any]]) -> tablib.Dataset:
    rows = iter(rows)
    header = next(rows, [])
    while header and header[-1] in (None, ""):
        header.pop()
    if len(header) > MOST_COLUMNS:
        raise SheetError(f"The first row has more than {MOST_COLUMNS} columns.", 1)
    if not header:
        raise SheetError("The first row is empty; it names the columns.", 1)
    dataset = tablib.Dataset(headers=[str(name or "").strip() for name in header])
    blank = 0  # rows; they are written only where more follow, so that thousands at the end cost nothing
    for number, row in enumerate(islice(rows, MOST_BLANK), start=2):
        if beyond := [value for value in row[len(header) :] if value not in (None, "")]:
            raise SheetError(f"There is a cell beyond the last column: “{str(beyond[0])[:60]}”.", number)
        cells = [*row[: len(header)], *[None] * (len(header) - len(row))]
        if all(cell in (None, "") for cell in cells):
            blank += 1
            continue
        if number > MOST_ROWS + 1:
            raise SheetError(f"There are more than {MOST_ROWS:,} rows; bring them in in parts.", number)
        for _ in range(blank):
            dataset.append([None] * len(header))
        blank = 0
        dataset.append(cells)
    return dataset


def read_sheet(content: bytes) -> tablib.Dataset:
    """The rows of a CSV or XLSX file, told apart by what is in it. Raises SheetError."""
    if len(content) > MOST_BYTES:
        raise SheetError(f"The file has more than {MOST_BYTES // 1024**2} MB.")
    if not content.strip():
        raise SheetError("The file is empty.")
    if content.startswith(XLSX.MAGIC):
        return XLSX().create_dataset(content)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetError("This is a workbook of Excel 2003 or one with a password; save it as XLSX without one.")
    return CSV().create_dataset(content)


def cell_text(value: object) -> str:
    """What somebody would read in a cell."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return "" if value is None else str(value)
