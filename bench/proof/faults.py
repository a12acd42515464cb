"""What goes wrong while people vote, and the site that it happens to."""

import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bench.line import CutLine, connect_to_unix_socket
from bench.proof.disk import SmallDisk
from bench.proof.release import copy_checkout, write_next_release
from bench.proof.site import Site, list_children
from config import local_postgres

RELEASE_PATIENCE = 120  # seconds until the new workers have replaced the old ones
SEGMENTS = 20  # of the write-ahead log; a full disk has fewer in reserve


class VulnerableSite(Site):
    """A site whose parts can also be frozen, cut off, filled up, and replaced by a new release.

    Its server runs a copy of the checkout, and reaches PostgreSQL by a line. The write-ahead log is on a small disk if
    this user may mount one.
    """

    def __init__(
        self, folder: Path, *, workers: int = 3, static: Path | None = None, prepared: Path | None = None
    ) -> None:
        super().__init__(folder, workers=workers, static=static, prepared=prepared)
        self.checkout = copy_checkout(folder / "checkout")
        self.line = CutLine(self._connect_to_database)
        self.disk = SmallDisk(folder / "postgres")
        url = f"postgresql://postgres@/{local_postgres.DATABASE}?host={self.line.folder}"
        self.server_environment = self.environment | {"DATABASE_URL": url}

    def start(self) -> None:
        if not self.is_prepared:
            self.prepare()
            local_postgres.stop(self.folder)
            self.is_prepared = True
        self.disk.mount()
        self.line.repair()
        super().start()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        super().stop(how)
        self.line.remove()
        self.disk.unmount()

    def _connect_to_database(self) -> socket.socket:
        return connect_to_unix_socket(str(conninfo_to_dict(local_postgres.url(self.folder))["host"]))

    # -- Freezes ----------------------------------------------------------------------------------------

    def freeze_worker(self, seconds: float) -> bool:
        """Stop one worker of gunicorn, and let it go on."""
        workers = self.list_workers()
        return bool(workers) and _freeze([secrets.choice(workers)], seconds)

    def freeze_backend(self, seconds: float) -> bool:
        """Stop a process that serves a connection, perhaps in the middle of a vote, and let it go on."""
        pid = self.find_backend()
        return pid is not None and _freeze([pid], seconds)

    def freeze_database(self, seconds: float) -> bool:
        """Stop every process of PostgreSQL, and let it go on. To its clients, the machine has stalled."""
        return _freeze([self.postmaster_pid, *list_children(self.postmaster_pid)], seconds)

    # -- Connections and disk ---------------------------------------------------------------------------

    def cut_connections(self, seconds: float) -> bool:
        """Close all connections between server and database, and refuse new ones for a while."""
        self.line.cut()
        time.sleep(seconds)
        self.line.repair()
        return True

    def fill_disk(self, seconds: float) -> bool:
        """Fill the disk of the write-ahead log until PostgreSQL ends, leave it full for a while, and make room."""
        if self.disk.why_not:
            return False
        with self.disk.fill():
            try:
                with self.connect() as connection:
                    for _ in range(SEGMENTS):
                        connection.execute("SELECT pg_logical_emit_message(true, '', ''), pg_switch_wal()")
            except psycopg.OperationalError:
                time.sleep(seconds)  # PostgreSQL has ended
            else:
                raise RuntimeError(f"The disk is full, and PostgreSQL wrote {SEGMENTS} segments.")
        self.start_database()
        return True

    # -- A new release ----------------------------------------------------------------------------------

    def roll_out(self) -> bool:
        """Replace the release that serves, in the order of docs/operations.md, and wait until the new one answers."""
        write_next_release(self.checkout)
        if not self.has_static:
            self.manage("collectstatic", "--no-input", "--verbosity", "0")
        self.manage("migrate", "--verbosity", "0")
        old = {*self.list_workers()}
        os.kill(self.server_pid, signal.SIGHUP)
        until = time.monotonic() + RELEASE_PATIENCE
        while not old.isdisjoint(new := self.list_workers()) or len(new) < self.workers:
            if time.monotonic() > until:
                raise RuntimeError("The new release does not serve.")
            time.sleep(0.1)
        self.wait_for_answer()
        return True


def _freeze(pids: Iterable[int], seconds: float) -> bool:
    stopped = [pid for pid in pids if _send(pid, signal.SIGSTOP)]
    time.sleep(seconds)
    for pid in stopped:
        _send(pid, signal.SIGCONT)
    return bool(stopped)


def _send(pid: int, how: signal.Signals) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, how)
        return True
    return False


class Fault(NamedTuple):
    """A kind of fault. `strike` does it to a site, and returns whether it could."""

    name: str
    strike: Callable[[VulnerableSite], bool]


DISK_FULL = "disk full"
KILL_MASTER = Fault("gunicorn's master killed", VulnerableSite.kill_master)
KILLS = (
    Fault("worker killed", VulnerableSite.kill_worker),
    Fault("backend killed", VulnerableSite.kill_backend),
    KILL_MASTER,
    Fault("postmaster killed", VulnerableSite.kill_postmaster),
)


def list_faults(seconds: float) -> tuple[Fault, ...]:
    """Return every kind of fault once. Freezes, cuts, and a full disk last for these seconds."""
    lasting = (
        ("worker frozen", VulnerableSite.freeze_worker),
        ("backend frozen", VulnerableSite.freeze_backend),
        ("database frozen", VulnerableSite.freeze_database),
        ("connections cut", VulnerableSite.cut_connections),
        (DISK_FULL, VulnerableSite.fill_disk),
    )
    others = (Fault(name, partial(strike, seconds=seconds)) for name, strike in lasting)
    return (*KILLS, *others, Fault("new release", VulnerableSite.roll_out))


class Strike(NamedTuple):
    """A fault that happened, and when (time.monotonic())."""

    name: str
    began: float


class Toll(NamedTuple):
    """What voters noticed of a fault until the next one."""

    pause: float
    """The longest time between two acknowledgments, in seconds."""
    refused: int
    """How many requests were not acknowledged."""


def measure_tolls(
    strikes: Sequence[Strike], acknowledged_at: Sequence[float], refused_at: Sequence[float]
) -> dict[str, list[Toll]]:
    """Return what voters noticed of each fault, by its kind. Takes when requests were answered (time.monotonic())."""
    tolls: dict[str, list[Toll]] = {}
    times = sorted(acknowledged_at)
    ends = [strike.began for strike in strikes[1:]] + [float("inf")]
    for strike, end in zip(strikes, ends, strict=True):
        around = [
            after - max(before, strike.began)
            for before, after in pairwise(times)
            if after > strike.began and before < end
        ]
        refused = sum(strike.began <= at < end for at in refused_at)
        tolls.setdefault(strike.name, []).append(Toll(max(around, default=0.0), refused))
    return tolls
