"""The worker and the outbox: replies to sign-ups are sent even if workers and servers fail."""

import os
import re
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from newsletter import cleanup, outbox
from newsletter.actions import erase
from newsletter.models import Cooldown, Issue, LeaveReason, Outbox, SendState, Subscriber, Suppression, Worker
from newsletter.signing_up import sign_up
from newsletter.worker import MailWorker
from tests import factories as make
from tests.newsletter.mailserver import mail_server
from tests.server import database_url
from votes.models import NetworkKey

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


def work() -> None:
    MailWorker().run(until_empty=True)


def list_states() -> list[tuple[str, int]]:
    return list(Outbox.objects.order_by("pk").values_list("state", "attempts"))


def test_new_address_is_asked_to_confirm_in_html_and_text(client, settings):
    settings.SITE_URL = "https://shipside.example"
    sign_up(email="ada@example.com", network="")
    work()
    [message] = mail.outbox
    assert message.to == ["ada@example.com"]
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    assert message.extra_headers["Message-ID"] == f"<sign-up-{Outbox.objects.get().pk}@shipside.example>"
    [link] = set(re.findall(r"https://shipside.example/newsletter/confirm/[^\s\"<]+", message.body))
    assert message.alternatives[0].content.count(link) == 2
    assert message.alternatives[0].content.replace("<wbr>", "").count(link) == 3
    assert "style=" in message.alternatives[0].content
    assert "unsubscribe" not in message.body
    client.post(link.removeprefix(settings.SITE_URL))
    assert Subscriber.objects.get().is_confirmed
    assert list_states() == [("sent", 1)]


def test_confirmed_address_is_told_that_it_is_on_the_list(client):
    subscriber = make.subscriber(email="ada@example.com")
    sign_up(email="ada@example.com", network="")
    work()
    [message] = mail.outbox
    assert message.subject == "You are already subscribed to Shipside"
    assert "confirm" not in message.body
    [link] = re.findall(r"http://127.0.0.1:8000(/newsletter/unsubscribe/\S+)", message.body)
    client.post(link)
    assert Subscriber.objects.get(pk=subscriber.pk).status == "Unsubscribed"


def test_flood_of_sign_ups_sends_no_more_than_the_limits(settings):
    settings.NEWSLETTER_PER_NETWORK = 4
    for number in range(50):
        sign_up(email=f"ada{number}@example.com", network="one")
    work()
    assert len(mail.outbox) == 4


def test_message_without_a_server_is_a_file_named_in_the_log(settings, tmp_path, caplog):
    settings.MAILERS = {
        "default": {"BACKEND": "web.mail_files.EmailBackend", "OPTIONS": {"file_path": str(tmp_path / "mail")}}
    }
    for name in ("ada", "bob/../../x"):
        Outbox.objects.create(kind="sign-up", subscriber=make.subscriber(email=f"{name}@example.com"))
    with caplog.at_level("INFO", logger="web.mail_files"):
        work()
    files = sorted((tmp_path / "mail").iterdir())
    assert len(files) == 2
    assert {file.parent for file in files} == {tmp_path / "mail"}
    assert sorted(caplog.messages)[0] == f"Mail to ada@example.com: {files[0]}"
    assert b"Subject: You are already subscribed" in files[0].read_bytes()


def test_temporary_failure_is_retried_with_growing_delay_up_to_a_limit(settings):
    settings.NEWSLETTER_RETRY_SECONDS, settings.NEWSLETTER_MAX_ATTEMPTS = 60, 3
    subscriber = make.subscriber()
    Outbox.objects.create(kind="sign-up", subscriber=subscriber)
    with mail_server() as (server, mailers):
        settings.MAILERS = mailers
        server.replies["rcpt"] = lambda address: "451 later"
        seen = []
        for _ in range(3):
            work()
            row = Outbox.objects.get()
            seen.append((row.state, row.attempts, round((row.next_attempt_at - timezone.now()).total_seconds(), -1)))
            Outbox.objects.update(next_attempt_at=timezone.now())
    assert seen == [("queued", 1, 60), ("queued", 2, 240), ("failed", 3, 960)]
    assert Outbox.objects.get().reason == "the server replied to RCPT TO: 451 later"
    assert Subscriber.objects.get(pk=subscriber.pk).is_confirmed


