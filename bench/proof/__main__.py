"""Proof that no acknowledged vote is lost and none is counted twice, no matter which process is killed.

    make prove-votes

It starts its own Shipside and lets 200 voters cast, change, and withdraw votes concurrently. Every request is repeated,
and many are sent twice at once. In the meantime it kills with SIGKILL, in rotation, a worker, a PostgreSQL backend,
gunicorn's master, and the postmaster. Voters log to disk what they request and what was acknowledged. At the end the
rows and tallies are compared with the logs.
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

from bench.proof.evidence import Findings, check, count_unanswered_pages, read_logs
from bench.proof.site import Site
from bench.proof.voters import Crowd

KILLS = ("worker", "backend", "master", "postmaster")
MAX_KILLS = 24  # otherwise a slow machine would do nothing but restart


@dataclass
class VoteProof:
    """The result of one run."""

    findings: Findings
    crowd: Crowd
    kills: Counter[str]
    seconds: float
    tallies: list[str] = field(default_factory=list)
    """The differences that verify_tally reports."""
    negative: int = 0

    @property
    def holds(self) -> bool:
        findings = self.findings
        has_unexplained_rows = findings.strangers > findings.unanswered_firsts
        return not (findings.lost or findings.double or self.tallies or self.negative or has_unexplained_rows)

    def __str__(self) -> str:
        findings, crowd = self.findings, self.crowd
        lines = [
            f"votes acknowledged            {findings.acknowledged:,} of {findings.wishes:,} requested, "
            f"in {self.seconds:.0f} s",
            f"replayed byte for byte        {crowd.replayed:,}",
            f"sent twice at once            {crowd.at_once:,}",
            f"without a response            {crowd.unanswered:,} ({_format_counts(crowd.refusals)})",
            f"killed                        {_format_counts(self.kills)}",
            f"rows compared with the logs   {findings.pairs:,} pairs of visitor and tool",
            f"visitors without a response   {findings.unanswered_firsts}, of whom {findings.strangers} have rows",
            f"tallies that differ           {len(self.tallies)}",
            f"tallies below zero            {self.negative}",
            f"acknowledged votes lost       {len(findings.lost)}",
            f"counted twice                 {len(findings.double)}",
        ]
        return "\n".join([*lines, *findings.lost[:5], *findings.double[:5], *self.tallies[:5]])


def _format_counts(counts: "Counter[str] | dict[str, int]") -> str:
    return ", ".join(f"{number} × {name}" for name, number in sorted(counts.items())) or "none"


def prove(
    site: Site, *, voters: int, wishes: int, kill: tuple[str, ...] = KILLS, every: float = 3.0, name: str = "logs"
) -> VoteProof:
    """Vote on a running site while its parts are killed in rotation, then judge the result.

    `every` is the minimum number of seconds between two kills. Each part is killed at least once, and a kill waits
    until a fair share of the votes has been acknowledged since the last one.
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
    started = time.monotonic()
    with ThreadPoolExecutor(2) as threads:  # the caller may run its own event loop
        voting = threads.submit(asyncio.run, crowd.run())
        killing = threads.submit(_kill, site, kill, every, wishes // MAX_KILLS, over, kills, crowd)
        killing.add_done_callback(lambda done: done.exception() and crowd.stop())
        voting.add_done_callback(lambda _: over.set())
        try:
            killing.result()
            voting.result()
        finally:
            over.set()
            crowd.stop()
    seconds = time.monotonic() - started
    return _judge(site, folder, crowd, kills, seconds)


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
    while parts and not over.wait(every) and crowd.is_voting:  # the last replays may finish in peace
        if crowd.acknowledged - acknowledged < max(between, 1):
            continue
        acknowledged = crowd.acknowledged
        part = parts[turn % len(parts)]
        if getattr(site, f"kill_{part}")():
            kills[part] += 1
        turn += 1


def _judge(site: Site, folder: Path, crowd: Crowd, kills: "Counter[str]", seconds: float) -> VoteProof:
    time.sleep(1)  # let the last unanswered requests finish
    with site.connect() as connection:
        rows = connection.execute(
            "SELECT replace(visitor::text, '-', ''), slug, choice FROM votes_vote "
            "JOIN tools_tool ON tools_tool.id = tool_id"
        ).fetchall()
        negative = connection.execute(
            "SELECT count(*) FROM votes_tally WHERE ship < 0 OR skip < 0 OR held < 0"
        ).fetchone()
    findings = check(
        read_logs(folder),
        ((str(a), str(b), str(c)) for a, b, c in rows),
        unanswered_pages=count_unanswered_pages(folder),
    )
    verification = site.manage("verify_tally", check=False)
    return VoteProof(
        findings, crowd, kills, seconds,
        tallies=(verification.stdout + verification.stderr).splitlines() if verification.returncode else [],
        negative=int(str(negative[0])) if negative else 0,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="prove-votes", description=__doc__)
    parser.add_argument("--votes", type=int, default=50_000, help="number of acknowledged votes to reach")
    parser.add_argument("--voters", type=int, default=200)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between two kills")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shipside-proof-", ignore_cleanup_errors=True) as folder:
        site = Site(Path(folder))
        site.folder.chmod(0o755)  # if root starts PostgreSQL, another user runs it
        try:
            site.start()
            proof = prove(site, voters=options.voters, wishes=options.votes, every=options.every)
        finally:
            site.stop()
    print(proof)  # noqa: T201
    sys.exit(0 if proof.holds else 1)


if __name__ == "__main__":
    main()
