"""Proof that no acknowledged vote is lost and none is counted twice, whatever breaks.

    make prove-votes

It starts its own Shipside and lets 200 voters cast, change, and withdraw votes concurrently. Every request is repeated,
and many are sent twice at once. In the meantime things go wrong, in rotation (faults.py): processes are killed or
frozen, connections are cut, the disk of the write-ahead log is full, and a new release with a migration replaces the
one that serves. Voters log to disk what they request and what was acknowledged. At the end the rows and tallies are
compared with the logs.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from bench.proof.evidence import VoteFindings, check, count_unanswered_pages, read_logs
from bench.proof.faults import DISK_FULL, KILLS, Fault, Strike, Toll, VulnerableSite, list_faults, measure_tolls
from bench.proof.voters import Crowd

RARE = ("database frozen", DISK_FULL, "new release")
RARE_EVERY, OTHERS_EVERY = 5, 2  # rounds of kills
SECONDS = (0.5, 2.0, 5.0)  # how long a freeze, a cut, and a full disk last, in turn
PATIENCE = 300  # seconds until a site that takes no votes is given up
BETWEEN = 100  # votes that are acknowledged between two faults, at least


@dataclass
class VoteProof:
    """The result of one run."""

    findings: VoteFindings
    crowd: Crowd
    strikes: list[Strike]
    skipped: list[str]
    """The faults that were not possible here, with the reason."""
    seconds: float
    tallies: list[str] = field(default_factory=list)
    """The differences that verify_tally reports."""
    negative: int = 0

    @property
    def errors(self) -> int:
        """How many answers said that something is wrong with the site itself."""
        return sum(number for answer, number in self.crowd.refusals.items() if " 500 " in answer)

    @property
    def holds(self) -> bool:
        findings = self.findings
        has_unexplained_rows = findings.strangers > findings.unanswered_firsts
        is_wrong = findings.lost or findings.double or self.tallies or self.negative or has_unexplained_rows
        return not (is_wrong or self.errors)

    def __str__(self) -> str:
        findings, crowd = self.findings, self.crowd
        lines = [
            f"votes acknowledged            {findings.acknowledged:,} of {findings.wishes:,} requested, "
            f"in {self.seconds:.0f} s",
            f"replayed byte for byte        {crowd.replayed:,}",
            f"sent twice at once            {crowd.at_once:,}",
            f"without a response            {crowd.unanswered:,} ({_format_counts(crowd.refusals)})",
            f"rows compared with the logs   {findings.pairs:,} pairs of visitor and tool",
            f"visitors without a response   {findings.unanswered_firsts}, of whom {findings.strangers} have rows",
            f"tallies that differ           {len(self.tallies)}",
            f"tallies below zero            {self.negative}",
            f"acknowledged votes lost       {len(findings.lost)}",
            f"counted twice                 {len(findings.double)}",
            f"answers with status 500       {self.errors}",
            "",
            *self._describe_faults(),
        ]
        return "\n".join([*lines, *findings.lost[:5], *findings.double[:5], *self.tallies[:5]])

    def _describe_faults(self) -> list[str]:
        tolls = measure_tolls(self.strikes, self.crowd.acknowledged_at, self.crowd.refused_at)
        return [
            f"{'seconds without a vote':30}{'times':>5}{'median':>8}{'longest':>9}{'refused':>9}",
            *(self._describe_fault(name, of_kind) for name, of_kind in tolls.items()),
            *(f"skipped: {reason}" for reason in self.skipped),
        ]

    @staticmethod
    def _describe_fault(name: str, tolls: Sequence[Toll]) -> str:
        pauses = [toll.pause for toll in tolls]
        refused = sum(toll.refused for toll in tolls)
        return f"{name:30}{len(tolls):5}{statistics.median(pauses):8.1f}{max(pauses):9.1f}{refused:9,}"


def _format_counts(counts: "Counter[str] | dict[str, int]") -> str:
    return ", ".join(f"{number} × {name}" for name, number in sorted(counts.items())) or "none"


def prove(
    site: VulnerableSite,
    *,
    voters: int,
    wishes: int,
    plan: Sequence[Fault] = (),
    every: float = 1.5,
    name: str = "logs",
) -> VoteProof:
    """Vote on a running site while the faults of a plan happen to it one after the other, then judge the result.

    `every` is the minimum number of seconds between two faults. A fault also waits until some more votes have been
    acknowledged since the last one. Voters go on until the plan is done.
    """
    folder = site.folder / name
    folder.mkdir()
    with site.connect() as connection:
        connection.execute("TRUNCATE votes_vote CASCADE")
        tools = [str(row[0]) for row in connection.execute("SELECT slug FROM tools_tool ORDER BY slug")]
    possible = [fault for fault in plan if fault.name != DISK_FULL or not site.disk.why_not]
    skipped = [f"{DISK_FULL}, because {site.disk.why_not}"] if len(possible) < len(plan) else []
    strikes, is_done = _Strikes(site, possible, every), threading.Event()
    crowd = Crowd(port=site.port, tools=tools, folder=folder, voters=voters, wishes=wishes, is_enough=is_done.is_set)
    started = time.monotonic()
    with ThreadPoolExecutor(2) as threads:  # the caller may run its own event loop
        voting = threads.submit(asyncio.run, crowd.run())
        striking = threads.submit(strikes.run, crowd, min(BETWEEN, wishes // max(len(plan), 1)))
        striking.add_done_callback(lambda done: crowd.stop() if done.exception() else is_done.set())
        voting.add_done_callback(lambda _: strikes.over.set())
        try:
            striking.result()
            voting.result()
        finally:
            strikes.over.set()
            crowd.stop()
    seconds = time.monotonic() - started
    return _judge(site, folder, VoteProof(VoteFindings(), crowd, strikes.done, skipped, seconds))


class _Strikes:
    """The faults of a plan, each as often as it takes to happen once."""

    def __init__(self, site: VulnerableSite, plan: Sequence[Fault], every: float) -> None:
        self.site, self.plan, self.every = site, plan, every
        self.done: list[Strike] = []
        self.over = threading.Event()

    def run(self, crowd: Crowd, between: int) -> None:
        acknowledged, began = 0, time.monotonic()
        for fault in self.plan:
            is_done = False
            while not is_done and not self.over.wait(self.every):
                if crowd.acknowledged - acknowledged < between:
                    if time.monotonic() - began > PATIENCE:
                        raise RuntimeError(f"The site takes no votes any more: {crowd.refusals}")
                    continue
                acknowledged, began = crowd.acknowledged, time.monotonic()
                if is_done := fault.strike(self.site):
                    self.done.append(Strike(fault.name, began))


def _judge(site: VulnerableSite, folder: Path, proof: VoteProof) -> VoteProof:
    time.sleep(1)  # let the last unanswered requests finish
    with site.connect() as connection:
        rows = connection.execute(
            "SELECT replace(visitor::text, '-', ''), slug, choice FROM votes_vote "
            "JOIN tools_tool ON tools_tool.id = tool_id"
        ).fetchall()
        negative = connection.execute(
            "SELECT count(*) FROM votes_tally WHERE ship < 0 OR skip < 0 OR held < 0"
        ).fetchone()
    proof.findings = check(
        read_logs(folder),
        ((str(a), str(b), str(c)) for a, b, c in rows),
        unanswered_pages=count_unanswered_pages(folder),
    )
    verification = site.manage("verify_tally", check=False)
    proof.tallies = (verification.stdout + verification.stderr).splitlines() if verification.returncode else []
    proof.negative = int(str(negative[0])) if negative else 0
    return proof


def list_plan(kills: int) -> list[Fault]:
    """Return faults in rotation, with at least so many kills."""
    plan: list[Fault] = []
    durations = cycle(SECONDS)
    for number in range(-(-kills // len(KILLS))):
        plan += KILLS
        is_due, is_rare_due = number % OTHERS_EVERY == 0, number % RARE_EVERY == 0
        others = [fault for fault in list_faults(next(durations)) if fault not in KILLS]
        plan += [fault for fault in others if (is_rare_due if fault.name in RARE else is_due)]
    return plan


def main() -> None:
    parser = argparse.ArgumentParser(prog="prove-votes", description=__doc__)
    parser.add_argument("--votes", type=int, default=50_000, help="number of acknowledged votes to reach")
    parser.add_argument("--voters", type=int, default=200)
    parser.add_argument("--kills", type=int, default=100, help="number of kills to reach; other faults are added")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shipside-proof-", ignore_cleanup_errors=True) as folder:
        site = VulnerableSite(Path(folder))
        site.folder.chmod(0o755)  # if root starts PostgreSQL, another user runs it
        try:
            site.start()
            proof = prove(site, voters=options.voters, wishes=options.votes, plan=list_plan(options.kills))
        finally:
            site.stop()
    print(proof)  # noqa: T201
    sys.exit(0 if proof.holds else 1)


if __name__ == "__main__":
    main()
