"""The production server on the database of a test, and a way to cut it off from that database."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.db import connection

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


@contextmanager
def serve(*, database_host: str = "", is_ready: str = "/favicon.ico", **environment: str) -> Iterator[Server]:
    """Run gunicorn with one worker on the database of the test, which must be a transactional one.

    It has started as soon as it answers the address `is_ready`.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "DATABASE_URL": database_url(host=database_host),
        "WEB_CONCURRENCY": "1",
        "WEB_THREADS": "2",
        "PORT": str(port),
        "BIND": "",
    }
    with tempfile.NamedTemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "-b", f"127.0.0.1:{port}", "config.wsgi"],
            cwd=ROOT,
            env={**os.environ, "SITE_URL": f"http://127.0.0.1:{port}", **settings, **environment},
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


class Line:
    """A line to PostgreSQL that can be cut and repaired: a Unix socket that forwards to the real server.

    `folder` is the `host` to connect to.
    """

    def __init__(self) -> None:
        database = connection.settings_dict
        self._host: str = database["HOST"] or database["OPTIONS"].get("host", "")
        self._port = int(database["PORT"] or 5432)
        self.folder = tempfile.mkdtemp(prefix="line", dir="/tmp")
        self._path = f"{self.folder}/.s.PGSQL.{self._port}"
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def __enter__(self) -> "Line":
        self.repair()
        return self

    def __exit__(self, *exception: object) -> None:
        self.cut()
        shutil.rmtree(self.folder)

    def repair(self) -> None:
        self.cut()
        self._listen()
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def stall(self) -> None:
        """Close every connection, and never answer new ones, as if the machine or the network were gone."""
        self.cut()
        self._listen()

    def _listen(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self._path)
        self._listener.listen(64)

    def cut(self) -> None:
        """Close every connection and refuse new ones, as a server that has stopped does."""
        if self._listener is None:
            return
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listener = None
        Path(self._path).unlink()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def _connect(self) -> socket.socket:
        if not self._host.startswith("/"):
            return socket.create_connection((self._host, self._port))
        real = socket.socket(socket.AF_UNIX)
        real.connect(f"{self._host}/.s.PGSQL.{self._port}")
        return real

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = self._connect()
                self._open += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=[source, target], daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
