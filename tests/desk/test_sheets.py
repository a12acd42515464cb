"""Sheets at the desk: what an import changes, exports, round trips, and permissions."""

import csv
import io
import re
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from desk.files.csv_format import CsvFormat
from desk.files.formats import read_sheet
from desk.files.tables import Table, format_cell
from desk.files.xlsx_format import XlsxFormat
from tests import factories as make
from tests.desk.sheets import (
    ATTRIBUTES,
    FACTS,
    PLAN,
    PLANS,
    TOOLS,
    dry_run,
    export,
    find_problems,
    import_sheet,
    make_csv,
)
from tests.desk.uploading import IMPORTS, PUBLISHES, SEES, client_with, messages_of, upload, visible_text
from tools.models import Attribute, Fact, Plan, Tool
from web.csv_files import escape_formula, unescape_formula

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _uploads_in_temporary_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


# -- Rows ---------------------------------------------------------------------------------------------------


def test_tool_sheet_adds_drafts_and_changes_the_columns_it_has():
    make.category(slug="things", name="Things")
    make.tool(slug="alpha", name="Alpha", tagline="Old", aliases=["A", "B"], category=make.category(slug="others"))
    sheet = make_csv(
        ["slug", "tagline", "category", "name"],
        ["alpha", "New", "things", "Alpha"],
        ["gamma", "", "things", "Gamma"],
    )
    shown = import_sheet(TOOLS, sheet)
    assert [tuple(count) for count in shown.counts] == [("tools", 1, 1, 0)]
    assert [(change.label, change.where) for change in shown.changed] == [("tool “Alpha”", "row 2")]
    assert [group.first for group in shown.added] == [[("tool “Gamma”", "row 3")]]
    alpha, gamma = Tool.objects.order_by("slug")
    assert (alpha.tagline, alpha.category.slug, alpha.aliases, alpha.state) == (
        "New",
        "things",
        ["A", "B"],
        "published",
    )
    assert (gamma.name, gamma.published_at, gamma.state) == ("Gamma", None, "draft")


def test_missing_columns_keep_values_and_empty_cells_clear_them():
    make.tool(slug="alpha", tagline="Old", description="Words", website="https://example.com/")
    import_sheet(TOOLS, make_csv(["slug", "tagline"], ["alpha", ""]))
    assert Tool.objects.values_list("tagline", "description", "website").get() == ("", "Words", "https://example.com/")


def test_new_price_supersedes_and_new_check_does_not():
    alpha = make.tool(slug="alpha", name="Alpha")
    for name in ("Pro", "Team", "Solo"):
        make.plan(of=alpha, name=name, kind="paid", amount=20, currency="USD", period="month")
    shown = import_sheet(
        PLANS,
        make_csv(
            PLAN,
            ["alpha", "Pro", "paid", "25.5", "USD", "month", "", "https://example.com/", "2026-11-01"],
            ["alpha", "Team", "paid", "20", "USD", "month", "", "", "2026-11-02"],
            ["alpha", "Free", "free", "", "", "", "", "", ""],
        ),
    )
    assert [tuple(count) for count in shown.counts] == [("plans", 1, 2, 0)]
    assert [(change.where, change.label, [field.name for field in change.fields]) for change in shown.changed] == [
        ("row 2", "plan “Pro” of “Alpha”", ["amount", "source", "verified on"]),
        ("row 3", "plan “Team” of “Alpha”", ["verified on"]),
    ]
    rows = Plan.objects.order_by("pk")
    assert [(plan.name, plan.amount, plan.verified_on, plan.superseded_at is None) for plan in rows] == [
        ("Pro", Decimal(20), None, False),
        ("Team", Decimal(20), date(2026, 11, 2), True),
        ("Solo", Decimal(20), None, True),
        ("Pro", Decimal("25.5"), date(2026, 11, 1), True),
        ("Free", None, None, True),
    ]


