"""A small disk for PostgreSQL's write-ahead log, which can be filled up."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = 192 * 1024 * 1024  # bytes
# The log must fit: with the usual settings it grows to a gigabyte.
SETTINGS = "max_wal_size = '64MB'\nmin_wal_size = '32MB'\n"


class SmallDisk:
    """A tmpfs in place of `pg_wal`. Only root may mount one; for everyone else, `why_not` says so."""

    def __init__(self, cluster: Path) -> None:
        self._cluster, self._log = cluster, cluster / "pg_wal"
        self.why_not = "only root may mount a small disk"

    def mount(self) -> None:
        """Move the log of a stopped PostgreSQL to a small disk, if that is possible."""
        if os.geteuid():
            return
        owner, before = self._log.stat(), self._cluster / "pg_wal_before"
        self._log.rename(before)
        self._log.mkdir(mode=0o700)
        options = f"size={SIZE},mode=700,uid={owner.st_uid},gid={owner.st_gid}"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", self._log]
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        if mounted.returncode:
            self._log.rmdir()
            before.rename(self._log)
            self.why_not = mounted.stderr.strip()
            return
        subprocess.run(["cp", "-a", f"{before}/.", self._log], check=True)
        shutil.rmtree(before)
        with (self._cluster / "postgresql.auto.conf").open("a") as file:
            file.write(SETTINGS)
        self.why_not = ""

    @contextmanager
    def fill(self) -> Iterator[None]:
        """Leave no byte free in this block."""
        ballast = self._log / "ballast"
        try:
            with ballast.open("wb", buffering=0) as file:
                free = os.fstatvfs(file.fileno())
                os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize)
            yield
        finally:
            ballast.unlink()

    def unmount(self) -> None:
        if not self.why_not:
            subprocess.run(["umount", self._log], check=True)
            self.why_not = "it was unmounted"
