"""Every action of an editor locks the content revision before anything else, so nothing can deadlock."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from catalog.bulk_changes import record_bulk_change
from catalog.models import BulkChange
from comparisons.models import Comparison
from reviews.models import Prediction, Review, Reviewer
from tests import factories as make
from tests.desk.confirming import make_complete_tool, read_fingerprints, url
from tests.desk.forms import change_url, fill_form
from tests.desk.uploading import find_token, upload
from tests.locking import in_thread, other_connection, wait_until_blocked
from tools.models import Attribute, Category, Fact, Plan, Tool

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _uploads_in_temporary_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


SOURCE = "https://example.com/pricing"
LISTS = {model: f"/admin/{model._meta.label_lower.replace('.', '/')}/" for model in (Tool, Plan, Fact, Category)}

type Post = tuple[str, dict[str, Any]]
"""What a browser is about to send: an address and the fields of a form."""


def confirm_transition(content: Tool | Review | Comparison, name: str) -> Callable[[Client], Post]:
    def prepare(client: Client) -> Post:
        address = url(content, name)
        return address, {"seen": read_fingerprints(client.get(address)), "reason": "Because."}

    return prepare


def confirm_action(action: str, *rows: Any, **fields: str) -> Callable[[Client], Post]:
    chosen = {"action": action, "_selected_action": [row.pk for row in rows], **fields}
    return lambda client: (LISTS[type(rows[0])], chosen)


def save(row: Any, **changes: Any) -> Callable[[Client], Post]:
    return lambda client: (change_url(row), {**fill_form(client, row, **changes), "_save": "Save"})


def delete(row: Any) -> Callable[[Client], Post]:
    return lambda client: (change_url(row).replace("/change/", "/delete/"), {"post": "yes"})


def restore(tool: Tool) -> Callable[[Client], Post]:
    def prepare(client: Client) -> Post:
        tool.tagline = "Newer."
        tool.save()
        address = f"/admin/tools/tool/{tool.pk}/history/tool/{tool.history.last().pk}/restore/"
        [seen] = [client.get(address).context["current_version"]]
        return address, {"seen_version": seen}

    return prepare


def bulk_transition(name: str, *tools: Tool) -> Callable[[Client], Post]:
    def prepare(client: Client) -> Post:
        chosen = {"action": f"{name}_selected", "_selected_action": [tool.pk for tool in tools]}
        seen = read_fingerprints(client.post(LISTS[Tool], chosen))
        return LISTS[Tool], {**chosen, "confirmed": "yes", "seen": seen, "reason": "Because."}

    return prepare


def import_file(address: str, content: str, name: str) -> Callable[[Client], Post]:
    def prepare(client: Client) -> Post:
        token = find_token(upload(client, address, content, name))
        return address, {"upload_token": token, "import": "Import now"}

    return prepare


def import_catalog(tool: Tool) -> Callable[[Client], Post]:
    row = {"slug": tool.slug, "name": "New", "category": tool.category.slug}
    return import_file("/admin/catalog/", json.dumps({"format": "shipside-catalog/2", "tools": [row]}), "file.json")


def import_sheet(model: type[Tool | Plan | Fact], *rows: str) -> Callable[[Client], Post]:
    return import_file(f"{LISTS[model]}import/", "\n".join(rows), "sheet.csv")


def convert(fact: Fact) -> Callable[[Client], Post]:
    typed = {"kind": "grade", "row-0": fact.value, "becomes-0": "yes", "note-0": "", "convert": "1"}
    return lambda client: (f"/admin/tools/attribute/{fact.attribute_id}/convert/", typed)


def hand_over(tool: Tool, act: str = "hand_over") -> Callable[[Client], Post]:
    return lambda client: (reverse("admin:tools_tool_hand_over", args=[tool.pk]), {"act": act, "text": "Done?"})


def undo_change() -> Callable[[Client], Post]:
    with record_bulk_change(BulkChange(kind="import", title="tools.csv")) as change:
        make.tool(published_at=None)

    def prepare(client: Client) -> Post:
        address = f"/admin/changes/{change.pk}/undo/"
        return address, {"seal": client.get(address).context["seal"]}

    return prepare


def review_of(tool: Tool, **fields: Any) -> Review:
    return make.review(of=tool, by=make.reviewer(), **fields)


DEEDS: dict[str, Callable[[], Callable[[Client], Post]]] = {
    "withdraw a tool": lambda: confirm_transition(make.tool(), "withdraw"),
    "publish a tool": lambda: confirm_transition(make_complete_tool(), "publish"),
    "put a tool back": lambda: confirm_transition(make.tool(withdrawn_at=make.PAST), "put_back"),
    "withdraw a review": lambda: confirm_transition(review_of(make.tool()), "withdraw"),
    "withdraw a comparison": lambda: confirm_transition(make.comparison(), "withdraw"),
    "withdraw several tools": lambda: bulk_transition("withdraw", make.tool(), make.tool()),
    "verify a plan": lambda: confirm_action(
        "verify_today", make.plan(of=make.tool(), source=SOURCE), confirmed="yes"
    ),
    "verify a fact": lambda: confirm_action(
        "verify_today", make.fact(of=make.tool(), source=SOURCE), confirmed="yes"
    ),
    "verify a tool": lambda: confirm_action(
        "verify_statements", make.plan(of=make.tool(), source=SOURCE).tool, confirmed="yes"
    ),
    "delete a draft": lambda: delete(make.tool(published_at=None)),
    "delete a draft of a review": lambda: delete(review_of(make.tool(), published_at=None)),
    "undo a bulk change": lambda: undo_change(),
    "delete several drafts": lambda: confirm_action("delete_selected", make.tool(published_at=None), post="yes"),
    "delete a category": lambda: delete(make.category()),
    "delete a user with a seat": lambda: delete(make.reviewer(held_by=make.user(last_login=None)).held_by),
    "save a tool": lambda: save(make.tool(), tagline="New."),
    "rename a tool": lambda: save(make.tool(), rename_to="renamed"),
    "save a plan": lambda: save(make.plan(of=make.tool(), source=SOURCE).tool, **{"plans-0-name": "Other"}),
    "save a review": lambda: save(review_of(make.tool(), published_at=None), quote="Other words."),
    "swap two seats": lambda: save(make.reviewer(), seat=make.reviewer().seat),
    "save a comparison": lambda: save(make.comparison(), introduction="New."),
    "hand over a draft": lambda: hand_over(make.tool(published_at=None)),
    "comment on a tool": lambda: hand_over(make.tool(), act="comment"),
    "save a category": lambda: save(make.category(), name="New"),
    "save an attribute": lambda: save(make.attribute(), name="New"),
    "restore a tool": lambda: restore(make.tool()),
    "convert an attribute": lambda: convert(make.fact(of=make.tool(), attribute=make.attribute(), value="Yes")),
    "seat the usual panel": lambda: lambda client: (reverse("admin:reviews_reviewer_usual"), {"confirmed": "yes"}),
    "import a catalog file": lambda: import_catalog(make.tool()),
    "import a sheet of tools": lambda: import_sheet(Tool, "slug,name", f"{make.tool().slug},New"),
    "import a sheet of plans": lambda: import_sheet(Plan, "tool,name,kind", f"{make.tool().slug},Pro,free"),
    "import a sheet of facts": lambda: import_sheet(
        Fact, "tool,attribute,value", f"{make.tool().slug},{make.attribute().slug},New"
    ),
}  # fmt: skip

CONTENT = [
    model._meta.db_table
    for model in (Tool, Category, Plan, Fact, Attribute, Attribute.categories.through, Review, Reviewer, Prediction,
                  Comparison, User)
] + ["votes_listing"]  # fmt: skip


@pytest.mark.parametrize("deed", DEEDS)
def test_editors_lock_the_revision_before_any_row(admin_client: Client, deed: str):
    """What waits for an import must hold nothing that the import may need, or one of the two dies."""
    address, form = DEEDS[deed]()(admin_client)
    with other_connection() as importer:
        importer.execute("UPDATE tools_contentrevision SET number = number + 1")
        with in_thread(lambda: admin_client.post(address, form)) as answer:
            wait_until_blocked(answer)
            assert not answer.done(), "it does not wait for the revision"
            for table in CONTENT:
                importer.execute(f"SELECT FROM {table} FOR UPDATE NOWAIT")
            importer.commit()
            response = answer.result(timeout=10)
    assert response.status_code in (302, 303), response.content.decode()
