"""Sites of older releases upgrade: each dump in tests/old_sites migrates to today's schema, and every page is read."""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from tests.addresses import PAGES
from tests.server import database_url, serve
from tests.web.test_sql import CATALOG

ROOT = Path(__file__).resolve().parents[2]
DUMPS = sorted((ROOT / "tests" / "old_sites").glob("*.sql.gz"))
UPGRADED = "test_shipside_upgraded"
COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, character_maximum_length FROM information_schema.columns
WHERE table_schema = 'public'
"""
# Checks and triggers are compared by their names, and indexes without their conditions: restored ones are worded
# differently.
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, contype, CASE WHEN contype <> 'c' THEN pg_get_constraintdef(oid) END
FROM pg_constraint
"""
INDEXES = """
SELECT tablename, indexname, split_part(indexdef, ' WHERE ', 1) FROM pg_indexes WHERE schemaname = 'public'
"""
FUNCTIONS = f"""
SELECT name, CASE WHEN name LIKE 'function %' THEN definition END
FROM ({CATALOG}) AS stored (name, definition, version)
"""  # noqa: S608


def make_url(database: str) -> str:
    name = connection.settings_dict["NAME"]
    return database_url().replace(f"/{name}?", f"/{database}?")


@pytest.fixture
def upgraded(request, transactional_db: None) -> Iterator[str]:
    """Restore a dump, migrate it, and return the URL of the database."""
    with psycopg.connect(make_url("postgres"), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {UPGRADED} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {UPGRADED} TEMPLATE template0")
        with psycopg.connect(make_url(UPGRADED), autocommit=True) as database:
            database.execute(gzip.decompress(request.param.read_bytes()))
        migrate("migrate", "--verbosity", "0")
        yield make_url(UPGRADED)
        server.execute(f"DROP DATABASE {UPGRADED} WITH (FORCE)")


def migrate(*command: str) -> None:
    environment = {**os.environ, "DATABASE_URL": make_url(UPGRADED)}
    subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True)


def test_there_is_an_old_site():
    assert DUMPS
    assert max(dump.stat().st_size for dump in DUMPS) < 1_000_000


@pytest.mark.parametrize("upgraded", DUMPS, ids=lambda path: path.name, indirect=True)
def test_old_site_upgrades_to_the_same_schema_and_every_page_is_read(upgraded):
    with psycopg.connect(database_url()) as new, psycopg.connect(upgraded) as old:
        for query in (COLUMNS, CONSTRAINTS, INDEXES, FUNCTIONS):
            assert sorted(map(str, old.execute(query))) == sorted(map(str, new.execute(query)))
    migrate("verify_tally", "--verbosity", "0")
    pages = [*PAGES, "/tools/every-kind/", "/tools/every-kind.json", "/tools/qdrant/vote/", "/feeds/changes.xml"]
    pages += ["/export/prices.csv", "/export/votes.csv", "/sitemap.xml", "/og/tools/qdrant.png"]
    with serve(DATABASE_URL=upgraded) as server:
        assert {page: server.ask(page).status for page in pages} == dict.fromkeys(pages, 200)
        assert b"Every Kind" in server.ask("/tools/every-kind/").body
        assert server.ask("/tools/every-sort/").status == 301
        vote = server.post("/tools/qdrant/vote/", body=b"choice=ship")
        assert vote.status == 303
