"""The site behind PgBouncer in transaction mode, with the file in deploy/."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from bench.cluster.pooler import run_pooler
from tests.comparisons.test_pair_page import full_pair
from tests.server import serve
from tests.web.test_outages import PAGES, VISITOR


@pytest.mark.django_db(transaction=True)
def test_site_works_behind_a_transaction_pooler():
    full_pair(3)
    database = connection.settings_dict
    host = database["HOST"] or database["OPTIONS"].get("host", "")
    port = int(database["PORT"] or 5432)
    with (
        run_pooler(
            host=host,
            port=port,
            user=database["USER"],
            password=database["PASSWORD"],
            database=database["NAME"],
        ) as pooler,
        serve(
            DATABASE_URL=pooler.url,
            DATABASE_REPLICA_URL=f"{pooler.url}_replica",
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
