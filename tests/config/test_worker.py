"""Clients that are slow, or do nothing, straight at gunicorn: they hold no thread for long."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from threading import Event

import pytest
from django.db import connection

from tests import factories as make
from tests.server import Server, serve

SIGN_UP = "POST /newsletter/ HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
PATIENCE = 4  # seconds
SLACK = 10  # seconds by which a busy machine may be late
FORM = SIGN_UP + "Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[Server]:
    """Return a server for requests that leave no rows. It has a thread for each of two slow bodies of each kind."""
    with serve(WEB_THREADS=str(2 * len(SLOW_BODIES)), SLOW_CLIENT_SECONDS=str(PATIENCE)) as server:
        yield server


def send_and_wait(server: Server, sent: str, drip: str) -> tuple[float, bytes]:
    """Send part of a request, and `drip` several times per second. Return how long the server took to close the
    connection, in seconds, and what it said.
    """
    started = time.monotonic()
    answer = b""
    with server.connect(timeout=0.2) as client:
        client.sendall(sent.encode())
        while time.monotonic() - started < 60:
            try:
                chunk = client.recv(65536)
                if not chunk:
                    break
                answer += chunk
            except TimeoutError:
                client.sendall(drip.encode())
            except ConnectionResetError:
                break
    return time.monotonic() - started, answer


def run_together(server: Server, client: Callable[[], tuple[float, bytes]], *, count: int) -> list[tuple[float, bytes]]:
    """Run so many clients, and check in the meantime that a reader is served. Return what the clients got."""
    with ThreadPoolExecutor(count) as clients:
        waiting = [clients.submit(client) for _ in range(count)]
        time.sleep(0.5)
        for _ in range(5):
            assert server.ask("/favicon.ico").seconds < PATIENCE - 1
        return [slow.result() for slow in waiting]


def test_idle_connection_stays_open_for_as_long_as_the_setting_says(transactional_db):
    with serve(KEEP_ALIVE_SECONDS="4", SLOW_CLIENT_SECONDS="1") as server:
        client = HTTPConnection("127.0.0.1", server.port)
        client.request("GET", "/healthz")
        assert client.getresponse().read() == b"alive\n"
        idle = client.sock
        time.sleep(2)
        client.request("GET", "/healthz")
        assert client.getresponse().read() == b"alive\n"
        assert client.sock is idle
        started = time.monotonic()
        assert idle.recv(1) == b""
        assert 3 < time.monotonic() - started < 4 + SLACK
        client.close()


SLOW_HEADS = [
    ("", ""),
    ("GET / HTTP/1.1\r\nX-a: ", ""),
    ("GET / HTTP/1.1\r\nX-a: ", "a"),
    ("GET / HTTP/1.1\r\n", "X: y\r\n"),
]
SLOW_BODIES = [
    (f"{FORM}Content-Length: 1000\r\n\r\nchoice=", ""),
    (f"{FORM}Content-Length: 1000\r\n\r\nchoice=", "x"),
    (f"{FORM}Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
]


def test_slow_heads_take_no_thread_and_are_closed(server):
    heads = iter(SLOW_HEADS * 6)
    for seconds, answer in run_together(server, lambda: send_and_wait(server, *next(heads)), count=24):
        assert answer == b""
        assert PATIENCE - 1 < seconds < PATIENCE + SLACK


def test_slow_bodies_are_answered_408_after_some_seconds(server):
    bodies = SLOW_BODIES * 2
    with ThreadPoolExecutor(len(bodies)) as clients:  # one per thread
        waiting = [clients.submit(send_and_wait, server, *body) for body in bodies]
        time.sleep(0.5)
        assert server.ask("/favicon.ico").seconds < PATIENCE + SLACK
        for slow in waiting:
            seconds, answer = slow.result()
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert PATIENCE - 1 < seconds < PATIENCE + SLACK


def test_client_that_does_not_close_stops_nobody(server):
    def linger() -> tuple[float, bytes]:
        with server.connect() as client:
            client.sendall(b"GET /favicon.ico HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            time.sleep(4)
        return 0, b""

    run_together(server, linger, count=24)


def test_kept_connection_serves_request_after_request(server):
    with server.connect() as client:
        for _ in range(3):
            for part in (b"GET /favicon.ico HTTP/1.1\r\n", b"Host: 127.0.0.1\r\n", b"\r\n"):
                client.sendall(part)
                time.sleep(0.1)
            response = HTTPResponse(client)
            response.begin()
            assert (response.status, len(response.read())) == (200, int(response.headers["Content-Length"]))


def test_pipelined_requests_are_all_answered(server):
    request = b"GET /favicon.ico HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    with server.connect() as client:
        client.sendall((request + b"\r\n") * 4 + request + b"Connection: close\r\n\r\n")
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
    assert answer.count(b"HTTP/1.1 200 OK") == 5


@pytest.mark.parametrize("options", ["Connection: X-Foo, Close", "Connection: x-foo\r\nConnection: close"])
def test_close_is_obeyed_beside_other_options(server, options):
    with server.connect(timeout=PATIENCE) as client:
        client.sendall(f"GET /favicon.ico HTTP/1.1\r\nHost: 127.0.0.1\r\n{options}\r\n\r\n".encode())
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
    assert (answer[:15], b"Connection: close" in answer) == (b"HTTP/1.1 200 OK", True)


def test_scheme_that_a_client_claims_is_not_believed_without_a_proxy(server):
    answer = server.ask(
        "/newsletter/", f"Origin: https://127.0.0.1:{server.port}", "X-Forwarded-Proto: https", method="POST"
    )
    assert answer.status == 403


@pytest.mark.django_db(transaction=True)
def test_client_that_takes_no_response_loses_its_thread():
    make.tool(slug="one")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tools_tool SET description = repeat(md5(random()::text), 300000)")

    is_served = Event()

    def take_nothing(port: int) -> None:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", port))
            client.sendall(b"GET /tools/one.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            is_served.wait(4 * PATIENCE)

    with serve(WEB_THREADS="2", SLOW_CLIENT_SECONDS=str(PATIENCE)) as server, ThreadPoolExecutor(2) as clients:
        waiting = [clients.submit(take_nothing, server.port) for _ in range(2)]
        time.sleep(1)
        assert PATIENCE - 2 < server.ask("/favicon.ico").seconds < 4 * PATIENCE - 2
        is_served.set()
        for slow in waiting:
            slow.result()
