"""Pages from memory: the same as Django renders them, within bounds."""

import gzip
import os
import random
import signal
from pathlib import Path

import brotli
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import Error, OperationalError, connection, transaction
from django.middleware.gzip import GZipMiddleware

from config.postgresql import base
from tests import factories as make
from tests.comparisons.test_pair_page import full_pair
from tests.wsgi import SiteServer
from tools.models import Tool
from web import metrics, pages
from web.pages import MEGABYTE, Page, PageMemory, Rendered, choose_coding, memory

pytestmark = pytest.mark.django_db
PAIR = "/compare/beta-vs-alpha/"
KINDS = [
    "/", PAIR, "/tools/", "/tools/alpha/", "/tools/alpha/votes/", "/tools/alpha.json", "/compare/beta-vs-alpha.json",
    "/tools/alpha/badge.svg", "/og/tools/alpha.png", "/og/compare/beta-vs-alpha.png", "/categories/", "/reviewers/",
    "/splits/", "/changes/", "/predictions/", "/search/", "/methodology/", "/disclosure/", "/about/", "/newsletter/",
    "/moderation/", "/feeds/moderation.xml",
    "/newsletter/noted/", "/feeds/comparisons.xml", "/feeds/changes.xml", "/feeds/tools/alpha.xml",
    "/feeds/newsletter.xml", "/sitemap.xml", "/sitemaps/newsletter.xml", "/robots.txt", "/manifest.webmanifest",
]  # fmt: skip
DECODERS = {"br": brotli.decompress, "gzip": gzip.decompress}


def test_every_kind_of_page_is_answered_from_memory_without_django(monkeypatch):
    full_pair()
    server = SiteServer()
    first = {path: server.ask(path) for path in KINDS}
    assert {answer.status for answer in first.values()} == {200}
    monkeypatch.setattr(WSGIHandler, "__call__", None)
    for path in KINDS:
        again = server.ask(path)
        del first[path].headers["X-Request-ID"], again.headers["X-Request-ID"]
        assert again == first[path], path
        unchanged = server.ask(path, HTTP_IF_NONE_MATCH=again.headers["ETag"])
        assert (unchanged.status, unchanged.body) == (304, b""), path


def test_304_has_only_the_headers_that_a_cache_does_not_have():
    full_pair()
    server = SiteServer()
    for path in KINDS:
        etag = server.ask(path).headers["ETag"]
        names = set(server.ask(path, HTTP_IF_NONE_MATCH=etag).headers)
        assert names <= {"Cache-Control", "Vary", "ETag", "X-Request-ID", "Access-Control-Allow-Origin"}, path
    assert server.ask("/tools/alpha.json", HTTP_IF_NONE_MATCH="*").headers["Access-Control-Allow-Origin"] == "*"


def test_page_with_another_header_has_another_etag():
    """A cache keeps the headers of what it has when it gets a 304."""
    headers = [("Content-Type", "text/html"), ("Content-Security-Policy", "default-src 'none'")]
    etags = {
        policy: dict(
            Page(Rendered(), [*headers, ("Permissions-Policy", policy)], b"x", view="").respond(
                {"REQUEST_METHOD": "GET"}
            )[1]
        )["ETag"]
        for policy in ("camera=()", "camera=(), usb=()")
    }
    assert len(set(etags.values())) == 2


