"""A complete site in its own folder: PostgreSQL, gunicorn with several workers, and ways to kill each of them."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import psycopg

from config import local_postgres

ROOT = Path(__file__).resolve().parents[2]
# Each voter comes from a separate network, as visitors do. The limit on bursts per tool is not what is tested here.
SETTINGS = {"BURST_VOTES": "1000000", "TRUSTED_PROXY_COUNT": "1"}


class Site:
    """A running Shipside whose parts can be killed.

    All its data is in `folder`, except for static files if `static` names a folder that already holds them. The site
    starts with a copy of the data of `prepared`, if given: the folder of a site that was prepared and stopped.
    """

    def __init__(
        self, folder: Path, *, workers: int = 3, static: Path | None = None, prepared: Path | None = None
    ) -> None:
        self.folder, self.workers = folder, workers
        if prepared is not None:
            copy_database(prepared, folder)
        self.is_prepared = prepared is not None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.has_static = static is not None
        self._server: subprocess.Popen[bytes] | None = None
        self._log = (folder / "site.log").open("ab")
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            **SETTINGS,
            "DEBUG": "false",
            "SECRET_KEY": secrets.token_urlsafe(40),
            "ALLOWED_HOSTS": "127.0.0.1",
            "SITE_URL": f"http://127.0.0.1:{self.port}",
            "DATA_DIR": str(folder),
            "STATIC_ROOT": str(static or folder / "static"),
            "WEB_CONCURRENCY": str(workers),
            "PORT": str(self.port),
        }
        self.checkout, self.server_environment = ROOT, self.environment

    def start(self) -> None:
        """Start the database, prepare it, and serve."""
        if self.is_prepared:
            self.start_database()
        else:
            self.prepare()
        if not self.has_static:
            self.manage("collectstatic", "--no-input", "--verbosity", "0")
        self.serve()

    def prepare(self) -> None:
        """Start the database, migrate, and import the demonstration content."""
        self.start_database()
        self.manage("migrate", "--verbosity", "0")
        self.manage("import_catalog", "demo/catalog.json", "--verbosity", "0")

    def manage(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of manage.py on this site. Raise RuntimeError with its output if it fails."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=self.checkout, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise RuntimeError(f"manage.py {' '.join(words)}: {done.stdout}{done.stderr}")
        return done

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(local_postgres.url(self.folder), autocommit=True)

    # -- Database ---------------------------------------------------------------------------------------

    def start_database(self, *, patience: float = 180) -> None:
        """Start PostgreSQL. Retry for `patience` seconds while the remains of a killed server shut down."""
        until = time.monotonic() + patience
        while True:
            done = subprocess.run(
                [sys.executable, "-m", "config.local_postgres", "start"],
                cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode == 0:
                with suppress(psycopg.OperationalError), self.connect():
                    return
            if time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not restart: {done.stdout}{done.stderr}")
            time.sleep(0.2)

    def find_backend(self) -> int | None:
        """Return the id of a process that serves a connection, of one that executes something if there is any."""
        with suppress(psycopg.OperationalError), self.connect() as connection:
            row = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() "
                "ORDER BY (state = 'active') DESC, random() LIMIT 1"
            ).fetchone()
            return int(str(row[0])) if row else None
        return None

    def kill_backend(self) -> bool:
        """SIGKILL one process that serves a connection. PostgreSQL then restarts all of them."""
        pid = self.find_backend()
        if pid is None:
            return False
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(pid, signal.SIGKILL)
            return True
        return False

    @property
    def postmaster_pid(self) -> int:
        """The id of the first process of the database."""
        return int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0])

    def kill_postmaster(self) -> bool:
        """SIGKILL the first process of the database, and restart the database."""
        pid = self.postmaster_pid
        orphans = {*list_children(pid)}
        os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 10  # after that, start_database() retries
        while not orphans.isdisjoint(_list_parents()) and time.monotonic() < until:
            time.sleep(0.1)
        self.start_database()
        return True

    # -- Web server -------------------------------------------------------------------------------------

    def serve(self, application: str = "config.wsgi", *, patience: float = 180) -> None:
        """Start gunicorn and return once it responds. Raise RuntimeError after `patience` seconds."""
        self._server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", application],
            cwd=self.checkout, env=self.server_environment, stdout=self._log, stderr=self._log,
        )  # fmt: skip
        self.wait_for_answer(patience=patience)

    def wait_for_answer(self, *, patience: float = 180) -> None:
        """Return once the site responds. Raise RuntimeError after `patience` seconds."""
        until = time.monotonic() + patience
        while True:
            with suppress(OSError), urlopen(f"http://127.0.0.1:{self.port}/favicon.ico", timeout=5):
                return
            if time.monotonic() > until:
                raise RuntimeError(f"The site does not answer; see {self.folder / 'site.log'}.")
            time.sleep(0.1)

    @property
    def server_pid(self) -> int:
        """The process id of gunicorn's master."""
        assert self._server is not None  # noqa: S101 (it was started)
        return self._server.pid

    def kill_worker(self) -> bool:
        """SIGKILL one worker. The master starts another."""
        workers = self.list_workers()
        if workers:
            os.kill(workers[secrets.randbelow(len(workers))], signal.SIGKILL)
        return bool(workers)

    def kill_master(self) -> bool:
        """SIGKILL gunicorn's master and its remaining workers, as a service manager does, and restart it."""
        self._stop_server(signal.SIGKILL)
        self.serve()
        return True

    def list_workers(self) -> list[int]:
        server = self._server
        return list_children(server.pid) if server else []

    def _stop_server(self, how: signal.Signals) -> None:
        if self._server is None:
            return
        workers = self.list_workers()
        self._server.send_signal(how)
        self._server.wait(timeout=60)
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._server = None

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self._stop_server(how)
        local_postgres.stop(self.folder)
        self._log.close()

    def switch(self, application: str) -> None:
        """Restart gunicorn with another WSGI application. If it is killed, this site's own application follows."""
        self._stop_server(signal.SIGKILL)
        self.serve(application)


def copy_database(source: Path, target: Path) -> None:
    """Copy the stopped PostgreSQL of a site's folder into another folder. The files keep their owner."""
    subprocess.run(["cp", "-a", source / "postgres", target / "postgres"], check=True)


def list_children(parent: int) -> list[int]:
    return [pid for pid, its_parent in _list_parents().items() if its_parent == parent]


def _list_parents() -> dict[int, int]:
    """Return the parent of each process that still runs, by process id."""
    command = ["ps", "-A", "-o", "pid=,ppid=,stat="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return {
        int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")
    }  # Z: only its status is left
