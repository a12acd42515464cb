"""A short run of everybody at once (`make stress` is the long one), which must also fail where it should."""

import os
import signal
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from bench.proof.site import Site
from bench.stress.roles import DEEDS
from bench.stress.run import SETTINGS, WORKERS, Stress

WAIT = 10.0  # seconds for a save, and more than the CPU alone makes readers wait while other tests run


@pytest.fixture(scope="module")
def site(prepared_site):
    """Run a separate Shipside: gunicorn with two workers, and its own PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="shipside-stress-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # if root starts PostgreSQL, another user runs it
        site = Site(Path(folder), workers=WORKERS, static=Path(os.environ["STATIC_ROOT"]), prepared=prepared_site)
        site.environment |= SETTINGS | {"LOCK_WAIT_SECONDS": str(WAIT)}
        try:
            site.start()
            yield site
        finally:
            site.stop(signal.SIGKILL)


def test_nothing_fails_while_everybody_works(site):
    report = Stress(site, imported=50).run(seconds=5)
    assert report.problems == [], (site.folder / "site.log").read_text()[-5000:]
    assert all(report.deeds[deed] for deed in DEEDS), str(report)
    assert max(report.reader_waits) < WAIT


def test_stress_fails_where_tallies_are_wrong_and_transactions_deadlock(site):
    with site.connect() as connection:
        connection.execute("ALTER TABLE votes_vote DISABLE TRIGGER USER")
        try:
            stress = Stress(site, imported=50)
            make_deadlock(site)
            report = stress.run(seconds=3, patience=0, name="broken")
        finally:
            connection.execute("ALTER TABLE votes_vote ENABLE TRIGGER USER")
    assert "1 deadlocks" in report.problems
    assert [problem for problem in report.problems if problem.startswith("tallies: ")] != []


def make_deadlock(site: Site) -> None:
    """Make two sessions wait for each other, on rows that nobody else locks."""
    lock = "UPDATE accounts_user SET last_name = last_name WHERE username = %s"
    with site.connect() as one, site.connect() as two:
        one.execute("BEGIN")
        two.execute("BEGIN")
        one.execute(lock, ["hal"])
        two.execute(lock, ["iris"])

        def wait() -> None:
            with suppress(psycopg.errors.DeadlockDetected):
                one.execute(lock, ["iris"])

        waiting = threading.Thread(target=wait)
        waiting.start()
        with suppress(psycopg.errors.DeadlockDetected):
            two.execute(lock, ["hal"])
        two.execute("ROLLBACK")
        waiting.join()
        one.execute("ROLLBACK")
