"""A streaming replica of the server of the tests."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from bench.proof.site import list_children
from config.local_postgres import find_programs
from tests.server import database_url

PATIENCE = 60  # seconds until it has caught up, on a busy machine
USER = "embedded_postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
SETTINGS = ("-c listen_addresses=", "-c shared_buffers=16MB", "-c max_connections=100", "-c fsync=off")


class Replica:
    """A replica whose socket is in `folder`. It can be held up, frozen, and stopped."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def url(self) -> str:
        """Return the URL of the copy of the database of the test."""
        return database_url(host=str(self.folder))

    def start(self) -> None:
        options = " ".join([*SETTINGS, f"-k {self.folder}"])
        self._control("start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def stop(self) -> None:
        self._control("stop", "-m", "immediate")

    def freeze(self) -> None:
        """Stop all its processes as they are, as if the machine had stopped."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def hold_up(self) -> None:
        """Let it receive changes, and show none of them."""
        self._execute("SELECT pg_wal_replay_pause()")
        while self._execute("SELECT pg_get_wal_replay_pause_state()") != "paused":
            time.sleep(0.01)

    def catch_up(self) -> None:
        """Show everything that has been committed by now."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_insert_lsn()")
            [position] = cursor.fetchone()
        if self._execute("SELECT pg_is_wal_replay_paused()"):
            self._execute("SELECT pg_wal_replay_resume()")
        until = time.monotonic() + PATIENCE
        while not self._execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", position):
            if time.monotonic() > until:
                raise RuntimeError(f"The replica does not catch up: {(self.folder / 'log').read_text()}")
            time.sleep(0.02)

    def _execute(self, sql: str, *parameters: Any) -> Any:
        with psycopg.connect(self.url, autocommit=True) as session:
            row = session.execute(sql, parameters).fetchone()  # type: ignore[call-overload] # ours
            return row[0] if row else None

    def _control(self, *words: str) -> None:
        command = [find_programs() / "pg_ctl", "-D", self.folder / "data", *words]
        subprocess.run(command, check=True, user=USER, stdout=subprocess.DEVNULL)

    def _signal(self, number: signal.Signals) -> None:
        leader = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        for pid in [leader, *list_children(leader)]:
            with suppress(ProcessLookupError):  # a session ends whenever its client does
                os.kill(pid, number)


@contextmanager
def run_replica() -> Iterator[Replica]:
    """Copy the server of the tests, and run the copy as its replica."""
    version = subprocess.run([find_programs() / "postgres", "--version"], capture_output=True, text=True, check=True)
    if f" {connection.cursor().connection.info.server_version // 10_000}." not in version.stdout:
        pytest.skip("The server of the tests is of another version than the programs that would run its copy.")
    with ExitStack() as running:
        temporary = tempfile.TemporaryDirectory(prefix="replica-", dir="/tmp", ignore_cleanup_errors=True)
        folder = Path(running.enter_context(temporary))
        if USER:
            shutil.chown(folder, USER)
        primary = database_url()
        # What the replica has not received yet must stay while it is stopped, however much other tests write. The slot
        # ends with this session.
        keeper = running.enter_context(psycopg.connect(primary, autocommit=True))
        slot = folder.name.replace("-", "_")
        keeper.execute("SELECT pg_create_physical_replication_slot(%s, true, true)", [slot])
        command = [
            find_programs() / "pg_basebackup", "-d", primary, "-D", folder / "data",
            "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync",
        ]  # fmt: skip
        subprocess.run(command, check=True, user=USER)
        replica = Replica(folder)
        replica.start()
        try:
            yield replica
        finally:
            replica.thaw()
            replica.stop()
