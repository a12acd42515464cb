"""The image's health check, which asks the server where it listens."""

import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from config.healthcheck import find_problem
from tests.server import ROOT


class Alive(BaseHTTPRequestHandler):
    """Answers 200 at `/healthz`, and 404 elsewhere."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


class Failing(Alive):
    def do_GET(self) -> None:
        self.send_response(500)
        self.end_headers()


@contextmanager
def listen(server: socketserver.BaseServer) -> Iterator[None]:
    with server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield
        server.shutdown()
        thread.join()


def run_check(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "config.healthcheck"],
        cwd=ROOT,
        env={**os.environ, "BIND": "", "PORT": "", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_check_asks_where_the_server_listens(tmp_path):
    server = socketserver.TCPServer(("127.0.0.1", 0), Alive)
    port = server.server_address[1]
    with listen(server):
        for environment in ({"PORT": str(port)}, {"BIND": f"0.0.0.0:{port}", "PORT": "1"}):
            done = run_check(**environment)
            assert (done.returncode, done.stderr) == (0, "")
        assert find_problem(f"0.0.0.0:{port},127.0.0.1:1") == ""
    done = run_check(BIND=f"0.0.0.0:{port}")
    assert (done.returncode, "Connection refused" in done.stderr) == (1, True)


def test_check_asks_a_socket(tmp_path):
    path = tmp_path / "site.sock"
    assert "No such file" in find_problem(f"unix:{path}")
    with listen(socketserver.UnixStreamServer(str(path), Alive)):
        assert find_problem(f"unix:{path}") == ""
    assert "has no address" in find_problem("fd://3")


def test_check_reports_an_answer_that_is_no_success():
    server = socketserver.TCPServer(("127.0.0.1", 0), Failing)
    with listen(server):
        bind = f"127.0.0.1:{server.server_address[1]}"
        assert find_problem(bind) == f"{bind}: HTTP/1.0 500 Internal Server Error"


def test_image_runs_the_check():
    _, check = (ROOT / "Dockerfile").read_text().split("\nHEALTHCHECK ")
    assert 'CMD ["python", "-m", "config.healthcheck"]\n' in check
