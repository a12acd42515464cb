"""The site behind PgBouncer in transaction mode, with the file in deploy/."""

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from bench.cluster import programs
from bench.nginx import find_port
from tests.comparisons.test_pair_page import full_pair
from tests.server import serve
from tests.web.test_outages import PAGES, VISITOR

PASSWORD = "of-the-test"


@contextmanager
def run_pooler() -> Iterator[str]:
    """Run PgBouncer in front of the database of the test, and yield its URL."""
    database = connection.settings_dict
    folder = programs.create_folder(Path(tempfile.mkdtemp(prefix="pooler-", dir="/tmp")) / "pgbouncer")
    folder.parent.chmod(0o755)
    port = find_port()
    host = database["HOST"] or database["OPTIONS"].get("host", "")
    values = {
        "POOLER_ADDRESS": "127.0.0.1", "POOLER_PORT": port, "POOLER_DIR": folder, "PROXY_ADDRESS": host,
        "PRIMARY_PORT": database["PORT"] or 5432, "REPLICAS_PORT": database["PORT"] or 5432,
        "USERS_FILE": programs.write(folder / "users.txt", f'"{database["USER"]}" "{PASSWORD}"\n'),
    }  # fmt: skip
    text = programs.fill_in("pgbouncer.ini", values).replace("dbname=shipside", f"dbname={database['NAME']}")
    with (folder.parent / "log").open("wb") as log:
        command = [programs.find("pgbouncer"), str(programs.write(folder / "pgbouncer.ini", text))]
        process = programs.start(command, log=log)
    try:
        yield f"postgresql://{database['USER']}:{PASSWORD}@127.0.0.1:{port}/shipside"
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder.parent)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "pgbouncer" in programs.list_missing(), reason="There is no PgBouncer. Debian and Ubuntu: apt-get install pgbouncer"
)
def test_site_works_behind_a_transaction_pooler():
    full_pair(3)
    with (
        run_pooler() as url,
        serve(
            DATABASE_URL=url,
            DATABASE_REPLICA_URL=f"{url}_replica",
            DATABASE_PREPARE="false",
            WEB_THREADS="8",
            METRICS_TOKEN="secret",
            is_ready="/readyz",
        ) as server,
        ThreadPoolExecutor(8) as clients,
    ):
        answers = list(clients.map(server.ask, PAGES * 3))
        assert {answer.status for answer in answers} <= {200, 302, 404}
        votes = list(clients.map(lambda _: server.post("/tools/alpha/vote/", VISITOR, body=b"choice=ship"), range(8)))
        assert {answer.status for answer in votes} == {303}
        assert server.ask("/tools/alpha.json").status == 200
        counted = server.ask("/metrics", "Authorization: Bearer secret").body.decode()
        assert "Traceback" not in server.read_log()
    assert 'shipside_replica_reads_total{result="used"}' in counted
    assert 'result="failed"' not in counted
