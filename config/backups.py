"""A backup of the whole site in one file, and its restoration.

The file is a tar archive: the logos, `database.dump` (pg_dump's custom format), and `manifest.json` at its end, which
has the checksums of all others, the migrations, and the number of rows of each table. An archive that was cut off has
none. Nothing is held in memory as a whole, neither when it is written nor when it is read.
"""

import hashlib
import hmac
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import psycopg
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from psycopg import pq

DUMP, MANIFEST, MEDIA = "database.dump", "manifest.json", "media/"
FORMAT = 1
_CHUNK = 1024 * 1024  # bytes
_DUMP_OPTIONS = ("--format=custom", "--no-owner", "--no-privileges", "--no-comments", "--no-unlogged-table-data")
_RESTORE_OPTIONS = ("--no-owner", "--no-privileges", "--exit-on-error", "--file=-")
_PSQL_OPTIONS = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null")
_TABLES = """
SELECT relname FROM pg_class
WHERE relkind = 'r' AND relpersistence = 'p' AND relnamespace = 'public'::regnamespace ORDER BY relname COLLATE "C"
"""
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


class BackupError(Exception):
    """Why a backup or a restoration did not happen, in words for the operator."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says about itself."""

    made_at: str
    migrations: frozenset[tuple[str, str]]
    rows: dict[str, int]
    """By table."""
    files: dict[str, tuple[int, str]]
    """Size in bytes and SHA-256 by name in the archive."""
    key: str
    """A fingerprint of the SECRET_KEY under which votes are signed and second factors encrypted."""


# -- Backup -----------------------------------------------------------------------------------------------


