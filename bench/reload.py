"""Proof that a new release starts to serve without one failed request.

    make prove-reload

It starts its own Shipside and asks for 20,000 pages, every twentieth of them a vote, by clients that open a connection
per request and by clients that keep theirs. In the meantime gunicorn reloads (SIGHUP) again and again: it starts
workers with the code that is on disk now, and lets the old ones finish.

A server may close a connection that is idle, and a client may have sent a request at that moment. HTTP's answer is that
the client sends it again on a new connection if it got no byte (RFC 9110, section 9.2.2), as browsers and proxies do
for GET. So do the clients here; how often is printed. A vote is never repeated.
"""

import argparse
import os
import signal
import ssl
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import BadStatusLine, HTTPConnection, HTTPSConnection, RemoteDisconnected
from pathlib import Path

from bench.nginx import HOST
from bench.proof.site import Site

CLIENTS = 8
VOTE_EVERY = 20  # requests
FORM = {"Sec-Fetch-Site": "same-origin", "HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Load:
    """What the clients got."""

    wanted: int
    paths: list[str]
    vote_path: str
    tls: ssl.SSLContext | None = None
    """For a server in front, which keeps its own connections to the site."""
    vote_every: int = VOTE_EVERY
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    repeated: int = 0
    slowest: float = 0  # seconds
    _begun: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def done(self) -> int:
        return sum(self.statuses.values()) + len(self.failures)

    @property
    def failed(self) -> int:
        return len(self.failures) + sum(n for status, n in self.statuses.items() if status >= 400)

    def run_client(self, port: int, number: int) -> None:
        """Send requests until all clients together have sent as many as wanted."""
        connection = (
            HTTPSConnection(HOST, port, timeout=30, context=self.tls)
            if self.tls
            else HTTPConnection("127.0.0.1", port, timeout=30)
        )
        keeps = bool(number % 2)
        while (turn := self._take()) is not None:
            is_vote = turn % self.vote_every == 0
            started = time.monotonic()
            if is_vote:  # on a new connection: nobody may repeat it
                connection.close()
            is_reused = connection.sock is not None
            try:
                status = self._send(connection, turn, keeps=keeps, is_vote=is_vote)
            except (RemoteDisconnected, ConnectionResetError, BrokenPipeError, BadStatusLine) as error:
                connection.close()
                if not is_reused:
                    self._note(error=f"{type(error).__name__} on a new connection{', of a vote' if is_vote else ''}")
                    continue
                self.repeated += 1
                status = self._send(connection, turn, keeps=keeps, is_vote=False)
            except OSError as error:
                connection.close()
                self._note(error=f"{type(error).__name__}: {error}")
                continue
            self._note(status=status, seconds=time.monotonic() - started)
        connection.close()

    def _take(self) -> int | None:
        with self._lock:
            self._begun += 1
            return self._begun if self._begun <= self.wanted else None

    def _send(self, connection: HTTPConnection, turn: int, *, keeps: bool, is_vote: bool) -> int:
        headers = {} if keeps else {"Connection": "close"}
        if is_vote:
            network = f"{turn // 62500 + 20}.{turn // 250 % 250}.{turn % 250}.1"
            headers |= FORM | {"X-Forwarded-For": network}
            connection.request("POST", self.vote_path, body=b"choice=ship", headers=headers)
        else:
            connection.request("GET", self.paths[turn % len(self.paths)], headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status

    def _note(self, *, status: int = 0, seconds: float = 0, error: str = "") -> None:
        with self._lock:
            if error:
                self.failures.append(error)
            else:
                self.statuses[status] += 1
                self.slowest = max(self.slowest, seconds)


def run_under_load(load: Load, *, port: int, disturb: Callable[[], None], rests: int) -> int:
    """Run clients, and disturb the server whenever they have had `rests` more answers, so that a slow machine can keep
    up. Return how often that was.
    """
    clients = [threading.Thread(target=load.run_client, args=[port, number]) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    times = 0
    while any(client.is_alive() for client in clients):
        time.sleep(0.05)
        if load.done >= (times + 1) * rests and load.done < load.wanted:
            disturb()
            times += 1
    for client in clients:
        client.join()
    return times


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.reload", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--rests", type=int, default=1_000, help="requests between two reloads")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shipside-reload-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user
        site = Site(folder, workers=2)
        try:
            site.start()
            pid = site.server_pid
            load = Load(
                options.requests,
                ["/", "/compare/vllm-vs-ollama/", "/tools/", "/tools/ollama/", "/export/votes.csv"],
                "/tools/ollama/vote/",
            )
            started = time.monotonic()
            times = run_under_load(
                load, port=site.port, disturb=lambda: os.kill(pid, signal.SIGHUP), rests=options.rests
            )
            seconds = time.monotonic() - started
        finally:
            site.stop()
    print(f"requests answered   {sum(load.statuses.values()):,} of {load.wanted:,} in {seconds:.0f} s: {load.statuses}")  # noqa: T201
    print(f"reloads             {times}")  # noqa: T201
    print(f"repeated            {load.repeated} (on kept connections that the server had closed)")  # noqa: T201
    print(f"slowest             {load.slowest:.2f} s")  # noqa: T201
    print(f"failed              {load.failed} {Counter(load.failures)}")  # noqa: T201
    sys.exit(bool(load.failed))


if __name__ == "__main__":
    main()
