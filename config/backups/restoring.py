"""Restoring a site from an archive."""

import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection

from config.backups.archive import (
    CHUNK,
    DUMP,
    MEDIA,
    PARTIAL,
    TABLES,
    BackupError,
    Manifest,
    count_rows,
    explain_database_errors,
    fingerprint_key,
    verify,
)
from config.backups.programs import run_program
from web.health import read_disk_migrations

_RESTORE_OPTIONS = ("--no-owner", "--no-privileges", "--exit-on-error", "--file=-")
_PSQL_OPTIONS = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null")
# Rows that only people or imports make. What migrations create does not count as content.
_CONTENT = ("accounts_user", "tools_tool", "tools_category", "reviews_reviewer", "votes_vote", "newsletter_subscriber")
_BEGIN_EMPTY = """
BEGIN;
SET LOCAL lock_timeout = '60s';
SET LOCAL client_min_messages = warning;
DO $$
DECLARE statement text;
BEGIN
    -- Named before the first is dropped, because one drops others.
    FOREACH statement IN ARRAY ARRAY(
        SELECT format(
            'DROP %s IF EXISTS %s CASCADE',
            CASE relkind
                WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE'
            END,
            pg_class.oid::regclass
        )
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype IN ('e', 'a', 'i'))
    ) || ARRAY(
        SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', pg_proc.oid::regprocedure)
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    ) LOOP
        EXECUTE statement;
    END LOOP;
END $$;
"""


@explain_database_errors()
def restore(path: Path, *, replace: bool = False, tell: Callable[[str], None] = lambda _: None) -> Manifest:
    """Bring the site to the state of an archive. Raises BackupError, and then the site is as it was.

    The archive is checked as a whole before anything is written. Logos have names of their own, so new ones are added
    first and change nothing; the database then changes in one transaction; with `replace`, files that the archive does
    not have are deleted last. So the site is the old one or the new one at any moment, even if this is killed.
    """
    manifest = verify(path)
    _check_target(manifest, replace=replace)
    _restore_media(path)
    _restore_database(path)
    if replace:
        _delete_left_over(manifest)
    with connection.cursor() as cursor:
        rows = count_rows(cursor)
    if rows != manifest.rows:
        different = sorted(name for name in {*rows, *manifest.rows} if rows.get(name) != manifest.rows.get(name))
        raise BackupError(f"The database was restored, but has other numbers of rows in {', '.join(different)}.")
    keys = {fingerprint_key(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)}
    if manifest.key not in keys:
        tell("SECRET_KEY is not that of the backup: second factors cannot be read, and voters are not recognized.")
    if missing := read_disk_migrations() - manifest.migrations:
        tell(f"The backup is of an older release: run manage.py migrate ({len(missing)} migrations).")
    return manifest


def _check_target(manifest: Manifest, *, replace: bool) -> None:
    """Raise BackupError if this release does not know the archive's schema, or the site has rows or files to lose."""
    if newer := manifest.migrations - read_disk_migrations():
        raise BackupError(
            f"The backup is of a newer release (migration {'.'.join(min(newer))}). Install that one, or a later one."
        )
    if replace:
        return
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        tables = {table for (table,) in cursor.fetchall()}
        for table in _CONTENT:
            if table in tables:
                cursor.execute(f"SELECT EXISTS (SELECT FROM {table})")  # noqa: S608 (our own tables)
                if cursor.fetchone() == (True,):
                    raise BackupError("This site is not empty. Add --replace to lose what is in it.")
        if tables and "django_migrations" not in tables:
            raise BackupError("The database has tables of something else. Add --replace to lose them.")
    # The database may be empty by mistake while MEDIA_ROOT is that of a site.
    files = [file for file in _find_left_over(manifest) if not file.name.endswith(PARTIAL)]
    if files:
        raise BackupError(
            f"{settings.MEDIA_ROOT} has files that the backup does not have ({len(files):,}, such as {files[0].name}). "
            "Add --replace to lose them."
        )


def _restore_media(path: Path) -> None:
    """Add the logos of an archive to MEDIA_ROOT. Raises BackupError, on a full disk for example."""
    try:
        _extract_media(path)
    except OSError as error:
        raise BackupError(
            f"Logos cannot be written to {settings.MEDIA_ROOT}: {error.strerror or error}. The database is as it was."
        ) from error


def _extract_media(path: Path) -> None:
    with tarfile.open(path, "r|") as archive:
        for member in archive:
            if not member.name.startswith(MEDIA):
                continue
            target = Path(settings.MEDIA_ROOT) / member.name.removeprefix(MEDIA)
            target.parent.mkdir(parents=True, exist_ok=True)
            source = archive.extractfile(member)
            assert source is not None  # noqa: S101 (a regular file: verified)
            with tempfile.NamedTemporaryFile(dir=target.parent, suffix=PARTIAL, delete_on_close=False) as file:
                shutil.copyfileobj(source, file, CHUNK)
                file.close()
                Path(file.name).chmod(0o644)
                Path(file.name).replace(target)


def _find_left_over(manifest: Manifest) -> list[Path]:
    """Return the files under MEDIA_ROOT that the archive does not have, except logos that it should have."""
    root, wanted = Path(settings.MEDIA_ROOT), manifest.files.keys() | manifest.missing
    return [
        path
        for path in sorted(root.rglob("*"))
        if path.is_file() and MEDIA + path.relative_to(root).as_posix() not in wanted
    ]


def _delete_left_over(manifest: Manifest) -> None:
    try:
        for file in _find_left_over(manifest):
            file.unlink(missing_ok=True)
    except OSError as error:
        raise BackupError(
            f"The site was restored, but logos it had before cannot be deleted from {settings.MEDIA_ROOT}: "
            f"{error.strerror or error}."
        ) from error


def _restore_database(path: Path) -> None:
    """Replace everything in the database by the dump, in one transaction.

    psql commits only what we tell it to: if the dump breaks off, or this process is killed, it reads the end of its
    input without COMMIT.
    """
    connection.close()
    with (
        tarfile.open(path, "r|") as archive,
        run_program("psql", *_PSQL_OPTIONS, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as psql,
    ):
        dump = next(content for member in archive if member.name == DUMP and (content := archive.extractfile(member)))
        assert psql.stdin is not None  # noqa: S101 (for the types)
        try:
            psql.stdin.write(_BEGIN_EMPTY.encode())
            with run_program("pg_restore", *_RESTORE_OPTIONS, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
                feeder = threading.Thread(target=_feed, args=[dump, program.stdin])
                feeder.start()
                shutil.copyfileobj(program.stdout, psql.stdin, CHUNK)  # type: ignore[arg-type]
                feeder.join()
            psql.stdin.write(b"\nCOMMIT;\n")
            psql.stdin.close()
        except BrokenPipeError:  # psql says why
            psql.stdin = None


def _feed(source: IO[bytes], target: Any) -> None:
    with suppress(BrokenPipeError), target:  # the other end says why
        shutil.copyfileobj(source, target, CHUNK)
