"""While others hold what the desk needs, it says who it is, saves nothing, and loses nothing that was typed."""

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from io import BytesIO

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from lxml import html
from PIL import Image

from accounts.models import User
from catalog.actions import run_import
from catalog.reading import read_catalog
from desk.files import uploads
from newsletter.models import IssueState
from tests import factories as make
from tests.desk.confirming import read_fingerprints, url
from tests.desk.forms import change_url, fill_form, read_fields
from tests.locking import in_thread, other_connection, wait_until_blocked
from tools import logos
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


@contextmanager
def refuse_changes(table: str, code: str) -> Iterator[None]:
    """Let the database refuse every change of a table with an SQLSTATE."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '{code}'; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION pg_temp.refuse() CASCADE")


@contextmanager
def limit_files(size: int) -> Iterator[None]:
    """Let the system refuse to write files of more than some bytes, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


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
    with refuse_changes("tools_tool", code):
        response = admin_client.post(change_url(tool), {**typed, "_save": "Save"})
        moved = admin_client.post(address, withdrawal)
    assert response.status_code == 503
    expected = "Not saved yet: the database takes no changes right now. Try again in a few minutes."
    assert f"{expected} Everything you typed is still here." in read_text(response)
    again = read_fields(response.content.decode())
    del again["csrfmiddlewaretoken"], typed["csrfmiddlewaretoken"]
    assert again == typed
    assert moved.status_code == 503
    assert "The database takes no changes right now." in read_text(moved)
    assert "Because." in moved.content.decode()


def test_form_whose_logo_finds_no_room_is_shown_again_as_typed(admin_client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    tool, file = make.tool(tagline="Old."), BytesIO()
    Image.new("RGB", (40, 20)).save(file, "PNG")
    logo = SimpleUploadedFile("logo.png", file.getvalue())
    typed = fill_form(admin_client, tool, tagline="Mine.")
    with limit_files(10):
        response = admin_client.post(change_url(tool), {**typed, "logo_file": logo, "_save": "Save"})
        with pytest.raises(OSError, match="File too large"):
            logos.store(logos.Logo(webp=b"small", png=b"not that small"))
    assert response.status_code == 503
    expected = "Not saved yet: the server has no room for files right now. Try again in a few minutes."
    assert f"{expected} Everything you typed is still here." in read_text(response)
    assert "Choose the logo file again." in read_text(response)
    assert read_fields(response.content.decode())["tagline"] == "Mine."
    assert (Tool.objects.get().tagline, list(tmp_path.rglob("*.*"))) == ("Old.", [])


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


def test_request_is_processed_again_after_a_deadlock(admin_client, settings, monkeypatch):
    """The other session has what this one wants, and wants what this one has. PostgreSQL ends one of them."""
    settings.LOCK_WAIT_SECONDS = 40
    # A session checks for a deadlock only once, this long after it starts waiting. The other must be waiting by then.
    monkeypatch.setenv("PGOPTIONS", "-c deadlock_timeout=7s")
    tool = make.tool(tagline="Old.")
    form = fill_form(admin_client, tool, tagline="Mine.")
    with other_connection() as other:
        other.execute("SET deadlock_timeout = '40s'")  # so that the editor's session notices, and ends
        other.execute("SELECT FROM tools_tool WHERE id = %s FOR UPDATE", [tool.pk])
        with in_thread(lambda: admin_client.post(change_url(tool), {**form, "_save": "Save"})) as save:
            wait_until_blocked(save)
            other.execute("UPDATE tools_contentrevision SET number = number + 1")
            other.commit()
            assert save.result(timeout=40).status_code == 302
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


@pytest.mark.parametrize("code", ["53100", "25006"])
def test_import_that_the_database_does_not_take_says_so_and_keeps_its_file(admin_client, settings, tmp_path, code):
    settings.DATA_DIR = tmp_path
    token = upload(admin_client).context["upload_token"]
    with refuse_changes("tools_category", code):
        pages = [
            upload(admin_client),
            admin_client.post(CATALOG, {"upload_token": token, "import": "Import now"}),
        ]
    for page in pages:
        assert (page.status_code, page["Retry-After"]) == (503, "3")
        expected = "Nothing was imported: the database takes no changes right now. Try again in a few minutes."
        assert f"{expected} “catalog.json” is still here, for an hour." in read_text(page)
    again = admin_client.post(CATALOG, {"upload_token": pages[1].context["upload_token"], "check": "Try again"})
    done = admin_client.post(CATALOG, {"upload_token": again.context["upload_token"], "import": "Import now"})
    assert (done.status_code, Category.objects.count()) == (303, 1)


def test_import_whose_file_finds_no_room_says_so(admin_client, settings, tmp_path):
    settings.DATA_DIR, settings.FILE_UPLOAD_TEMP_DIR = tmp_path, str(tmp_path)
    with limit_files(10):
        page = upload(admin_client)
        with pytest.raises(OSError, match="File too large"):
            uploads.store(SimpleUploadedFile("catalog.json", CONTENT), user=1, kind="catalog")
    assert (page.status_code, page["Retry-After"]) == (503, "3")
    expected = "Nothing was imported: the server has no room for files right now. Try again in a few minutes."
    assert f"{expected} Choose the file again then." in read_text(page)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


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
