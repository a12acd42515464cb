"""Everybody at once: readers, voters, editors, publishers, imports, and moderators on one running site.

`make stress`, or `python -m bench.stress [--seconds 60]`. The site has a PostgreSQL of its own. The crowd works on the
same few tools, so that locks taken in different orders would meet. It proves that nothing fails: no response is an
error of the server, no import dies, PostgreSQL ends no transaction as a deadlock, no reader waits for others' locks,
nothing typed is lost, and in the end every acknowledged vote is stored and the tallies and the ledger equal the votes.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from bench.proof.site import Site
from bench.stress.run import SETTINGS, WORKERS, Stress

READER_WAIT = 1.0  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(prog="stress", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--imported", type=int, default=1_000, help="number of tools in an imported file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shipside-stress-", ignore_cleanup_errors=True) as folder:
        site = Site(Path(folder), workers=WORKERS)
        site.environment |= SETTINGS
        site.folder.chmod(0o755)  # if root starts PostgreSQL, another user runs it
        try:
            site.start()
            report = Stress(site, imported=options.imported).run(seconds=options.seconds)
        finally:
            site.stop()
    worst = max(report.reader_waits)
    if worst > READER_WAIT:
        report.problems.append(f"a reader waited {worst:.2f} s; goal: {READER_WAIT:.0f} s")
    print(report)  # noqa: T201
    sys.exit(1 if report.problems else 0)


if __name__ == "__main__":
    main()
