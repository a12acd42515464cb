"""The real nginx with deploy/nginx.conf in front of the site: what it keeps, and what it never keeps."""

import gzip
import http.client
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import NamedTuple

import brotli
import pytest
from playwright.sync_api import expect

from bench import nginx
from tests import factories as make
from tests.server import Server, serve
from tools.models import Tool

EDGE_SECONDS = 2
PATIENCE = 2  # seconds that nginx gives a client to send a request; deploy/nginx.conf says 10
TOOL = "/tools/aider/"
LIST_PROTOCOLS = (
    "() => ['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind))"
    ".map((entry) => entry.nextHopProtocol)"
)
DECOMPRESS = {None: bytes, "gzip": gzip.decompress, "br": brotli.decompress}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def cache(self) -> str:
        return self.headers.get("X-Cache", "")


@pytest.fixture
def port() -> int:
    return nginx.find_port()


@pytest.fixture
def server(site, port) -> Iterator[Server]:
    """Run gunicorn, as docs/operations.md says."""
    production = {
        "SITE_URL": f"https://{nginx.HOST}:{port}",
        "ALLOWED_HOSTS": nginx.HOST,
        "TRUSTED_PROXY_COUNT": "1",
        "EDGE_SECONDS": str(EDGE_SECONDS),
        "ACCESS_LOG": "-",
    }
    with serve(is_ready="/healthz", **production) as server:
        yield server


@pytest.fixture
def edge(server, port, settings) -> Iterator[nginx.Edge]:
    """Run nginx in front of it."""
    upstream = f"127.0.0.1:{server.port}"
    with nginx.serve(upstream, static_root=settings.STATIC_ROOT, port=port, patience=f"{PATIENCE}s") as edge:
        yield edge
        assert "[crit]" not in edge.read_log()


def trust(edge: nginx.Edge) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=edge.certificate)


