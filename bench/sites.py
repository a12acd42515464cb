"""A site to measure: gunicorn on its own database, with the demonstration content and votes."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

ROOT = Path(__file__).resolve().parent.parent
VOTES = 50_000
VOTES_SQL = """
INSERT INTO votes_vote (tool_id, visitor, choice, created_at, updated_at)
SELECT tools.ids[1 + i %% cardinality(tools.ids)], md5(i::text)::uuid, (ARRAY['ship', 'skip'])[1 + (i / 7) %% 2],
       now(), now()
FROM (SELECT array_agg(id) AS ids FROM tools_tool) AS tools, generate_series(1, %s) AS i
"""


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def run_gunicorn(*arguments: str, port: int, environment: Mapping[str, str]) -> Iterator[int]:
    """Run gunicorn until the end of the block, and yield the id of its first process once it answers at /empty/."""
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--log-level", "warning", *arguments],
        cwd=ROOT, env=environment,
    )  # fmt: skip
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/empty/").close()
            except OSError:
                time.sleep(0.1)
            else:
                break
        else:
            raise SystemExit("bench: the site did not come up.")
        yield server.pid
    finally:
        server.terminate()
        server.wait(timeout=30)


class MeasuredSite:
    """A site on one database. `settings` are additional environment variables."""

    def __init__(self, database: str, **settings: str) -> None:
        from config import local_postgres

        self.database = database
        self.main_url = os.environ.get("DATABASE_URL") or local_postgres.start(ROOT / ".data")
        self.url = _with_database(self.main_url, database)
        self.port = find_free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "DATABASE_URL": self.url,
            "SECRET_KEY": "bench",
            "ALLOWED_HOSTS": "127.0.0.1",
            "SITE_URL": self.address,
            "DEBUG": "false",
            "PORT": str(self.port),
            **settings,
        }

    def create_database(self) -> None:
        """Recreate the database with the demonstration content and votes. Collect the static files that pages name."""
        name = sql.Identifier(self.database)
        with psycopg.connect(self.main_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        self.manage("migrate", "--verbosity", "0")
        self.manage("import_catalog", "demo/catalog.json")
        with self.connect() as connection:
            connection.execute(VOTES_SQL, [VOTES])
        self.manage("collectstatic", "--no-input")

    def vacuum(self) -> None:
        """Leave nothing for autovacuum to do during measurements."""
        with self.connect() as connection:
            connection.execute("VACUUM ANALYZE")

    def manage(self, *command: str) -> None:
        """Run a management command. Show its progress but not its output."""
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT, env=self.environment, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url, autocommit=True)

    @contextmanager
    def serve(self) -> Iterator[int]:
        """Run gunicorn as production does, from the first response to the end of the block. Yield its process id."""
        with run_gunicorn(
            "-c", "config/gunicorn.py", "config.wsgi", port=self.port, environment=self.environment
        ) as pid:
            yield pid


def _with_database(url: str, name: str) -> str:
    parts = conninfo_to_dict(url)
    where = f"{parts.get('user', '')}:{parts.get('password', '')}@"
    if str(parts.get("host", "")).startswith("/"):
        return f"postgresql://{where}/{name}?host={parts['host']}"
    return f"postgresql://{where}{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{name}"
