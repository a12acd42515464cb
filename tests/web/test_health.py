"""`/healthz` and `/readyz`, as load balancers ask for them: by IP address, over plain HTTP, without a cookie."""

import time

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from tests.server import open_line, serve
from web import health

FOREIGN = Client(headers={"host": "10.0.0.7:8000"})


@pytest.mark.parametrize(("path", "text"), [("/healthz", b"alive\n"), ("/readyz", b"ready\n")])
def test_checks_answer_any_host_over_http_and_set_nothing(path, text, settings, transactional_db, caplog):
    settings.SECURE_SSL_REDIRECT = True
    response = FOREIGN.get(path)
    assert (response.status_code, response.content) == (200, text)
    assert dict(response.headers) == {
        "Cache-Control": "no-store",
        "Content-Length": str(len(text)),
        "Content-Type": "text/plain; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
    }
    assert not response.cookies
    assert FOREIGN.head(path).status_code == 200
    refused = FOREIGN.post(path, {"a": "b"})
    assert (refused.status_code, refused.headers["Allow"], refused.headers["Cache-Control"]) == (
        405, "GET, HEAD", "no-store",
    )  # fmt: skip
    assert caplog.records == []


@pytest.mark.django_db
def test_check_names_what_is_missing(settings, tmp_path):
    assert health.check() == []
    settings.MEDIA_ROOT = tmp_path / "file" / "media"
    (tmp_path / "file").touch()
    newest = MigrationRecorder.Migration.objects.filter(app="votes").latest("id")
    newest.delete()
    assert health.check() == ["Migrations are not applied: 1.", "MEDIA_ROOT cannot be written: Not a directory."]


@pytest.mark.django_db
def test_database_of_a_newer_release_is_ready():
    MigrationRecorder(connection).record_applied("votes", "9999_next_release")
    assert health.check() == []


@pytest.mark.django_db(transaction=True)
def test_readiness_follows_the_database_and_answers_in_time_while_it_hangs():
    with open_line() as line, serve(database_host=line.folder) as server:
        assert server.ask("/readyz").status == 200
        line.cut()
        gone = server.ask("/readyz")
        assert (gone.status, gone.body, gone.seconds < 2) == (503, b"The database does not answer.\n", True)
        line.stall()
        for _ in range(3):  # no check waits for an older one
            assert (answer := server.ask("/readyz")).status == 503
            assert answer.seconds < health.PATIENCE + 1
        assert server.ask("/healthz").status == 200
        line.repair()
        repaired_at = time.monotonic()
        while server.ask("/readyz").status != 200:
            assert time.monotonic() - repaired_at < 5
