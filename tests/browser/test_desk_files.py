"""Exports and imports at the desk, in a browser."""

import csv
import io
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from catalog.exporting import export_lines
from tests import factories as make
from tests.browser.screens import find_violations_on, find_words_broken_in_tables, follow
from tests.browser.signing_in import add_session
from tests.desk.uploading import PUBLISHES, client_with
from tools.models import Plan, Tool


@pytest.fixture
def desk(site, page: Page, settings, tmp_path) -> Page:
    """Return a page signed in as a user who may import and publish."""
    settings.DATA_DIR = tmp_path
    add_session(page.context, site, client_with(*PUBLISHES, "add_tool", "change_tool", "delete_tool"))
    page.goto(site + "/admin/")
    return page


def choose(page: Page, name: str, content: str) -> None:
    page.get_by_label("File").set_input_files({"name": name, "mimeType": "text/plain", "buffer": content.encode()})
    follow(page.get_by_role("button", name="Show what would change"))


def download_text(page: Page, role: str, name: str) -> str:
    with page.expect_download() as download:
        page.get_by_role(role, name=name).click()
    return Path(download.value.path()).read_text(encoding="utf-8-sig")


def test_catalog_file_downloads_and_imports(desk: Page):
    desk.locator("#tools-catalogfile").get_by_role("link", name="Catalog file").click()
    catalog = download_text(desk, "link", "Download the catalog")
    assert catalog == "".join(export_lines())
    document = json.loads(catalog)
    document["tools"][0]["tagline"] = "New tagline"
    choose(desk, "catalog.json", json.dumps(document))
    expect(desk.get_by_text("Nothing is imported yet.")).to_be_visible()
    desk.set_viewport_size({"width": 360, "height": 800})
    assert find_words_broken_in_tables(desk) == []
    counts = desk.get_by_role("region", name="Rows added, changed, and unchanged")
    assert counts.evaluate("region => region.scrollWidth - region.clientWidth") == 0
    expect(desk.locator(".bulk-change ins")).to_have_text("New tagline")
    assert not Tool.objects.filter(tagline="New tagline").exists()
    desk.get_by_role("button", name="Import now").click()
    expect(desk.locator(".messagelist")).to_contain_text("“catalog.json” is imported: tools: 1 changed.")
    assert Tool.objects.get(tagline="New tagline").slug == document["tools"][0]["slug"]


def test_invalid_file_shows_where_its_problems_are(desk: Page, site):
    desk.goto(site + "/admin/catalog/")
    choose(desk, "bad.json", '{"format": "shipside-catalog/2", "tools": [{"slug": "x"}]}')
    expect(desk.get_by_role("heading", name="2 problems in “bad.json”. Nothing was imported.")).to_be_visible()
    expect(desk.get_by_role("rowheader", name="tools[0].category")).to_be_visible()


def test_prices_export_as_a_sheet_and_import_again(desk: Page, site):
    desk.goto(site + "/admin/tools/plan/")
    desk.get_by_role("link", name="Export").click()
    header, *rows = csv.reader(io.StringIO(download_text(desk, "button", "Download")))
    paid = next(row for row in rows if row[header.index("amount")])
    paid[header.index("amount")] = "123.45"
    sheet = io.StringIO(newline="")
    csv.writer(sheet, delimiter=";").writerows([header, *rows])
    desk.goto(site + "/admin/tools/plan/")
    desk.get_by_role("link", name="Import", exact=True).click()
    choose(desk, "prices.csv", sheet.getvalue())
    expect(desk.locator(".bulk-change")).to_have_count(1)
    expect(desk.locator(".bulk-change ins")).to_have_text("123.45")
    desk.get_by_role("button", name="Import now").click()
    expect(desk.locator(".messagelist")).to_contain_text("“prices.csv” is imported: plans: 1 changed.")
    assert Plan.objects.current().get(amount="123.45").tool.slug == paid[header.index("tool")]


def test_many_rows_are_deleted_in_steps_while_a_bar_shows_how_far_it_has_come(desk: Page, site, monkeypatch):
    monkeypatch.setattr("desk.change_links.ROWS_PER_PAGE", 2)
    monkeypatch.setattr("desk.bulk_changes.working_off.ROWS_PER_STEP", {"delete": 1})
    monkeypatch.setattr("desk.bulk_changes.pages.SECONDS_OF_SCRIPT", 0)
    names = [f"Wrong {number}" for number in range(4)]
    for name in names:
        make.tool(name=name, published_at=None)
    desk.goto(f"{site}/admin/tools/tool/?q=Wrong")
    desk.get_by_role("checkbox", name="Select all objects on this page").check()
    desk.locator("select[name=action]").select_option("delete_selected")
    desk.get_by_role("button", name="Run").click()
    expect(desk.get_by_role("heading", name="Delete 4 tools")).to_be_visible()
    values = []
    desk.on("response", lambda response: values.append(response.status) if "/go/" in response.url else None)
    desk.get_by_role("button", name="Delete 4 tools").click()
    expect(desk.get_by_text("4 deleted.")).to_be_visible()
    assert values == [303, 200, 200, 200, 200]
    assert not Tool.objects.filter(name__in=names).exists()


def test_no_accessibility_rule_is_broken_and_nothing_is_wider_than_the_screen(desk: Page, site):
    """What forms answer. The pages that only open are in test_desk_pages.py."""
    complaints = []

    def check(what: str) -> None:
        for width, scheme in ((1440, "light"), (360, "dark")):
            complaints.extend(find_violations_on(desk, [(width, scheme)], context="#content", what=what))
            if desk.evaluate("document.documentElement.scrollWidth > innerWidth"):
                complaints.append(f"{what} is wider than {width}")

    desk.goto(site + "/admin/tools/tool/import/")
    choose(desk, "bad.csv", "slug,name\nx,\n")
    check("problems")
    choose(
        desk,
        "good.csv",
        "slug,tagline\n" + "".join(f"{slug},New\n" for slug in Tool.objects.values_list("slug", flat=True)),
    )
    check("dry run")
    follow(desk.get_by_role("button", name="Import now"))
    follow(desk.get_by_role("link", name="Undo…"))
    check("undo")
    follow(desk.get_by_role("button", name="Undo now"))
    check("undone")
    assert not complaints, "\n".join(complaints)
