"""Sheets as CSV."""

import csv
import re
from collections.abc import Iterator
from io import StringIO

from desk.files.tables import CellValue, SheetError, SheetFormat, Table, build_table, normalize_line_endings
from web.csv_files import escape_formula, unescape_formula

_SEPARATOR_LINE = re.compile(r"sep=(.)(?:\r\n|\r|\n)", re.IGNORECASE)  # what Excel writes and reads, and hides


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
        return build_table(_read_csv_rows(text), title="")


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
            yield [unescape_formula(normalize_line_endings(cell)) for cell in next(reader)]
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