def fetch(edge: nginx.Edge, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    connection = http.client.HTTPSConnection(nginx.HOST, edge.port, context=trust(edge), timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body=body, headers=named)
    response = connection.getresponse()
    answer = Answer(response.status, dict(response.getheaders()), response.read())
    connection.close()
    return answer


def fetch_often(edge: nginx.Edge, path: str, *, times: int, **headers: str) -> list[int]:
    """Return the statuses of requests over one connection, which come faster than the limit even on a busy machine."""
    connection = http.client.HTTPSConnection(nginx.HOST, edge.port, context=trust(edge), timeout=30)
    statuses = []
    for _ in range(times):
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        with connection.getresponse() as response:
            response.read()
            statuses.append(response.status)
    connection.close()
    return statuses


def read_votes(answer: Answer) -> str:
    """Return what the page of a tool says of its votes."""
    return re.search(r"\d+ ship, \d+ skip so far|No votes yet", answer.body.decode())[0]


def test_public_page_is_cached_and_then_revalidated(edge):
    first, again = fetch(edge, TOOL), fetch(edge, TOOL)
    assert (first.cache, again.cache) == ("MISS", "HIT")
    assert (first.body, again.body[:15]) == (again.body, b"<!doctype html>")
    assert "s-maxage=2" in again.headers["Cache-Control"]
    assert "max-age=0, must-revalidate" in again.headers["Cache-Control"]
    for name in ("Content-Security-Policy", "X-Frame-Options", "Permissions-Policy", "ETag"):
        assert again.headers[name] == first.headers[name]
    assert "max-age=31536000" in again.headers["Strict-Transport-Security"]
    assert first.headers["X-Request-ID"] != again.headers["X-Request-ID"]
    assert fetch(edge, TOOL, If_None_Match=first.headers["ETag"]).status == 304

    make.votes(on=Tool.objects.get(slug="aider"), ship=3)
    fresh = fetch(edge, TOOL, Cookie="voted=1")
    assert (fresh.cache, read_votes(fresh)) == ("BYPASS", "3 ship, 0 skip so far")
    make.votes(on=Tool.objects.get(slug="aider"), skip=1)
    time.sleep(EDGE_SECONDS + 1.1)  # nginx counts in whole seconds
    fetch(edge, TOOL)  # may be the old one, while nginx asks for the new one
    deadline = time.monotonic() + 10
    while (words := read_votes(fetch(edge, TOOL))) != "3 ship, 1 skip so far" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert words == "3 ship, 1 skip so far"

    check_encodings(edge)
    check_personal_pages(edge)


def check_encodings(edge: nginx.Edge) -> None:
    """Check that each encoding is cached on its own, however it is asked for."""
    plain = fetch(edge, "/tools/qdrant/").body
    for accepted, encodings in (
        ("gzip, deflate, br, zstd", ("br", "gzip")),
        ("gzip, deflate", ("gzip",)),
        ("br;q=0, gzip;q=0.5", ("gzip",)),
        ("br;q=0, gzip;q=0.0", (None,)),
    ):
        for _ in range(2):
            answer = fetch(edge, "/tools/qdrant/", Accept_Encoding=accepted)
            encoding = answer.headers.get("Content-Encoding")
            assert encoding in encodings
            assert DECOMPRESS[encoding](answer.body) == plain
        assert answer.cache == "HIT"
    # The end of an address is not read as an encoding.
    assert fetch(edge, "/search/?q=aider", Accept_Encoding="gzip").headers["Content-Encoding"] == "gzip"
    longer = fetch(edge, "/search/?q=aidergzip")
    assert (longer.cache, longer.headers.get("Content-Encoding")) == ("MISS", None)
    assert b"aidergzip" in longer.body


def check_personal_pages(edge: nginx.Edge) -> None:
    """Check that what is personal, or an error, is not cached, and that people who are signed in get no cached page."""
    for path in ("/me/", "/me/votes/", "/account/login/", "/nowhere/"):
        answers = [fetch(edge, path) for _ in range(2)]
        assert [answer.cache for answer in answers] == ["MISS", "MISS"], path
        assert "no-store" in answers[0].headers["Cache-Control"], path
    assert fetch(edge, TOOL, Cookie="sessionid=" + "a" * 32).cache == "BYPASS"


@contextmanager
def open_slow_clients(edge: nginx.Edge, *, kinds: int = 12) -> Iterator[list[ssl.SSLSocket]]:
    """Yield clients that stop in the middle of a head, and as many that stop in the middle of a form."""
    head = f"POST {TOOL}vote/ HTTP/1.1\r\nHost: {nginx.HOST}\r\nContent-Length: 11\r\n"
    with ExitStack() as stack:
        clients = []
        for sent in (head, f"{head}\r\nchoice=") * kinds:
            plain = socket.create_connection((nginx.HOST, edge.port), timeout=10 * PATIENCE)
            clients.append(stack.enter_context(trust(edge).wrap_socket(plain, server_hostname=nginx.HOST)))
            clients[-1].sendall(sent.encode())
        yield clients


def test_nginx_serves_files_and_refuses_what_is_none_of_the_site(edge, server, settings):
    style = re.search(r'/static/(css/base\.[0-9a-f]{12}\.css)"', fetch(edge, "/").body.decode())[1]
    answer = fetch(edge, f"/static/{style}", Accept_Encoding="gzip, br")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == (settings.STATIC_ROOT / style).read_bytes()
    assert answer.headers["Cache-Control"] == "public, max-age=315360000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "text/css"
    assert fetch(edge, "/static/css/base.css").headers["Cache-Control"] == "public, max-age=60"
    assert fetch(edge, "/static/../settings.py").status == 404
    check_slow_clients(edge, server)
    check_own_answers(edge)


def check_slow_clients(edge: nginx.Edge, server: Server) -> None:
    """Check that clients that do not go on are dropped, and that the site never hears of them."""
    with open_slow_clients(edge) as clients:
        assert fetch(edge, TOOL, Cookie="voted=1").cache == "BYPASS"
        for client in clients:
            with suppress(ConnectionResetError):
                assert client.recv(1024) == b""
    assert "POST" not in server.read_log()


def check_own_answers(edge: nginx.Edge) -> None:
    """Check what nginx answers by itself."""
    plain = http.client.HTTPConnection(nginx.HOST, edge.plain_port, timeout=30)
    plain.request("GET", "/tools/?page=2")
    response = plain.getresponse()
    assert (response.status, response.headers["Location"]) == (301, "https://localhost/tools/?page=2")
    plain.close()
    for inside in ("/metrics", "/healthz", "/readyz"):
        assert fetch(edge, inside, Authorization="Bearer x").status == 404
    assert fetch(edge, f"{TOOL}vote/", "POST", b"x" * 200_000).status == 413
    with pytest.raises(ssl.SSLError, match="unrecognized name"):
        http.client.HTTPSConnection("127.0.0.1", edge.port, context=trust(edge), timeout=30).request("GET", "/")
    statuses = fetch_often(edge, "/robots.txt", times=150)
    assert set(statuses) == {200, 429}
    assert statuses[:50] == [200] * 50


def test_limits_count_clients_behind_a_cdn(server, port, settings):
    comment = re.findall(r"^#   ((?:set_real_ip_from|real_ip_header) .*;)$", nginx.SITE_CONFIG.read_text(), re.M)
    more = "\n".join(comment).replace("192.0.2.0/24", "127.0.0.0/8")
    upstream = f"127.0.0.1:{server.port}"
    with nginx.serve(upstream, static_root=settings.STATIC_ROOT, port=port, rate="1r/m", more=more) as edge:
        for client, status in (("203.0.113.1", 429), ("203.0.113.2", 200)):  # the first one has used up its burst
            answers = fetch_often(edge, "/robots.txt", times=150 if status == 429 else 1, X_Forwarded_For=client)
            assert answers[-1] == status


def test_voter_sees_the_vote_at_once(edge, browser):
    page = browser.new_context(ignore_https_errors=True).new_page()
    page.goto(f"{edge.address}{TOOL}")
    assert set(page.evaluate(LIST_PROTOCOLS)) == {"h2"}  # page, style sheets, and scripts
    fetch(edge, TOOL)
    page.get_by_role("button", name="Ship Aider").click()
    expect(page.locator("#community-aider")).to_contain_text("1 ship, 0 skip so far")
    page.reload()
    expect(page.locator("#community-aider")).to_contain_text("1 ship, 0 skip so far")
    expect(page.locator("#ship-aider")).to_have_attribute("aria-pressed", "true")
    assert read_votes(fetch(edge, TOOL, Cookie="voted=1")) == "1 ship, 0 skip so far"
