"""Files of sheets: every variant that is understood, and every problem that is named."""

import io
import zipfile
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from desk.files.formats import read_sheet
from desk.files.tables import SheetError, Table
from desk.files.xlsx_format import UNSAVED_FORMULA, XlsxFormat
from tests import factories as make
from tests.desk.sheets import FACTS, PLAN, PLANS, TOOLS, dry_run, find_problems, import_sheet, make_csv, make_xlsx
from tests.desk.uploading import IMPORTS, PUBLISHES, client_with, upload, visible_text
from tools.models import Fact, Plan, Tool

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _uploads_in_temporary_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


# -- Variants of files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_csv_delimiters_marks_and_line_endings(delimiter, mark, end):
    make.tool(slug="alpha")
    content = make_csv(["slug", "tagline", "description"], ["alpha", "a;b,c", "ü"], delimiter=delimiter)
    import_sheet(TOOLS, mark + content.replace(b"\r\n", end))
    assert Tool.objects.values_list("tagline", "description").get() == ("a;b,c", "ü")


def test_header_order_and_case_and_empty_rows_and_columns_do_not_matter():
    make.tool(slug="alpha", name="Alpha")
    sheet = make_xlsx(["Tagline ", "SLUG", None, None], [None, None], ["New", " alpha ", None], [None], [None])
    shown = import_sheet(TOOLS, sheet)
    assert [change.where for change in shown.changed] == ["row 3"]
    assert Tool.objects.get().tagline == "New"


def test_numbers_and_days_in_cells_are_read():
    alpha = make.tool(slug="alpha")
    make.attribute(slug="license")
    import_sheet(PLANS, make_xlsx(PLAN, ["alpha", "Pro", "paid", 19.99, "USD", "month", None, None, date(2026, 11, 1)],
                            ["alpha", 2024, "paid", 20.0, "USD", "month", "", "", None]))  # fmt: skip
    assert list(Plan.objects.order_by("pk").values_list("name", "amount", "verified_on")) == [
        ("Pro", Decimal("19.99"), date(2026, 11, 1)),
        ("2024", Decimal(20), None),
    ]
    sheet = make_xlsx(["tool", "attribute", "value"], ["alpha", "license", date(2026, 1, 2)])
    shown = dry_run(FACTS, sheet, client=client_with(*PUBLISHES, name="eve")).context["report"]
    assert next(group.first[0][0] for group in shown.added).endswith(f"2026-01-02” of “{alpha.name}”")


def read_facts(*cells: tuple[Any, str]) -> list[str]:
    """Return the values of facts that an XLSX gives, each from a cell with a number format."""
    workbook = Workbook()
    workbook.active.append(["tool", "attribute", "value"])
    make.tool(slug="alpha")
    for number, (value, number_format) in enumerate(cells, start=2):
        make.attribute(slug=f"attribute-{number}")
        workbook.active.append(["alpha", f"attribute-{number}", value])
        workbook.active.cell(number, 3).number_format = number_format
    stream = io.BytesIO()
    workbook.save(stream)
    import_sheet(FACTS, stream.getvalue())
    return list(Fact.objects.order_by("attribute__pk").values_list("value", flat=True))


def test_text_of_numbers_is_what_the_spreadsheet_displays():
    shown = read_facts(
        (0.5, "0%"), (0.125, "0.0%"), (200000, "#,##0"), (20, '"$"#,##0.00'), (1.1, "0.00"), (12.5, "[$€-407] 0.00"),
        (-3, "0.0;[Red]-0.0"), (59.970000000000006, "General"), (128, "General"), (7, '0" GB"'),
        (date(2025, 6, 1), "dd/mm/yyyy"), (59.7, "0"), (60, "0"), (-0.4, "0"),
    )  # fmt: skip
    assert shown == [
        "50%", "12.5%", "200,000", "$20.00", "1.10", "€ 12.50", "-3.0", "59.97", "128", "7 GB", "2025-06-01",
        "60", "60", "0",
    ]  # fmt: skip


