"""PgBouncer in transaction mode, with the file in deploy/."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from bench.cluster import programs
from bench.nginx import find_port, wait_for_port

PASSWORD = "of-the-pooler"  # noqa: S105 (it is between this process and itself)


KEEPS_STATEMENTS = (1, 24)  # the first version that keeps prepared statements without being told to


class Pooler(NamedTuple):
    """A running PgBouncer: its process, and the URL of the database behind it. A replica has `_replica` in addition."""

    pid: int
    url: str


def read_version() -> tuple[int, ...]:
    """Return the version of PgBouncer on this machine, such as (1, 18, 0). Raise FileNotFoundError if there is none."""
    command = [programs.find("pgbouncer"), "--version"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return tuple(map(int, re.findall(r"\d+", output.splitlines()[0])))


def can_prepare() -> bool:
    """Return whether the site may prepare statements behind this PgBouncer (`DATABASE_PREPARE`)."""
    return read_version() >= KEEPS_STATEMENTS


@contextmanager
def run_pooler(*, host: str, port: int, user: str, database: str, password: str = "") -> Iterator[Pooler]:
    """Run PgBouncer in front of a database, which is its own replica, until the end of the block.

    `password` is what the database wants to have, if anything.
    """
    password = password or PASSWORD
    folder = programs.create_folder(Path(tempfile.mkdtemp(prefix="pooler-", dir="/tmp")) / "pgbouncer")
    folder.parent.chmod(0o755)
    own_port = find_port()
    values = {
        "POOLER_ADDRESS": "127.0.0.1", "POOLER_PORT": own_port, "POOLER_DIR": folder,
        "PROXY_ADDRESS": host, "PRIMARY_PORT": port, "REPLICAS_PORT": port,
        "USERS_FILE": programs.write(folder / "users.txt", f'"{user}" "{password}"\n'),
    }  # fmt: skip
    text = programs.fill_in("pgbouncer.ini", values).replace("dbname=shipside", f"dbname={database}")
    log = folder.parent / "log"
    with log.open("wb") as file:
        command = [programs.find("pgbouncer"), str(programs.write(folder / "pgbouncer.ini", text))]
        process = programs.start(command, log=file)
    try:
        wait_for_port(own_port, process, log=log)
        yield Pooler(process.pid, f"postgresql://{user}:{quote(password)}@127.0.0.1:{own_port}/shipside")
    finally:
        process.kill()  # from 1.23 on, SIGTERM waits until all clients have left
        process.wait(timeout=30)
        shutil.rmtree(folder.parent)
