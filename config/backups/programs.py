"""PostgreSQL's programs, run on the site's database."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection
from psycopg import pq

from config.backups.archive import BackupError


@contextmanager
def run_program(program: str, *options: str, **pipes: Any) -> Iterator["subprocess.Popen[bytes]"]:
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
            for pipe in filter(None, (process.stdin, process.stdout)):
                with suppress(BrokenPipeError):  # what it would still have read
                    pipe.close()
            raise
        errors.seek(max(errors.tell() - 2000, 0))  # of many lines, the last say why
        said = errors.read().decode(errors="replace").strip()
    if process.returncode:
        raise BackupError(f"{program} failed: {said or process.returncode}")


def _read_parameters() -> dict[str, Any]:
    """Return the parameters of the site's connection, except the one by which a request soon notices a dead server.

    libpq gives up a server that takes nothing for as long, as a busy one does in the middle of a large table.
    """
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - {"tcp_user_timeout"}
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
