"""Writing an archive while the site goes on working."""

import fcntl
import io
import json
import os
import re
import secrets
import shutil
import subprocess
import tarfile
import time
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from config.backups.archive import (
    CHUNK,
    DUMP,
    FORMAT,
    MANIFEST,
    MEDIA,
    PARTIAL,
    BackupError,
    HashingReader,
    Manifest,
    count_rows,
    explain_database_errors,
    fingerprint_key,
)
from config.backups.programs import run_program
from tools import logos

_LOGOS = """
SELECT logo FROM tools_tool WHERE logo <> '' UNION SELECT logo FROM desk_pendingchange WHERE logo <> ''
"""
_PARTIAL_NAME = re.compile(rf"{re.escape(PARTIAL)}-[0-9a-f]{{8}}$")
_DUMP_OPTIONS = ("--format=custom", "--no-owner", "--no-privileges", "--no-comments", "--no-unlogged-table-data")


@explain_database_errors()
def back_up(path: Path) -> Manifest:
    """Write an archive of the site as it is at one moment, while it goes on working. Raises BackupError.

    The file appears under its name when it is complete. An archive that lacks files of logos is written, too: the
    database must not stay without a backup because a logo was lost. The manifest then names what is missing.
    """
    _check_is_free(path)
    try:
        _remove_dead_partials(path.parent)
        with _open_partial(path) as (file, partial):
            manifest = _write_archive(file)
            file.flush()
            os.fsync(file.fileno())
            _check_is_free(path)  # another backup may have taken the name in the meantime
            partial.rename(path)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror or error}.") from error
    return manifest


def _check_is_free(path: Path) -> None:
    if path.exists():
        raise BackupError(f"{path} exists. Choose another name.")


@contextmanager
def _open_partial(path: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """Create a file of this run beside `path`, locked as long as it is open, and remove it unless it is renamed."""
    partial = path.with_name(f"{path.name}{PARTIAL}-{secrets.token_hex(4)}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        try:
            with suppress(OSError):  # some network file systems have no locks; there, nobody removes dead files either
                fcntl.flock(file, fcntl.LOCK_EX)
            if not os.fstat(file.fileno()).st_nlink:  # removed before it was locked
                raise BackupError("Another backup has just begun here. Start this one again.")
            yield file, partial
        finally:
            partial.unlink(missing_ok=True)


def _remove_dead_partials(folder: Path) -> None:
    """Remove what backups that were killed have left in a folder: the system has released their locks."""
    for partial in folder.glob(f"*{PARTIAL}-*"):
        if not _PARTIAL_NAME.search(partial.name):
            continue
        with suppress(OSError), partial.open("rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            partial.unlink()


def _write_archive(file: IO[bytes]) -> Manifest:
    made_at = timezone.now().isoformat(timespec="seconds")
    files: dict[str, tuple[int, str]] = {}
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        # A logo is stored before the row that names it, and deleted after it. So the files of one moment are among
        # those before it and those just after it.
        _add_media(archive, files)
        with _snapshot() as snapshot:
            _add_media(archive, files)
            missing = _find_missing(snapshot.logos, files)
            _add_dump(archive, files, snapshot.name)
        key = fingerprint_key(settings.SECRET_KEY)
        manifest = Manifest(made_at, snapshot.migrations, snapshot.rows, files, key, missing)
        text = json.dumps(
            {
                "format": FORMAT,
                "made_at": made_at,
                "migrations": sorted(manifest.migrations),
                "rows": manifest.rows,
                "files": {name: {"bytes": size, "sha256": digest} for name, (size, digest) in files.items()},
                "key": manifest.key,
                "missing": sorted(missing),
            },
            indent=1,
        ).encode()
        archive.addfile(_describe(MANIFEST, len(text)), io.BytesIO(text))
    return manifest


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What the database holds at the moment of the dump."""

    name: str
    migrations: frozenset[tuple[str, str]]
    rows: dict[str, int]
    """By table."""
    logos: frozenset[str]
    """Stems, those of pending changes included."""


@contextmanager
def _snapshot() -> Iterator[_Snapshot]:
    """Open a transaction in which pg_dump can join."""
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
            rows = count_rows(cursor)
            stems = _read_logos(cursor)
        yield _Snapshot(snapshot, migrations, rows, stems)
    finally:
        apart.close()


def _read_logos(cursor: Any) -> frozenset[str]:
    cursor.execute(_LOGOS)
    return frozenset(stem for (stem,) in cursor.fetchall())


def _find_missing(stems: frozenset[str], files: Container[str]) -> frozenset[str]:
    """Return the names of files of logos that are not in the archive. A logo that was removed since does not count."""

    def find(stems: frozenset[str]) -> frozenset[str]:
        names = (MEDIA + name for stem in stems for name in logos.list_file_names(stem))
        return frozenset(name for name in names if name not in files)

    if not find(stems):
        return frozenset()
    with connection.cursor() as cursor:
        return find(stems & _read_logos(cursor))


def _add_media(archive: tarfile.TarFile, files: dict[str, tuple[int, str]]) -> None:
    """Add every file of MEDIA_ROOT that is not in the archive."""
    root = Path(settings.MEDIA_ROOT)
    for path in sorted(root.rglob("*")):
        name = MEDIA + path.relative_to(root).as_posix()
        if name in files or not path.is_file() or path.name.endswith(PARTIAL):
            continue
        try:
            source = path.open("rb")
        except FileNotFoundError:  # deleted in the meantime
            continue
        except OSError as error:
            raise BackupError(f"{path} cannot be read: {error.strerror}.") from error
        with source:
            size = os.fstat(source.fileno()).st_size
            reader = HashingReader(source)
            archive.addfile(_describe(name, size), reader)
            files[name] = (size, reader.digest)


def _add_dump(archive: tarfile.TarFile, files: dict[str, tuple[int, str]], snapshot: str) -> None:
    """Add the dump as it arrives. Its size, which the header before it states, is filled in afterwards."""
    assert archive.fileobj is not None  # noqa: S101 (for the types)
    file, start = archive.fileobj, archive.fileobj.tell()
    file.write(_describe(DUMP, 0).tobuf(tarfile.GNU_FORMAT))
    with run_program("pg_dump", *_DUMP_OPTIONS, f"--snapshot={snapshot}", stdout=subprocess.PIPE) as process:
        reader = HashingReader(process.stdout)
        shutil.copyfileobj(reader, file, CHUNK)
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
