"""The proof of the newsletter: one issue to many, through everything that can go wrong, and nobody has it twice.

`make prove-newsletter`, or `python -m bench.newsletter [--readers 100000] [--workers 3] [--calm]`. It makes a
PostgreSQL and a database of its own, confirmed subscribers and an issue; starts a real mail server that refuses and
breaks off (bench/mailserver.py) and some workers; and while they send it kills workers and PostgreSQL at random
(SIGKILL) and lets readers unsubscribe. Then the server's ledger is held against the deliveries. It ends with an error
unless

- every subscriber has the issue exactly once, or stands as failed, unknown or left, with a reason;
- nobody has it twice;
- nobody has it who had unsubscribed before it was begun.

With `--calm` nothing goes wrong, the server takes every mail at once (bench/sink.py), and it says how many mails a
second went out and how much memory the workers took; then it also ends with an error where a worker has grown by a
quarter.
"""

import argparse
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from config import local_postgres

ROOT = Path(__file__).resolve().parent.parent
SUBSCRIBERS = """
INSERT INTO newsletter_subscriber (email, created_at, confirmed_at, left_reason)
SELECT 'reader' || n || '@example.com', now(), now(), '' FROM generate_series(1, %s) AS n
"""
MEMORY_EVERY = 2.0  # seconds
LEDGER_LINE = 75  # bytes, about
GRACE = 2.0  # seconds: a mail that was begun before its reader left may arrive a moment after
WORKER = ("manage.py", "worker")


