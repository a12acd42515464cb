"""What runs daily: every step, one machine at a time, recorded, and by the worker itself."""

import re
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from handovers import actions
from newsletter import daily
from newsletter.management.commands import worker
from newsletter.models import DailyRun, Outbox, Subscriber, Worker
from tests import factories as make
from tests.server import database_url
from votes.models import PairRank
from web import locks

ROOT = Path(__file__).resolve().parents[2]
STEPS = ["rank pairs", "clear sessions", "tidy", "queue digests", "verify tally"]


@pytest.mark.django_db
def test_every_step_runs_and_is_recorded(settings, capsys):
    settings.PAIR_RANKING_VOTES = 2
    category = make.category()
    first, second = make.tool(category=category), make.tool(category=category)
    make.pair_votes(between=(first, second), first=2)
    now = timezone.now()
    for days in (-1, 1):
        Session.objects.create(session_key=f"session{days}", session_data="", expire_date=now + timedelta(days=days))
    old = make.subscriber(confirmed_at=None, created_at=now - timedelta(days=31))
    call_command("daily")
    run = DailyRun.objects.get()
    assert [(step["name"], step["failed"]) for step in run.steps] == [(name, False) for name in STEPS]
    assert (run.differences, run.failures, run.ended_at > run.started_at) == (0, [], True)
    assert PairRank.objects.count() == 2
    assert [session.pk for session in Session.objects.all()] == ["session1"]
    assert not Subscriber.objects.filter(pk=old.pk).exists()
    printed = capsys.readouterr().out
    call_command("daily", "--last")
    assert capsys.readouterr().out == printed
    assert re.search(r"^clear sessions: done in \d+\.\d s, 1 deleted$", printed, re.MULTILINE)


@pytest.mark.django_db
def test_step_that_fails_stops_no_other_and_fails_the_command(monkeypatch, caplog):
    def fail(run: DailyRun) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        return ""

    monkeypatch.setattr(daily, "STEPS", (("divide", fail), *daily.STEPS))
    with pytest.raises(CommandError, match="Not all is well: divide failed"):
        call_command("daily")
    assert [step["failed"] for step in DailyRun.objects.get().steps] == [True, *[False] * len(STEPS)]
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "The daily step 'divide' failed."
    ]


@pytest.mark.django_db
def test_difference_of_the_tally_fails_the_command(monkeypatch):
    monkeypatch.setattr(daily, "CONFIRM_SECONDS", 0)
    tool = make.tool()
    make.votes(on=tool, ship=3)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE votes_tally SET ship = ship + 1 WHERE ship > 0")
        changed = cursor.rowcount
    with pytest.raises(CommandError, match=r"the tally differs from the votes in [1-9]"):
        call_command("daily")
    run = DailyRun.objects.get()
    assert run.differences >= changed
    assert f"tool {tool.pk}" in run.steps[-1]["report"]
    call_command("verify_tally", "--repair")


@pytest.mark.django_db(transaction=True)
def test_only_one_machine_runs_it_at_a_time(capsys):
    with locks.try_hold_apart(locks.Lock.DAILY) as is_held:
        assert is_held
        call_command("daily")
        assert (capsys.readouterr().out, DailyRun.objects.count()) == ("Another machine is running it.\n", 0)
    assert daily.run() is not None


@pytest.mark.django_db
def test_run_is_due_once_a_day_after_a_failure_and_after_a_kill():
    now = timezone.now().replace(hour=12)
    assert daily.is_due(now=now)
    run = DailyRun.objects.create(started_at=now, ended_at=now, machine="one", steps=[{"name": "a", "failed": False}])
    assert not daily.is_due(now=now + timedelta(hours=11))
    assert daily.is_due(now=now + timedelta(hours=12))
    assert daily.run(only_if_due=True) is None or now.date() != timezone.now().date()
    run.steps = [{"name": "a", "failed": True}]
    run.save()
    assert not daily.is_due(now=now + timedelta(minutes=59))
    assert daily.is_due(now=now + timedelta(minutes=61))
    run.steps, run.ended_at = [], None
    run.save()
    assert daily.is_due(now=now)


@pytest.mark.django_db
def test_run_under_a_clock_that_was_wrong_holds_up_no_later_one(capsys):
    later = timezone.now() + timedelta(days=400)
    DailyRun.objects.create(started_at=later, ended_at=later, machine="ahead", differences=3)
    assert (daily.is_due(now=timezone.now()), daily.find_last_ended()) == (True, None)
    assert daily.find_last_start(None) < timezone.now()
    run = daily.run(only_if_due=True)
    assert (daily.is_due(now=timezone.now()), daily.find_last_ended()) == (False, run)
    call_command("daily", "--last")
    assert "ahead" not in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_wanted", [True, False])
def test_worker_runs_it_by_itself_unless_told_not_to(monkeypatch, is_wanted):
    monkeypatch.setenv("DATABASE_URL", database_url())
    monkeypatch.setenv("WORKER_RUNS_DAILY", str(is_wanted))
    worker = subprocess.Popen([sys.executable, "manage.py", "worker"], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        awaited = DailyRun.objects.exclude(ended_at=None) if is_wanted else Worker.objects.all()
        until = time.monotonic() + 60
        while not awaited.exists() and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        worker.terminate()
        _, printed = worker.communicate(timeout=30)
    assert DailyRun.objects.count() == int(is_wanted), printed
    assert worker.returncode == 0


@pytest.mark.django_db(transaction=True)
def test_exception_of_any_kind_ends_no_thread_and_no_other_work(caplog):
    now = timezone.now()
    DailyRun.objects.create(started_at=now, ended_at=now, machine="one", steps=[{"name": "from another release"}])
    editor, author = (
        make.user("reviews.publish_review", "reviews.change_review", email=f"{n}@a.example") for n in "ab"
    )
    actions.hand_over(content=make.review(of=make.tool(), by=make.reviewer(), published_at=None), by=author)
    worker.run_daily_once()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "newsletter.daily.run_if_due failed, and is tried again in a minute."
    ]
    assert [message.payload["user"] for message in Outbox.objects.all()] == [editor.pk]
