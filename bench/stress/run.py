"""One run: everybody works, and then it is judged."""

import asyncio
import json
import statistics
import threading
import time
import traceback
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from bench.browser import Answer, Browser
from bench.proof.evidence import VoteFindings, check, count_unanswered_pages, read_logs
from bench.proof.site import Site
from bench.proof.voters import Crowd
from bench.stress.content import StressContent
from bench.stress.roles import DEEDS, KINDS, Couple, PageReader, Role

WORKERS, THREADS = 2, 4  # of gunicorn
SETTINGS = {
    "REQUIRE_MFA": "false",
    "BURST_VOTES": "40",  # so that votes are held, and moderators have work
    "WEB_THREADS": str(THREADS),
}
USERS = ["ada", "bob", "cleo", "dan", "eve", "finn", "gus", "hal", "iris"]
READERS, VOTERS = 3, 6
LONG_WAIT = "1s"  # for a lock
PAUSE = 0.3  # seconds between two things that a person does

# Prints a session for each user. Signing in by password, which takes most of a second of CPU, is not what is tested.
_ADD_USERS = """
from django.conf import settings
from django.test import Client
from accounts.models import User
for name in {names}:
    client = Client()
    client.force_login(User.objects.get_or_create(username=name, is_staff=True, is_superuser=True)[0])
    print(settings.SESSION_COOKIE_NAME, client.cookies[settings.SESSION_COOKIE_NAME].value)
"""


@dataclass
class StressReport:
    """What happened. `problems` lists, in sentences, everything that must not."""

    responses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """Statuses by role."""
    deeds: Counter[str] = field(default_factory=Counter)
    """How often each deed succeeded."""
    reader_waits: list[float] = field(default_factory=list)
    most_waiting: int = 0
    """How many sessions waited for locks at once, and for long."""
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            *(f"{role:12} {_format_counts(counts)}" for role, counts in sorted(self.responses.items())),
            f"\n{_format_counts(self.deeds)}",
        ]
        if self.reader_waits:
            worst, median = max(self.reader_waits), statistics.median(self.reader_waits)
            lines.append(f"readers waited {median:.3f} s (median), {worst:.3f} s at most")
        lines.append(f"at most {self.most_waiting} sessions waited for locks at once for more than {LONG_WAIT}")
        lines.append("\n".join(self.problems) or "nothing failed")
        return "\n".join(lines)


def _format_counts(counts: Counter[int] | Counter[str]) -> str:
    return ", ".join(f"{number:,} × {name}" for name, number in sorted(counts.items(), key=str))


