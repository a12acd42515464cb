"""The proof of the votes in short (`make prove-votes` is the long one), and that it fails where it should."""

import tempfile
from pathlib import Path

import pytest

from bench.proof.__main__ import KILLS, prove
from bench.proof.site import Site


@pytest.fixture(scope="module")
def site():
    """A Shipside of its own: gunicorn with two workers, and a PostgreSQL that may be killed."""
    with tempfile.TemporaryDirectory(prefix="shipside-proof-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # where root starts PostgreSQL, another user runs it
        site = Site(Path(folder), workers=2)
        try:
            site.start()
            yield site
        finally:
            site.stop()


def test_no_acknowledged_vote_is_lost_and_none_counts_twice(site):
    proof = prove(site, voters=40, wishes=1_000, every=1.5, name="honest")
    assert (proof.findings.lost, proof.findings.double, proof.tallies, proof.negative) == ([], [], [], 0)
    assert proof.findings.strangers <= proof.findings.unanswered_firsts
    assert proof.findings.acknowledged >= 1_000
    assert set(proof.kills) == set(KILLS)
    assert proof.holds, str(proof)


def test_it_fails_when_the_tally_does_not_follow(site):
    with site.connect() as connection:
        connection.execute("ALTER TABLE votes_vote DISABLE TRIGGER USER")
        try:
            proof = prove(site, voters=5, wishes=60, kill=(), name="without-triggers")
        finally:
            connection.execute("ALTER TABLE votes_vote ENABLE TRIGGER USER")
    assert (proof.holds, proof.tallies != [], proof.findings.lost) == (False, True, [])


def test_it_fails_when_the_answer_comes_before_the_commit(site):
    site.switch("bench.proof.late_wsgi:application")
    proof = prove(site, voters=8, wishes=30, kill=("master",), every=2.0, name="late")
    assert not proof.holds
    assert proof.findings.lost != []
