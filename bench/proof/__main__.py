"""Prove it: no acknowledged vote is lost, none is counted twice, whatever is killed meanwhile.

    make prove-votes

Starts a Shipside of its own and lets 200 voters vote, change and take back at the same time; each request is sent once
more, and many twice at once. Meanwhile it kills with SIGKILL, in turn and again and again, a worker, a PostgreSQL
backend, gunicorn's master and the postmaster. Voters write to disk what they ask and what was acknowledged. Then the
rows and the tallies are held against that.
"""

import argparse
import asyncio
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from bench.proof.evidence import Findings, check, read, unanswered_pages
from bench.proof.site import Site
from bench.proof.voters import Crowd

KILLS = ("worker", "backend", "master", "postmaster")
KILLINGS = 24  # at most; a slow machine would otherwise do nothing but start anew


@dataclass
class Proof:
    """What one run came to."""

    findings: Findings
    crowd: Crowd
    kills: Counter[str]
    seconds: float
    tallies: list[str] = field(default_factory=list)
    """What verify_tally said was wrong."""
    negative: int = 0

    @property
    def holds(self) -> bool:
        found = self.findings
        return not (
            found.lost or found.double or self.tallies or self.negative or found.strangers > found.unanswered_firsts
        )

    def __str__(self) -> str:
        found, crowd = self.findings, self.crowd
        lines = [
            f"votes acknowledged            {found.acknowledged:,} of {found.wishes:,} asked, in {self.seconds:.0f} s",
            f"sent again, byte for byte     {crowd.replayed:,}",
            f"said twice at once            {crowd.at_once:,}",
            f"without an answer             {crowd.unanswered:,} ({_counts(crowd.refusals)})",
            f"killed                        {_counts(self.kills)}",
            f"rows held against the logs    {found.pairs:,} of visitor and tool",
            f"visitors nobody answered      {found.strangers} with rows, of {found.unanswered_firsts}",
            f"tallies that differ           {len(self.tallies)}",
            f"tallies below zero            {self.negative}",
            f"acknowledged votes lost       {len(found.lost)}",
            f"counted twice                 {len(found.double)}",
        ]
        return "\n".join([*lines, *found.lost[:5], *found.double[:5], *self.tallies[:5]])


def _counts(counts: "Counter[str] | dict[str, int]") -> str:
    return ", ".join(f"{number} × {name}" for name, number in sorted(counts.items())) or "none"


def prove(
    site: Site, *, voters: int, wishes: int, kill: tuple[str, ...] = KILLS, every: float = 3.0, name: str = "logs"
) -> Proof:
    """Vote on a running site and kill its parts in turn, one `every` so many seconds and each at least once, though
    never before a fair share of the votes was acknowledged since the last; then look at what is left.
    """
    folder = site.folder / name
    folder.mkdir()
    with site.connect() as connection:
        connection.execute("TRUNCATE votes_vote CASCADE")
        tools = [str(row[0]) for row in connection.execute("SELECT slug FROM tools_tool ORDER BY slug")]
    over, kills = threading.Event(), Counter[str]()
    crowd = Crowd(
        port=site.port, tools=tools, folder=folder, voters=voters, wishes=wishes,
        is_enough=lambda: set(kills) == set(kill),
    )  # fmt: skip
    began = time.monotonic()
    with ThreadPoolExecutor(2) as threads:  # whoever calls may run an event loop of their own
        voting = threads.submit(asyncio.run, crowd.run())
        killing = threads.submit(_kill, site, kill, every, wishes // KILLINGS, over, kills, crowd)
        killing.add_done_callback(lambda done: done.exception() and crowd.go_home())
        voting.add_done_callback(lambda _: over.set())
        try:
            killing.result()
            voting.result()
        finally:
            over.set()
            crowd.go_home()
    seconds = time.monotonic() - began
    return _look(site, folder, crowd, kills, seconds)


def _kill(
    site: Site,
    parts: tuple[str, ...],
    every: float,
    between: int,
    over: threading.Event,
    kills: "Counter[str]",
    crowd: Crowd,
) -> None:
    turn, acknowledged = 0, 0
    while parts and not over.wait(every):
        if crowd.acknowledged - acknowledged < max(between, 1):
            continue
        acknowledged = crowd.acknowledged
        part = parts[turn % len(parts)]
        if getattr(site, f"kill_{part}")():
            kills[part] += 1
        turn += 1


def _look(site: Site, folder: Path, crowd: Crowd, kills: "Counter[str]", seconds: float) -> Proof:
    time.sleep(1)  # the last requests without an answer come to their end
    with site.connect() as connection:
        rows = connection.execute(
            "SELECT replace(visitor::text, '-', ''), slug, choice FROM votes_vote "
            "JOIN tools_tool ON tools_tool.id = tool_id"
        ).fetchall()
        negative = connection.execute(
            "SELECT count(*) FROM votes_tally WHERE ship < 0 OR skip < 0 OR held < 0"
        ).fetchone()
    findings = check(
        read(folder), ((str(a), str(b), str(c)) for a, b, c in rows), unanswered_pages=unanswered_pages(folder)
    )
    said = site.manage("verify_tally", check=False)
    return Proof(
        findings, crowd, kills, seconds,
        tallies=(said.stdout + said.stderr).splitlines() if said.returncode else [],
        negative=int(str(negative[0])) if negative else 0,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="prove-votes", description=__doc__)
    parser.add_argument("--votes", type=int, default=50_000, help="acknowledged votes to reach")
    parser.add_argument("--voters", type=int, default=200)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between two kills")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shipside-proof-", ignore_cleanup_errors=True) as folder:
        site = Site(Path(folder))
        site.folder.chmod(0o755)  # where root starts PostgreSQL, another user runs it
        try:
            site.start()
            proof = prove(site, voters=options.voters, wishes=options.votes, every=options.every)
        finally:
            site.stop()
    print(proof)  # noqa: T201
    sys.exit(0 if proof.holds else 1)


if __name__ == "__main__":
    main()
