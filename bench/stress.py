"""Everybody at once: readers, voters, editors, publishers, imports, and moderators on one running site.

`make stress`, or `python -m bench.stress [--seconds 60]`. The site has a PostgreSQL of its own. The crowd works on the
same few tools, so that locks taken in different orders would meet. It proves that nothing fails: no response is an
error of the server, no import dies, PostgreSQL ends no transaction as a deadlock, no reader waits for others' locks,
nothing typed is lost, and in the end every acknowledged vote is stored and the tallies and the ledger equal the votes.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType

from bench.browser import Answer, Browser, change
from bench.proof.evidence import Findings, check, count_unanswered_pages, read_logs
from bench.proof.site import Site
from bench.proof.voters import Crowd

WORKERS, THREADS = 2, 4  # of gunicorn
SETTINGS = {
    "REQUIRE_MFA": "false",
    "BURST_VOTES": "40",  # so that votes are held, and moderators have work
    "WEB_THREADS": str(THREADS),
}
USERS = ["ada", "bob", "cleo", "dan", "eve", "finn", "gus", "hal", "iris"]
TOOLS = 3  # on which everybody works
READERS, VOTERS = 3, 6
READER_WAIT = 1.0  # seconds
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


@dataclass(frozen=True)
class Content:
    """The rows on which everybody works: public tools with a review each, by slug and primary key."""

    tools: dict[str, int]
    reviews: list[int]
    reviewers: list[int]
    category: int
    comparison: str

    @classmethod
    def read(cls, site: Site) -> "Content":
        with site.connect() as connection:
            rows = connection.execute(
                "SELECT slug, id, category_id FROM tools_tool"
                " WHERE published_at <= now() AND withdrawn_at IS NULL ORDER BY slug"
            ).fetchall()
            tools = {str(slug): int(str(pk)) for slug, pk, _ in rows[:TOOLS]}
            reviews = connection.execute(
                "SELECT id FROM reviews_review WHERE tool_id = ANY (%s) AND published_at <= now() ORDER BY id",
                [list(tools.values())],
            ).fetchall()
            reviewers = connection.execute("SELECT id FROM reviews_reviewer ORDER BY id").fetchall()
            pair = connection.execute(
                "SELECT a.slug, b.slug FROM comparisons_comparison AS c JOIN tools_tool AS a ON a.id = c.first_id"
                " JOIN tools_tool AS b ON b.id = c.second_id WHERE c.published_at <= now() ORDER BY c.id"
            ).fetchall()
        first, second = sorted(map(str, pair[0]))
        ids = [[int(str(row[0])) for row in of] for of in (reviews, reviewers)]
        return cls(tools, *ids, category=int(str(rows[0][2])), comparison=f"{first}-vs-{second}")


DEEDS = (
    "file imported", "file imported by command", "pair vote cast", "review added", "review deleted", "review put-back",
    "review withdraw", "tool added", "tool deleted", "tool frozen or unfrozen", "tool put-back", "tool renamed",
    "tool saved", "tool withdraw", "vote acknowledged", "votes reject", "votes release",
)  # fmt: skip
"""All deeds, each of which happens in every run."""


# -- Roles -------------------------------------------------------------------------------------------------


class Role:
    """One person who does the same kinds of things again and again. `step` does one."""

    def __init__(self, stress: "Stress", *, user: str = "", session: Mapping[str, str] = MappingProxyType({})) -> None:
        """`session` holds the cookie of the user's session; without a user, it is empty."""
        self.stress, self.content = stress, stress.content
        self.rng = random.Random(f"{type(self).__name__} {user}")  # noqa: S311
        self.browser = Browser(stress.site.port, {**session})

    @property
    def name(self) -> str:
        return type(self).__name__.lower()

    def step(self) -> None:
        raise NotImplementedError

    def note(self, answer: Answer, *, done: str = "") -> Answer:
        """Record a response, and a deed if it redirects, as all pages of the desk do when something was done."""
        self.stress.note(self.name, answer)
        if done and answer.status in (HTTPStatus.FOUND, HTTPStatus.SEE_OTHER):
            self.stress.report.deeds[done] += 1
        return answer

    def open(self, path: str) -> Answer:
        return self.note(self.browser.open(path))

    def submit(self, path: str, *, done: str, needs: tuple[str, ...], **typed: str) -> Answer:
        """Open a page, fill its form, and send it. While others are busy, send the form that is shown again."""
        form = self.open(path).find_form(*needs)
        if form is None:  # somebody else was faster
            return self.open("/admin/")
        answer = self.note(self.browser.send(path, change(form, **typed)), done=done)
        while answer.status == HTTPStatus.SERVICE_UNAVAILABLE and not self.stress.is_over:
            words = {name: value for name, value in typed.items() if not name.startswith("_")}  # without buttons
            again = answer.find_form(*words)
            if again is None or not {*words.items()} <= {*again}:
                self.stress.fail(f"{self.name}: {path} forgot what was typed while others were busy")
                break
            time.sleep(0.5)
            answer = self.note(self.browser.send(path, change(again, **typed)), done=done)
        return answer