def back_up(path: Path) -> Manifest:
    """Write an archive of the site as it is at one moment, while it goes on working. Raises BackupError.

    The file appears under its name when it is complete.
    """
    if path.exists():
        raise BackupError(f"{path} exists. Choose another name.")
    partial = path.with_name(f"{path.name}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            manifest = _write_archive(file)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def _write_archive(file: IO[bytes]) -> Manifest:
    made_at = timezone.now().isoformat(timespec="seconds")
    files: dict[str, tuple[int, str]] = {}
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        # A logo is stored before the row that names it, and deleted after it. So the files of one moment are among
        # those before it and those just after it.
        _add_media(archive, files)
        with _snapshot() as (snapshot, migrations, rows):
            _add_media(archive, files)
            _add_dump(archive, files, snapshot)
        manifest = Manifest(made_at, migrations, rows, files, _fingerprint(settings.SECRET_KEY))
        text = json.dumps(
            {
                "format": FORMAT,
                "made_at": made_at,
                "migrations": sorted(migrations),
                "rows": rows,
                "files": {name: {"bytes": size, "sha256": digest} for name, (size, digest) in files.items()},
                "key": manifest.key,
            },
            indent=1,
        ).encode()
        archive.addfile(_describe(MANIFEST, len(text)), io.BytesIO(text))
    return manifest


@contextmanager
def _snapshot() -> Iterator[tuple[str, frozenset[tuple[str, str]], dict[str, int]]]:
    """Open a transaction in which pg_dump can join. Yield its name, the migrations, and the rows of each table."""
    apart = connection.copy()
    try:
        apart.set_autocommit(False)
        with apart.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_export_snapshot()")
            [snapshot] = cursor.fetchone()
            cursor.execute("SELECT app, name FROM django_migrations")
            migrations = frozenset(cursor.fetchall())
            rows = _count_rows(cursor)
        yield snapshot, migrations, rows
    finally:
        apart.close()


def _count_rows(cursor: Any) -> dict[str, int]:
    cursor.execute(_TABLES)
    rows = {}
    for (table,) in cursor.fetchall():
        cursor.execute(f'SELECT count(*) FROM public."{table}"')  # noqa: S608 (our own tables)
        [rows[table]] = cursor.fetchone()
    return rows


def _add_media(archive: tarfile.TarFile, files: dict[str, tuple[int, str]]) -> None:
    """Add every file of MEDIA_ROOT that is not in the archive."""
    root = Path(settings.MEDIA_ROOT)
    for path in sorted(root.rglob("*")):
        name = MEDIA + path.relative_to(root).as_posix()
        if name in files or not path.is_file() or path.name.endswith(".partial"):
            continue
        with suppress(FileNotFoundError), path.open("rb") as source:  # deleted in the meantime
            size = os.fstat(source.fileno()).st_size
            reader = _Hashing(source)
            archive.addfile(_describe(name, size), reader)
            files[name] = (size, reader.digest)


def _add_dump(archive: tarfile.TarFile, files: dict[str, tuple[int, str]], snapshot: str) -> None:
    """Add the dump as it arrives. Its size, which the header before it states, is filled in afterwards."""
    assert archive.fileobj is not None  # noqa: S101 (for the types)
    file, start = archive.fileobj, archive.fileobj.tell()
    file.write(_describe(DUMP, 0).tobuf(tarfile.GNU_FORMAT))
    with _run("pg_dump", *_DUMP_OPTIONS, f"--snapshot={snapshot}", stdout=subprocess.PIPE) as process:
        reader = _Hashing(process.stdout)
        shutil.copyfileobj(reader, file, _CHUNK)
    file.write(b"\0" * (-reader.size % tarfile.BLOCKSIZE))
    end = file.tell()
    file.seek(start)
    file.write(_describe(DUMP, reader.size).tobuf(tarfile.GNU_FORMAT))
    file.seek(end)
    archive.offset = end
    files[DUMP] = (reader.size, reader.digest)


def _describe(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(time.time())
    return member


class _Hashing:
    """A stream that hashes what is read from it."""

    def __init__(self, source: Any) -> None:
        self._source, self._hash, self.size = source, hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._source.read(size)
        self._hash.update(data)
        self.size += len(data)
        return data

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


# -- Restoration ------------------------------------------------------------------------------------------


def restore(path: Path, *, replace: bool = False, tell: Callable[[str], None] = lambda _: None) -> Manifest:
    """Bring the site to the state of an archive. Raises BackupError, and then the site is as it was.

    The archive is checked as a whole before anything is written. Logos have names of their own, so new ones are added
    first and change nothing; the database then changes in one transaction; what is left over is deleted last. So the
    site is the old one or the new one at any moment, even if this is killed.
    """
    manifest = verify(path)
    _check_target(manifest, replace=replace)
    _restore_media(path)
    _restore_database(path)
    _delete_media(but={name for name in manifest.files if name.startswith(MEDIA)})
    with connection.cursor() as cursor:
        rows = _count_rows(cursor)
    if rows != manifest.rows:
        different = sorted(name for name in {*rows, *manifest.rows} if rows.get(name) != manifest.rows.get(name))
        raise BackupError(f"The database was restored, but has other numbers of rows in {', '.join(different)}.")
    keys = {_fingerprint(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)}
    if manifest.key not in keys:
        tell("SECRET_KEY is not that of the backup: second factors cannot be read, and voters are not recognized.")
    if missing := _read_disk_migrations() - manifest.migrations:
        tell(f"The backup is of an older release: run manage.py migrate ({len(missing)} migrations).")
    return manifest


def verify(path: Path) -> Manifest:
    """Read a whole archive and compare it with its manifest, which is returned. Raises BackupError."""
    found: dict[str, tuple[int, str]] = {}
    manifest: Manifest | None = None
    try:
        with tarfile.open(path, "r|") as archive:
            for member in archive:
                _check_member(member, found)
                content = archive.extractfile(member)
                if member.name == MANIFEST:
                    manifest = _parse_manifest(content.read() if content else b"")
                    continue
                reader = _Hashing(content)
                while reader.read(_CHUNK):
                    pass
                found[member.name] = (reader.size, reader.digest)
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (tarfile.TarError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{path} is no backup, or was damaged: {error}.") from error
    if manifest is None:
        raise BackupError(f"{path} has no manifest at its end: it was cut off, or is no backup.")
    if found != manifest.files or DUMP not in found:
        names = sorted(name for name in {*found, *manifest.files} if found.get(name) != manifest.files.get(name))
        raise BackupError(f"{path} was damaged: {', '.join(names[:5]) or DUMP} is not what the manifest says.")
    return manifest


def _check_member(member: tarfile.TarInfo, found: dict[str, tuple[int, str]]) -> None:
    name = PurePosixPath(member.name)
    is_known = member.name in (DUMP, MANIFEST) or (name.parts[:1] == ("media",) and len(name.parts) > 1)
    if not member.isreg() or not is_known or ".." in name.parts or name.is_absolute() or member.name in found:
        raise ValueError(f"unexpected {member.name!r}")


def _parse_manifest(text: bytes) -> Manifest:
    fields = json.loads(text)
    if fields["format"] != FORMAT:
        raise ValueError(f"its format is {fields['format']!r}")
    return Manifest(
        fields["made_at"],
        frozenset((app, name) for app, name in fields["migrations"]),
        fields["rows"],
        {name: (file["bytes"], file["sha256"]) for name, file in fields["files"].items()},
        fields["key"],
    )


def _check_target(manifest: Manifest, *, replace: bool) -> None:
    """Raise BackupError if this release does not know the archive's schema, or the site has content."""
    if newer := manifest.migrations - _read_disk_migrations():
        raise BackupError(
            f"The backup is of a newer release (migration {'.'.join(min(newer))}). Install that one, or a later one."
        )
    if replace:
        return
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        tables = {table for (table,) in cursor.fetchall()}
        for table in _CONTENT:
            if table in tables:
                cursor.execute(f"SELECT EXISTS (SELECT FROM {table})")  # noqa: S608 (our own tables)
                if cursor.fetchone() == (True,):
                    raise BackupError("This site is not empty. Add --replace to lose what is in it.")
        if tables and "django_migrations" not in tables:
            raise BackupError("The database has tables of something else. Add --replace to lose them.")


def _read_disk_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)


def _restore_media(path: Path) -> None:
    with tarfile.open(path, "r|") as archive:
        for member in archive:
            if not member.name.startswith(MEDIA):
                continue
            target = Path(settings.MEDIA_ROOT) / member.name.removeprefix(MEDIA)
            target.parent.mkdir(parents=True, exist_ok=True)
            source = archive.extractfile(member)
            assert source is not None  # noqa: S101 (a regular file: verified)
            with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".partial", delete_on_close=False) as file:
                shutil.copyfileobj(source, file, _CHUNK)
                file.close()
                Path(file.name).chmod(0o644)
                Path(file.name).replace(target)


def _delete_media(*, but: set[str]) -> None:
    root = Path(settings.MEDIA_ROOT)
    for path in root.rglob("*"):
        if path.is_file() and MEDIA + path.relative_to(root).as_posix() not in but:
            path.unlink(missing_ok=True)


def _restore_database(path: Path) -> None:
    """Replace everything in the database by the dump, in one transaction.

    psql commits only what we tell it to: if the dump breaks off, or this process is killed, it reads the end of its
    input without COMMIT.
    """
    connection.close()
    with (
        tarfile.open(path, "r|") as archive,
        _run("psql", *_PSQL_OPTIONS, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as psql,
    ):
        dump = next(content for member in archive if member.name == DUMP and (content := archive.extractfile(member)))
        assert psql.stdin is not None  # noqa: S101 (for the types)
        try:
            psql.stdin.write(_BEGIN_EMPTY.encode())
            with _run("pg_restore", *_RESTORE_OPTIONS, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as restoring:
                feeder = threading.Thread(target=_feed, args=[dump, restoring.stdin])
                feeder.start()
                shutil.copyfileobj(restoring.stdout, psql.stdin, _CHUNK)  # type: ignore[arg-type]
                feeder.join()
            psql.stdin.write(b"\nCOMMIT;\n")
            psql.stdin.close()
        except BrokenPipeError:  # psql says why
            psql.stdin = None


def _feed(source: IO[bytes], target: Any) -> None:
    with suppress(BrokenPipeError), target:  # the other end says why
        shutil.copyfileobj(source, target, _CHUNK)


# -- PostgreSQL's programs --------------------------------------------------------------------------------


@contextmanager
def _run(program: str, *options: str, **pipes: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """Run one of PostgreSQL's programs on the site's database. Raises BackupError with what it said if it fails."""
    environment = {**os.environ}
    parameters = _read_parameters()
    if password := parameters.pop("password", None):
        environment["PGPASSWORD"] = str(password)  # arguments are visible to other users of the machine
    target = [] if program == "pg_restore" else ["--dbname", psycopg.conninfo.make_conninfo(**parameters)]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen([_find(program), *options, *target], env=environment, stderr=errors, **pipes)  # noqa: S603
        try:
            yield process
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
            process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        errors.seek(max(errors.tell() - 2000, 0))  # of many lines, the last say why
        said = errors.read().decode(errors="replace").strip()
    if process.returncode:
        raise BackupError(f"{program} failed: {said or process.returncode}")


def _read_parameters() -> dict[str, Any]:
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    return {name: value for name, value in connection.get_connection_params().items() if name in known}


def _find(program: str) -> str:
    """Return the path of a program that is at least as new as the server: on the PATH, or beside the local server."""
    connection.ensure_connection()
    needed: int = connection.connection.info.server_version // 10000
    places = [shutil.which(program)]
    with suppress(ImportError):
        from config.local_postgres import find_programs

        places.append(str(find_programs() / program))
    for place in filter(None, places):
        if Path(place).exists():
            printed = subprocess.run([place, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
            if (version := re.search(r" (\d+)", printed)) and int(version[1]) >= needed:
                return place
    raise BackupError(f"There is no {program} of PostgreSQL {needed} or newer on the PATH.")


def _fingerprint(key: str) -> str:
    return hmac.new(key.encode(), b"shipside backup", "sha256").hexdigest()[:16]