def test_dead_address_is_suppressed(settings):
    subscriber = make.subscriber()
    Outbox.objects.create(kind="sign-up", subscriber=subscriber)
    with mail_server() as (server, mailers):
        settings.MAILERS = mailers
        server.replies["rcpt"] = lambda address: "550 no such person"
        work()
    assert list_states() == [("failed", 1)]
    assert Subscriber.objects.get().status == "Mail bounced"
    assert Suppression.objects.get().reason == LeaveReason.BOUNCED


def test_unreachable_server_uses_up_no_attempts(settings, monkeypatch):
    for _ in range(3):
        Outbox.objects.create(kind="sign-up", subscriber=make.subscriber())
    with mail_server() as (_, mailers):
        settings.MAILERS = mailers
    worker = MailWorker()
    waits, troubles = [], []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        troubles.extend(Worker.objects.values_list("trouble", flat=True))
        worker._next_heartbeat = 0.0
        if len(waits) == 3:
            worker.stop()

    monkeypatch.setattr(worker._stopping, "wait", wait)
    settings.NEWSLETTER_RETRY_SECONDS = 0
    worker.run()
    assert waits == [1.0, 2.0, 4.0]
    assert list_states() == [("queued", 0)] * 3
    # The desk can see that the worker is alive, and why it cannot send.
    assert [trouble[:14] for trouble in troubles] == ["", "no connection:", "no connection:"]


def test_message_of_a_killed_worker_is_sent_after_its_lease():
    row = Outbox.objects.create(
        kind="sign-up", subscriber=make.subscriber(), state=SendState.SENDING, attempts=1, worker="dead",
        leased_until_at=timezone.now() + timedelta(minutes=1),
    )  # fmt: skip
    work()
    assert mail.outbox == []
    Outbox.objects.filter(pk=row.pk).update(leased_until_at=timezone.now())
    work()
    assert (len(mail.outbox), list_states()) == (1, [("sent", 2)])


def test_two_workers_never_claim_the_same_row(django_assert_num_queries):
    for _ in range(15):
        Outbox.objects.create(kind="sign-up", subscriber=make.subscriber())
    first, second = outbox.claim(worker="one"), outbox.claim(worker="two")
    assert (len(first), len(second)) == (10, 5)
    assert {row.pk for row in first} & {row.pk for row in second} == set()
    outbox.release(first)
    assert len(outbox.claim(worker="two")) == 10


def test_row_whose_lease_lapsed_behind_slow_ones_is_left_to_the_worker_that_took_it(monkeypatch, time_machine):
    time_machine.move_to(timezone.now())
    for _ in range(10):
        Outbox.objects.create(kind="sign-up", subscriber=make.subscriber())
    build, taken = outbox.build_message, []

    def build_slowly(row):
        message = build(row)
        time_machine.shift(40)
        outbox.reclaim()
        taken.extend(outbox.claim(worker="two"))
        return message

    monkeypatch.setattr(outbox, "build_message", build_slowly)
    work()
    sent = [address for message in mail.outbox for address in message.to]
    assert len(sent) + len(taken) == 10
    assert set(sent).isdisjoint(row.subscriber.email for row in taken)


def test_complaint_after_the_sign_up_stops_the_reply():
    sign_up(email="ada@example.com", network="")
    Suppression.objects.record("ada@example.com", LeaveReason.COMPLAINED)
    work()
    assert (mail.outbox, list_states()) == ([], [("failed", 1)])


def test_reader_erased_after_the_claim_gets_nothing(monkeypatch):
    remaining, erased = make.subscriber(), make.subscriber()
    for subscriber in (erased, remaining):
        Outbox.objects.create(kind="sign-up", subscriber=subscriber)
    claim = outbox.claim

    def claim_and_erase(**kwargs):
        rows = claim(**kwargs)
        erase(subscriber=erased.pk)
        return rows

    monkeypatch.setattr(outbox, "claim", claim_and_erase)
    work()
    assert [message.to for message in mail.outbox] == [[remaining.email]]
    assert list_states() == [("sent", 1)]


