"""CSV and XLSX, read and written safely.

Text that a spreadsheet could take for a formula gets an apostrophe when written and loses it when read. Both formats do
this, so a sheet may be saved in the other format on its way.

openpyxl is imported where it is used, because it takes a fifth of the time in which a process of the site starts.
"""

import csv
import re
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO, StringIO
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from web.csv_files import escape_formula, unescape_formula
from web.normalize import normalize_line

if TYPE_CHECKING:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import Cell

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_UNPACKED_BYTES = 64 * 1024 * 1024  # of an XLSX, which is a zip
MAX_XML_TAGS = 4_000_000  # in all parts together: openpyxl makes an object of each tag, inside rows and outside
MAX_ZIP_PARTS = 1000  # a workbook of a hundred sheets has a few hundred
MAX_ROWS = 20_000
MAX_ROWS_SCANNED = 100_000  # including empty rows at the end
MAX_COLUMNS = 40
MAX_XLSX_CELL_LENGTH = 32_767  # characters; a limit of the format


_ILLEGAL_CHARACTERS = re.compile(r"[\x00-\x08\x0B\x0C\x0E-\x1F]")  # in XML 1.0
_ESCAPED_CHARACTER = re.compile(r"_x([0-9A-Fa-f]{4})_")  # ST_Xstring of ECMA-376, part 1, 22.9.2.19
_SEPARATOR_LINE = re.compile(r"sep=(.)(?:\r\n|\r|\n)", re.IGNORECASE)  # what Excel writes and reads, and hides
_UNSAVED_FORMULA = re.compile(
    rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*><f(?:/>|[^>]*/>|[^>]*>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>'
)

UNSAVED_FORMULA = "contains a formula without a saved result; open the file in a spreadsheet program and save it"

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


class CsvFormat(SheetFormat):
    """UTF-8 with a byte order mark, which Excel needs. Reads commas, semicolons, or tabs, and any line ending."""

    extension = "csv"
    label = "CSV"
    content_type = "text/csv; charset=utf-8"

    def write(self, table: Table) -> bytes:
        stream = StringIO(newline="")
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(table.header)
        writer.writerows([_csv_text(value) for value in row] for row in table.rows)
        return stream.getvalue().encode("utf-8-sig", errors="replace")

    def read(self, content: bytes) -> Table:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            row = content.count(b"\n", 0, error.start) + 1
            message = f"The file is not UTF-8 (byte {error.start}). In Excel: save as “CSV UTF-8”."
            raise SheetError(message, row) from error
        return _build_table(_read_csv_rows(text), title="")


def _csv_text(value: CellValue) -> str:
    return "" if value is None else escape_formula(str(value))


def _read_csv_rows(text: str) -> Iterator[list[CellValue]]:
    if separator_line := _SEPARATOR_LINE.match(text):
        text, delimiter = text[separator_line.end() :], separator_line[1]
    else:
        first_line = re.split(r"[\r\n]", text, maxsplit=1)[0]
        delimiter = max(",;\t", key=first_line.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    row = 0
    while True:
        row += 1
        try:
            yield [unescape_formula(_normalize_line_endings(cell)) for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise SheetError(_explain_csv_error(str(error)), row) from error


def _explain_csv_error(message: str) -> str:
    if "field larger" in message:
        return f"A cell has more than {csv.field_size_limit():,} characters. Is a quotation mark missing?"
    if "unexpected end" in message:
        return "A quotation mark opens here and is never closed."
    return "This row is not valid CSV: a quotation mark inside a quoted cell must be doubled."


class XlsxFormat(SheetFormat):
    """The first visible sheet of a workbook. A formula is read as the value it had when the workbook was saved."""

    extension = "xlsx"
    label = "XLSX (Excel, LibreOffice, Numbers)"
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    MAGIC: ClassVar[bytes] = b"PK\x03\x04"

    def write(self, table: Table) -> bytes:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Font

        # Check all cells first, so that a problem does not leave a workbook half written.
        rows = [[_to_xlsx_value(value, number) for value in row] for number, row in enumerate(table.rows, start=2)]
        workbook = Workbook(write_only=True)
        sheet = workbook.create_sheet(table.title)
        sheet.freeze_panes = "A2"
        header = [WriteOnlyCell(sheet, name) for name in table.header]
        for cell in header:
            cell.font = Font(bold=True)
        sheet.append(header)
        for row in rows:
            sheet.append(
                [_mark_as_text(WriteOnlyCell(sheet, value)) if isinstance(value, str) else value for value in row]
            )
        stream = BytesIO()
        workbook.save(stream)
        return stream.getvalue()

    def read(self, content: bytes) -> Table:
        from openpyxl import load_workbook

        _check_package(content)
        try:
            workbook = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
            sheets = workbook.worksheets
            sheet = next((sheet for sheet in sheets if sheet.sheet_state == "visible"), sheets[0])
            return _build_table(_read_xlsx_rows(sheet, content), title=sheet.title)
        except SheetError:
            raise
        except (BadZipFile, ParseError, KeyError, ValueError, TypeError, IndexError, AttributeError, OSError) as error:
            # Which of these openpyxl raises for a damaged workbook depends on where the damage is.
            raise SheetError("This workbook is damaged and cannot be read.") from error


def _to_xlsx_value(value: CellValue, row: int) -> CellValue:
    """Return a value as an XLSX cell holds it. Raises ValueError for text that is too long."""
    if not isinstance(value, str):
        return value
    text = escape_formula(_ILLEGAL_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", value))
    text = _ESCAPED_CHARACTER.sub(r"_x005F_x\1_", text)  # text that only looks like an escape
    if len(text) > MAX_XLSX_CELL_LENGTH:
        raise ValueError(
            f"Row {row} has a cell of {len(text):,} characters, and XLSX allows {MAX_XLSX_CELL_LENGTH:,}. Use CSV."
        )
    return text


def _mark_as_text(cell: "WriteOnlyCell") -> "WriteOnlyCell":
    """Keep openpyxl from turning text that starts with "=" into a formula."""
    cell.data_type = "s"
    return cell


def _check_package(content: bytes) -> None:
    """Check what an XLSX would unpack to before anything parses it. Raises SheetError."""
    too_large = SheetError(f"This workbook unpacks to more than {MAX_UNPACKED_BYTES // 1024**2} MB.")
    tags = 0
    try:
        with ZipFile(BytesIO(content)) as package:
            parts = package.infolist()
            if refusal := _recognize_other_program(package):
                raise SheetError(refusal)
            if len(parts) > MAX_ZIP_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
                raise too_large
            for part in parts:
                # zipfile never returns more of a part than the size that was summed up above.
                with package.open(part) as stream:
                    start = chunk = stream.read(64 * 1024)
                    if _has_document_type(start, file_name=part.filename):
                        raise SheetError("This workbook contains a document type, which no spreadsheet program writes.")
                    while chunk:
                        tags += chunk.count(b"<")
                        chunk = stream.read(1024 * 1024)
                if tags > MAX_XML_TAGS:
                    raise too_large
    except (BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, zlib.error) as error:
        raise SheetError("This is not an XLSX file, or it is damaged or locked with a password.") from error


def _recognize_other_program(package: ZipFile) -> str:
    """Return why a zip is not an XLSX, if it is a file of another program; otherwise ""."""
    names = set(package.namelist())
    if "mimetype" in names:
        with package.open("mimetype") as stream:
            kind = stream.read(100)
        if kind.startswith(b"application/vnd.oasis.opendocument"):
            return "This is an OpenDocument file, such as ODS. Save it as XLSX or CSV."
    if any(name.startswith("Index/") and name.endswith(".iwa") for name in names):
        return "This is a Numbers document. Export it as XLSX or CSV."
    if "word/document.xml" in names or "ppt/presentation.xml" in names:
        return "This is a Word or PowerPoint document, not a workbook."
    if "xl/workbook.bin" in names:
        return "This is a binary workbook (XLSB). Save it as XLSX."
    return ""


def _has_document_type(start: bytes, *, file_name: str) -> bool:
    """Return whether a part has a document type. Without one there are no entities to expand."""
    if file_name.endswith((".xml", ".rels")) and (start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in start[:4]):
        return True  # UTF-16 would hide it from this check, and no spreadsheet program writes UTF-16
    prolog = re.sub(rb"<!--.*?(-->|\Z)|<\?.*?(\?>|\Z)", b"", start, flags=re.DOTALL)
    return prolog.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<!")


def _read_xlsx_rows(sheet: Any, content: bytes) -> Iterator[list[CellValue]]:
    unsaved = _find_unsaved_formulas(content, sheet._worksheet_path)
    sheet.reset_dimensions()  # do not trust the size that the sheet claims
    for number, row in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS + 1), start=1):
        cells = [_read_xlsx_cell(cell) for cell in row]
        for column in unsaved.get(number, ()):
            if column < len(cells):
                cells[column] = BadCell(UNSAVED_FORMULA)
        yield cells


def _find_unsaved_formulas(content: bytes, path: str) -> dict[int, list[int]]:
    """Return the cells whose formula was never computed, as columns (from 0) by row (from 1).

    Programs that only write workbooks leave formulas like that, and openpyxl reads them as empty cells.
    """
    from openpyxl.utils import column_index_from_string

    found: dict[int, list[int]] = {}
    with ZipFile(BytesIO(content)) as package:
        xml = package.read(path)
    for column, row in _UNSAVED_FORMULA.findall(xml) if b"<f" in xml else ():
        found.setdefault(int(row), []).append(column_index_from_string(column.decode()) - 1)
    return found


def _read_xlsx_cell(cell: "Cell") -> CellValue:
    value: object = cell.value
    if getattr(cell, "data_type", None) == "e":  # an empty cell of a read-only sheet has no type
        return BadCell(f"contains the error {value}")
    if isinstance(value, str):
        return unescape_formula(_normalize_line_endings(_unescape_characters(value)))
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime) and value.time() == time():
        return _style_day(value.date(), cell.number_format)
    if isinstance(value, float):  # Excel computes with 17 digits and shows 15
        number = int(value) if value.is_integer() and abs(value) < 10**15 else Decimal(f"{value:.15g}")
        return _style_number(number, cell.number_format)
    return _style_number(value, cell.number_format) if isinstance(value, int) else value


def _unescape_characters(text: str) -> str:
    """Return text in which `_x000D_` is the character that it stands for, and `_x005F_` an underscore."""
    return _ESCAPED_CHARACTER.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _style_day(day: date, number_format: str) -> CellValue:
    """Return a day, or what a format shows that leaves out a part of it, such as `mmm yyyy`."""
    codes = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", number_format).lower()
    return day if all(code in codes for code in "dmy") else StyledCell(day, None, number_format)


def _style_number(number: int | Decimal, number_format: str) -> CellValue:
    """Return a number, or a StyledCell if the spreadsheet displays something other than its digits."""
    if number_format in ("General", "@", ""):
        return number
    text = _format_number(Decimal(number), number_format)
    return number if text == str(number) else StyledCell(number, text, number_format)


def _format_number(number: Decimal, number_format: str) -> str | None:
    """Return a number as a format displays it: digits, thousands, percent, and literal text. None for other formats."""
    section = number_format.split(";")[0]
    section = re.sub(r"\[\$([^\]-]*)[^\]]*\]", r'"\1"', section)  # a currency with its locale: [$€-407]
    section = re.sub(r"\[[^\]]*\]|[_*].", "", section)  # colors and conditions; padding
    literal = r'(?:"[^"]*"|\\.|[ $€£¥+():-])*'
    match = re.fullmatch(rf"({literal})([#0,]*0)(?:\.(0+))?(%)?({literal})", section)
    if match is None:
        return None
    before, digits, decimals, percent, after = match.groups()
    if digits.endswith(","):
        return None
    shown = (number * 100 if percent else number).quantize(Decimal(1).scaleb(-len(decimals or "")), ROUND_HALF_UP)
    before, after = (re.sub(r'"([^"]*)"|\\(.)', r"\1\2", part) for part in (before, after))
    body = f"{abs(shown):,f}" if "," in digits else f"{abs(shown):f}"
    return f"{'-' if shown < 0 else ''}{before}{body}{percent or ''}{after}"


def _normalize_line_endings(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _build_table(rows: Iterable[list[CellValue]], *, title: str) -> Table:
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


FORMATS: dict[str, SheetFormat] = {sheet_format.extension: sheet_format for sheet_format in (CsvFormat(), XlsxFormat())}


def read_sheet(content: bytes) -> Table:
    """Return the rows of a CSV or XLSX file. The format is detected from the content. Raises SheetError."""
    if len(content) > MAX_FILE_BYTES:
        raise SheetError(f"The file has more than {MAX_FILE_BYTES // 1024**2} MB.")
    if not content.strip():
        raise SheetError("The file is empty.")
    if content.startswith(XlsxFormat.MAGIC):
        return FORMATS["xlsx"].read(content)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetError("This is an Excel 2003 workbook, or one with a password. Save it as XLSX without a password.")
    return FORMATS["csv"].read(content)


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
