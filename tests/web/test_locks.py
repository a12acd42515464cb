"""Locks of rows name the table that they lock, and a request does not wait for long."""

import ast
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction

from tests.locking import in_thread, other_connection
from tools.models import ContentRevision
from web import locks
from web.locks import Lock

APPS = [app for app in settings.INSTALLED_APPS if "." not in app and Path(settings.BASE_DIR, app).is_dir()]


def find_row_locks(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the `of` of each select_for_update(); "" if it has none."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "select_for_update":
            yield node.lineno, next((ast.unparse(word.value) for word in node.keywords if word.arg == "of"), "")


def test_every_row_lock_names_its_table():
    """Without `of`, a model's ordering may join other tables, whose rows would be locked as well."""
    assert list(find_row_locks("x.select_for_update()\ny.select_for_update(of=('self',))")) == [
        (1, ""),
        (2, "('self',)"),
    ]
    files = [path for app in APPS for path in Path(settings.BASE_DIR, app).rglob("*.py")]
    found = [(str(path), line, of) for path in files for line, of in find_row_locks(path.read_text())]
    assert len(found) > 8
    assert [place for place in found if place[2] != "('self',)"] == []


@pytest.mark.django_db(transaction=True)
def test_command_waits_for_the_revision_without_limit():
    with transaction.atomic():
        ContentRevision.lock()
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == ("0",)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wait", [ContentRevision.lock, lambda: locks.hold(Lock.DECISION)])
def test_request_waits_for_a_lock_for_a_limited_time(settings, wait):
    settings.LOCK_WAIT_SECONDS = 0.2
    with other_connection() as other:
        other.execute("UPDATE tools_contentrevision SET number = number + 1")
        other.execute("SELECT pg_advisory_xact_lock(%s)", [Lock.DECISION.value])
        with locks.limit_waits(), pytest.raises(OperationalError) as error, transaction.atomic():
            wait()
    assert (locks.is_contention(error.value), locks.is_deadlock(error.value)) == (True, False)
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


@pytest.mark.django_db(transaction=True)
def test_some_threads_never_wait(settings):
    """Of four threads two may wait. The third is told at once, and serves readers."""
    settings.LOCK_WAIT_SECONDS = 30

    def save() -> None:
        with locks.limit_waits(), transaction.atomic():
            ContentRevision.lock()

    with other_connection() as other:
        other.execute("UPDATE tools_contentrevision SET number = number + 1")
        with in_thread(save) as first, in_thread(save) as second:
            while locks._places._value:  # type: ignore[attr-defined] # how many places are free
                Event().wait(0.01)
            with pytest.raises(locks.BusyError):
                save()
            other.rollback()
            assert (first.result(timeout=10), second.result(timeout=10)) == (None, None)


@pytest.mark.django_db(transaction=True)
def test_free_lock_needs_no_place_to_wait(settings):
    """Moderators do not wait for editors, however many of those wait for an import."""

    def save() -> None:
        with locks.limit_waits(), transaction.atomic():
            ContentRevision.lock()

    with other_connection() as other:
        other.execute("UPDATE tools_contentrevision SET number = number + 1")
        with in_thread(save) as first, in_thread(save) as second:
            while locks._places._value:  # type: ignore[attr-defined] # how many places are free
                Event().wait(0.01)
            with locks.limit_waits(), transaction.atomic():
                locks.hold(Lock.DECISION)
                assert locks.find_holder(Lock.DECISION) is not None
            other.rollback()
            assert (first.result(timeout=10), second.result(timeout=10)) == (None, None)


@pytest.mark.django_db(transaction=True)
def test_holder_of_a_lock_is_found():
    assert locks.find_holder(Lock.IMPORT) is None
    with other_connection() as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [Lock.IMPORT.value])
        other.execute("SELECT set_config('application_name', 'user 17', true)")
        holder = locks.find_holder(Lock.IMPORT)
        [since] = other.execute("SELECT now()").fetchone() or [None]
    assert holder == locks.Holder(17, since)
    assert locks.find_holder(Lock.IMPORT) is None