def test_check_needs_only_the_key_columns_and_the_day():
    alpha = make.tool(slug="alpha")
    make.plan(
        of=alpha, name="Pro", kind="paid", amount=Decimal("0.25"), currency="USD", period="usage", unit="1M tokens"
    )
    make.fact(of=alpha, attribute=make.attribute(slug="license"), value="MIT")
    import_sheet(PLANS, make_csv(["tool", "name", "verified_on"], ["alpha", "Pro", "2026-11-01"]))
    facts_report = dry_run(
        FACTS, make_csv(["tool", "attribute", "verified_on"], ["alpha", "license", "2026-11-01"]),
        client=client_with(*PUBLISHES, name="eve"),
    )  # fmt: skip
    assert [field.name for field in facts_report.context["report"].changed[0].fields] == ["verified on"]
    assert Plan.objects.values_list("amount", "unit", "verified_on").get() == (
        Decimal("0.25"),
        "1M tokens",
        date(2026, 11, 1),
    )


def test_new_value_of_a_fact_supersedes():
    alpha = make.tool(slug="alpha", name="Alpha")
    make.fact(of=alpha, attribute=make.attribute(slug="license", name="License"), value="MIT")
    shown = import_sheet(FACTS, make_csv(["tool", "attribute", "value"], ["alpha", "license", "GPL"]))
    assert [(change.label, change.fields) for change in shown.changed] == [
        ("fact “License: MIT” of “Alpha”", [("value", "MIT", "GPL")])
    ]
    assert [(fact.value, fact.superseded_at is None) for fact in Fact.objects.order_by("pk")] == [
        ("MIT", False),
        ("GPL", True),
    ]


@pytest.mark.parametrize(("cell", "is_correction"), [("yes", True), ("TRUE", True), ("no", False), ("", False)])
def test_row_of_a_sheet_says_that_we_were_wrong(cell, is_correction):
    alpha = make.tool(slug="alpha", name="Alpha")
    make.fact(of=alpha, attribute=make.attribute(slug="license", name="License"), value="MIT")
    shown = import_sheet(
        FACTS, make_csv(["tool", "attribute", "value", "correction"], ["alpha", "license", "GPL", cell])
    )
    said = [("correction", "no", "yes")] if is_correction else []
    assert shown.changed[0].fields == [("value", "MIT", "GPL"), *said]
    rows = [(fact.value, fact.superseded_at is None, fact.correction) for fact in Fact.objects.order_by("pk")]
    assert rows == [("MIT", False, is_correction), ("GPL", True, False)]


def test_corrected_price_is_wrong_only_once():
    make.plan(of=make.tool(slug="alpha"), name="Pro", kind="paid", amount=20, currency="USD", period="month")
    sheet = make_csv(["tool", "name", "amount", "correction"], ["alpha", "Pro", 25, "yes"])
    import_sheet(PLANS, sheet)
    shown = dry_run(PLANS, sheet, client=client_with(*IMPORTS, name="eve")).context["report"]
    rows = Plan.objects.order_by("pk").values_list("amount", "correction")
    assert (shown.does_nothing, list(rows)) == (True, [(20, True), (25, False)])


def test_unclear_correction_is_reported_at_its_cell():
    make.fact(of=make.tool(slug="alpha"), attribute=make.attribute(slug="license"), value="MIT")
    sheet = make_csv(["tool", "attribute", "value", "correction"], ["alpha", "license", "GPL", "maybe"])
    assert find_problems(FACTS, sheet) == [("row 2, column correction", 'must be true or false, not "maybe"')]


def test_attribute_sheet_adds_attributes_and_changes_the_columns_it_has():
    things = make.category(slug="things", name="Things")
    make.category(slug="others", name="Others")
    license_ = make.attribute(slug="license", name="License", heading="Terms", explanation="Old.")
    license_.categories.add(things)
    make.fact(of=make.tool(slug="alpha", category=things), attribute=license_, value="MIT")
    shown = import_sheet(
        ATTRIBUTES,
        make_csv(
            ["slug", "name", "kind", "choices", "several", "decides", "categories", "unit", "better"],
            ["license", "License", "Text", "", "", "yes", "others\nthings", "", ""],
            ["context", "Context", "number", "", "", "no", "things", "tokens", "Higher"],
            ["runs-on", "Runs on", "choice", "Linux\nMac OS | mac: you use a Mac", "yes", "", "", "", ""],
        ),
    )
    assert [tuple(count) for count in shown.counts] == [("attributes", 2, 1, 0)]
    assert [(change.label, change.where, change.fields) for change in shown.changed] == [
        ("attribute “License”", "row 2", [("decides", "no", "yes"), ("categories", "things", "others, things")])
    ]
    fields = ("slug", "heading", "explanation", "decides", "several", "choices", "unit", "better")
    assert list(Attribute.objects.order_by("pk").values_list(*fields)) == [
        ("license", "Terms", "Old.", True, False, [], "", ""),
        ("context", "", "", False, False, [], "tokens", "higher"),
        ("runs-on", "", "", False, True,
         [{"slug": "linux", "name": "Linux"}, {"slug": "mac", "name": "Mac OS", "need": "you use a Mac"}], "", ""),
    ]  # fmt: skip
    assert [*license_.categories.order_by("slug").values_list("slug", flat=True)] == ["others", "things"]