class Reader(Role):
    def step(self) -> None:
        tool = self.rng.choice([*self.content.tools])
        paths = ["/", "/tools/", f"/tools/{tool}/", f"/compare/{self.content.comparison}/", "/splits/", "/changes/"]
        path = self.rng.choice(paths)
        answer = self.open(path)
        if answer.status not in (200, 301, 404, 410):
            self.stress.fail(f"a reader got {answer.status} at {path}")
        self.stress.report.reader_waits.append(answer.seconds)


class Couple(Role):
    """Visitors who vote between two tools, all from one network."""

    def step(self) -> None:
        self.browser.cookies.clear()
        for choice in self.rng.choices(["first", "second", "neither", "none"], k=2):
            path = f"/compare/{self.content.comparison}/vote/"
            self.note(self.browser.send(path, [("choice", choice)]), done="pair vote cast")


class Editor(Role):
    """Saves tools: taglines, plans, and a scorecard. Another editor saves the same ones, so there are conflicts."""

    def step(self) -> None:
        tool = self.rng.choice([*self.content.tools.values()])
        typed = {"tagline": f"Tried again {self.rng.random()}"}
        if tool in self.stress.to_rename and self.rng.random() < 0.4:
            typed["rename_to"] = f"tool-{tool}-{self.rng.randrange(10**9)}"
        path = f"/admin/tools/tool/{tool}/change/"
        self.submit(path, done="tool renamed" if "rename_to" in typed else "tool saved", needs=("tagline",), **typed)


class Publisher(Role):
    """Withdraws tools and reviews, and puts them back."""

    def step(self) -> None:
        kind, pk = self.rng.choice([
            ("tools/tool", self.rng.choice([*self.content.tools.values()])),
            ("reviews/review", self.rng.choice(self.content.reviews)),
        ])  # fmt: skip
        noun = kind.partition("/")[2]
        for transition in ("withdraw", "put-back"):
            path = f"/admin/{kind}/{pk}/{transition}/"
            self.submit(path, done=f"{noun} {transition}", needs=("seen", "reason"), reason="Because.")


class Deleter(Role):
    """Adds drafts and deletes them: a review of a tool that others save meanwhile, and a tool."""

    def step(self) -> None:
        tool = str(self.rng.choice([*self.content.tools.values()]))
        seat = str(self.rng.choice(self.content.reviewers))
        words = {"gist": "A draft.", "quote": "A draft.", "flips_if": "Never.", "basis": "read"}
        typed = {"tool": tool, "reviewer": seat, "verdict": "ship", **words}
        added = self.submit("/admin/reviews/review/add/", done="review added", needs=(*typed,), **typed)
        self._delete(added, "reviews", "review")
        number = self.rng.randrange(10**9)
        typed = {"name": f"Draft {number}", "slug": f"draft-{number}", "category": str(self.content.category)}
        added = self.submit("/admin/tools/tool/add/", done="tool added", needs=(*typed,), **typed, _continue="1")
        self._delete(added, "tools", "tool")

    def _delete(self, added: Answer, app: str, model: str) -> None:
        if added.status != HTTPStatus.FOUND:
            return
        pk = self.stress.find_newest_draft(f"{app}_{model}")
        if pk is not None:
            path = f"/admin/{app}/{model}/{pk}/delete/"
            self.submit(path, done=f"{model} deleted", needs=("post",), post="yes")