def test_amounts_are_numbers_regardless_of_how_they_are_displayed():
    make.tool(slug="alpha")
    workbook = Workbook()
    workbook.active.append([*PLAN[:6]])
    for name, amount, number_format in (("A", 19.99 * 3, "General"), ("B", 1234.5, '"$"#,##0'), ("C", 0.25, "0%")):
        workbook.active.append(["alpha", name, "paid", amount, "USD", "month"])
        workbook.active.cell(workbook.active.max_row, 4).number_format = number_format
    stream = io.BytesIO()
    workbook.save(stream)
    import_sheet(PLANS, stream.getvalue())
    amounts = list(Plan.objects.order_by("pk").values_list("amount", flat=True))
    assert amounts == [Decimal("59.97"), Decimal("1234.5"), Decimal("0.25")]


def test_escaped_characters_of_xlsx_are_read_and_round_trip():
    texts = ["First line._x000D_\nSecond", "_x005F_x000D_", "plain_x", "_xZZZZ_"]
    table = read_sheet(make_xlsx(["slug", *"abc"], texts))
    assert table.rows == [["First line.\nSecond", "_x000D_", "plain_x", "_xZZZZ_"]]
    written = XlsxFormat().write(Table(["a"], [["_x000D_"]]))
    assert read_sheet(written).rows == [["_x000D_"]]


def test_hidden_sheet_is_not_the_one_that_is_read():
    workbook = Workbook()
    workbook.active.sheet_state = "hidden"
    workbook.active.append(["OLD HIDDEN"])
    workbook.create_sheet("Now").append(["slug"])
    workbook.active = 1
    stream = io.BytesIO()
    workbook.save(stream)
    assert read_sheet(stream.getvalue()).header == ["slug"]


def test_page_names_the_sheet_that_was_read():
    make.tool(slug="alpha")
    client = client_with(*PUBLISHES)
    for rows, expected in (
        (["slug", "tagline"], "This is what “prices.xlsx” (sheet “Now & then”) would do."),
        (["slug", "nothing"], "1 problem in “prices.xlsx” (sheet “Now & then”). Nothing was imported."),
    ):
        workbook = Workbook()
        workbook.active.sheet_state = "hidden"
        workbook.create_sheet("Now & then").append(rows)
        workbook.worksheets[1].append(["alpha", "New."])
        workbook.create_sheet("Later").append(["slug"])
        workbook.active = 1
        stream = io.BytesIO()
        workbook.save(stream)
        assert expected in visible_text(upload(client, f"{TOOLS}import/", stream.getvalue(), name="prices.xlsx"))
    csv = upload(client, f"{TOOLS}import/", "slug,tagline\nalpha,New.", name="prices.csv")
    assert "This is what “prices.csv” would do." in visible_text(csv)


@pytest.mark.parametrize(
    "content",
    [
        b'slug;tagline;description\ralpha;"One, two, three, four";"a, b, c, d"\r',
        b'sep=;\r\nslug;tagline;description\r\nalpha;"One, two, three, four";"a, b, c, d"\r\n',
        b"\xef\xbb\xbfSEP=|\nslug|tagline|description\nalpha|One, two, three, four|a, b, c, d\n",
    ],
)
def test_csv_with_bare_carriage_returns_or_a_separator_line_is_read(content):
    make.tool(slug="alpha")
    import_sheet(TOOLS, content)
    assert Tool.objects.values_list("tagline", "description").get() == ("One, two, three, four", "a, b, c, d")


