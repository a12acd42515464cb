"""While others hold what the desk needs, it says who it is, saves nothing, and loses nothing that was typed."""

import re
from collections.abc import Iterator
from html import unescape

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from lxml import html

from accounts.models import User
from catalog.actions import run_import
from catalog.reading import read_catalog
from newsletter.models import IssueState
from tests import factories as make
from tests.desk.confirming import read_fingerprints, url
from tests.desk.forms import change_url, fill_form, read_fields
from tests.locking import in_thread, other_connection, wait_until_blocked
from tools.models import Category, Tool
from web import locks
from web.locks import Lock

pytestmark = pytest.mark.django_db(transaction=True)

CATALOG = "/admin/catalog/"
CONTENT = b'{"format": "shipside-catalog/2", "categories": [{"slug": "agents", "name": "Agents"}]}'


@pytest.fixture(autouse=True)
def _short_wait(settings):
    settings.LOCK_WAIT_SECONDS = 0.2


@pytest.fixture
def importer() -> Iterator[psycopg.Connection]:
    """Another session, for `hold_revision` and `start_import`. What it holds, it holds until the test ends."""
    with other_connection() as other:
        yield other


@pytest.fixture
def ada() -> User:
    return User.objects.create_superuser("ada", password="p")


def hold_revision(session: psycopg.Connection) -> None:
    """Make a session hold what every save of content waits for."""
    session.execute("UPDATE tools_contentrevision SET number = number + 1")


def start_import(session: psycopg.Connection, user: User | None) -> str:
    """Make a session look like a running import of a user, or of a command. Return since when, as pages say it."""
    hold_revision(session)
    session.execute("SELECT pg_advisory_xact_lock(%s)", [Lock.IMPORT.value])
    if user:
        session.execute("SELECT set_config('application_name', %s, true)", [f"user {user.pk}"])
    [since] = session.execute("SELECT to_char(now() AT TIME ZONE 'UTC', 'HH24:MI')").fetchone() or [""]
    return str(since)


def read_text(response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def test_form_that_cannot_be_saved_is_shown_again_as_typed(admin_client, importer, ada):
    tool = make.tool(tagline="Old.")
    typed = fill_form(admin_client, tool, tagline="Mine.", description="Long words.", change_reason="Why.")
    since = start_import(importer, ada)
    response = admin_client.post(change_url(tool), {**typed, "_save": "Save"})
    assert (response.status_code, response["Retry-After"]) == (503, "3")
    expected = f"Not saved yet: Ada has been importing a file since {since} UTC. Try again when it is done."
    assert f"{expected} Everything you typed is still here." in read_text(response)
    again = read_fields(response.content.decode())
    del again["csrfmiddlewaretoken"], typed["csrfmiddlewaretoken"]
    assert again == typed
    tool.refresh_from_db()
    assert (tool.tagline, tool.history.count()) == ("Old.", 1)
    importer.rollback()
    assert admin_client.post(change_url(tool), {**again, "_save": "Save"}).status_code == 302
    tool.refresh_from_db()
    assert (tool.tagline, tool.description) == ("Mine.", "Long words.")


@pytest.mark.parametrize("code", ["53100", "25006"])  # a full disk, and a read-only database
def test_form_that_the_database_does_not_take_is_shown_again_as_typed(admin_client, code):
    tool = make.tool(tagline="Old.")
    typed = fill_form(admin_client, tool, tagline="Mine.")
    address = url(tool, "withdraw")
    withdrawal = {"seen": read_fingerprints(admin_client.get(address)), "reason": "Because."}
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '{code}'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON tools_tool FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()"
        )
    try:
        response = admin_client.post(change_url(tool), {**typed, "_save": "Save"})
        moved = admin_client.post(address, withdrawal)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION pg_temp.refuse() CASCADE")
    assert response.status_code == 503
    expected = "Not saved yet: the database takes no changes right now. Try again in a few minutes."
    assert f"{expected} Everything you typed is still here." in read_text(response)
    again = read_fields(response.content.decode())
    del again["csrfmiddlewaretoken"], typed["csrfmiddlewaretoken"]
    assert again == typed
    assert moved.status_code == 503
    assert "The database takes no changes right now." in read_text(moved)
    assert "Because." in moved.content.decode()


def test_conflict_is_still_reported_after_the_wait(admin_client, importer):
    tool = make.tool(tagline="Old.")
    typed = fill_form(admin_client, tool, tagline="Mine.")
    hold_revision(importer)
    response = admin_client.post(change_url(tool), {**typed, "_save": "Save"})
    assert "someone else’s save is taking longer than usual. Try again in a few seconds." in read_text(response)
    importer.rollback()
    Tool.objects.get().save()
    theirs = Tool.objects.get()
    theirs.tagline = "Theirs."
    theirs.save()
    again = read_fields(response.content.decode())
    assert admin_client.post(change_url(tool), {**again, "_save": "Save"}).status_code == 409
    assert Tool.objects.get().tagline == "Theirs."


def test_new_row_that_cannot_be_saved_is_shown_again_as_typed(admin_client, importer):
    start_import(importer, None)
    response = admin_client.post("/admin/tools/category/add/", {"name": "Agents", "slug": "agents", "_save": "Save"})
    assert response.status_code == 503
    assert "Not saved yet: a command has been importing a file since" in read_text(response)
    fields = read_fields(response.content.decode())
    assert (fields["name"], fields["slug"], Category.objects.count()) == ("Agents", "agents", 0)


