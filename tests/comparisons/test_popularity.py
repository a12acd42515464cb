"""How often comparisons are read: what counts, and that a reader's request never writes."""

import time
from datetime import date

import pytest
from django.db import connection, transaction
from django.db.models import F

from comparisons.models import Comparison, Reading
from comparisons.reading import popularity
from tests import factories as make
from tests.comparisons.test_pair_page import full_pair
from tests.comparisons.test_splits import make_pairs_of_four
from tests.conftest import BROWSER
from tests.server import serve
from votes import network

pytestmark = pytest.mark.django_db
PAIR = "/compare/beta-vs-alpha/"


@pytest.fixture(autouse=True)
def _nothing_is_pending() -> None:
    popularity._pending.clear()


def test_reads_are_counted_and_decay(client, time_machine):
    a, b, c = make_pairs_of_four(a="+", b="+", c="+")
    old, new = make.comparison(first=a, second=b), make.comparison(first=b, second=c)
    time_machine.move_to("2026-03-01T00:00Z")
    for _ in range(3):
        client.get("/compare/a-vs-b/", headers=BROWSER)
    client.get("/compare/a-vs-c/", headers=BROWSER)  # made on demand: not counted
    popularity.flush()
    time_machine.move_to("2026-04-30T00:00Z")  # two half-lives later
    client.get("/compare/b-vs-c/", headers=BROWSER)
    assert list(Comparison.objects.most_read()) == [old]
    popularity.flush()
    assert list(Comparison.objects.most_read()) == [new, old]
    client.get("/compare/a-vs-b/", headers=BROWSER)
    popularity.flush()
    assert list(Comparison.objects.most_read()) == [old, new]  # 1 + 3/4 reads against 1
    weights = Reading.objects.annotate(difference=F("heat") - Reading.objects.get(comparison=new).heat)
    assert weights.get(comparison=old).difference == pytest.approx(0.5596, abs=0.001)  # ln 1.75


def test_reads_of_a_deleted_pair_are_dropped():
    popularity.count_read(12345)
    popularity.flush()
    assert not Reading.objects.exists()


@pytest.mark.parametrize("headers", [
    {"sec-purpose": "prefetch"}, {"sec-purpose": "prefetch;prerender"}, {"purpose": "prefetch"},
    {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
    {"user-agent": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)"},
    {"user-agent": "Mozilla/5.0 (compatible; Baiduspider/2.0)"}, {"user-agent": "curl/8.5.0"}, {"user-agent": ""},
])  # fmt: skip
def test_what_no_person_sees_is_no_read(client, headers):
    pair = full_pair()
    etag = client.get(PAIR, headers=headers).headers["ETag"]
    assert client.get(PAIR, headers={**headers, "if-none-match": etag}).status_code == 304
    assert popularity._pending == {}
    client.get(PAIR, headers={"user-agent": "Mozilla/5.0 (Linux; Android 8.1.0; CUBOT_NOVA) Chrome/72.0"})
    assert popularity._pending == {pair.pk: 1}


def test_head_is_no_read(client):
    full_pair()
    for _ in range(2):
        etag = client.head(PAIR, headers=BROWSER).headers["ETag"]
        assert client.head(PAIR, headers={**BROWSER, "if-none-match": etag}).status_code == 304
    assert popularity._pending == {}


def test_reads_that_cannot_be_written_stay_counted(caplog):
    pair = make.comparison()
    popularity.count_read(pair.pk)
    with transaction.atomic():
        connection.cursor().execute("SET LOCAL transaction_read_only = on")
        popularity.work_off()
        transaction.set_rollback(True)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    popularity.count_read(pair.pk)
    assert popularity._pending == {pair.pk: 2}
    popularity.work_off()
    assert popularity._pending == {}
    assert Reading.objects.get().comparison_id == pair.pk


def test_deletion_of_old_keys_that_failed_is_tried_again(monkeypatch):
    monkeypatch.setattr(network, "_deleted_on", None)
    with transaction.atomic():
        connection.cursor().execute("SET LOCAL transaction_read_only = on")
        popularity.work_off()
        transaction.set_rollback(True)
    assert network._deleted_on is None
    popularity.work_off()
    assert isinstance(network._deleted_on, date)


@pytest.mark.django_db(transaction=True)
def test_comparison_is_served_from_a_read_only_database():
    full_pair()
    agent = f"User-Agent: {BROWSER['user-agent']}"
    with serve(POPULARITY_FLUSH_SECONDS="1", PGOPTIONS="-c default_transaction_read_only=on") as server:
        for _ in range(3):
            assert server.ask(PAIR, agent).status == 200
            time.sleep(0.8)
    assert not Reading.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_server_writes_reads_by_itself():
    full_pair()
    with serve(POPULARITY_FLUSH_SECONDS="1") as server:
        assert server.ask(PAIR, f"User-Agent: {BROWSER['user-agent']}").status == 200
        until = time.monotonic() + 20
        while not Reading.objects.exists() and time.monotonic() < until:
            time.sleep(0.1)
        assert Reading.objects.exists()


@pytest.mark.django_db
def test_exception_of_any_kind_ends_no_thread_and_loses_no_reads(caplog):
    popularity._pending[1] = None  # a number that cannot be written
    popularity.work_off()
    assert [record.message for record in caplog.records] == ["Page views could not be written; they will be later."]
    assert dict(popularity._pending) == {1: None}
    popularity._pending.clear()
