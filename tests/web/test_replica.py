"""Public pages from a streaming replica: the same as from the primary, never older, and never missing."""

import json
import time
from collections.abc import Iterator

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from config.postgresql.base import RETRY_SECONDS
from config.settings import configure_database
from tests import factories as make
from tests.comparisons.test_pair_page import full_pair
from tests.replica import Replica, run_replica
from tests.web.test_pages import KINDS
from tests.wsgi import Answer, SiteServer
from tools.models import Tool
from web import metrics
from web import replica as reading
from web.caching import clear_process_caches

PAIR = "/compare/beta-vs-alpha/"
UNSTORED = [
    "/tools/?sort=community", "/compare/?a=alpha", "/search/?q=alpha", "/search/suggest/?q=al",
    "/feeds/changes.xml?kind=prices",
    "/compare/custom/?t=alpha&t=beta", "/export/votes.csv", f"{PAIR}?lens=skeptic", "/tools/nowhere/",
]  # fmt: skip
# What is streamed, and the page of an error, are made after the view.
FROM_PRIMARY = ["/export/votes.csv", "/tools/nowhere/"]


@pytest.fixture
def replica(transactional_db, settings) -> Iterator[Replica]:
    """Return a replica from which this process renders public pages."""
    full_pair(3)
    with run_replica() as replica:
        replica.catch_up()
        entry = connections.configure_settings({"default": {}, "replica": configure_database(replica.url)})["replica"]
        settings.DATABASE_ROUTERS = ["web.replica.Router"]
        connections.settings["replica"] = entry
        wrapper = connections["replica"]
        wrapper.ensure_connection = lambda: (
            wrapper.connection or connect(wrapper)
        )  # Django allows tests only the default
        try:
            yield replica
        finally:
            connections["replica"].close()
            del connections["replica"]
            del connections.settings["replica"]


def connect(wrapper) -> None:
    with wrapper.wrap_database_errors:
        wrapper.connect()


def ask(path: str) -> Answer:
    """Ask a process that has just started."""
    clear_process_caches()
    answer = SiteServer().ask(path)
    del answer.headers["X-Request-ID"]
    return answer


def ask_and_count(path: str) -> tuple[Answer, str]:
    """Return the answer, and what became of the replica: used, behind, failed, or "" if it was not asked."""
    before = {result: metrics.REPLICA.labels(result)._value.get() for result in ("used", "behind", "failed")}
    answer = SiteServer().ask(path)
    return answer, "".join(
        result for result, times in before.items() if metrics.REPLICA.labels(result)._value.get() > times
    )


def read_ships() -> int:
    """Return how many visitors would ship with Alpha, by its public document."""
    ships: int = json.loads(SiteServer().ask("/tools/alpha.json").body)["community"]["ship"]
    return ships


def test_pages_come_from_the_replica_unless_it_is_behind_or_gone(replica, monkeypatch):
    from_primary = {}
    with monkeypatch.context() as context:
        context.setattr(reading, "ALIAS", "none")
        for path in [*KINDS, *UNSTORED]:
            from_primary[path] = ask(path)
    for path in [*KINDS, *UNSTORED]:
        with CaptureQueriesContext(connection) as asked:
            assert ask(path) == from_primary[path], path
        if path not in FROM_PRIMARY:
            assert [query["sql"] for query in asked] == [], path

    clear_process_caches()
    assert ask_and_count(PAIR)[1] == "used"
    assert ask_and_count(PAIR)[1] == ""  # from memory
    replica.hold_up()
    Tool.objects.filter(slug="alpha").update(tagline="As it was just edited")
    for path in (PAIR, "/tools/alpha/", "/tools/alpha.json"):
        answer, result = ask_and_count(path)
        assert ("As it was just edited" in answer.text, result) == (True, "behind"), path
    replica.catch_up()
    before = read_ships()
    make.votes(on=Tool.objects.get(slug="alpha"), ship=40)
    assert read_ships() == before + 40  # at once, whether the replica has them or not
    replica.catch_up()
    clear_process_caches()
    for path in ("/tools/alpha.json", "/tools/alpha/"):
        answer, result = ask_and_count(path)
        assert ("As it was just edited" in answer.text, result) == (True, "used"), path

    # A page that was rendered from the replica is current for as long as the primary says so.
    assert ask_and_count("/tools/alpha/")[1] == ""
    Tool.objects.filter(slug="alpha").update(tagline="Edited again")
    assert "Edited again" in ask_and_count("/tools/alpha/")[0].text

    for stop, start in ((replica.stop, replica.start), (replica.freeze, replica.thaw)):
        stop()
        clear_process_caches()
        started = time.monotonic()
        answer, result = ask_and_count("/splits/")
        assert (answer.status, result) == (200, "failed")
        assert ask_and_count("/reviewers/")[1] == ""  # it rests
        assert time.monotonic() - started < 4
        start()
        clear_process_caches()
        replica.catch_up()
        time.sleep(RETRY_SECONDS)
        assert ask_and_count("/splits/")[1] == "used"