@pytest.mark.parametrize(
    ("kind", "amount", "currency", "day", "expected"),
    [
        ("Paid", "12,50", "usd", "28.11.2026", ("12.5", "2026-11-28")),
        ("PAID", "1.234,5", "Usd", "11/28/2026", ("1234.5", "2026-11-28")),
        ("paid", "1,234.50", "USD", "28-11-2026", ("1234.5", "2026-11-28")),
        ("paid", "1,234,567", "USD", "5.5.2026", ("1234567", "2026-05-05")),
        ("paid", "1 234,5", "USD", "2026/11/28", ("1234.5", "2026-11-28")),
        ("paid", "0,250", "USD", "2026-11-28", ("0.25", "2026-11-28")),
    ],
)
def test_what_can_be_read_in_one_way_only_is_understood(kind, amount, currency, day, expected):
    make.tool(slug="alpha")
    row = ["alpha", "Pro", kind, amount, currency, "Month", "", "", day]
    import_sheet(PLANS, make_csv(PLAN, row))
    [plan] = Plan.objects.values("kind", "amount", "currency", "period", "verified_on")
    assert (plan["kind"], plan["currency"], plan["period"]) == ("paid", "USD", "month")
    assert (plan["amount"], str(plan["verified_on"])) == (Decimal(expected[0]), expected[1])


# -- Invalid sheets -----------------------------------------------------------------------------------------


def test_every_problem_is_listed_by_row_and_column_and_nothing_is_written():
    alpha = make.tool(slug="alpha")
    make.plan(of=alpha, name="Pro")
    found = find_problems(
        PLANS,
        make_csv(
            PLAN,
            ["alpha", "A", "paid", "1,500", "USD", "month", "", "", "1.11.2026"],
            ["nowhere", "A", "gratis", "", "", "", "", "", ""],
            ["alpha", "Pro", "free", "", "", "", "", "javascript:alert(1)", "2026-02-30"],
            ["", "", "", "", "", "", "", "", ""],
            ["alpha", "Pro", "free", "", "", "", "", "", ""],
            ["alpha", "", "paid", "12", "us$", "", "", "", ""],
        ),
    )
    assert found == [
        ("row 2, column amount", 'must be a number, not "1,500"'),
        ("row 2, column verified_on", '"1.11.2026" is not a day like "2026-11-01"'),
        ("row 3, column tool", 'there is no tool "nowhere" on the site'),
        ("row 3, column kind", '"gratis" is not one of free, paid, contact'),
        ("row 4, column source", '"javascript:alert(1)" is not an http or https address'),
        ("row 4, column verified_on", '"2026-02-30" is not a valid date'),
        ("row 6, column name", '"Pro" is already a plan of this tool'),
        ("row 7, column name", "must not be empty"),
        ("row 7, column currency", '"US$" is not three capital letters such as USD'),
    ]


def test_unknown_categories_attributes_and_slugs_are_problems():
    make.tool(slug="alpha")
    assert find_problems(
        TOOLS, make_csv(["slug", "name", "category"], ["new", "New", "nowhere"], ["Bad Slug", "", ""])
    ) == [
        ("row 2, column category", 'there is no category "nowhere", neither in this file nor on the site'),
        ("row 3, column slug", '"Bad Slug": Use lowercase letters, digits, and single hyphens.'),
        ("row 3, column name", "must not be empty"),
        ("row 3, column category", "is missing"),
    ]
    sheet = make_csv(["tool", "attribute", "value"], ["alpha", "nothing", "x"])
    found = dry_run(FACTS, sheet, client=client_with(*IMPORTS, name="eve")).context["problems"].problems
    assert found == [
        ("row 2, column attribute", 'there is no attribute "nothing", neither in this file nor on the site')
    ]


def test_a_new_tool_needs_a_name_and_a_category():
    assert find_problems(TOOLS, make_csv(["slug"], ["new"])) == [
        ("row 2, column name", "is missing"),
        ("row 2, column category", "is missing"),
    ]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (["slug", "nmae"], [("row 1", '"nmae" is not a column of this sheet; it has slug, name, category, short_name, tagline, description, website, aliases, model_ids, example, state')]),  # noqa: E501
        (["name"], [("row 1", "the column slug is missing; rows are identified by it")]),
        (["slug", "Slug"], [("row 1, column slug", "this column appears twice")]),
        (["", "slug"], [("row 1", '"" is not a column of this sheet; it has slug, name, category, short_name, tagline, description, website, aliases, model_ids, example, state')]),  # noqa: E501
    ],
)  # fmt: skip
@pytest.mark.parametrize("make_file", [make_csv, make_xlsx])
def test_wrong_headers_are_problems(make_file, header, expected):
    assert find_problems(TOOLS, make_file(header, ["x"] * len(header))) == expected


