"""Fast ways to a known state of the test database: a copy of a migrated database, and snapshots of all rows."""

import fcntl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import connection, transaction
from django.test import TransactionTestCase
from psycopg.conninfo import make_conninfo

from config import local_postgres
from config.postgresql.base import DatabaseWrapper as PsycopgWrapper

# A table without pages has had no row since it was created or truncated, so it need not be read.
_USED_TABLES = """
SELECT oid::regclass::text FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
"""


class Snapshot:
    """Every row of the database at one moment, held in memory."""

    def __init__(self, rows: dict[str, bytes]) -> None:
        self._rows = rows

    @classmethod
    def take(cls) -> Self:
        with connection.cursor() as cursor:
            return cls({table: rows for table in _used_tables(cursor) if _has_rows(rows := _copy_out(cursor, table))})

    def restore(self) -> None:
        """Bring back these rows and no others, touching only tables that differ.

        Triggers and foreign keys are off: the rows satisfied them when the snapshot was taken. Rows are deleted
        rather than truncated because TRUNCATE locks out readers and creates new files for every index.
        """
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table in {*_used_tables(cursor), *self._rows}:
                wanted, present = self._rows.get(table), _copy_out(cursor, table)
                if present == wanted:
                    continue
                if _has_rows(present):
                    cursor.execute(f"DELETE FROM {table}")  # noqa: S608 (one of our own tables)
                if wanted:
                    with cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
                        copy.write(wanted)


def _used_tables(cursor) -> list[str]:
    cursor.execute(_USED_TABLES)
    return [table for (table,) in cursor.fetchall()]


def _copy_out(cursor, table: str) -> bytes:
    with cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as copy:
        return b"".join(copy)


def _has_rows(copied: bytes) -> bool:
    return len(copied) > 21  # header and trailer of COPY's binary format


class NextRows:
    """What a test with transactions of its own leaves to the next test: the rows that migrations left, or others."""

    def __init__(self, usual: Snapshot) -> None:
        self._usual = self._wanted = usual
        self.present = usual

    def want(self, snapshot: Snapshot | None) -> None:
        """Leave these rows to the next test, or the usual ones."""
        self._wanted = snapshot or self._usual

    def restore(self) -> None:
        self._wanted.restore()
        self.present, self._wanted = self._wanted, self._usual


def restore_after_each_transactional_test(snapshot: Snapshot) -> NextRows:
    """Make tests with transactions of their own end with the rows that migrations left, unless others are wanted.

    Django would truncate every table and lose those rows for every later test.
    """
    rows = NextRows(snapshot)
    TransactionTestCase._fixture_teardown = lambda _: rows.restore()
    return rows


@contextmanager
def content_of_module[T](blocker: Any, create: Callable[[], T]) -> Iterator[T]:
    """Create rows for all tests of a module, yield what `create` returns, and roll the rows back when the module ends.

    For content that many tests only read. `blocker` is pytest-django's `django_db_blocker`; the fixture also needs
    `django_db_setup`.
    """
    with blocker.unblock(), transaction.atomic():
        content = create()
        check_foreign_keys_once()
        measure_tables()
        yield content
        transaction.set_rollback(True)


def measure_tables() -> None:
    """Let PostgreSQL plan for the rows that there are now.

    It would plan for those of an earlier test, which it measured when it cleaned up after it: often for none.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(_used_tables(cursor))}")


def check_foreign_keys_once() -> None:
    """Check the foreign keys of all rows that this transaction has created.

    PostgreSQL would otherwise check them at the end of each test, since rolling back to the savepoint of a test undoes
    what the check settled.
    """
    connection.check_constraints()


def copy_database(source: dict[str, Any], target: str) -> None:
    """Copy a database to the empty one at `target`, a URL, of another server.

    If that fails, as it does with programs of another version than the server, the target stays empty.
    """
    programs = local_postgres.find_programs()
    parameters = PsycopgWrapper(source).get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    address = make_conninfo(**{name: parameters[name] for name in names if parameters.get(name)})
    dump = subprocess.run([programs / "pg_dump", "--no-owner", "--dbname", address], capture_output=True, check=False)
    if dump.returncode == 0:
        command = [programs / "psql", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--dbname", target]
        subprocess.run(command, input=dump.stdout, capture_output=True, check=False)


@contextmanager
def template_database(shared: Path) -> Iterator[None]:
    """Migrate once for all workers: the first one's database becomes the template of the others.

    `shared` is a folder that this run's workers have in common. The block must create the test database.
    """
    template = f"{settings.DATABASES['default']['TEST']['NAME'].rpartition('_')[0]}_template"
    ready = shared / "template-database"
    with (shared / "template-database.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_first = not ready.exists()
        if not is_first:
            connection.settings_dict["TEST"]["TEMPLATE"] = template
        yield
        if is_first:
            name = connection.settings_dict["NAME"]
            connection.close()  # a template must have no session
            with connection._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{template}"')
                cursor.execute(f'CREATE DATABASE "{template}" TEMPLATE "{name}"')
            ready.touch()