# What a request may have, in the environment of WSGI. {etag} is that of the page.
ODDITIES = {
    "method": ["GET"] * 8 + ["HEAD", "HEAD", "POST", "OPTIONS", "DELETE", "PURGE"],
    "QUERY_STRING": [""] * 8 + ["page=2", "x=1&x=2", "%00", "utm_source=a"],
    "SCRIPT_NAME": [""] * 20 + ["/app"],
    "HTTP_HOST": [
        *["127.0.0.1:8000"] * 9, "127.0.0.1", "localhost", "LOCALHOST:8000", "127.0.0.1:80", "evil.test", "a b", None,
    ],
    "HTTP_ACCEPT_ENCODING": [
        None, "gzip", "br", "gzip, deflate, br, zstd", "br;q=0, gzip", "gzip;q=0", "gzip;q=0.0, br;q=0", "BR", "x-gzip",
        "*", "identity", "identity;q=0", "gzip;q=0.001", ",,;;", "gzip ; q = 0",
    ],
    "HTTP_IF_NONE_MATCH": [
        *[None] * 6, "{etag}", "W/{etag}", "*", '"other", {etag}', '"other"', "{etag}x", "", "nonsense",
    ],
    "HTTP_IF_MATCH": [None] * 12 + ["{etag}", '"other"', "*"],
    "HTTP_IF_MODIFIED_SINCE": [None] * 12 + ["Mon, 30 Nov 2099 00:00:00 GMT", "yesterday"],
    "HTTP_IF_UNMODIFIED_SINCE": [None] * 12 + ["Mon, 30 Nov 1999 00:00:00 GMT"],
    "HTTP_RANGE": [None] * 8 + ["bytes=0-9", "bytes=-1"],
    "HTTP_IF_RANGE": [None] * 12 + ["{etag}"],
    "HTTP_COOKIE": [None] * 4 + ["sessionid=a", f"sessionid={'a' * 32}", "csrftoken=x; visitor=y", "votes=1"],
    "HTTP_HX_REQUEST": [None] * 6 + ["true"],
    "HTTP_ORIGIN": [None] * 6 + ["https://evil.test"],
    "HTTP_AUTHORIZATION": [None] * 8 + ["Basic YTpi"],
    "HTTP_X_FORWARDED_PROTO": ["https", None, "http", "https, http", " https", "HTTPS"],
    "HTTP_X_FORWARDED_HOST": [None] * 8 + ["evil.test"],
    "HTTP_X_FORWARDED_FOR": [None] * 4 + ["192.0.2.9"],
    "HTTP_X_REQUEST_ID": ["given"],
    "HTTP_TRANSFER_ENCODING": [None] * 20 + ["chunked"],
    "CONTENT_LENGTH": [None] * 9 + ["", "0", "4", "nonsense"],
    "wsgi.url_scheme": ["http", "http", "https"],
}  # fmt: skip
ODD_PATHS = [
    "//", "/compare/beta-vs-alpha", "/compare/alpha-vs-beta/", "/tools/%C3%A4/", "/nowhere/", "/tools/ALPHA/",
    "/static/css/base.css",
]  # fmt: skip


@pytest.mark.parametrize("is_behind_a_proxy", [False, True])
def test_odd_requests_get_from_memory_what_django_answers(settings, monkeypatch, is_behind_a_proxy):
    monkeypatch.setattr(pages, "BEST_AFTER", 10**9)  # so that both compress alike
    monkeypatch.setattr(GZipMiddleware, "max_random_bytes", 0)
    if is_behind_a_proxy:
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        settings.SECURE_SSL_REDIRECT = True
        settings.SECURE_HSTS_SECONDS = 3600
    full_pair(1)
    server, django = SiteServer(), SiteServer(from_memory=False)
    choose = random.Random(17)  # noqa: S311 (repeatable)
    paths = [
        PAIR,
        "/about/",
        "/tools/alpha.json",
        "/feeds/changes.xml",
        "/tools/alpha/badge.svg",
        "/og/tools/alpha.png",
    ]
    for path in paths:
        for scheme in ("http", "https"):
            server.ask(path, **{"wsgi.url_scheme": scheme, "HTTP_X_FORWARDED_PROTO": scheme})
    etags = {path: page._etag for (_, path), page in memory._pages.items()}
    before = count_from_memory()
    for _ in range(250):
        path = choose.choice(paths * 3 + ODD_PATHS)
        # Each with few oddities: no request that had all of them at once would be answered from memory.
        request = {
            name: choose.choice(values) if choose.random() < 0.25 else values[0] for name, values in ODDITIES.items()
        }
        environ = {name: value and value.replace("{etag}", etags.get(path, "none")) for name, value in request.items()}
        assert server.ask(path, **environ) == django.ask(path, **environ), (path, environ)
    assert count_from_memory() - before > 50


def count_from_memory() -> float:
    return sum(metrics.PAGES.labels(result)._value.get() for result in ("stored", "unchanged"))


# -- Bounds -------------------------------------------------------------------------------------------------


def make_page(path: str, size: int) -> Page:
    return Page(Rendered((False, path)), [("Content-Type", "text/html")], bytes(size), view="page")