def test_attribute_sheet_reports_each_problem_at_its_cell():
    license_ = make.attribute(slug="license", name="License", kind="choice", choices=[{"slug": "mit", "name": "MIT"}])
    make.fact(of=make.tool(), attribute=license_, value="mit")
    sheet = make_csv(
        ["slug", "name", "kind", "choices", "unit", "categories", "decides"],
        ["license", "License", "choice", "GPL", "", "", ""],
        ["age", "", "day", "", "tokens", "nowhere", "perhaps"],
        ["size", "Size", "big", "|", "", "", ""],
    )
    assert find_problems(ATTRIBUTES, sheet) == [
        ("row 2", "facts on the site would not fit any more: “mit”"),
        ("row 3, column name", "must not be empty"),
        ("row 3, column categories", 'there is no category "nowhere", neither in this file nor on the site'),
        ("row 3, column decides", 'must be true or false, not "perhaps"'),
        ("row 4, column kind", '"big" is not one of text, choice, grade, number, version, day'),
        ("row 4, column choices", "“|” needs a name with a letter or a digit."),
    ]


def test_sheets_cannot_publish():
    make.tool(slug="alpha", published_at=None)
    assert find_problems(TOOLS, make_csv(["slug", "published_at"], ["alpha", "2026-01-01T00:00:00Z"]))[0][0] == "row 1"
    client = client_with(*IMPORTS, name="eve")
    shown = dry_run(TOOLS, make_csv(["slug", "state"], ["alpha", "published"]), client=client)
    assert shown.context["report"].does_nothing


# -- Round trips ------------------------------------------------------------------------------------------

AWKWARD = [
    *("=1+1", "+1", "-1", "@A1", "'=x", "''=", "'plain", '"quoted"', "a,b;c", "ß 漢字 🚀", "007", "1e5", "TRUE"),
    '=HYPERLINK("x")',
]


@pytest.mark.parametrize("format_name", ["csv", "xlsx"])
def test_unchanged_export_imports_without_changes(format_name):
    alpha = make.tool(slug="alpha", name="=Alpha", description="One\r\n\r\n- two", aliases=["=A", "B, C"], tagline="-1")
    other = make.tool(slug="beta", name="+Beta", published_at=None)
    for number, text in enumerate(AWKWARD):
        make.plan(of=alpha, name=text, verified_on=date(2026, 11, 1))
        make.fact(of=other, attribute=make.attribute(slug=f"a-{number}"), value=text, source="https://example.com/?=1")
    make.plan(of=other, name="Tiny", kind="paid", amount=Decimal("0.000001"), currency="USD", period="usage", unit="=1")
    make.plan(of=other, name="Large", kind="paid", amount=Decimal("12000000.5"), currency="EUR", period="once")
    old = make.plan(of=other, name="Old")
    Plan.objects.filter(pk=old.pk).update(superseded_at=make.PAST)
    choices = [{"slug": "x", "name": "=X"}, {"slug": "y", "name": "Y | Z", "need": "you sell: a lot"}]
    make.attribute(slug="b-1", name="-B", kind="choice", several=True, decides=True, choices=choices).categories.set(
        [alpha.category, other.category]
    )
    make.attribute(
        slug="b-2",
        kind="number",
        unit="=tokens",
        better="lower",
        heading="@H",
        explanation="+E",
        need="-n",
        aliases=["=S", "T, U"],
    )
    for number, (address, rows) in enumerate(((TOOLS, 2), (PLANS, 16), (FACTS, 14), (ATTRIBUTES, 16))):
        content = export(address, format_name, client_with(*SEES, name=f"reader-{number}"))
        shown = dry_run(address, content, client=client_with(*IMPORTS, name=f"writer-{number}")).context["report"]
        assert (shown.does_nothing, [count.unchanged for count in shown.counts]) == (True, [rows])