def test_transition_that_cannot_be_made_can_be_sent_again(admin_client, importer, ada):
    tool = make.tool()
    address = url(tool, "withdraw")
    form = {"seen": read_fingerprints(admin_client.get(address)), "reason": "Because <b>."}
    since = start_import(importer, ada)
    response = admin_client.post(address, form)
    assert (response.status_code, response["Retry-After"]) == (503, "3")
    assert f"Ada has been importing a file since {since} UTC. Try again when it is done." in read_text(response)
    [page_form] = html.fromstring(response.content).xpath("//form[.//input[@value='Try again']]")
    again = [(field.get("name"), field.get("value")) for field in page_form.xpath(".//input[@type='hidden']")]
    again = {name: value for name, value in again if name != "csrfmiddlewaretoken"}
    assert again == {"seen": form["seen"][0], "reason": "Because <b>."}
    importer.rollback()
    assert admin_client.post(address, again).status_code == 302
    tool.refresh_from_db()
    assert tool.withdrawn_at is not None


def test_delete_and_bulk_actions_say_that_nothing_changed(admin_client, importer):
    draft = make.tool(published_at=None)
    hold_revision(importer)
    chosen = {"action": "delete_selected", "_selected_action": [draft.pk], "post": "yes"}
    for address, form in (
        (change_url(draft).replace("/change/", "/delete/"), {"post": "yes"}),
        ("/admin/tools/tool/", chosen),
    ):
        response = admin_client.post(address, form)
        assert response.status_code == 503
        assert "Nothing was changed yet" in read_text(response)
    assert Tool.objects.count() == 1


def test_passwords_are_not_repeated_in_the_page(admin_client, importer):
    address = url(make.tool(), "withdraw")
    form = {"seen": read_fingerprints(admin_client.get(address)), "reason": "x", "new_password": "secret-words"}
    hold_revision(importer)
    response = admin_client.post(address, form)
    assert (response.status_code, "secret-words" in response.content.decode()) == (503, False)


def test_request_is_processed_again_after_a_deadlock(admin_client, settings):
    """The other session has what this one wants, and wants what this one has. PostgreSQL ends one of them."""
    settings.LOCK_WAIT_SECONDS = 20
    tool = make.tool(tagline="Old.")
    form = fill_form(admin_client, tool, tagline="Mine.")
    with other_connection() as other:
        other.execute("SET deadlock_timeout = '20s'")  # so that the editor's session notices, and ends
        other.execute("SELECT FROM tools_tool WHERE id = %s FOR UPDATE", [tool.pk])
        with in_thread(lambda: admin_client.post(change_url(tool), {**form, "_save": "Save"})) as save:
            wait_until_blocked(save)
            other.execute("UPDATE tools_contentrevision SET number = number + 1")
            other.commit()
            assert save.result(timeout=20).status_code == 302
    tool.refresh_from_db()
    assert tool.tagline == "Mine."


# -- Imports ----------------------------------------------------------------------------------------------


def upload(client: Client):
    return client.post(CATALOG, {"file": SimpleUploadedFile("catalog.json", CONTENT)})


def test_second_import_is_refused_at_once_and_keeps_its_file(admin_client, importer, ada, settings, tmp_path):
    settings.DATA_DIR, settings.LOCK_WAIT_SECONDS = tmp_path, 60
    since = start_import(importer, ada)
    response = upload(admin_client)
    assert (response.status_code, response["Retry-After"]) == (503, "3")
    expected = f"Nothing was imported: Ada has been importing a file since {since} UTC. Try again when it is done."
    assert expected in read_text(response)
    importer.rollback()
    again = admin_client.post(CATALOG, {"upload_token": response.context["upload_token"], "check": "Try again"})
    assert (again.status_code, Category.objects.count()) == (200, 0)
    done = admin_client.post(CATALOG, {"upload_token": again.context["upload_token"], "import": "Import now"})
    assert (done.status_code, Category.objects.count()) == (303, 1)


def test_import_that_starts_after_the_dry_run_is_named(admin_client, importer, ada, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    token = upload(admin_client).context["upload_token"]
    start_import(importer, ada)
    response = admin_client.post(CATALOG, {"upload_token": token, "import": "Import now"})
    assert (response.status_code, Category.objects.count()) == (503, 0)
    assert "Ada has been importing a file since" in read_text(response)


def test_running_import_names_its_user(ada):
    found = []

    def look(progress):
        found.append(locks.find_holder(Lock.IMPORT).user_id)
        return read_catalog(CONTENT, progress=progress)

    run_import(read_with=look, by=ada, dry_run=True)
    assert found == [ada.pk]


# -- Issues of the newsletter ------------------------------------------------------------------------------


def test_issue_that_a_worker_holds_is_shown_again_as_typed(admin_client, importer):
    issue = make.issue(state=IssueState.DRAFT)
    typed = fill_form(admin_client, issue, subject="Mine.")
    importer.execute("SELECT FROM newsletter_issue FOR UPDATE")
    response = admin_client.post(change_url(issue), {**typed, "_save": "Save"})
    assert (response.status_code, read_fields(response.content.decode())["subject"]) == (503, "Mine.")
    importer.rollback()
    assert admin_client.post(change_url(issue), {**typed, "_save": "Save"}).status_code == 302
    issue.refresh_from_db()
    assert issue.subject == "Mine."


def test_sending_does_not_wait_for_an_issue_that_a_worker_holds(admin_client, importer):
    issue = make.issue(make.entry(), state=IssueState.READY)
    address = f"/admin/newsletter/issue/{issue.pk}/send/now/"
    importer.execute("SELECT FROM newsletter_issue FOR UPDATE")
    response = admin_client.post(address)
    assert (response.status_code, "Nothing was changed yet" in read_text(response)) == (503, True)
    issue.refresh_from_db()
    assert issue.state == IssueState.READY
