"""The file formats of sheets: CSV and XLSX, read and written safely.

Text that a spreadsheet could take for a formula gets an apostrophe when written and loses it when read. Both formats do
this, so a sheet may be saved in the other format on its way.
"""

from desk.files.csv_format import CsvFormat
from desk.files.tables import SheetError, SheetFormat, Table
from desk.files.xlsx_format import XlsxFormat

MAX_FILE_BYTES = 16 * 1024 * 1024

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