class Importer(Role):
    """Imports a catalog file at the desk: the dry run, and then the import."""

    path = "/admin/catalog/"

    def step(self) -> None:
        form = self.open(self.path).find_form("file") or []
        content = build_catalog(self.stress.imported, words=f"Uploaded {self.rng.random()}")
        answer = self.note(self.browser.upload(self.path, form, name="stress.json", content=content))
        while not self.stress.is_over:
            form = answer.find_form("upload_token") or []
            if not form:
                break
            is_busy = answer.status == HTTPStatus.SERVICE_UNAVAILABLE
            button = {"check": "Try again"} if is_busy else {"import": "Import now"}
            time.sleep(0.5 if is_busy else 0)
            answer = self.note(self.browser.send(self.path, change(form, **button)), done="file imported")


class Command(Role):
    """Imports a catalog file with the command, which waits as long as it must. It changes what editors save, too."""

    def step(self) -> None:
        path = self.stress.site.folder / "command.json"
        words = f"Imported {self.rng.random()}"
        path.write_bytes(build_catalog(self.stress.imported, words=words, also=self.stress.demo_tools))
        done = self.stress.site.manage("import_catalog", str(path), "--verbosity", "0", check=False)
        if done.returncode:
            self.stress.fail(f"import_catalog died: {done.stdout}{done.stderr}")
        else:
            self.stress.report.deeds["file imported by command"] += 1
        time.sleep(1)


class Moderator(Role):
    """Decides about held votes, takes decisions back, and freezes tools."""

    def step(self) -> None:
        tool = self.rng.choice([*self.content.tools.values()])
        page = f"/admin/votes/vote/tool/{tool}/"
        answer = self.open(page)
        if form := answer.find_form("action", "scope", "until"):
            action = self.rng.choice(["release", "reject"])
            typed = {"action": action, "scope": "all", "reason": "other", "words": "Looked at it."}
            self.note(self.browser.send(f"{page}decide/", change(form, **typed)), done=f"votes {action}")
        if self.rng.random() < 0.3 and (form := answer.find_form("frozen")):
            typed = {"reason": "other", "words": "Too many."}
            self.note(self.browser.send(f"{page}freeze/", change(form, **typed)), done="tool frozen or unfrozen")


KINDS: tuple[type[Role], ...] = (
    Editor, Editor, Publisher, Publisher, Deleter, Importer, Command, Moderator, Moderator,
)  # fmt: skip
"""The roles of USERS."""


# -- The run -----------------------------------------------------------------------------------------------


def build_catalog(number: int, *, words: str, also: list[dict[str, object]] | None = None) -> bytes:
    """Return a catalog file with this many made-up tools, and others whose taglines it changes."""
    made_up = [
        {
            "slug": f"stress-{index}", "name": f"Stress {index}", "category": "developer-tools", "tagline": words,
            "website": "https://example.com/", "published_at": "2026-01-05T00:00:00Z",
            "plans": [{"name": "Pro", "kind": "paid", "amount": 10, "currency": "USD", "period": "month"}],
        }
        for index in range(number)
    ]  # fmt: skip
    changed = [{**tool, "tagline": words} for tool in also or []]
    return json.dumps({"format": "shipside-catalog/2", "tools": made_up + changed}).encode()


class Stress:
    """Everybody at once, for some seconds, on a running site."""

    def __init__(self, site: Site, *, imported: int) -> None:
        self.site, self.imported = site, imported
        self.content = Content.read(site)
        self.report = StressReport()
        demo = json.loads((Path(__file__).resolve().parent.parent / "demo/catalog.json").read_text())
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
            *(Reader(self) for _ in range(READERS)),
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
        """Vote once more on each tool. During a long import, lists may lag behind until the next vote (decision 5)."""
        visitor = Browser(self.site.port)
        for slug in self.content.tools:
            visitor.send(f"/tools/{slug}/vote/", [("choice", "ship")])
        visitor.close()

    def _check_votes(self, folder: Path, rows: list[tuple[str, str, str]]) -> Findings:
        slugs = {str(pk): slug for slug, pk in self.content.tools.items()}  # as they were before any rename
        stored = [(visitor, slugs[tool], choice) for visitor, tool, choice in rows if tool in slugs]
        return check(read_logs(folder), stored, unanswered_pages=count_unanswered_pages(folder))


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
