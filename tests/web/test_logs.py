"""Log lines: their two forms, the request's id, and what is in none of them."""

import json
import logging
import re
import time

import pytest
from django.urls import URLPattern, get_resolver

from tests import factories as make
from tests.server import Server, serve
from web.logs import JSONFormatter, LineFormatter, mask_secrets
from web.request_ids import current_request_id, identify_requests

LINE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} "


def make_record(message: str, *, error: Exception | None = None) -> logging.LogRecord:
    return logging.LogRecord(
        "web.views", logging.ERROR, "views.py", 1, message, (), (type(error), error, None) if error else None
    )


def ask(given: str | None) -> tuple[str, str]:
    """Send a request through the wrapper. Return the id that the application saw, and the one in the answer."""
    seen, answered = [], []

    def application(environ, start_response):
        seen.append(current_request_id.get())
        start_response("200 OK", [("ETag", '"one"')])
        return [b""]

    environ = {} if given is None else {"HTTP_X_REQUEST_ID": given}
    identify_requests(application)(environ, lambda status, headers: answered.append(headers))
    assert [name for name, _ in answered[0]] == ["ETag", "X-Request-ID"]
    return seen[0], answered[0][1][1]


@pytest.mark.parametrize("given", ["a", "8f14e45fceea167a5a36dedd4bea2543", "Root=1-5759e988-bd862e3fe1be46a994272793"])
def test_well_formed_id_of_a_proxy_is_used(given):
    assert ask(given) == (given, given)


@pytest.mark.parametrize("given", [None, "", "two words", "a" * 129, "a\r\nSet-Cookie: b", "naïve", '"quoted"'])
def test_other_requests_get_a_new_id(given):
    seen, answered = ask(given)
    assert seen == answered
    assert re.fullmatch(r"[0-9a-f]{32}", seen)
    assert ask(given)[0] != seen


def test_both_forms_have_the_id_and_the_traceback():
    token = current_request_id.set("abc")
    try:
        record = make_record("No such tool: naïve\n2 lines", error=ValueError("of ours"))
        line = LineFormatter().format(record)
        fields = json.loads(JSONFormatter().format(record))
    finally:
        current_request_id.reset(token)
    assert re.fullmatch(LINE + r"ERROR web\.views \[abc\]: No such tool: naïve\n2 lines\nValueError: of ours", line)
    assert fields.pop("time").endswith("+00:00")
    assert fields.pop("process") == record.process
    assert fields == {
        "level": "ERROR", "logger": "web.views", "request_id": "abc", "message": "No such tool: naïve\n2 lines",
        "exception": "ValueError: of ours",
    }  # fmt: skip
    current_request_id.set("")
    assert re.fullmatch(LINE + r"ERROR web\.views: x", LineFormatter().format(make_record("x")))


def list_routes(patterns, prefix="/"):
    for pattern in patterns:
        route = prefix + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from list_routes(pattern.url_patterns, route)


def test_every_secret_in_an_address_is_masked():
    secret = [route for route in list_routes(get_resolver().url_patterns) if re.search(r"token>|<key>", route)]
    assert len(secret) >= 6
    for route in secret:
        path = re.sub(r"<str:token>|\(\?P<uidb36>.*", "b64:SECRET-key", route)
        assert "SECRET" in path
        for form in (f"Internal Server Error: {path}", f"GET {path} 200"):
            assert "SECRET" not in mask_secrets(form)
            assert "…" in mask_secrets(form)


def wait_for(server: Server, text: str) -> str:
    """Return the log once it contains a text: a request is logged after it is answered."""
    until = time.monotonic() + 10
    while text not in (printed := server.read_log()):
        assert time.monotonic() < until, printed
        time.sleep(0.05)
    return printed


