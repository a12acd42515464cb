"""The production server on the database of a test, and a way to cut it off from that database."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from bench import line
from bench.line import CutLine

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60  # seconds until the server has started, on a busy machine


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    """By lower-case name; of several headers with one name, the last."""
    body: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    log: Path
    pid: int

    def read_log(self) -> str:
        """Return what the server has printed so far."""
        return self.log.read_text()

    def connect(self, timeout: float = 30) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def ask(self, path: str, *headers: str, method: str = "GET", body: bytes = b"") -> Answer:
        """Send one request as it stands, with these header lines, and return the answer."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close", *headers]
        started = time.monotonic()
        with self.connect() as client:
            with suppress(BrokenPipeError, ConnectionResetError):  # a server that refuses a body need not read it all
                client.sendall("\r\n".join([*lines, "", ""]).encode() + body)
            received = b""
            with suppress(ConnectionResetError):
                while chunk := client.recv(65536):
                    received += chunk
        head, _, content = received.partition(b"\r\n\r\n")
        status, *fields = head.decode("latin-1").split("\r\n")
        named = (field.partition(": ") for field in fields)
        return Answer(
            status=int(status.split()[1]),
            headers={name.lower(): value for name, _, value in named},
            body=content,
            seconds=time.monotonic() - started,
        )

    def post(self, path: str, *headers: str, body: bytes, chunked: bool = False) -> Answer:
        """Send a form of our own page, with its length or in chunks."""
        form = f"Origin: http://127.0.0.1:{self.port}"
        if not any(header.startswith("Content-Type") for header in headers):
            headers = (*headers, "Content-Type: application/x-www-form-urlencoded")
        if not chunked:
            return self.ask(path, form, f"Content-Length: {len(body)}", *headers, method="POST", body=body)
        pieces = [body[start : start + 50_000] for start in range(0, len(body), 50_000)]
        framed = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
        return self.ask(path, form, "Transfer-Encoding: chunked", *headers, method="POST", body=framed)


def database_url(*, host: str = "") -> str:
    """Return the URL of the database of the test, for another process, by way of `host` if there is one."""
    database = connection.settings_dict
    host = host or database["HOST"] or database["OPTIONS"].get("host", "")
    url = f"postgresql://{database['USER']}:{quote(database['PASSWORD'])}@/{database['NAME']}?host={quote(host)}"
    return f"{url}&port={database['PORT']}" if database["PORT"] else url


def make_environment(port: int, **environment: str) -> dict[str, str]:
    """Return the environment of a server on a port: one worker on the database of the test."""
    settings = {
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": database_url(),
        "WEB_CONCURRENCY": "1",
        "WEB_THREADS": "2",
        "PORT": str(port),
        "BIND": "",
    }
    return {**os.environ, **settings, **environment}


@contextmanager
def serve(*, database_host: str = "", is_ready: str = "/favicon.ico", **environment: str) -> Iterator[Server]:
    """Run gunicorn with one worker on the database of the test, which must be a transactional one.

    It has started as soon as it answers the address `is_ready`.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = make_environment(port, DATABASE_URL=database_url(host=database_host)) | environment
    with tempfile.NamedTemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "-b", f"127.0.0.1:{port}", "config.wsgi"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
        server = Server(port, Path(log.name), process.pid)
        try:
            until = time.monotonic() + PATIENCE
            while True:
                with suppress(OSError, ValueError, IndexError):
                    if server.ask(is_ready).status == 200:
                        break
                if time.monotonic() > until or process.poll() is not None:
                    raise RuntimeError(f"gunicorn did not start: {server.read_log()}")
                time.sleep(0.1)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def open_line() -> CutLine:
    """Return a line to the server of the database of a test."""
    database = connection.settings_dict
    host: str = database["HOST"] or database["OPTIONS"].get("host", "")
    port = int(database["PORT"] or line.PORT)

    def connect() -> socket.socket:
        if host.startswith("/"):
            return line.connect_to_unix_socket(host, port)
        return socket.create_connection((host, port))

    return CutLine(connect, port=port)
