"""PgBouncer in transaction mode, with the file in deploy/."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from bench.cluster import programs
from bench.nginx import find_port

PASSWORD = "of-the-pooler"  # noqa: S105 (it is between this process and itself)


class Pooler(NamedTuple):
    """A running PgBouncer: its process, and the URL of the database behind it. A replica has `_replica` in addition."""

    pid: int
    url: str


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
    with (folder.parent / "log").open("wb") as log:
        command = [programs.find("pgbouncer"), str(programs.write(folder / "pgbouncer.ini", text))]
        process = programs.start(command, log=log)
    try:
        yield Pooler(process.pid, f"postgresql://{user}:{quote(password)}@127.0.0.1:{own_port}/shipside")
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder.parent)