@given(st.text(max_size=300) | st.text("';=+-@\t\r\nx", max_size=30))
def test_escaped_text_is_not_a_formula_and_round_trips(text):
    escaped = escape_formula(text)
    cells = re.split(";", escaped)  # as a spreadsheet reads it whose language separates cells by semicolons
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert not re.search("\n[=@]", escaped)
    assert unescape_formula(escaped) == text


def test_list_in_markdown_is_no_formula():
    assert escape_formula("Two points:\n- one;\n+ two") == "Two points:\n- one;\n+ two"


# No control characters: the catalog refuses them, and sheets normalize line endings.
LINES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], include_characters="\n\t"), max_size=200)


@pytest.mark.parametrize("sheet_format", [CsvFormat(), XlsxFormat()])
@given(rows=st.lists(st.tuples(LINES, TEXTS, st.sampled_from(AWKWARD)), min_size=1, max_size=5))
@settings(max_examples=60)
def test_texts_round_trip_through_a_file(sheet_format, rows):
    table = Table(["one", "two", "three"], [list(row) for row in rows])
    back = read_sheet(sheet_format.write(table)).rows
    assert [[format_cell(cell) for cell in row] for row in back] == table.rows


@pytest.mark.parametrize("format_name", ["csv", "xlsx"])
def test_export_contains_no_formula(format_name):
    alpha = make.tool(slug="alpha", name="=cmd|' /C calc'!A0")
    make.plan(of=alpha, name="@SUM(1)")
    content = export(TOOLS, format_name)
    if format_name == "csv":
        cells = [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for cell in row]
    else:
        sheet = load_workbook(io.BytesIO(content)).worksheets[0]
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
        cells = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert "'=cmd|' /C calc'!A0" in cells


def test_xlsx_export_keeps_numbers_and_days_typed():
    make.plan(of=make.tool(slug="alpha"), name="Pro", kind="paid", amount=Decimal("0.25"), currency="USD",
              period="month", verified_on=date(2026, 11, 1))  # fmt: skip
    sheet = load_workbook(io.BytesIO(export(PLANS, "xlsx"))).worksheets[0]
    row = {cell.value: under for cell, under in zip(*sheet.iter_rows(), strict=True)}
    assert (row["amount"].value, row["verified_on"].is_date) == (0.25, True)


def test_csv_export_has_a_byte_order_mark_and_windows_line_endings():
    make.tool(slug="alpha", name="Größe")
    content = export(TOOLS, "csv")
    assert content.startswith(
        b"\xef\xbb\xbfslug,name,category,short_name,tagline,description,website,aliases,model_ids,example,state\r\nalpha,Gr\xc3\xb6"
    )


def test_text_too_long_for_xlsx_is_reported_instead_of_cut():
    make.tool(slug="alpha", description="x" * 40_000)
    client = client_with(*SEES)
    response = client.post(f"{TOOLS}export/", {"format": "xlsx"})
    assert "Row 2 has a cell of 40,000 characters, and XLSX allows 32,767. Use CSV." in visible_text(response) + str(
        messages_of(response)
    )
    assert b"x" * 40_000 in export(TOOLS, "csv", client)


def test_export_contains_the_rows_of_the_list():
    make.tool(slug="alpha", name="Alpha")
    make.tool(slug="beta", name="Beta")
    client = client_with(*SEES)
    response = client.post(f"{TOOLS}export/?q=beta", {"format": "csv"})
    assert [row[0] for row in csv.reader(io.StringIO(response.content.decode("utf-8-sig")))] == ["slug", "beta"]


def test_export_with_an_unknown_filter_redirects_to_the_list():
    response = client_with(*SEES).get(f"{TOOLS}export/?state=nonsense")
    assert (response.status_code, response["Location"]) == (302, f"{TOOLS}?e=1")


