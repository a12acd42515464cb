"""Writing an archive while the site goes on working."""

import io
import json
import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

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
    fingerprint_key,
)
from config.backups.programs import run_program

_DUMP_OPTIONS = ("--format=custom", "--no-owner", "--no-privileges", "--no-comments", "--no-unlogged-table-data")


def back_up(path: Path) -> Manifest:
    """Write an archive of the site as it is at one moment, while it goes on working. Raises BackupError.

    The file appears under its name when it is complete.
    """
    if path.exists():
        raise BackupError(f"{path} exists. Choose another name.")
    partial = path.with_name(path.name + PARTIAL)
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
        manifest = Manifest(made_at, migrations, rows, files, fingerprint_key(settings.SECRET_KEY))
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
            rows = count_rows(cursor)
        yield snapshot, migrations, rows
    finally:
        apart.close()


def _add_media(archive: tarfile.TarFile, files: dict[str, tuple[int, str]]) -> None:
    """Add every file of MEDIA_ROOT that is not in the archive."""
    root = Path(settings.MEDIA_ROOT)
    for path in sorted(root.rglob("*")):
        name = MEDIA + path.relative_to(root).as_posix()
        if name in files or not path.is_file() or path.name.endswith(PARTIAL):
            continue
        with suppress(FileNotFoundError), path.open("rb") as source:  # deleted in the meantime
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
