"""The database has exactly the functions, triggers, and views of <app>/sql, and migrations run the files."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tools.search import force_custom_plans
from web.locks import Lock
from web.sql import RunSQLFiles, digest

pytestmark = pytest.mark.django_db

# Our objects in the public schema: kind, name, definition, and a version that changes when the object is replaced, even
# by itself. Objects of extensions and internal triggers of constraints are excluded.
CATALOG = """
SELECT 'function ' || oid::regprocedure, pg_get_functiondef(oid), (ctid, xmin)::text
FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND prokind IN ('f', 'p')
  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e')
UNION ALL
SELECT 'trigger ' || tgname || ' on ' || tgrelid::regclass, pg_get_triggerdef(pg_trigger.oid),
       (pg_trigger.ctid, pg_trigger.xmin)::text
FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal
UNION ALL
SELECT 'view ' || ev_class::regclass, pg_get_viewdef(ev_class), (pg_rewrite.ctid, pg_rewrite.xmin)::text
FROM pg_rewrite JOIN pg_class ON pg_class.oid = ev_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')
"""


class Stored(NamedTuple):
    definition: str
    version: str


def read_catalog() -> dict[str, Stored]:
    with connection.cursor() as cursor:
        cursor.execute(CATALOG)
        return {name: Stored(definition, version) for name, definition, version in cursor.fetchall()}


def operations() -> Iterator[tuple[str, RunSQLFiles]]:
    """Each RunSQLFiles with the name of its migration, in the order in which migrations run."""
    graph = MigrationLoader(None).graph
    seen = set()
    for leaf in sorted(graph.leaf_nodes()):
        for node in graph.forwards_plan(leaf):
            if node not in seen:
                seen.add(node)
                for operation in graph.nodes[node].operations:
                    if isinstance(operation, RunSQLFiles):
                        yield ".".join(node), operation


def files_in_order() -> list[Path]:
    return list(dict.fromkeys(path for _, operation in operations() for path in operation.paths))


def compare_with_files(paths: list[Path]) -> list[str]:
    """Return a line for each object that the database has and no file creates, or has differently, or lacks.

    Runs all files, so call it in a transaction that is rolled back.
    """
    findings = []
    stored = read_catalog()
    uncreated = set(stored)
    for path in paths:
        before = read_catalog()
        with connection.cursor() as cursor:
            cursor.execute(path.read_text())
        file = path.relative_to(settings.BASE_DIR)
        for name, after in read_catalog().items():
            if before.get(name) != after:  # this file has created or replaced it
                uncreated.discard(name)
                if name not in stored:
                    findings.append(f"{name} of {file} is not in the database")
                elif stored[name].definition != after.definition:
                    findings.append(f"{name} of {file} is different in the database")
    return findings + [f"{name} is in the database and in no file" for name in sorted(uncreated)]


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_database_has_exactly_what_the_files_create():
    assert compare_with_files(files_in_order()) == []


def test_every_file_is_run_by_a_migration():
    root = Path(settings.BASE_DIR)
    assert sorted(files_in_order()) == sorted(root.glob("*/sql/*.sql"))


def test_changed_file_is_run_again_by_a_new_migration():
    latest = {
        path: (migration, operation.app, written)
        for migration, operation in operations()
        for path, written in zip(operation.paths, operation.files.values(), strict=True)
    }
    unrun = [
        f'{app}/sql/{path.name} has changed since {migration}: add a migration with RunSQLFiles("{app}", '
        f'{{"{path.name}": "{digest(path.read_text())}"}})'
        for path, (migration, app, written) in latest.items()
        if digest(path.read_text()) != written
    ]
    assert unrun == []


def test_digest_ignores_comments_and_white_space():
    assert digest("-- a\nSELECT\n    1;\n") == digest("SELECT 1;") != digest("SELECT 2;")


def test_sql_and_python_take_the_same_lock():
    listings = (Path(settings.BASE_DIR) / "votes" / "sql" / "listings.sql").read_text()
    assert set(re.findall(r"pg_\w*advisory\w*\((\d+)\)", listings)) == {str(Lock.LISTINGS.value)}


# What the comparison reports if someone changes only the database.


def test_changed_function_is_reported():
    execute("CREATE OR REPLACE FUNCTION is_maintenance() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true'")
    assert compare_with_files(files_in_order()) == [
        "function is_maintenance() of tools/sql/history.sql is different in the database"
    ]


def test_changed_trigger_is_reported():
    execute(
        "CREATE OR REPLACE TRIGGER keep_former_slug BEFORE UPDATE ON tools_tool"
        " FOR EACH ROW WHEN (OLD.slug <> NEW.slug) EXECUTE FUNCTION keep_former_slug()"
    )
    assert compare_with_files(files_in_order()) == [
        "trigger keep_former_slug on tools_tool of tools/sql/slugs.sql is different in the database"
    ]


def test_missing_objects_are_reported():
    execute("DROP TRIGGER tally_truncated ON votes_vote; DROP FUNCTION usual_votes(bigint, timestamptz)")
    assert compare_with_files(files_in_order()) == [
        "function usual_votes(bigint,timestamp with time zone) of votes/sql/tally.sql is not in the database",
        "trigger tally_truncated on votes_vote of votes/sql/tally.sql is not in the database",
    ]


def test_objects_without_a_file_are_reported():
    execute(
        "CREATE FUNCTION stray() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER stray AFTER INSERT ON tools_tool FOR EACH ROW EXECUTE FUNCTION stray();"
        "CREATE VIEW stray_view AS SELECT 1 AS one"
    )
    assert compare_with_files(files_in_order()) == [
        "function stray() is in the database and in no file",
        "trigger stray on tools_tool is in the database and in no file",
        "view stray_view is in the database and in no file",
    ]


def test_functions_without_sequential_scans_are_not_compiled():
    """Before version 18, PostgreSQL takes a scan that it cannot avoid for so expensive that it compiles the query."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT proname, 'jit=off' = ANY (proconfig) FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace AND 'enable_seqscan=off' = ANY (proconfig) ORDER BY 1
        """)
        assert cursor.fetchall() == [
            ("keep_search_words", True), ("rebuild_flips", True), ("rebuild_listings", True), ("rebuild_splits", True),
            ("splits_follow", True),
        ]  # fmt: skip
        with force_custom_plans():
            cursor.execute("SELECT current_setting('enable_seqscan'), current_setting('jit')")
            assert cursor.fetchall() == [("off", "off")]
