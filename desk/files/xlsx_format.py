"""Sheets as XLSX workbooks, from programs that write them in many ways.

openpyxl is imported where it is used, because it takes a fifth of the time in which a process of the site starts.
"""

import re
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from desk.files.tables import (
    MAX_COLUMNS,
    BadCell,
    CellValue,
    SheetError,
    SheetFormat,
    StyledCell,
    Table,
    build_table,
    normalize_line_endings,
)
from web.csv_files import escape_formula, unescape_formula

if TYPE_CHECKING:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import Cell

MAX_UNPACKED_BYTES = 64 * 1024 * 1024  # a workbook is a zip
MAX_XML_TAGS = 4_000_000  # in all parts together: openpyxl makes an object of each tag, inside rows and outside
MAX_ZIP_PARTS = 1000  # a workbook of a hundred sheets has a few hundred
MAX_CELL_LENGTH = 32_767  # characters; a limit of the format

UNSAVED_FORMULA = "contains a formula without a saved result; open the file in a spreadsheet program and save it"

_ILLEGAL_CHARACTERS = re.compile(r"[\x00-\x08\x0B\x0C\x0E-\x1F]")  # in XML 1.0
_ESCAPED_CHARACTER = re.compile(r"_x([0-9A-Fa-f]{4})_")  # ST_Xstring of ECMA-376, part 1, 22.9.2.19
_UNSAVED_FORMULA = re.compile(
    rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*><f(?:/>|[^>]*/>|[^>]*>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>'
)


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
            return build_table(_read_xlsx_rows(sheet, content), title=sheet.title)
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
    if len(text) > MAX_CELL_LENGTH:
        raise ValueError(
            f"Row {row} has a cell of {len(text):,} characters, and XLSX allows {MAX_CELL_LENGTH:,}. Use CSV."
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
        return unescape_formula(normalize_line_endings(_unescape_characters(value)))
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
