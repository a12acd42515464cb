"""A short run of everybody at once (`make stress` is the long one), which must also fail where it should."""

import os
import signal
import tempfile
from pathlib import Path

import pytest

from bench.proof.site import Site
from bench.stress import DEEDS, SETTINGS, Stress

WAIT = 10.0  # seconds for a save, and more than the CPU alone makes readers wait while other tests run


@pytest.fixture(scope="module")
def site():
    """Run a separate Shipside: gunicorn with two workers, and its own PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="shipside-stress-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # if root starts PostgreSQL, another user runs it
        site = Site(Path(folder), workers=2, static=Path(os.environ["STATIC_ROOT"]))
        site.environment |= SETTINGS | {"LOCK_WAIT_SECONDS": str(WAIT)}
        try:
            site.start()
            yield site
        finally:
            site.stop(signal.SIGKILL)


def test_nothing_fails_while_everybody_works(site):
    report = Stress(site, imported=50).run(seconds=5)
    assert report.problems == []
    assert all(report.deeds[deed] for deed in DEEDS), str(report)
    assert max(report.reader_waits) < WAIT