def test_memory_is_bounded_in_bytes_and_evicts_what_was_read_longest_ago(settings):
    settings.PAGE_MEMORY_MB = 1
    own = PageMemory()
    sizes = [0]
    for number in range(200):
        own.put(make_page(f"/{number}", 20_000))
        assert own.get((False, "/0"))  # read all the time
        sizes.append(own.size)
    assert MEGABYTE - 30_000 < max(sizes) <= MEGABYTE
    kept = [number for number in range(200) if own.get((False, f"/{number}"))]
    assert kept == [0, *range(201 - len(kept), 200)]
    own.put(make_page("/huge", MEGABYTE // 2))
    assert (own.get((False, "/huge")), own.size) == (None, sizes[-1])


def test_compressed_bodies_count():
    full_pair()
    server = SiteServer()
    server.ask(PAIR)
    alone = memory.size
    bodies = [server.ask(PAIR, HTTP_ACCEPT_ENCODING=coding).body for coding in ("gzip", "br", "br")]
    assert memory.size == alone + len(bodies[0]) + len(bodies[1])
    for _ in range(pages.BEST_AFTER):
        bodies.append(server.ask(PAIR, HTTP_ACCEPT_ENCODING="br").body)
    assert len(bodies[-1]) < len(bodies[1]), "a page in demand is compressed better"
    assert memory.size == alone + len(bodies[0]) + len(bodies[-1])


def test_query_strings_and_names_of_the_host_push_nothing_out():
    full_pair()
    server = SiteServer()
    server.ask(PAIR)
    size = memory.size
    for number in range(3):
        assert server.ask(f"{PAIR}?nothing={number}").status == 200
        assert server.ask(PAIR, HTTP_HOST=f"127.0.0.1:{number}").status == 200
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": PAIR, "HTTP_HOST": "127.0.0.1:8000", "wsgi.url_scheme": "http"}
    assert pages.find_key(environ) == (False, PAIR)
    assert {pages.find_key(environ | {"QUERY_STRING": f"nothing={number}"}) for number in range(100_000)} == {None}
    assert (list(memory._pages), memory.size) == ([(False, PAIR)], size)


def test_nothing_is_stored_of_what_is_no_page():
    full_pair()
    server = SiteServer()
    for path in ("/nowhere/", "/compare/alpha-vs-beta/", "/me/", "/account/login/", "/export/votes.csv", "/compare/"):
        server.ask(path)
    server.ask(PAIR, method="POST")
    assert len(memory) == 0


# -- Around it ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("accepted", "coding"), [
    ("", ""), ("gzip", "gzip"), ("gzip, br", "br"), ("br;q=0, gzip", "gzip"), ("br ; q = 0.00,GZIP", "gzip"),
    ("br;q=0.001", "br"), ("*", ""), ("identity", ""), ("brotli", ""), ("x-gzip;q=1", "gzip"),
])  # fmt: skip
def test_coding_is_one_that_the_client_accepts(accepted, coding):
    assert choose_coding(accepted) == coding


@pytest.mark.parametrize("accepted", ["gzip", "br"])
def test_compressed_page_is_the_page(accepted):
    full_pair()
    server = SiteServer()
    plain = server.ask(PAIR)
    for _ in range(pages.BEST_AFTER + 1):
        answer = server.ask(PAIR, HTTP_ACCEPT_ENCODING=accepted)
        assert answer.headers["Content-Encoding"] == accepted
        assert answer.headers["ETag"] == f"W/{plain.headers['ETag']}"
        assert answer.headers["Content-Length"] == str(len(answer.body))
        assert DECODERS[accepted](answer.body) == plain.body


def test_page_from_memory_is_measured_as_its_view(settings):
    settings.METRICS_TOKEN = "secret"
    full_pair()
    server = SiteServer()
    counted = [metrics.REQUESTS.labels("comparison", status) for status in (200, 304)]
    before = [counter._value.get() for counter in counted]
    etag = server.ask(PAIR).headers["ETag"]
    server.ask(PAIR), server.ask(PAIR, HTTP_IF_NONE_MATCH=etag)
    assert [counter._value.get() for counter in counted] == [before[0] + 2, before[1] + 1]


