"""Proof that a cluster loses no acknowledged vote, counts none twice, sends no mail twice, and shows nothing old.

    make prove-cluster

It runs everything on this machine, with the files in deploy/: three PostgreSQL servers under Patroni with etcd and
synchronous replication, HAProxy, PgBouncer in transaction mode, two instances of the site, nginx, and a worker. While
voters vote, an editor edits, and an issue of the newsletter is sent, it kills the primary (SIGKILL), a replica, and an
instance of the site, freezes the machine of the primary (SIGSTOP) until another one has taken over, and switches the
primary over by hand. A probe votes, and another reads a page, up to five times a second. Each answer is compared
with what was acknowledged before it was asked for.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from bench import nginx
from bench.cluster import programs
from bench.cluster.database import Database
from bench.cluster.pooler import can_prepare, read_version
from bench.cluster.readers import PROBE, Availability, Probes, SecureConnection
from bench.newsletter import SUBSCRIBERS, WORKER, NewsletterFindings, judge
from bench.proof.evidence import VoteFindings, check, count_unanswered_pages, read_logs
from bench.proof.site import Site
from bench.proof.voters import Crowd

FROZEN = 40  # seconds; Patroni lets another node take over after 20
CALM = 5  # seconds between the end of one failure and the next
PATIENCE = 600  # seconds for the last votes and mails


@dataclass
class ClusterEvent:
    """A fault of the cluster, and for how many seconds votes, pages, and the cluster itself did not work."""

    name: str
    votes: float  # seconds without a vote that was acknowledged, at most
    pages: float
    whole: float  # seconds until the cluster was whole again


@dataclass
class ClusterProof:
    """The result of one run."""

    findings: VoteFindings
    mails: NewsletterFindings
    probes: Probes
    seconds: float
    events: list[ClusterEvent]
    probe_rows: int
    differences: list[str]
    """What verify_tally reports, and what pages show that is not in the database."""
    refusals: dict[str, int] = field(default_factory=dict)
    replica: dict[str, int] = field(default_factory=dict)

    @property
    def lost_probes(self) -> int:
        return max(self.probes.acknowledged_votes - self.probe_rows, 0)

    @property
    def holds(self) -> bool:
        findings = self.findings
        return not (
            findings.lost or findings.double or self.lost_probes or self.differences or self.probes.stale
            or not self.mails.is_proof or findings.strangers > findings.unanswered_firsts
            or self.probe_rows > self.probes.sent_votes
        )  # fmt: skip

    def __str__(self) -> str:
        probes, findings = self.probes, self.findings
        events = [
            f"  {event.name:<34} {event.votes:>7.1f} {event.pages:>7.1f} {event.whole:>7.1f}" for event in self.events
        ]
        pooler = f"{'.'.join(map(str, read_version()))}, {'with' if can_prepare() else 'without'} prepared statements"
        return "\n".join([
            f"PgBouncer               {pooler}",
            f"votes acknowledged      {findings.acknowledged + probes.acknowledged_votes:,} in {self.seconds:.0f} s",
            f"edits acknowledged      {len(probes.edits.successes):,}",
            f"pages compared          {len(probes.pages.successes):,}; rendered from: {_format(self.replica)}",
            f"not acknowledged        {_format(self.refusals)}",
            f"failed probes           votes: {_format(probes.votes.reasons)}; pages: {_format(probes.pages.reasons)}",
            "seconds without           votes   pages   until the cluster was whole",
            *events,
            f"acknowledged votes lost {len(findings.lost) + self.lost_probes}",
            f"counted twice           {len(findings.double)}",
            f"pages that were old     {len(probes.stale)}",
            f"differences at the end  {len(self.differences)}",
            str(self.mails),
            *findings.lost[:5], *findings.double[:5], *probes.stale[:5], *self.differences[:5],
        ])  # fmt: skip


def _format(counts: dict[str, int]) -> str:
    return ", ".join(f"{number:,} × {name}" for name, number in sorted(counts.items())) or "none"


class Cluster:
    """Everything that runs, on one machine."""

    def __init__(self, folder: Path, *, readers: int, mails_per_second: float) -> None:
        self.folder, self.readers = folder, readers
        self.database = Database(folder)
        self.port, mail_port = nginx.find_port(), nginx.find_port()
        self.ledger = folder / "ledger"
        self.mail_server = [sys.executable, "-m", "bench.mailserver", str(mail_port), str(self.ledger)]
        (folder / "one-site").mkdir()
        (folder / "two-site").mkdir()
        self.sites = [Site(folder / name, workers=2, static=folder / "static") for name in ("one-site", "two-site")]
        common = {
            "DATABASE_URL": self.database.url,
            "DATABASE_REPLICA_URL": self.database.replica_url,
            "DATABASE_PREPARE": str(can_prepare()).lower(),
            "SECRET_KEY": self.sites[0].environment["SECRET_KEY"],
            "ALLOWED_HOSTS": f"{nginx.HOST},127.0.0.1",
            "SITE_URL": f"https://{nginx.HOST}:{self.port}",
            "SECURE_SSL_REDIRECT": "false",  # nginx does it
            "TRUSTED_PROXY_COUNT": "2",  # nginx, and the voters, who say which network they are in
            "METRICS_TOKEN": "proof",
            "MEDIA_ROOT": str(folder / "media"),
            "MAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "NEWSLETTER_MAILS_PER_SECOND": str(mails_per_second),
            "NEWSLETTER_LEASE_SECONDS": "8",
            "NEWSLETTER_RETRY_SECONDS": "0.5",
        }
        for site in self.sites:
            site.environment |= common
        self._over = threading.Event()
        self.restarts = 0

    @contextmanager
    def run(self) -> Iterator[None]:
        """Start everything, and stop it at the end of the block, however it ends."""
        with ExitStack() as stack:
            stack.callback(self.database.stop)
            self.database.start()
            first = self.sites[0]
            first.manage("migrate", "--verbosity", "0")
            first.manage("import_catalog", "demo/catalog.json", "--verbosity", "0")
            first.manage("collectstatic", "--no-input", "--verbosity", "0")
            for site in self.sites:
                stack.callback(site.stop)
                site.serve()
            upstream = f"127.0.0.1:{self.sites[0].port};\n    server 127.0.0.1:{self.sites[1].port}"
            stack.enter_context(
                nginx.serve(upstream, static_root=self.folder / "static", port=self.port, rate="100000r/s")
            )
            self._start_issue()
            mail_server = subprocess.Popen(self.mail_server, cwd=programs.ROOT)
            stack.callback(mail_server.wait)
            stack.callback(mail_server.kill)
            worker = threading.Thread(target=self._keep_worker)
            worker.start()
            stack.callback(worker.join)
            stack.callback(self._over.set)
            yield

    def _start_issue(self) -> None:
        """Let an issue be due, to be sent as soon as there is a worker."""
        with self.database.connect() as connection:
            connection.execute(SUBSCRIBERS, [self.readers])
        lines = [
            "from django.core.management import call_command",
            "from newsletter import issuing, models",
            "call_command('compose_issue', since='2000-01-01')",
            "models.Issue.objects.update(state='ready')",
            "issuing.start(issue=models.Issue.objects.get())",
        ]
        self.sites[0].manage("shell", "--no-imports", "--command", "\n".join(lines))

    def _keep_worker(self) -> None:
        """Run a worker, and start another one if it ends, as systemd does."""
        with (self.folder / "worker.log").open("ab") as log:
            while not self._over.is_set():
                process = subprocess.Popen(
                    [sys.executable, *WORKER], cwd=programs.ROOT, env=self.sites[0].environment, stdout=log, stderr=log
                )
                while process.poll() is None:
                    if self._over.wait(0.5):
                        process.terminate()
                        process.wait(timeout=60)
                self.restarts += 1

    def count_unsent(self) -> int:
        with self.database.connect() as connection:
            row = connection.execute(
                "SELECT count(*) FROM newsletter_delivery WHERE state IN ('queued', 'sending')"
            ).fetchone()
        return row[0] if row else 0

    # -- What is done to it -----------------------------------------------------------------------------

    def kill_primary(self) -> None:
        self.database.primary.kill_postgres()

    def kill_replica(self) -> None:
        self.database.synchronous_replica.kill_postgres()

    def kill_site(self) -> None:
        self.sites[1].kill_master()

    def freeze_primary(self) -> None:
        node = self.database.primary
        node.signal(signal.SIGSTOP)
        time.sleep(FROZEN)
        node.signal(signal.SIGCONT)

    def list_events(self) -> list[tuple[str, Callable[[], None]]]:
        return [
            ("primary killed", self.kill_primary),
            ("synchronous replica killed", self.kill_replica),
            ("instance of the site killed", self.kill_site),
            (f"primary's machine frozen for {FROZEN} s", self.freeze_primary),
            ("primary switched over by hand", self.database.switch_over),
        ]


def cause_events(cluster: Cluster, probes: Probes) -> list[ClusterEvent]:
    """Cause one fault after the other, and wait each time until the cluster is whole again."""
    events = []
    for name, act in cluster.list_events():
        time.sleep(CALM)
        started = time.monotonic()
        print(f"{name} ...", flush=True)  # noqa: T201
        act()
        time.sleep(CALM)  # until Patroni has noticed
        cluster.database.wait_until_whole()
        ended = time.monotonic()
        _wait_for_success(probes.votes, probes.pages)
        pauses = [line.longest_pause(started, time.monotonic()) for line in (probes.votes, probes.pages)]
        events.append(ClusterEvent(name, *pauses, ended - started))
    return events


def _wait_for_success(*lines: Availability) -> None:
    """Wait until each has succeeded again, for at most a minute."""
    before = [len(line.successes) for line in lines]
    until = time.monotonic() + 60
    while time.monotonic() < until and any(
        len(line.successes) == count for line, count in zip(lines, before, strict=True)
    ):
        time.sleep(0.1)


def prove(cluster: Cluster, *, voters: int, wishes: int) -> ClusterProof:
    """Vote, edit, and send on a running cluster while its parts fail, then judge the result."""
    logs = cluster.folder / "logs"
    logs.mkdir()
    with cluster.database.connect() as connection:
        rows = connection.execute("SELECT slug FROM tools_tool WHERE slug <> %s ORDER BY slug", [PROBE]).fetchall()
    probes = Probes(cluster.database, cluster.port)
    events: list[ClusterEvent] = []
    is_done = threading.Event()
    crowd = Crowd(
        port=cluster.port, tools=[row[0] for row in rows], folder=logs, voters=voters, wishes=wishes,
        is_enough=is_done.is_set, connect=SecureConnection,
    )  # fmt: skip
    started = time.monotonic()
    probes.start()
    with ThreadPoolExecutor(1) as threads:
        voting = threads.submit(asyncio.run, crowd.run())
        try:
            events = cause_events(cluster, probes)
            is_done.set()
            voting.result()
            _wait_until_sent(cluster)
        finally:
            crowd.stop()
            probes.stop()
    return _judge(cluster, crowd, probes, events, time.monotonic() - started)


def _wait_until_sent(cluster: Cluster) -> None:
    until = time.monotonic() + PATIENCE
    while cluster.count_unsent() and time.monotonic() < until:
        time.sleep(1)


def _judge(cluster: Cluster, crowd: Crowd, probes: Probes, events: list[ClusterEvent], seconds: float) -> ClusterProof:
    time.sleep(1)  # let the last unanswered requests finish
    with cluster.database.connect() as connection:
        votes = connection.execute(
            "SELECT replace(visitor::text, '-', ''), slug, choice FROM votes_vote "
            "JOIN tools_tool ON tools_tool.id = tool_id"
        ).fetchall()
        tallies = connection.execute(
            "SELECT slug, sum(ship), sum(skip) FROM votes_tally JOIN tools_tool ON tools_tool.id = tool_id GROUP BY 1"
        ).fetchall()
        mails = connection.execute(
            "SELECT email, delivery.state, delivery.reason FROM newsletter_subscriber AS subscriber "
            "LEFT JOIN newsletter_delivery AS delivery ON delivery.subscriber_id = subscriber.id"
        ).fetchall()
    findings = check(
        read_logs(crowd.folder),
        (row for row in votes if row[1] != PROBE),
        unanswered_pages=count_unanswered_pages(crowd.folder),
    )
    verification = cluster.sites[0].manage("verify_tally", check=False)
    differences = (verification.stdout + verification.stderr).splitlines() if verification.returncode else []
    for site in cluster.sites:
        differences += _compare_pages(site, {slug: (ship, skip) for slug, ship, skip in tallies}, probes)
    ledger = cluster.ledger.read_text().splitlines() if cluster.ledger.exists() else []
    return ClusterProof(
        findings, judge(mails, ledger, {}), probes, seconds, events,
        probe_rows=sum(row[1] == PROBE for row in votes),
        differences=differences,
        refusals=crowd.refusals,
        replica=_count_replica(cluster.sites),
    )  # fmt: skip


def _compare_pages(site: Site, tallies: dict[str, tuple[int, int]], probes: Probes) -> list[str]:
    """Return what an instance of the site shows that is not what the database holds."""
    differences = []
    for slug, counts in tallies.items():
        page = json.loads(_ask(site, f"/tools/{slug}.json"))
        shown = page["community"]["ship"], page["community"]["skip"]
        if shown != counts:
            differences.append(f"{slug} shows {shown}, not {counts}")
        if slug == PROBE and int(page["tagline"].removeprefix("Edit ")) < probes.acknowledged_edit:
            differences.append(f"{slug} shows {page['tagline']}, not edit {probes.acknowledged_edit}")
    return differences


def _count_replica(sites: list[Site]) -> dict[str, int]:
    """Return how often the instances have rendered a page from a replica, as they count since they were started."""
    counts: dict[str, int] = {}
    for site in sites:
        for line in _ask(site, "/metrics").decode().splitlines():
            if line.startswith("shipside_replica_reads_total"):
                name = line.partition('"')[2].partition('"')[0]
                counts[name] = counts.get(name, 0) + int(float(line.split()[-1]))
    return counts


def _ask(site: Site, path: str) -> bytes:
    headers = {"X-Forwarded-Proto": "https", "Authorization": "Bearer proof", "X-Forwarded-For": "10.0.0.1, 127.0.0.1"}
    with urllib.request.urlopen(
        urllib.request.Request(f"http://127.0.0.1:{site.port}{path}", headers=headers), timeout=60
    ) as answer:  # fmt: skip
        content: bytes = answer.read()
    return content


def _stop(*_: object) -> NoReturn:
    raise SystemExit("bench: stopped.")


def main() -> None:
    parser = argparse.ArgumentParser(prog="prove-cluster", description=__doc__)
    parser.add_argument("--votes", type=int, default=20_000, help="number of acknowledged votes to reach")
    parser.add_argument("--voters", type=int, default=20)
    parser.add_argument("--readers", type=int, default=5_000, help="subscribers of the newsletter")
    parser.add_argument("--mails", type=float, default=20, help="mails per second, so that they are sent all the time")
    parser.add_argument("--keep", type=Path, help="where to copy the logs")
    options = parser.parse_args()
    if missing := programs.find_missing():
        raise SystemExit("The proof of the cluster needs more. First:\n  " + "\n  ".join(missing))
    signal.signal(signal.SIGTERM, _stop)
    with tempfile.TemporaryDirectory(prefix="shipside-cluster-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        cluster = Cluster(folder, readers=options.readers, mails_per_second=options.mails)
        try:
            with cluster.run():
                proof = prove(cluster, voters=options.voters, wishes=options.votes)
        finally:
            if options.keep:
                keep_logs(folder, options.keep)
    print(proof)  # noqa: T201
    sys.exit(0 if proof.holds else 1)


def keep_logs(folder: Path, target: Path) -> None:
    """Copy what the programs have said."""
    target.mkdir(parents=True, exist_ok=True)
    for path in [*folder.glob("*.log"), *folder.glob("*/*.log")]:
        with suppress(OSError):
            (target / "-".join(path.relative_to(folder).parts)).write_bytes(path.read_bytes())


if __name__ == "__main__":
    main()
