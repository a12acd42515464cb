"""What readers get while the database is down, restarting, unreachable, or read-only. Served by gunicorn."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import Error, InterfaceError, OperationalError, connection, transaction

from bench.line import CutLine
from tests import factories as make
from tests.comparisons.test_pair_page import full_pair
from tests.server import Answer, Server, open_line, serve
from web.outages import is_outage

PAIR = "/compare/beta-vs-alpha/"
PAGES = [
    "/", PAIR, "/tools/", "/tools/alpha/", "/tools/alpha.json", "/tools/nowhere/", "/search/?q=alpha", "/splits/",
    "/og/compare/beta-vs-alpha.png", "/sitemap.xml", "/feeds/comparisons.xml", "/export/votes.csv", "/newsletter/1/",
    "/account/login/", "/admin/", "/admin/tools/tool/",
]  # fmt: skip
SESSION = f"Cookie: sessionid={'a' * 32}"
VISITOR = "Sec-Fetch-Site: same-origin"


@pytest.fixture
def line(transactional_db: None) -> Iterator[CutLine]:
    full_pair()
    with open_line() as line:
        yield line


@pytest.fixture
def server(line: CutLine) -> Iterator[Server]:
    with serve(database_host=line.folder, WEB_THREADS="4") as server:
        yield server


def assert_is_outage(answer: Answer, url: str) -> None:
    assert answer.status == 503, url
    assert answer.headers["retry-after"] == "5", url
    assert answer.headers["cache-control"] == "no-store", url
    assert "default-src 'none'" in answer.headers["content-security-policy"], url
    assert b"The site cannot reach its data right now." in answer.body, url


def test_every_page_answers_503_at_once_while_the_database_is_down_and_works_when_it_is_back(server, line):
    etag = server.ask(PAIR).headers["etag"]
    line.cut()
    for url in PAGES:
        answer = server.ask(url, SESSION)
        assert_is_outage(answer, url)
        assert answer.seconds < 2, url
    assert_is_outage(server.ask(PAIR, f"If-None-Match: {etag}"), "revalidation")
    assert_is_outage(server.post("/tools/alpha/vote/", VISITOR, body=b"choice=ship"), "vote")
    fragment = server.post("/tools/alpha/vote/", VISITOR, "HX-Request: true", body=b"choice=ship")
    assert fragment.status == 503
    assert fragment.body.startswith(b'<p class="lost__words">Our data cannot be reached.')
    for url in ("/nowhere/", "/static/nowhere.css", "/nowhere.php"):  # what is not there needs no database
        answer = server.ask(url)
        assert (answer.status, answer.seconds < 2) == (404, True), url
    assert server.ask("/static/css/base.css").status == 200

    line.repair()
    started = time.monotonic()
    while server.ask(PAIR).status == 503:
        assert time.monotonic() - started < 1
    assert [server.ask(PAIR).status for _ in range(8)] == [200] * 8  # in every thread
    assert server.ask(PAIR, f"If-None-Match: {etag}").status == 304


def test_restart_of_the_database_is_not_noticed_by_later_requests(server, line):
    for _ in range(8):
        assert server.ask(PAIR).status == 200
    line.repair()  # which closes every connection
    assert [server.ask(PAIR).status for _ in range(8)] == [200] * 8


def test_database_that_does_not_answer_holds_no_thread_for_long(server, line):
    line.stall()
    with ThreadPoolExecutor(12) as clients:
        answers = list(clients.map(server.ask, [PAIR] * 24))
    for answer in answers:
        assert_is_outage(answer, PAIR)
        assert answer.seconds < 4
    assert server.ask(PAIR).seconds < 3
    line.repair()
    time.sleep(1)
    assert [server.ask(PAIR).status for _ in range(8)] == [200] * 8


@pytest.mark.django_db(transaction=True)
def test_vote_on_a_read_only_database_is_503():
    make.tool(slug="one")
    with serve(PGOPTIONS="-c default_transaction_read_only=on") as server:
        assert server.ask("/tools/one/").status == 200
        assert_is_outage(server.post("/tools/one/vote/", VISITOR, body=b"choice=ship"), "vote")


@pytest.mark.django_db
@pytest.mark.parametrize(("code", "expected"), [
    ("57P01", True), ("57P03", True), ("53300", True), ("08006", True), ("25006", True),
    ("53100", True), ("53200", True), ("58030", True),
    ("40P01", False), ("53400", False), ("57014", False), ("22012", False),
])  # fmt: skip
def test_only_the_state_of_the_server_is_an_outage(code, expected):
    with pytest.raises(Error, match="failed") as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'failed' USING ERRCODE = '{code}'; END $$")
    assert is_outage(raised.value) is expected


def test_broken_connection_is_an_outage_and_our_own_mistake_is_not():
    assert is_outage(OperationalError("the connection is lost"))
    assert is_outage(InterfaceError("connection already closed"))
    assert not is_outage(ValueError("of ours"))
    assert not is_outage(None)