@dataclass
class Findings:
    """What the run came to."""

    states: Counter[str]
    taken: int
    twice: int
    after_leaving: int
    missing: int
    """Noted as sent, and not in the server's ledger."""
    extra: int
    """In the ledger, and neither sent nor unknown."""
    wordless: int
    """Failed or unknown without a reason."""
    unaccounted: int
    """Subscribers without a delivery, or with one that never came to an end."""
    seconds: float
    """From the first mail to the last."""
    kills: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, int]] = field(default_factory=list)
    """(seconds since the start, KiB of the largest worker)."""

    @property
    def is_proof(self) -> bool:
        return not (self.twice or self.after_leaving or self.missing or self.extra or self.wordless or self.unaccounted)

    @property
    def is_flat(self) -> bool:
        """Whether no worker has grown by a quarter since early on. Early on it has imported all that it will."""
        early, late = self._memory
        return late <= early * 1.25

    @property
    def _memory(self) -> tuple[int, int]:
        """KiB of the largest worker, early on and at the end; zeros where nobody looked."""
        return (self.memory[len(self.memory) // 5][1], self.memory[-1][1]) if self.memory else (0, 0)

    @property
    def rate(self) -> float:
        """Mails a second."""
        return self.taken / max(self.seconds, 1e-9)

    def __str__(self) -> str:
        states = ", ".join(f"{number:,} {state}" for state, number in sorted(self.states.items()))
        lines = [
            f"deliveries: {states}",
            f"the server took {self.taken:,} mails in {self.seconds:.0f} s ({self.rate:,.0f} a second)",
            f"killed: {', '.join(f'{what} {number} times' for what, number in self.kills.items()) or 'nothing'}",
            f"had it twice: {self.twice}; had it after leaving: {self.after_leaving}",
            f"noted as sent and never taken: {self.missing}; taken and noted as neither sent nor unknown: {self.extra}",
            f"without a reason: {self.wordless}; without an end: {self.unaccounted}",
        ]
        if self.memory:
            first, last = self._memory
            lines.append(
                f"memory of the largest worker: {first / 1024:.0f} MiB early on, {last / 1024:.0f} MiB at the end"
            )
        return "\n".join(lines)


def judged(
    rows: Iterable[tuple[str, str | None, str | None]], ledger: Iterable[str], left: Mapping[str, float]
) -> Findings:
    """Hold the server's ledger (its lines) against the deliveries: (email, state, reason) of every subscriber, and when
    those left who did, in seconds.
    """
    rows = list(rows)
    lines = [line.split() for line in ledger]
    taken = Counter(recipient for _, recipient, _ in lines)
    states = {email: state for email, state, _ in rows}
    return Findings(
        states=Counter(state or "none" for state in states.values()),
        taken=len(lines),
        twice=sum(number > 1 for number in taken.values()),
        after_leaving=sum(float(at) > left[recipient] + GRACE for at, recipient, _ in lines if recipient in left),
        missing=sum(state == "sent" and email not in taken for email, state in states.items()),
        extra=sum(states.get(email) not in ("sent", "unknown") for email in taken),
        wordless=sum(state in ("failed", "unknown") and not reason for _, state, reason in rows),
        unaccounted=sum(state in (None, "queued", "sending") for state in states.values()),
        seconds=(float(lines[-1][0]) - float(lines[0][0])) if len(lines) > 1 else 0.0,
    )


class Proof:
    """A site of its own in a folder, for one run or several. Everything that it starts it also ends."""

    def __init__(
        self,
        folder: Path,
        *,
        readers: int,
        workers: int,
        calm: bool,
        trouble_every: float = 0.02,
        retry: float = 0.2,
        seed: int = 5,
    ) -> None:
        """`trouble_every` is the share of the mails after which something goes wrong, on an average, and `retry` how
        many seconds there are until a second attempt.
        """
        self.folder, self.readers, self.calm, self.trouble_every = folder, readers, calm, trouble_every
        self.random = random.Random(seed)  # noqa: S311 (no secret)
        self.url = local_postgres.start(folder)
        self.ledger = folder / "ledger"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.mail_port: int = probe.getsockname()[1]
        self.environment = os.environ | {
            "DATABASE_URL": self.url,
            "SECRET_KEY": "proof",
            "ALLOWED_HOSTS": "127.0.0.1",
            "SITE_URL": "http://127.0.0.1:8000",
            "DEBUG": "false",
            "MAIL_URL": f"smtp://127.0.0.1:{self.mail_port}",
            "NEWSLETTER_LEASE_SECONDS": "8",
            "NEWSLETTER_RETRY_SECONDS": str(retry),
            "NEWSLETTER_MAX_ATTEMPTS": "12",
        }
        self.kills: Counter[str] = Counter()
        self.memory: list[tuple[float, int]] = []
        self.left: dict[str, float] = {}
        self.workers: list[subprocess.Popen[bytes]] = []
        self.worker, self.wanted = WORKER, workers

    def __enter__(self) -> "Proof":
        try:
            self._prepare()
        except BaseException:
            self._end_postgres()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._end_postgres()

    def run(self, *, worker: Sequence[str] = WORKER, temporary: float = 0.2, lost: float = 0.002) -> Findings:
        """Send the issue to everybody by workers of a kind (what Python is to run), and judge what came of it.
        `temporary` and `lost` are the shares of answers of the server that say “later”, and that never arrive.
        """
        self.worker, server = worker, None
        try:
            self._start_issue()
            server = self._start_server(temporary, lost)
            self._send(time.monotonic())
            for process in self.workers:
                process.terminate()
            for process in self.workers:
                process.wait(timeout=60)
            return self._judged()
        finally:
            for process in [*self.workers, *([server] if server else [])]:
                process.kill()
                process.wait()
            self.workers = []

    def _prepare(self) -> None:
        self._say(
            "from django.core.management import call_command",
            "call_command('migrate', verbosity=0)",
            "call_command('import_catalog', 'demo/catalog.json', verbosity=0)",
            "call_command('compose_issue', since='2000-01-01')",
        )
        with self._connected() as connection:
            connection.execute(SUBSCRIBERS, [self.readers])
            connection.execute("ANALYZE")

    def _start_issue(self) -> None:
        """As if it had never gone out."""
        self.ledger.unlink(missing_ok=True)
        self.kills, self.memory, self.left = Counter(), [], {}
        with self._connected() as connection:
            connection.execute("DELETE FROM newsletter_delivery")
            connection.execute("DELETE FROM newsletter_suppression")
            connection.execute("UPDATE newsletter_subscriber SET left_at = NULL, left_reason = ''")
            connection.execute("UPDATE newsletter_issue SET state = 'ready', started_at = NULL, finished_at = NULL")
        self._say("from newsletter import issuing, models", "issuing.start(issue=models.Issue.objects.get())")

    def _start_server(self, temporary: float, lost: float) -> subprocess.Popen[bytes]:
        troubles = ["--temporary", str(temporary), "--permanent", "0.01", "--drop", "0.01", "--lost", str(lost)]
        server = ["bench.sink"] if self.calm else ["bench.mailserver", *troubles]
        process = subprocess.Popen([sys.executable, "-m", *server, str(self.mail_port), str(self.ledger)], cwd=ROOT)
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.mail_port)) == 0:
                    return process
            time.sleep(0.1)
        raise SystemExit("bench: the mail server did not come up.")

    def _send(self, started: float) -> None:
        """Keep the workers going until nothing is left, and trouble them meanwhile."""
        self._keep_workers()
        next_memory, next_trouble = time.monotonic() + 2, self._trouble_after(0)
        while self._rest():
            now = time.monotonic()
            if now >= next_memory:
                next_memory = now + MEMORY_EVERY
                self.memory.append((now - started, max(map(_memory, self.workers))))
            if not self.calm and (taken := self._taken()) >= next_trouble:
                self._trouble()
                next_trouble = self._trouble_after(taken)
            self._keep_workers()
            time.sleep(0.1)

    def _taken(self) -> int:
        """How many mails the server has taken so far, about."""
        return self.ledger.stat().st_size // LEDGER_LINE if self.ledger.exists() else 0

    def _trouble_after(self, taken: int) -> float:
        """At how many mails the next thing goes wrong: by what is done and not by the clock, so that a slow machine
        comes to something in between.
        """
        return taken + self.readers * self.trouble_every * self.random.uniform(0.25, 1.75)

    def _trouble(self) -> None:
        self._unsubscribe(max(1, self.readers // 2000))
        what = self.random.choices(["worker", "backend", "postmaster"], weights=[6, 4, 1])[0]
        if what == "worker":
            os.kill(self.random.choice(self.workers).pid, signal.SIGKILL)
        elif what == "backend":  # every connection, a worker's too, is lost by it
            with self._connected() as connection:
                pids = [pid for (pid,) in connection.execute(
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )]  # fmt: skip
            if not pids:
                return
            _kill(self.random.choice(pids))
        else:
            _kill(_postmaster(self.folder))
            self._start_postgres()
        self.kills[what] += 1

    def _end_postgres(self) -> None:
        """At once: what it holds is thrown away."""
        pid = _postmaster(self.folder)
        for number in (signal.SIGQUIT, signal.SIGKILL):
            _kill(pid, number)
            for _ in range(100):
                if not Path(f"/proc/{pid}").exists():
                    return
                time.sleep(0.1)

    def _start_postgres(self) -> None:
        for _ in range(60):
            time.sleep(0.5)  # the dead one's children see that it is gone, and let go of its memory
            # In a process of its own: the module keeps in memory that it has started the server.
            command = [sys.executable, "-m", "config.local_postgres", "start"]
            environment = os.environ | {"DATA_DIR": str(self.folder), "DATABASE_URL": ""}
            if not subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True).returncode:
                return
        raise SystemExit("bench: PostgreSQL did not come up again.")

    def _unsubscribe(self, number: int) -> None:
        """Some readers leave; from the moment at which that is committed nothing may be begun for them."""
        pks = [self.random.randint(1, self.readers) for _ in range(number)]
        with self._connected() as connection:
            rows = connection.execute(
                "UPDATE newsletter_subscriber SET left_at = clock_timestamp(), left_reason = 'unsubscribed' "
                "WHERE email = ANY(%s) AND left_at IS NULL RETURNING email",
                [[f"reader{pk}@example.com" for pk in pks]],
            ).fetchall()
        now = time.time()
        self.left |= {email: now for (email,) in rows}

    def _keep_workers(self) -> None:
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < self.wanted:
            with (self.folder / "workers.log").open("ab") as log:
                self.workers.append(
                    subprocess.Popen([sys.executable, *self.worker], cwd=ROOT, env=self.environment, stderr=log)
                )

    def _rest(self) -> int:
        with self._connected() as connection:
            row = connection.execute(
                "SELECT count(*) FROM newsletter_delivery WHERE state IN ('queued', 'sending')"
            ).fetchone()
        return int(row[0]) if row else 0

    def _judged(self) -> Findings:
        ledger = self.ledger.read_text().splitlines() if self.ledger.exists() else []
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT email, delivery.state, delivery.reason FROM newsletter_subscriber AS subscriber "
                "LEFT JOIN newsletter_delivery AS delivery ON delivery.subscriber_id = subscriber.id"
            ).fetchall()
        return replace(judged(rows, ledger, self.left), kills=self.kills, memory=self.memory)

    def _say(self, *lines: str) -> None:
        """Run some lines of Python within the site."""
        subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "--command", "\n".join(lines)],
            cwd=ROOT, env=self.environment, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def _connected(self) -> psycopg.Connection:
        """A connection, as soon as PostgreSQL takes one: it may be on its way up."""
        for _ in range(300):
            try:
                return psycopg.connect(local_postgres.url(self.folder), autocommit=True)
            except psycopg.OperationalError:
                time.sleep(0.1)
        raise SystemExit("bench: PostgreSQL does not answer.")


def _postmaster(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def _kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _memory(process: subprocess.Popen[bytes]) -> int:
    """What a process holds in memory, in KiB; 0 where that cannot be told."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--calm", action="store_true", help="nothing goes wrong: how fast is it?")
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shipside-proof-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # PostgreSQL may run as another user
        with Proof(
            Path(folder), readers=options.readers, workers=options.workers, calm=options.calm, seed=options.seed
        ) as proof:
            findings = proof.run()
    print(findings)  # noqa: T201
    if not findings.is_proof:
        raise SystemExit("bench: this is no proof.")
    if options.calm and not findings.is_flat:
        raise SystemExit("bench: a worker has grown.")


if __name__ == "__main__":
    main()
