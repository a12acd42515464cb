"""The site behind PgBouncer in transaction mode, with the file in deploy/."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from bench.cluster.pooler import can_prepare, run_pooler
from config.postgresql.base import DatabaseWrapper
from config.settings import configure_database
from tests.comparisons.test_pair_page import full_pair
from tests.server import serve
from tests.web.test_outages import PAGES, VISITOR


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("prepare", ["false", "true"])
def test_site_works_behind_a_transaction_pooler(prepare):
    if prepare == "true" and not can_prepare():
        pytest.skip("this PgBouncer keeps no prepared statements")
    full_pair(3)
    with (
        run_pooler(**_find_database()) as pooler,
        serve(
            DATABASE_URL=pooler.url,
            DATABASE_REPLICA_URL=f"{pooler.url}_replica",
            DATABASE_PREPARE=prepare,
            WEB_THREADS="8",
            METRICS_TOKEN="secret",
            is_ready="/readyz",
        ) as server,
        ThreadPoolExecutor(8) as clients,
    ):
        answers = list(clients.map(server.ask, PAGES * 8))  # psycopg prepares what a session has sent five times
        assert {answer.status for answer in answers} <= {200, 302, 404}
        votes = list(clients.map(lambda _: server.post("/tools/alpha/vote/", VISITOR, body=b"choice=ship"), range(8)))
        assert {answer.status for answer in votes} == {303}
        assert server.ask("/tools/alpha.json").status == 200
        counted = server.ask("/metrics", "Authorization: Bearer secret").body.decode()
        assert "Traceback" not in server.read_log()
    assert 'shipside_replica_reads_total{result="used"}' in counted
    assert 'result="failed"' not in counted


@pytest.mark.django_db
def test_rollback_leaves_the_session_of_a_pooler_that_keeps_statements():
    if not can_prepare():
        pytest.skip("this PgBouncer keeps no prepared statements")
    with run_pooler(**_find_database()) as pooler:
        pooled = DatabaseWrapper({**connection.settings_dict, **configure_database(pooler.url)})
        for _ in range(3):
            assert pooled.fetch_row("SELECT $1::int", ("41",)) == (b"41",)
            pooled.set_autocommit(False)
            with pooled.cursor() as cursor:
                for _ in range(10):  # psycopg prepares it, and deallocates all when it is rolled back
                    cursor.execute("SELECT 42")
            pooled.rollback()
            pooled.set_autocommit(True)
        pooled.close()


def _find_database() -> dict[str, Any]:
    """Return what `run_pooler` takes for the database of the test."""
    settings = connection.settings_dict
    return {
        "host": settings["HOST"] or settings["OPTIONS"].get("host", ""),
        "port": int(settings["PORT"] or 5432),
        "user": settings["USER"],
        "password": settings["PASSWORD"],
        "database": settings["NAME"],
    }