def _truncate(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _make_zip(parts: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        for name, text in parts.items():
            package.writestr(name, text)
    return target.getvalue()


def _replace_part(name: str, text: str) -> bytes:
    """Return a workbook with one of its parts replaced."""
    source, target = zipfile.ZipFile(io.BytesIO(make_xlsx(["slug"], ["alpha"]))), io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for part in source.namelist():
            package.writestr(part, text if part == name else source.read(part))
    return target.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
ROWS = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
DAMAGED = "This is not an XLSX file, or it is damaged or locked with a password."


@pytest.mark.parametrize(
    ("content", "where", "message"),
    [
        (lambda: b"   \n", "the sheet", "The file is empty."),
        (lambda: b"\n\nslug\n", "row 1", "The first row is empty. It must name the columns."),
        (lambda: b"slug\nalph\xff\n", "row 2", "The file is not UTF-8 (byte 9). In Excel: save as “CSV UTF-8”."),
        (lambda: b"hello\nworld\n", "row 1", "this text file names no column of this sheet (slug, name, category, short_name, tagline, description, website, aliases, model_ids, example, state); is it the right file?"),  # noqa: E501
        (lambda: make_xlsx(["hello"]), "row 1", "this workbook names no column of this sheet (slug, name, category, short_name, tagline, description, website, aliases, model_ids, example, state); is it the right file?"),  # noqa: E501
        (lambda: _make_zip({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "the sheet", "This is an OpenDocument file, such as ODS. Save it as XLSX or CSV."),  # noqa: E501
        (lambda: _make_zip({"Index/Document.iwa": ""}), "the sheet", "This is a Numbers document. Export it as XLSX or CSV."),  # noqa: E501
        (lambda: _make_zip({"word/document.xml": ""}), "the sheet", "This is a Word or PowerPoint document, not a workbook."),  # noqa: E501
        (lambda: _make_zip({"xl/workbook.bin": ""}), "the sheet", "This is a binary workbook (XLSB). Save it as XLSX."),
        (lambda: b"\x89PNG\r\n\x1a\n", "row 1", "The file is not UTF-8 (byte 0). In Excel: save as “CSV UTF-8”."),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "the sheet", "This is an Excel 2003 workbook, or one with a password. Save it as XLSX without a password."),  # noqa: E501
        (lambda: b'slug,name\nalpha,"A\n', "row 2", "A quotation mark opens here and is never closed."),
        (lambda: b'slug,name\nalpha,"A"b"\n', "row 2", "This row is not valid CSV: a quotation mark inside a quoted cell must be doubled."),  # noqa: E501
        (lambda: b"slug,name\nalpha," + b"x" * 1024**2, "row 2", "A cell has more than 131,072 characters. Is a quotation mark missing?"),  # noqa: E501
        (lambda: b"slug\n" + b"a\n" * 20_001, "row 20,002", "There are more than 20,000 rows. Split the file."),
        (lambda: ",".join(f"c{n}" for n in range(41)).encode(), "row 1", "The first row has more than 40 columns."),
        (lambda: _truncate(make_xlsx(["slug"], ["alpha"])), "the sheet", DAMAGED),
        (lambda: b"PK\x03\x04" + bytes(500), "the sheet", DAMAGED),
        (lambda: _replace_part(SHEET, "<worksheet"), "the sheet", "This workbook is damaged and cannot be read."),
        (lambda: _replace_part("xl/workbook.xml", "<x/>"), "the sheet", "This workbook is damaged and cannot be read."),
        (lambda: _replace_part(SHEET, ROWS.format('<row r="1"><c r="A1" t="e"><v>#N/A</v></c></row>')), "row 1", "A cell contains the error #N/A."),  # noqa: E501
        (lambda: _replace_part(SHEET, '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + ROWS.format("")), "the sheet", "This workbook contains a document type, which no spreadsheet program writes."),  # noqa: E501
        (lambda: _replace_part("xl/styles.xml", '<?xml version="1.0"?><!-- <a> --><!DOCTYPE x []><x/>'), "the sheet", "This workbook contains a document type, which no spreadsheet program writes."),  # noqa: E501
        (lambda: _replace_part(SHEET, "<x>" + " " * (65 * 1024**2)), "the sheet", "This workbook unpacks to more than 64 MB."),  # noqa: E501
        (lambda: _replace_part(SHEET, "<c/>" * 4_100_000), "the sheet", "This workbook unpacks to more than 64 MB."),
        (lambda: _replace_part(SHEET, ROWS.format('<row r="1"><c r="A1" t="str"><v>slug</v></c></row><row r="1048576"><c r="A1048576"><v>1</v></c></row>')), "the sheet", ""),  # noqa: E501
    ],
)  # fmt: skip
def test_file_that_is_not_a_sheet_is_refused_with_the_reason(content, where, message):
    response = dry_run(TOOLS, content())
    if not message:  # rows that far down are not scanned
        assert response.context["report"].does_nothing
        return
    assert response.context["problems"].problems == [(where, message)]


def test_rows_and_cells_that_cannot_be_read_are_listed_with_all_other_problems():
    make.tool(slug="alpha")
    make.attribute(slug="license")
    workbook = Workbook()
    for row in (
        ["tool", "attribute", "value", "source"],
        ["alpha", "license", "=1+1", ""],  # openpyxl saves no result
        ["alpha", "license", "MIT", "", "a comment"],
        ["nowhere", "license", "MIT", ""],
        ["alpha", "license", 0.5, ""],
        ["alpha", "license", date(2025, 6, 1), ""],
    ):
        workbook.active.append(row)
    workbook.active["C5"].number_format = "# ?/?"
    workbook.active["C6"].number_format = "mmm yyyy"
    stream = io.BytesIO()
    workbook.save(stream)
    unreadable = "which cannot be read; format it as text"
    assert find_problems(FACTS, stream.getvalue()) == [
        ("row 2, column value", UNSAVED_FORMULA),
        ("row 3", "There is a cell beyond the last column: “a comment”. Name its column, or clear it."),
        ("row 3, column attribute", '"license" already has a value for this tool'),
        ("row 4, column tool", 'there is no tool "nowhere" on the site'),
        ("row 5, column attribute", '"license" already has a value for this tool'),
        ("row 5, column value", f"has the number format # ?/?, {unreadable}"),
        ("row 6, column attribute", '"license" already has a value for this tool'),
        ("row 6, column value", f"has the number format mmm yyyy, {unreadable}"),
    ]  # fmt: skip


def test_too_long_text_is_reported_with_its_length():
    make.tool(slug="alpha")
    assert find_problems(TOOLS, make_csv(["slug", "tagline", "description"], ["alpha", "x" * 301, "x" * 50_001])) == [
        ("row 2, column tagline", "has 301 characters; the maximum is 300"),
        ("row 2, column description", "has 50001 characters; the maximum is 50000"),
    ]


@given(
    content=st.binary(max_size=300), start=st.sampled_from([b"", b"PK\x03\x04", b"slug,name\n", b"\xef\xbb\xbfslug\n"])
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_reader_survives_any_bytes(content, start):
    with suppress(SheetError):
        read_sheet(start + content)


@given(where=st.integers(0, 5000), piece=st.binary(min_size=1, max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_reader_survives_any_damage_to_a_workbook(where, piece):
    whole = bytearray(WORKBOOK)
    whole[where % len(whole) : where % len(whole) + len(piece)] = piece
    with suppress(SheetError):
        read_sheet(bytes(whole))


WORKBOOK = make_xlsx(["slug", "name"], ["alpha", "Alpha"])