def test_export_needs_a_known_format():
    client = client_with(*SEES)
    assert client.post(f"{TOOLS}export/", {"format": "exe"}).context["form"].errors.keys() == {"format"}
    assert client.post(f"{TOOLS}export/", {}).headers["Content-Type"] == "text/html; charset=utf-8"


def test_action_exports_the_selected_rows():
    alpha = make.tool(slug="alpha", name="Alpha")
    make.tool(slug="beta")
    client = client_with(*SEES)
    response = client.post(TOOLS, {"action": "export_as_csv", "_selected_action": [alpha.pk]})
    assert [row[0] for row in csv.reader(io.StringIO(response.content.decode("utf-8-sig")))] == ["slug", "alpha"]
    assert client.post(TOOLS, {"action": "export_as_xlsx", "_selected_action": [alpha.pk]}).content[:2] == b"PK"


@pytest.mark.parametrize("address", [TOOLS, PLANS, FACTS, ATTRIBUTES])
@pytest.mark.parametrize("format_name", ["csv", "xlsx"])
def test_export_makes_a_constant_number_of_queries(address, format_name, django_assert_num_queries):
    client = client_with(*SEES)

    def add_rows():
        alpha = make.tool()
        make.plan(of=alpha)
        make.fact(of=alpha).attribute.categories.add(alpha.category)

    add_rows()
    with CaptureQueriesContext(connection) as few:
        export(address, format_name, client)
    for _ in range(5):
        add_rows()
    with django_assert_num_queries(len(few)):
        export(address, format_name, client)


def test_dry_run_makes_a_constant_number_of_queries(django_assert_num_queries):
    client = client_with(*IMPORTS)
    for number in range(40):
        make.plan(of=make.tool(slug=f"t-{number}"), name="Pro")
    rows = [[f"t-{number}", "Pro", "contact"] for number in range(40)]
    with CaptureQueriesContext(connection) as few:
        dry_run(PLANS, make_csv(["tool", "name", "kind"], rows[0]), client=client)
    with django_assert_num_queries(len(few)):
        dry_run(PLANS, make_csv(["tool", "name", "kind"], *rows), client=client)


@pytest.mark.parametrize("extension", ["csv", "xlsx"])
@pytest.mark.parametrize("address", [TOOLS, PLANS, FACTS, ATTRIBUTES])
def test_template_can_be_imported(address, extension):
    things = make.category(slug="developer-tools")
    if address != TOOLS:
        make.tool(slug="example-tool", category=things)
    if address != ATTRIBUTES:
        make.attribute(slug="license")
    template = client_with(*IMPORTS, name="eve").get(f"{address}import/template.{extension}").content
    shown = import_sheet(address, template)
    assert [count.added for count in shown.counts] == [1]


# -- Permissions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [TOOLS, PLANS, FACTS, ATTRIBUTES])
def test_import_needs_the_import_permission(address):
    sheet = make_csv(["slug"], ["alpha"])
    assert Client().get(f"{address}import/").status_code == 302
    reader = client_with(*SEES)
    assert reader.get(f"{address}import/").status_code == 403
    assert reader.get(f"{address}import/template.csv").status_code == 403
    assert upload(reader, f"{address}import/", sheet).status_code == 403
    assert "import/" not in reader.get(address).text
    importer = client_with(*IMPORTS, name="eve")
    assert importer.get(f"{address}import/").status_code == 200
    assert f'href="{address}import/"' in importer.get(address).text
    assert importer.get(f"{address}import/template.exe").status_code == 404


@pytest.mark.parametrize(
    ("address", "model"), [(TOOLS, "tool"), (PLANS, "plan"), (FACTS, "fact"), (ATTRIBUTES, "attribute")]
)
def test_export_needs_the_view_permission(address, model):
    assert Client().get(f"{address}export/").status_code == 302
    importer = client_with("import_catalog")
    assert importer.get(f"{address}export/").status_code == 403
    assert importer.post(f"{address}export/", {"format": "csv"}).status_code == 403
    reader = client_with(f"view_{model}", name="eve")
    assert reader.get(f"{address}export/").status_code == 200
    assert f'href="{address}export/' in reader.get(address).text
