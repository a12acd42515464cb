"""A short form of `make prove-reload`: gunicorn reloads while pages and votes are requested, and none fails."""

import os
import signal

import pytest

from bench.reload import VOTE_EVERY, Load, run_under_load
from tests import factories as make
from tests.server import serve
from votes.models import Vote

REQUESTS = 200


@pytest.mark.django_db(transaction=True)
def test_reload_under_load_fails_no_request_and_loses_no_vote():
    for slug in ("one", "two"):
        make.tool(slug=slug)
    load = Load(REQUESTS, ["/", "/compare/one-vs-two/", "/tools/one/"], "/tools/one/vote/")
    with serve(WEB_CONCURRENCY="2", TRUSTED_PROXY_COUNT="1", BURST_VOTES="1000000", ACCESS_LOG="-") as server:
        times = run_under_load(load, port=server.port, disturb=lambda: os.kill(server.pid, signal.SIGHUP), rests=80)
        log = server.read_log()
    assert times == 2
    assert log.count("Handling signal: hup") == times
    assert (load.failures, dict(load.statuses)) == ([], {200: REQUESTS})
    assert Vote.objects.count() == REQUESTS // VOTE_EVERY
