"""Bulk changes: imports and actions are recorded with what they wrote, and listed."""

import pytest

from catalog.bulk_changes import record_bulk_change
from catalog.models import BulkChange
from tests import factories as make
from tests.catalog.documents import document, import_content, plan, tool
from tests.desk.sheets import PLAN, PLANS, dry_run, import_now, make_csv
from tests.desk.uploading import PUBLISHES, client_with, messages_of
from tools.models import Plan, Tool

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _uploads_in_temporary_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


def read_versions(change: BulkChange, model) -> list[int]:
    spans = change.versions.get(model._meta.label_lower, [])
    return [number for first, last in spans for number in range(first, last + 1)]


def test_import_of_a_sheet_is_recorded_under_the_name_of_its_file():
    pro = make.plan(of=make.tool(slug="alpha", name="Alpha"), name="Pro")
    content = make_csv(PLAN, ["alpha", "Pro", "paid", 25, "USD", "month", "", "", ""])
    client = client_with(*PUBLISHES)
    shown = dry_run(PLANS, content, client=client)
    assert not BulkChange.objects.exists()
    response = import_now(client, f"{PLANS}import/", shown)
    change = BulkChange.objects.get()
    assert (change.kind, change.title, change.made_by.username) == ("import", "sheet", "ada")
    assert change.summary == "plans: 1 changed."
    written = Plan.history.filter(history_change_reason="catalog import of “sheet”").order_by("history_id")
    assert read_versions(change, Plan) == [event.history_id for event in written]
    assert {event.id for event in written} == set(Plan.objects.values_list("pk", flat=True)) > {pro.pk}
    [message] = messages_of(client.get(response["Location"]))
    assert f'href="/admin/changes/{change.pk}/undo/"' in message
    page = client.get(f"/admin/changes/{change.pk}/")
    assert (page.status_code, "Plans: 1 changed." in page.text) == (200, True)
    assert [row.pk for row in client.get("/admin/changes/").context["page"]] == [change.pk]


def test_command_names_its_file_and_an_import_that_changes_nothing_is_not_recorded():
    content = document(tools=[tool(plans=[plan()])])
    import_content(content, name="all.json")
    import_content(content, name="again.json")
    assert list(BulkChange.objects.values_list("title", "made_by")) == [("all.json", None)]


def test_only_the_events_of_the_block_are_recorded():
    tools = [make.tool() for _ in range(3)]
    change = BulkChange(kind="action", title="Rename")
    with record_bulk_change(change):
        for row in (tools[0], tools[2]):
            row.save()
    tools[1].save()
    with record_bulk_change(change):
        tools[1].save()
    newest = [row.history.latest("history_id").history_id for row in (tools[0], tools[2], tools[1])]
    assert read_versions(change, Tool) == newest
    assert len(change.versions["tools.tool"]) == 2