class Stress:
    """Everybody at once, for some seconds, on a running site."""

    def __init__(self, site: Site, *, imported: int) -> None:
        self.site, self.imported = site, imported
        self.content = StressContent.read(site)
        self.report = StressReport()
        demo = json.loads((Path(__file__).resolve().parents[2] / "demo/catalog.json").read_text())
        # A file that calls a tool by its former slug is refused. So what is renamed is not in the file.
        named = [*self.content.tools][::2]
        self.demo_tools = [tool for tool in demo["tools"] if tool["slug"] in named]
        self.to_rename = {pk for slug, pk in self.content.tools.items() if slug not in named}
        self._deadlocks_before = self._count_deadlocks()
        self._over, self._lock = threading.Event(), threading.Lock()

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    def note(self, role: str, answer: Answer) -> None:
        with self._lock:
            self.report.responses[role][answer.status] += 1
        told_when = answer.status == HTTPStatus.SERVICE_UNAVAILABLE and "retry-after" in answer.headers
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not told_when:
            self.fail(f"{role} got {answer.status}")

    def fail(self, problem: str) -> None:
        with self._lock:
            self.report.problems.append(problem)

    def find_newest_draft(self, table: str) -> int | None:
        """Return the primary key of the newest row that was never published."""
        with self.site.connect() as connection:
            row = connection.execute(f"SELECT max(id) FROM {table} WHERE published_at IS NULL").fetchone()  # type: ignore[arg-type] # noqa: S608 (ours)
        return int(str(row[0])) if row and row[0] is not None else None

    def run(self, *, seconds: float, patience: float = 120, name: str = "logs") -> StressReport:
        """Let everybody work, at most `patience` seconds longer until each deed was done, then judge what is left."""
        printed = self.site.manage("shell", "--no-imports", "-v", "0", "-c", _ADD_USERS.format(names=USERS)).stdout
        sessions = [dict([line.split()]) for line in printed.splitlines()]
        people: list[Role] = [
            *(PageReader(self) for _ in range(READERS)),
            Couple(self),
            *(
                kind(self, user=user, session=session)
                for kind, user, session in zip(KINDS, USERS, sessions, strict=True)
            ),
        ]
        folder = self.site.folder / name
        folder.mkdir()
        crowd = Crowd(
            port=self.site.port, tools=[*self.content.tools], folder=folder, voters=VOTERS, wishes=0,
            is_enough=self._over.is_set,
        )  # fmt: skip
        with ThreadPoolExecutor(len(people) + 2) as threads:
            working = [threads.submit(self._work, person) for person in people]
            working.append(threads.submit(self._watch_waits))
            voting = threads.submit(asyncio.run, crowd.run())
            time.sleep(seconds)
            until = time.monotonic() + patience
            while self._find_missing(crowd) and time.monotonic() < until:
                time.sleep(0.2)
            self._over.set()
            for done in working:
                done.result()
            crowd.stop()
            voting.result()
        self._judge(crowd, folder)
        return self.report

    def _find_missing(self, crowd: Crowd) -> list[str]:
        """Return the deeds that were not done yet."""
        done = {*self.report.deeds, *(["vote acknowledged"] if crowd.acknowledged else [])}
        return [deed for deed in DEEDS if deed not in done]

    def _work(self, person: Role) -> None:
        try:
            while not self._over.wait(PAUSE):
                person.step()
        except Exception:
            self.fail(f"{person.name}: {traceback.format_exc()}")
        finally:
            person.browser.close()

    def _watch_waits(self) -> None:
        with self.site.connect() as connection:
            while not self._over.wait(0.1):
                row = connection.execute(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE wait_event_type = 'Lock' AND query_start < clock_timestamp() - %s::interval",
                    [LONG_WAIT],
                ).fetchone()
                self.report.most_waiting = max(self.report.most_waiting, int(str(row[0])) if row else 0)

    def _count_deadlocks(self) -> int:
        with self.site.connect() as connection:
            row = connection.execute("SELECT sum(deadlocks) FROM pg_stat_database").fetchone()
        return int(str(row[0])) if row else 0

    def _judge(self, crowd: Crowd, folder: Path) -> None:
        report = self.report
        report.deeds["vote acknowledged"] = crowd.acknowledged
        for deed in self._find_missing(crowd):
            self.fail(f"never happened: {deed}")
        for refusal, number in crowd.refusals.items():
            with suppress(ValueError, IndexError):
                status = int(refusal.split()[1])
                report.responses["voter"][status] += number
                if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.SERVICE_UNAVAILABLE:
                    self.fail(f"voters got {refusal}")
        time.sleep(1)  # the statistics of sessions arrive a little later
        if found := self._count_deadlocks() - self._deadlocks_before:
            self.fail(f"{found} deadlocks")
        if report.most_waiting >= WORKERS * THREADS:
            self.fail(f"{report.most_waiting} sessions waited for locks at once, which leaves readers no thread")
        with self.site.connect() as connection:
            rows = connection.execute(
                "SELECT replace(visitor::text, '-', ''), tool_id::text, choice FROM votes_vote"
            ).fetchall()
        findings = self._check_votes(folder, [(str(one), str(two), str(three)) for one, two, three in rows])
        for problem in (*findings.lost, *findings.double):
            self.fail(f"votes: {problem}")
        self._vote_last()
        verification = self.site.manage("verify_tally", check=False)
        if verification.returncode:
            self.fail(f"tallies: {verification.stdout}{verification.stderr}")

    def _vote_last(self) -> None:
        """Vote again on each tool. During a long import, lists may lag behind until the next vote (decision 5)."""
        visitor = Browser(self.site.port)
        for slug in self.content.tools:
            visitor.send(f"/tools/{slug}/vote/", [("choice", "ship")])
        visitor.close()

    def _check_votes(self, folder: Path, rows: list[tuple[str, str, str]]) -> VoteFindings:
        slugs = {str(pk): slug for slug, pk in self.content.tools.items()}  # as they were before any rename
        stored = [(visitor, slugs[tool], choice) for visitor, tool, choice in rows if tool in slugs]
        return check(read_logs(folder), stored, unanswered_pages=count_unanswered_pages(folder))
