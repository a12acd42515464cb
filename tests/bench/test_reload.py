"""A short form of `make prove-reload`: gunicorn reloads or restarts while pages and votes are requested; none fails.

It has one worker, so that no other one hides a gap between the old and the new.
"""

import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from bench import nginx
from bench.reload import VOTE_EVERY, Load, run_under_load
from tests import factories as make
from tests.server import PATIENCE, ROOT, make_environment, serve
from votes.models import Vote

REQUESTS = 200
# What systemd does between fork and exec.
PASS_ON = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.django_db(transaction=True)
def test_reload_under_load_fails_no_request_and_loses_no_vote():
    for slug in ("one", "two"):
        make.tool(slug=slug)
    load = Load(REQUESTS, ["/", "/compare/one-vs-two/", "/tools/one/"], "/tools/one/vote/")
    with serve(TRUSTED_PROXY_COUNT="1", BURST_VOTES="1000000", ACCESS_LOG="-") as server:
        times = run_under_load(load, port=server.port, disturb=lambda: os.kill(server.pid, signal.SIGHUP), rests=80)
        log = server.read_log()
    assert times == 2
    assert log.count("Handling signal: hup") == times
    assert (load.failures, dict(load.statuses)) == ([], {200: REQUESTS})
    assert Vote.objects.count() == REQUESTS // VOTE_EVERY


@pytest.mark.django_db(transaction=True)
def test_reload_behind_nginx_fails_no_request_and_loses_no_vote(settings):
    """nginx keeps connections to the site, and sends a vote only once: on one that closes, it would be a 502."""
    for slug in ("one", "two"):
        make.tool(slug=slug)
    port = nginx.find_port()
    site = {
        "SITE_URL": f"https://{nginx.HOST}:{port}",
        "ALLOWED_HOSTS": nginx.HOST,
        "TRUSTED_PROXY_COUNT": "1",
        "BURST_VOTES": "1000000",
    }
    with (
        serve(is_ready="/healthz", **site) as server,
        nginx.serve(f"127.0.0.1:{server.port}", static_root=settings.STATIC_ROOT, port=port, rate="100000r/s") as edge,
    ):
        tls = ssl.create_default_context(cafile=edge.certificate)
        load = Load(2 * REQUESTS, ["/", "/compare/one-vs-two/", "/tools/one/"], "/tools/one/vote/", tls, vote_every=2)
        times = run_under_load(load, port=edge.port, disturb=lambda: os.kill(server.pid, signal.SIGHUP), rests=160)
    assert times == 2
    assert (load.failures, dict(load.statuses)) == ([], {200: 2 * REQUESTS})
    assert Vote.objects.count() == REQUESTS


class Unit:
    """shipside.service as systemd runs it: on a socket that stays open while the server restarts (shipside.socket)."""

    def __init__(self, log: Path, **environment: str) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port: int = self.listener.getsockname()[1]
        self._log = log
        self._environment = make_environment(self.port, BIND="127.0.0.1", PORT="1") | environment  # must not matter
        self.start()

    def start(self) -> None:
        unit = (ROOT / "deploy" / "systemd" / "shipside.service").read_text()
        program, *arguments = shlex.split(re.search(r"^ExecStart=(.*)$", unit, re.M)[1])
        command = [sys.executable, "-m", Path(program).name, *arguments]
        number = self.listener.fileno()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", PASS_ON, str(number), *command],
                cwd=ROOT,
                env=self._environment,
                pass_fds=[number],
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)

    def restart(self) -> None:
        self.stop()
        self.start()


@pytest.mark.django_db(transaction=True)
def test_restart_with_a_socket_of_systemd_fails_no_request_and_loses_no_vote(tmp_path):
    for slug in ("one", "two"):
        make.tool(slug=slug)
    load = Load(REQUESTS, ["/", "/compare/one-vs-two/", "/tools/one/"], "/tools/one/vote/")
    unit = Unit(tmp_path / "log", TRUSTED_PROXY_COUNT="1", BURST_VOTES="1000000")
    try:
        urlopen(f"http://127.0.0.1:{unit.port}/healthz", timeout=PATIENCE).close()
        times = run_under_load(load, port=unit.port, disturb=unit.restart, rests=80)
    finally:
        unit.stop()
        unit.listener.close()
    assert times == 2
    assert (tmp_path / "log").read_text().count(f"Listening at: http://127.0.0.1:{unit.port} ") == times + 1
    assert (load.failures, dict(load.statuses)) == ([], {200: REQUESTS})
    assert Vote.objects.count() == REQUESTS // VOTE_EVERY
