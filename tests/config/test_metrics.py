"""`/metrics`: hidden without its token, the same from every process, and shown by the dashboard in deploy/."""

import json
import os
import re
import signal
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from config.metrics import PATIENCE, collect
from newsletter.models import DailyRun, Outbox
from tests import factories as make
from tests.server import Server, serve

OPERATIONS = settings.BASE_DIR / "docs" / "operations.md"
DASHBOARD = settings.BASE_DIR / "deploy" / "grafana.json"
TOKEN = "Authorization: Bearer secret"


def read(text: str) -> dict[tuple[str, ...], float]:
    """Return all samples by name and the values of their labels, in the order of the labels' names."""
    return {
        (sample.name, *dict(sorted(sample.labels.items())).values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.django_db
def test_metrics_are_hidden_without_a_token():
    assert Client().get("/metrics").status_code == 404
    assert Client(headers={"authorization": "Bearer "}).get("/metrics").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_every_process_answers_for_all(tmp_path, monkeypatch):
    for slug in ("one", "two"):
        make.tool(slug=slug)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with serve(METRICS_TOKEN="secret", WEB_CONCURRENCY="2", ACCESS_LOG="-") as server:
        for path in ("/metrics", "/nowhere/", "/static/css/base.css"):
            server.ask(path, "Authorization: Bearer guess")
        etag = server.ask("/compare/one-vs-two/").headers["etag"]
        for _ in range(20):
            assert server.ask("/compare/one-vs-two/", f"If-None-Match: {etag}").status == 304
        server.post("/tools/one/vote/", "Sec-Fetch-Site: same-origin", body=b"choice=ship")
        server.post("/compare/one-vs-two/vote/", "Sec-Fetch-Site: same-origin", body=b"choice=none")
        answers = [server.ask("/metrics", TOKEN) for _ in range(8)]
        assert [folder.name[:17] for folder in tmp_path.glob("shipside*")] == ["shipside-metrics-"]
        log = server.read_log()
    assert {answer.headers["content-type"].split(";")[0] for answer in answers} == {"text/plain"}
    assert "/metrics" not in log
    for answer in answers:
        found = read(answer.body.decode())
        comparisons = sum(
            number for name, number in found.items()
            if name[0] == "shipside_requests_total" and "comparison" in name
        )  # fmt: skip
        assert comparisons == 21
        assert found["shipside_requests_total", "404", "none"] == 2
        assert found["shipside_requests_total", "200", "static"] == 1
        assert found["shipside_votes_total", "counted", "tool"] == 1
        assert found["shipside_votes_total", "taken_back", "pair"] == 1
        pages = {name[1]: number for name, number in found.items() if name[0] == "shipside_cached_pages_total"}
        assert sum(pages.values()) == 21 + 1, "the comparison, and the page that tells that the server is up"
        assert pages["unchanged"] >= 18, "all but the first in each process"
        assert found["shipside_database_up",] == 1
    assert not list(tmp_path.glob("shipside*")), "the folder is removed at the end"


@pytest.mark.django_db(transaction=True)  # another thread measures
def test_site_is_measured():
    now = timezone.now()
    Outbox.objects.create(kind="test", next_attempt_at=now - timedelta(hours=1))
    DailyRun.objects.create(
        started_at=now, ended_at=now, machine="one", differences=3, steps=[{"name": "tidy", "failed": True}]
    )
    found = read(collect().decode())
    assert found["shipside_mail_queue_length",] == 1
    assert 3600 <= found["shipside_mail_queue_oldest_seconds",] < 3660
    assert found["shipside_tally_differences",] == 3
    assert found["shipside_daily_run_failed_steps",] == 1
    DailyRun.objects.create(ended_at=now, machine="one", steps=[{"name": "verify tally", "failed": True}])
    assert read(collect().decode())["shipside_tally_differences",] == 3, "nobody has looked since"
    assert abs(found["shipside_daily_run_time_seconds",] - time.time()) < 60
    assert found["shipside_workers",] == 0
    assert found["shipside_imports_last_day",] == 0
    assert found["shipside_database_sessions", "active"] >= 1


@pytest.mark.django_db(transaction=True)
def test_workers_that_end_leave_their_counts_and_no_files(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with serve(METRICS_TOKEN="secret", WEB_THREADS="2") as server:
        [folder] = tmp_path.glob("shipside-metrics-*")
        for ended in range(1, 4):
            server.ask("/nowhere/")
            [worker] = {int(name) for name in list_processes(folder) if name != "ended"}
            os.kill(worker, signal.SIGKILL)
            wait_for_another(server, worker)
            found = read(server.ask("/metrics", TOKEN).body.decode())
            assert found["shipside_requests_total", "404", "none"] == ended
            assert found["shipside_request_seconds_count", "none"] == ended
            assert (len(list_processes(folder)), "ended" in list_processes(folder)) == (2, True)


def list_processes(folder: Path) -> set[str]:
    return {file.stem.rpartition("_")[2] for file in folder.glob("*.db")}


def wait_for_another(server: Server, worker: int) -> None:
    """Wait until a worker that was killed has ended, and another one answers."""
    until = time.monotonic() + 30
    while Path(f"/proc/{worker}").exists() or not answers(server):
        assert time.monotonic() < until
        time.sleep(0.05)


def answers(server: Server) -> bool:
    with suppress(OSError, ValueError, IndexError):
        return server.ask("/favicon.ico").status == 200
    return False


@pytest.mark.django_db(transaction=True)
def test_database_that_does_not_answer_is_down_and_costs_no_thread():
    with serve(METRICS_TOKEN="secret", WEB_THREADS="2") as server:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE newsletter_outbox IN ACCESS EXCLUSIVE MODE")
            for _ in range(2):  # the second does not wait for the first
                answer = server.ask("/metrics", TOKEN)
                assert answer.seconds < PATIENCE + 1
                found = read(answer.body.decode())
                assert (found["shipside_database_up",], ("shipside_workers",) in found) == (0, False)
            assert server.ask("/healthz").status == 200
        repaired_at = time.monotonic()
        while not read(server.ask("/metrics", TOKEN).body.decode())["shipside_database_up",]:
            assert time.monotonic() - repaired_at < 5


@pytest.mark.django_db(transaction=True)  # another thread measures
def test_daily_work_that_never_ended_is_as_old_as_the_site():
    set_up_at = timezone.now() - timedelta(days=2)
    MigrationRecorder.Migration.objects.update(applied=set_up_at)
    DailyRun.objects.create(machine="one")
    found = read(collect().decode())
    assert abs(found["shipside_daily_run_time_seconds",] - set_up_at.timestamp()) < 1


@pytest.mark.django_db(transaction=True)  # another thread measures
def test_dashboard_shows_every_metric_and_no_other():
    DailyRun.objects.create(ended_at=timezone.now(), machine="one", differences=0)
    families = {
        family.name + ("_total" if family.type == "counter" else "_bucket" if family.type == "histogram" else "")
        for family in text_string_to_metric_families(collect().decode())
        if family.name.startswith("shipside_")
    }
    dashboard = json.loads(Path(DASHBOARD).read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert set(re.findall(r"shipside_\w+", " ".join(queries))) == families


def test_pages_are_described_by_the_labels_that_are_counted():
    labels = {"stored", "unchanged", "rendered"}
    titles = [panel["title"] for panel in json.loads(Path(DASHBOARD).read_text())["panels"]]
    [title] = [title for title in titles if title.startswith("Public pages: ")]
    assert set(re.findall(r"[a-z]+", title.removeprefix("Public pages: "))) == labels
    [described] = re.findall(
        r"public pages by result: (.*?), pages from the replica", OPERATIONS.read_text(), re.DOTALL
    )
    assert set(re.findall(r"`(\w+)`", described)) == labels
