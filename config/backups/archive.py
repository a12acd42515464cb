"""What is in an archive, and whether all of it is there."""

import hashlib
import hmac
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from django.db import Error

DUMP, MANIFEST, MEDIA = "database.dump", "manifest.json", "media/"
PARTIAL = ".partial"  # how the names of files end that are being written
FORMAT = 1
CHUNK = 1024 * 1024  # bytes
TABLES = """
SELECT relname FROM pg_class
WHERE relkind = 'r' AND relpersistence = 'p' AND relnamespace = 'public'::regnamespace ORDER BY relname COLLATE "C"
"""


class BackupError(Exception):
    """Why a backup or a restoration did not happen, in words for the operator."""


@contextmanager
def explain_database_errors() -> Iterator[None]:
    """Turn errors of the database into BackupError: it is down, say, or refuses the role."""
    try:
        yield
    except Error as error:
        raise BackupError(f"The database reports: {next(iter(str(error).strip().splitlines()), error)}") from error


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
    missing: frozenset[str]
    """Names that files of logos would have in the archive, had they been in MEDIA_ROOT as the database says."""


def count_rows(cursor: Any) -> dict[str, int]:
    cursor.execute(TABLES)
    rows = {}
    for (table,) in cursor.fetchall():
        cursor.execute(f'SELECT count(*) FROM public."{table}"')  # noqa: S608 (our own tables)
        [rows[table]] = cursor.fetchone()
    return rows


class HashingReader:
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
                reader = HashingReader(content)
                while reader.read(CHUNK):
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
        frozenset(fields.get("missing", ())),  # archives of earlier releases do not say
    )


def describe_missing(manifest: Manifest) -> str:
    """Return a sentence about the logos that an archive lacks."""
    names = sorted(name.removeprefix(MEDIA) for name in manifest.missing)
    return f"The backup lacks {len(names):,} files of logos: {', '.join(names[:3])}{', …' if names[3:] else '.'}"


def fingerprint_key(key: str) -> str:
    return hmac.new(key.encode(), b"shipside backup", "sha256").hexdigest()[:16]