@pytest.mark.django_db(transaction=True)
def test_server_logs_requests_without_addresses_and_refusals_in_one_line():
    make.tool(slug="one")
    with serve(LOG_FORMAT="json", ACCESS_LOG="-", TRUSTED_PROXY_COUNT="1") as server:
        answer = server.ask("/tools/one/?q=private", "X-Request-ID: from-proxy", "X-Forwarded-For: 198.51.100.7")
        assert (answer.status, answer.headers["x-request-id"], "server" in answer.headers) == (200, "from-proxy", False)
        again = server.ask("/tools/one/?q=private", f"If-None-Match: {answer.headers['etag']}")
        assert again.status == 304
        assert re.fullmatch(r"[0-9a-f]{32}", again.headers["x-request-id"])
        server.ask("/nowhere/")
        server.ask("/healthz")
        server.ask("/readyz")
        with server.connect() as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 400 ")
        printed = wait_for(server, '"status": 400')
    lines = [json.loads(line) for line in printed.splitlines()]
    assert "198.51.100.7" not in printed
    assert "127.0.0.1" not in "".join(line["message"] for line in lines if line["logger"] != "gunicorn.error")
    assert "private" not in printed
    access = [line for line in lines if line["logger"] == "gunicorn.access" and line["path"] != "/favicon.ico"]
    assert [(line["path"], line["status"]) for line in access] == [
        ("/tools/one/", 200), ("/tools/one/", 304), ("/nowhere/", 404), ("/", 400),
    ]  # fmt: skip
    assert access[0]["request_id"] == "from-proxy"
    assert access[0]["bytes"] > 1000
    assert [line["message"][:30] for line in lines if line["logger"].startswith("django")] == [
        "Invalid HTTP_HOST header: 'evi"
    ]
    assert "exception" not in printed


@pytest.mark.parametrize(("text", "masked"), [
    ("Error handling request GET /search/?q=it's&page=2", "Error handling request GET /search/?…"),
    ("Referer checking failed - https://a.example/x?q=private does not match", "Referer checking failed - "
     "https://a.example/x?… does not match"),
    ("Is it this? Or /that/? Nobody knows.", "Is it this? Or /that/? Nobody knows."),
    (r"^/(?P<slug>[a-z]+)/(?:x|y)$", r"^/(?P<slug>[a-z]+)/(?:x|y)$"),
])  # fmt: skip
def test_queries_are_masked(text, masked):
    assert mask_secrets(text) == masked


def test_traceback_is_masked_in_both_forms():
    record = make_record("No such page", error=ValueError("/newsletter/confirm/SECRET/ and /search/?q=SECRET"))
    assert LineFormatter().format(record).endswith("\nValueError: /newsletter/confirm/…/ and /search/?…")
    assert json.loads(JSONFormatter().format(record))["exception"].endswith("/confirm/…/ and /search/?…")


MALFORMED = [
    (b"GET /search/?q=private words HTTP/1.1\r\nHost: a\r\n\r\n", "Invalid HTTP Version: …"),
    (b"GET /search/?q=private\r\nHost: a\r\n\r\n", "Invalid HTTP request line: …"),
    (b"GET /search/?q='private'\"\x7f HTTP/1.1\r\nHost: a\r\n\r\n", "Invalid HTTP request line: …"),
    (b"get/?private HTTP/1.1 x\r\nHost: a\r\n\r\n", "Invalid HTTP method: …"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nCookie: a=private\x00\r\n\r\n", "Invalid HTTP Header: …"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nCookie private\r\n\r\n", "Invalid HTTP Header: …"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: private\r\n\r\n", "Unable to comply with expectation: …"),
]  # fmt: skip

CHUNKED = (
    b"POST /newsletter/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
)


@pytest.mark.django_db(transaction=True)
def test_server_logs_no_piece_of_a_malformed_request():
    with serve() as server:
        for sent, _ in MALFORMED:
            with server.connect() as client:
                client.sendall(sent)
                assert client.recv(65536).startswith(b"HTTP/1.1 4")
        for chunk in (b"private@example.org\r\nabc\r\n", b"3\r\nabcprivate\r\n"):
            with server.connect() as client:
                client.sendall(CHUNKED + chunk + b"0\r\n\r\n")
                assert client.recv(65536).startswith(b"HTTP/1.1 400 ")
        printed = wait_for(server, "expectation")
    assert [line.partition("Invalid request: ")[2] for line in printed.splitlines() if "WARNING" in line] == [
        reason for _, reason in MALFORMED
    ]
    assert not re.search("private|words|127.0.0.1 ", printed), printed


@pytest.mark.django_db(transaction=True)
def test_server_logs_lines_by_default_and_no_requests():
    with serve() as server:
        server.ask("/nowhere/")
        printed = server.read_log()
    assert all(re.match(LINE + r"INFO gunicorn\.error: ", line) for line in printed.splitlines()), printed