def test_message_that_cannot_be_built_does_not_block_others(settings):
    settings.NEWSLETTER_RETRY_SECONDS, settings.NEWSLETTER_MAX_ATTEMPTS = 0, 3
    broken = make.issue()
    Issue.objects.filter(pk=broken.pk).update(content=[{"kind": "nonsense"}])
    Outbox.objects.create(kind="test", payload={"issue": broken.pk, "email": "editor@example.com"})
    Outbox.objects.create(kind="sign-up", subscriber=make.subscriber())
    work()
    assert (len(mail.outbox), list_states()) == (1, [("failed", 3), ("sent", 1)])
    assert Outbox.objects.order_by("pk")[0].reason.startswith("the message cannot be built: ")


def test_heartbeat_reports_the_queue_and_ends_with_the_worker():
    Outbox.objects.create(kind="sign-up", subscriber=make.subscriber())
    later = timezone.now() + timedelta(hours=1)
    Outbox.objects.create(kind="sign-up", subscriber=make.subscriber(), next_attempt_at=later)
    worker = MailWorker()
    worker._send_heartbeat()
    row = Worker.objects.get()
    assert (row.name, row.queue_length, row.is_silent()) == (worker.name, 2, False)
    assert row.is_silent(now=timezone.now() + timedelta(seconds=61)) is True
    worker.run(until_empty=True)
    assert Worker.objects.count() == 0


def test_expired_rows_are_deleted():
    old = timezone.now() - timedelta(days=40)
    make.subscriber(confirmed_at=None, created_at=old)
    make.subscriber(confirmed_at=None, created_at=old, left_at=old, left_reason="bounced")
    kept = [make.subscriber(created_at=old), make.subscriber(confirmed_at=None)]
    Outbox.objects.create(kind="sign-up", subscriber=kept[0], state=SendState.SENT, finished_at=old)
    Cooldown.objects.create(scope="network", key="x", starts_at=old, taken=1)
    Worker.objects.create(name="gone", beat_at=old)
    NetworkKey.objects.create(id=uuid4(), day_on=old.date(), secret=b"x")
    cleanup.delete_expired()
    assert list(Subscriber.objects.order_by("pk")) == kept
    assert [model.objects.count() for model in (Outbox, Cooldown, Worker, NetworkKey)] == [0, 0, 0, 0]


def test_command_sends_and_exits(capsys):
    sign_up(email="ada@example.com", network="")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        call_command("worker", until_empty=True)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert [message.to for message in mail.outbox] == [["ada@example.com"]]
    assert capsys.readouterr().out == ""


@pytest.mark.django_db(transaction=True)
def test_worker_waits_for_a_database_that_is_read_only(caplog):
    sign_up(email="ada@example.com", network="")
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")  # until the worker connects again
    work()
    assert list_states() == [("sent", 1)]
    [message] = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert re.search(r"waits 1 s: the database is not available: .* in a read-only transaction$", message)


@pytest.mark.django_db(transaction=True)
def test_read_only_database_when_a_worker_ends_is_no_error():
    worker = MailWorker()
    worker._send_heartbeat()
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    worker._sign_off()
    assert Worker.objects.count() == 1, "its heartbeat lapses"


@pytest.mark.django_db(transaction=True)
def test_sigterm_stops_the_worker_promptly_and_cleanly(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "manage.py", "worker"],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(tmp_path), "DATABASE_URL": database_url()},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        sign_up(email="ada@example.com", network="")
        deadline = time.monotonic() + 60
        while list_states() != [("sent", 1)]:
            assert time.monotonic() < deadline, process.poll()
            time.sleep(0.05)
        assert Worker.objects.count() == 1
    finally:
        process.send_signal(signal.SIGTERM)
        log = process.communicate(timeout=30)[1]
    assert (process.returncode, Worker.objects.count()) == (0, 0)
    assert "stopped after 1 messages" in log
    assert len(list((tmp_path / "mail").iterdir())) == 1
