"""A short run of the proof of the votes (`make prove-votes` is the long one), which must also fail where it should."""

import os
import signal
import socket
import tempfile
from pathlib import Path

import pytest

from bench.proof.__main__ import prove
from bench.proof.faults import KILL_MASTER, VulnerableSite, list_faults


@pytest.fixture(scope="module")
def site(prepared_site):
    """Run a separate Shipside: gunicorn with two workers, and a PostgreSQL, of which everything may break."""
    with tempfile.TemporaryDirectory(prefix="shipside-proof-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # if root starts PostgreSQL, another user runs it
        site = VulnerableSite(Path(folder), workers=2, static=Path(os.environ["STATIC_ROOT"]), prepared=prepared_site)
        try:
            site.start()
            yield site
        finally:
            site.stop(signal.SIGKILL)


def test_no_address_is_logged(site):
    """Log no address of voters, nor of clients that send invalid HTTP."""
    for request in (b"GET / HTTP/1.1\r\nno header\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", site.port)) as connection:
            connection.sendall(request)
            assert connection.recv(12) == b"HTTP/1.1 400"
    log = [line for line in (site.folder / "site.log").read_text().splitlines() if "Listening at" not in line]
    assert sum("Invalid request: " in line for line in log) == 2
    assert [line for line in log if "127.0.0.1" in line] == []


def test_no_acknowledged_vote_is_lost_and_none_counts_twice(site):
    faults = list_faults(seconds=0.3)
    proof = prove(site, voters=20, wishes=150, plan=faults, every=0.1, name="honest")
    assert (proof.findings.lost, proof.findings.double, proof.tallies, proof.negative) == ([], [], [], 0)
    assert proof.findings.strangers <= proof.findings.unanswered_firsts
    assert proof.findings.acknowledged >= 150
    assert len(proof.strikes) + len(proof.skipped) == len(faults)
    assert proof.holds, str(proof)


def test_proof_fails_if_tallies_are_not_updated(site):
    with site.connect() as connection:
        connection.execute("ALTER TABLE votes_vote DISABLE TRIGGER USER")
        try:
            proof = prove(site, voters=5, wishes=60, name="without-triggers")
        finally:
            connection.execute("ALTER TABLE votes_vote ENABLE TRIGGER USER")
    assert (proof.holds, proof.tallies != [], proof.findings.lost) == (False, True, [])


def test_proof_fails_if_the_response_precedes_the_commit(site):
    """The server is killed before it commits anything, so the loss is certain: four voters, each sending at most two
    requests at once, never need more than its eight threads, so nobody waits until another vote is committed.
    """
    site.switch("bench.proof.late_wsgi:application")
    proof = prove(site, voters=4, wishes=4, plan=[KILL_MASTER], every=0.5, name="late")
    assert (proof.holds, [strike.name for strike in proof.strikes]) == (False, [KILL_MASTER.name])
    assert proof.findings.lost != []
