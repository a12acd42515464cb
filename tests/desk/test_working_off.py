"""Actions on more rows than one page confirms: worked off in steps, with a report, and undone as a whole."""

import pytest
from django.test import Client

from accounts.groups import EDITOR
from catalog.models import BulkChange
from reviews.models import Review
from tests import factories as make
from tests.accounts.people import person
from tests.desk.confirming import make_complete_tool
from tests.desk.people import sign_in
from tests.desk.uploading import messages_of
from tools.models import Category, Plan, Tool

pytestmark = pytest.mark.django_db
TOOLS, CATEGORIES = "/admin/tools/tool/", "/admin/tools/category/"
SCRIPT = {"accept": "application/json"}


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr("desk.change_links.ROWS_PER_PAGE", 2)
    monkeypatch.setattr("desk.bulk_changes.working_off.ROWS_PER_STEP", {"delete": 2})
    monkeypatch.setattr("desk.bulk_changes.working_off.TRANSITIONS_PER_STEP", 2)
    monkeypatch.setattr("desk.bulk_changes.pages.SECONDS_OF_SCRIPT", 0)


@pytest.fixture
def editor() -> Client:
    return sign_in(person(EDITOR))


def select(client: Client, address: str, action: str) -> str:
    """Select all rows of a list, and return the address of the page that asks."""
    response = client.post(address, {"action": action, "_selected_action": ["1"], "select_across": "1"})
    assert response.status_code == 303
    return response["Location"]


def start(client: Client, page: str, **fields: str) -> None:
    response = client.post(f"{page}go/", {"start": "1", **fields})
    assert (response.status_code, response["Location"]) == (303, page)


def take_step(client: Client, page: str) -> dict:
    return client.post(f"{page}go/", {"step": "1"}, headers=SCRIPT).json()


def test_many_drafts_are_deleted_in_steps_and_come_back(editor):
    public = make.tool(name="Public")
    drafts = [make.tool(name=f"Draft {number}", published_at=None) for number in range(4)]
    make.plan(of=drafts[0], name="Mine")
    make.review(of=drafts[1], by=make.reviewer(), published_at=None, quote="Mine.")
    page = select(editor, TOOLS, "delete_selected")
    asked = editor.get(page)
    assert "5 rows are selected. Nothing is changed yet." in asked.text
    assert asked.text.count("<li>Draft ") == 4
    assert BulkChange.objects.get().state == "selected"
    start(editor, page, reason="Wrong file.")
    assert Tool.objects.count() == 5
    assert take_step(editor, page) == {"worked": 2, "is_done": False}
    assert '<progress id="steps-bar" max="5" value="2">' in editor.get(page).text
    assert take_step(editor, page) == {"worked": 4, "is_done": False}
    assert take_step(editor, page) == {"worked": 5, "is_done": True}
    assert take_step(editor, page) == {"worked": 5, "is_done": True}
    assert list(Tool.objects.all()) == [public]
    change = BulkChange.objects.get()
    assert (change.state, change.summary) == ("done", "4 deleted and 1 left unchanged.")
    assert [name for name, _ in change.left] == ["Public"]
    reasons = set(Tool.history.filter(history_type="-").values_list("history_change_reason", flat=True))
    assert reasons == {"Delete 5 tools: Wrong file."}
    undo = editor.get(f"{page}undo/")
    assert undo.context["report"].summary == "plans: 1 added again; reviews: 1 added again; tools: 4 added again."
    editor.post(f"{page}undo/", {"seal": undo.context["seal"]})
    assert set(Tool.objects.values_list("pk", flat=True)) == {public.pk, *(draft.pk for draft in drafts)}
    assert (Plan.objects.get().name, Review.objects.get().quote) == ("Mine", "Mine.")


def test_without_javascript_a_press_works_many_steps_off_and_rows_in_use_stay(editor):
    used, *free = [make.category() for _ in range(4)]
    tool = make.tool(category=used)
    page = select(editor, CATEGORIES, "delete_selected")
    start(editor, page)
    response = editor.post(f"{page}go/", {"step": "Continue"})
    assert (response.status_code, response["Location"]) == (303, page)
    assert list(Category.objects.all()) == [tool.category]
    assert BulkChange.objects.get().left == [[used.name, "Other rows refer to it. Check those first."]]
    assert "3 deleted and 1 left unchanged." in editor.get(page).text
    assert len(free) == 3


def test_gate_leaves_what_is_incomplete_and_publishing_is_undone_by_withdrawing(editor):
    ready, bare = [make_complete_tool() for _ in range(2)], make.tool(published_at=None)
    page = select(editor, TOOLS, "publish_selected")
    start(editor, page)
    editor.post(f"{page}go/", {"step": "Continue"})
    change = BulkChange.objects.get()
    assert (change.summary, [name for name, _ in change.left]) == (
        "2 published and 1 left unchanged.",
        [bare.name],
    )
    assert "There is no tagline" in change.left[0][1]
    seal = editor.get(f"{page}undo/").context["seal"]
    editor.post(f"{page}undo/", {"seal": seal})
    assert {tool.state for tool in Tool.objects.filter(pk__in=[tool.pk for tool in ready])} == {"withdrawn"}


def test_action_is_of_its_editor_and_can_be_stopped_or_discarded(editor):
    drafts = [make.tool(published_at=None) for _ in range(3)]
    page, other = select(editor, TOOLS, "delete_selected"), sign_in(person(EDITOR))
    assert other.post(f"{page}go/", {"start": "1"}).status_code == 403
    start(editor, page)
    assert other.post(f"{page}go/", {"step": "1"}).status_code == 403
    take_step(editor, page)
    other.post(f"{page}go/", {"stop": "1"})
    take_step(editor, page)
    assert list(Tool.objects.all()) == [drafts[2]]
    assert BulkChange.objects.get().summary == "2 deleted and 1 left unchanged."
    for _ in range(2):
        make.tool(published_at=None)
    discarded = select(editor, TOOLS, "delete_selected")
    response = editor.post(f"{discarded}go/", {"discard": "1"})
    assert (response["Location"], messages_of(editor.get(TOOLS))) == (TOOLS, ["Nothing was changed."])
    assert BulkChange.objects.count() == 1


def test_permission_is_asked_at_every_step(editor):
    for _ in range(3):
        make.tool(published_at=None)
    page = select(editor, TOOLS, "delete_selected")
    start(editor, page)
    take_step(editor, page)
    person_of = BulkChange.objects.get().made_by
    person_of.groups.clear()
    assert editor.post(f"{page}go/", {"step": "1"}, headers=SCRIPT).status_code == 403
    assert Tool.objects.count() == 1


def test_withdrawing_asks_for_a_reason_first(editor):
    for _ in range(3):
        make.tool()
    page = select(editor, TOOLS, "withdraw_selected")
    response = editor.post(f"{page}go/", {"start": "1"})
    assert (response.status_code, "This field is required." in response.text) == (200, True)
    start(editor, page, reason="Gone.")
    editor.post(f"{page}go/", {"step": "Continue"})
    assert {tool.state for tool in Tool.objects.all()} == {"withdrawn"}