def test_page_from_memory_costs_one_statement_and_no_query_of_django(django_assert_num_queries, monkeypatch):
    full_pair()
    server = SiteServer()
    server.ask(PAIR)
    statements = []
    monkeypatch.setattr(connection, "fetch_row", record(connection.fetch_row, statements))
    with django_assert_num_queries(0):
        server.ask(PAIR)
    assert len(statements) == 1


def test_votes_on_other_tools_cost_one_more_statement_once_and_leave_the_page(monkeypatch):
    full_pair()
    server, other = SiteServer(), make.tool()
    page = server.ask(PAIR)
    stored = memory.get((False, PAIR))
    statements = []
    monkeypatch.setattr(connection, "fetch_row", record(connection.fetch_row, statements))
    counts = []
    for _ in range(3):
        make.votes(on=other, ship=1)
        for _ in range(3):
            assert server.ask(PAIR).body == page.body
            counts.append(len(statements))
            statements.clear()
    assert counts == [2, 1, 1] * 3
    assert memory.get((False, PAIR)) is stored
    make.votes(on=other, ship=1)
    make.votes(on=Tool.objects.get(slug="alpha"), ship=100)
    assert server.ask(PAIR).body != page.body


def record(function, calls):
    def recorded(*arguments):
        calls.append(arguments)
        return function(*arguments)

    return recorded


@pytest.mark.django_db(transaction=True)
def test_no_missing_statement_is_executed_after_a_rollback(monkeypatch):
    """PgBouncer ends a session that does so, which leaves no chance to try again."""
    monkeypatch.setattr("config.postgresql.base.UNKNOWN_STATEMENT", b"none")

    def prepare_all():
        assert connection.fetch_row("SELECT $1::int", ("41",)) == (b"41",)
        with connection.cursor() as cursor:
            for _ in range(10):  # psycopg prepares it, and deallocates all when it is rolled back
                cursor.execute("SELECT 42")
            cursor.execute("SELECT name FROM pg_prepared_statements ORDER BY name")
            *others, own = (name for (name,) in cursor.fetchall())
        assert own.startswith("fetch_row")
        assert others
        assert all(name.startswith("_pg3") for name in others)

    prepare_all()
    with transaction.atomic():
        transaction.set_rollback(True)
    prepare_all()
    with transaction.atomic(), pytest.raises(ZeroDivisionError), transaction.atomic():
        raise ZeroDivisionError
    prepare_all()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_prepared", [True, False])
def test_row_is_fetched_with_and_without_prepared_statements(is_prepared):
    options = connection.settings_dict["OPTIONS"]
    had, options["server_side_binding"] = options["server_side_binding"], is_prepared
    try:
        rows = [connection.fetch_row("SELECT $1::int + 1, NULL, 'x'", ("41",))]
        with pytest.raises(Error):
            connection.fetch_row("SELECT nothing", ())
        with pytest.raises(Error), transaction.atomic():
            connection.cursor().execute("SELECT 1 / 0")
        connection.cursor().execute("DEALLOCATE ALL")  # which psycopg does after a rollback if it has prepared anything
        rows += [connection.fetch_row("SELECT $1::int + 1, NULL, 'x'", ("41",)) for _ in range(2)]
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'fetch_row%%'")
            assert cursor.fetchone() == (int(is_prepared),)
    finally:
        options["server_side_binding"] = had
    assert rows == [(b"42", None, b"x")] * 3


@pytest.mark.django_db(transaction=True)
def test_frozen_session_of_the_database_delays_a_page_and_keeps_no_thread(monkeypatch):
    full_pair()
    server = SiteServer()
    page = server.ask(PAIR)
    monkeypatch.setattr(base, "PATIENCE", 0.2)
    pid = int(connection.fetch_row("SELECT pg_backend_pid()", ())[0])
    name = Path(f"/proc/{pid}/comm")
    if not name.exists() or name.read_text() != "postgres\n":  # elsewhere, the number is that of any process here
        pytest.skip("PostgreSQL runs elsewhere")
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(OperationalError, match="in time"), transaction.atomic():
            connection.fetch_row("SELECT 1", ())
    finally:
        os.kill(pid, signal.SIGCONT)
    pid = int(connection.fetch_row("SELECT pg_backend_pid()", ())[0])
    os.kill(pid, signal.SIGSTOP)
    try:
        assert server.ask(PAIR).body == page.body  # by another session
    finally:
        os.kill(pid, signal.SIGCONT)
