"""Proof of the newsletter: one issue goes to many subscribers through every failure, and no one receives it twice.

`make prove-newsletter`, or `python -m bench.newsletter [--readers 100000] [--workers 3] [--calm]`. It creates its own
PostgreSQL, confirmed subscribers, and an issue. It starts a real mail server that refuses messages and drops
connections (bench/mailserver.py) and several workers. While they send, it kills workers and PostgreSQL at random
(SIGKILL) and unsubscribes readers. Then it compares the server's ledger with the deliveries. It fails unless

- every subscriber received the issue exactly once, or has a delivery that failed, is unknown, or was skipped because
  the reader left, with a reason;
- no one received it twice;
- no one received it who had unsubscribed before sending to them began.

With `--calm` nothing fails and the server accepts every message immediately (bench/sink.py). It then prints messages
per second and the memory of the workers, and also fails if a worker has grown by a quarter.
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

from bench.proof.site import copy_database
from config import local_postgres

ROOT = Path(__file__).resolve().parent.parent
SUBSCRIBERS = """
INSERT INTO newsletter_subscriber (email, created_at, confirmed_at, left_reason)
SELECT 'reader' || n || '@example.com', now(), now(), '' FROM generate_series(1, %s) AS n
"""
MEMORY_INTERVAL = 2.0  # seconds
LEDGER_LINE = 75  # bytes, approximately
GRACE = 2.0  # seconds; a message whose sending began before the reader left may arrive just after
WORKER = ("manage.py", "worker")


@dataclass
class NewsletterFindings:
    """The result of a run."""

    states: Counter[str]
    accepted: int
    twice: int
    after_leaving: int
    missing: int
    """Recorded as sent, but not in the server's ledger."""
    extra: int
    """In the ledger, but recorded as neither sent nor unknown."""
    without_reason: int
    """Failed or unknown without a reason."""
    unaccounted: int
    """Subscribers without a delivery or with an unfinished one."""
    seconds: float
    """From the first message to the last."""
    kills: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, int]] = field(default_factory=list)
    """(seconds since the start, KiB of the largest worker)."""

    @property
    def is_proof(self) -> bool:
        return not (
            self.twice or self.after_leaving or self.missing or self.extra or self.without_reason or self.unaccounted
        )

    @property
    def is_flat(self) -> bool:
        """Return whether no worker has grown by a quarter since an early measurement, when all imports were done."""
        early, late = self._memory
        return late <= early * 1.25

    @property
    def _memory(self) -> tuple[int, int]:
        """Return the KiB of the largest worker, early and at the end, or zeros without measurements."""
        return (self.memory[len(self.memory) // 5][1], self.memory[-1][1]) if self.memory else (0, 0)

    @property
    def rate(self) -> float:
        """Return messages per second."""
        return self.accepted / max(self.seconds, 1e-9)

    def __str__(self) -> str:
        states = ", ".join(f"{number:,} {state}" for state, number in sorted(self.states.items()))
        lines = [
            f"deliveries: {states}",
            f"accepted by the server: {self.accepted:,} messages in {self.seconds:.0f} s ({self.rate:,.0f} per second)",
            f"killed: {', '.join(f'{number} × {what}' for what, number in self.kills.items()) or 'nothing'}",
            f"received twice: {self.twice}; received after leaving: {self.after_leaving}",
            f"recorded as sent but never accepted: {self.missing}; accepted but not recorded: {self.extra}",
            f"without a reason: {self.without_reason}; unfinished: {self.unaccounted}",
        ]
        if self.memory:
            first, last = self._memory
            lines.append(
                f"memory of the largest worker: {first / 1024:.0f} MiB early, {last / 1024:.0f} MiB at the end"
            )
        return "\n".join(lines)


def judge(
    rows: Iterable[tuple[str, str | None, str | None]], ledger: Iterable[str], left: Mapping[str, float]
) -> NewsletterFindings:
    """Compare the lines of the server's ledger with the deliveries.

    `rows` holds (email, state, reason) of every subscriber. `left` maps the emails of readers who left to the time, in
    seconds since the epoch.
    """
    rows = list(rows)
    lines = [line.split() for line in ledger]
    accepted = Counter(recipient for _, recipient, _ in lines)
    states = {email: state for email, state, _ in rows}
    return NewsletterFindings(
        states=Counter(state or "none" for state in states.values()),
        accepted=len(lines),
        twice=sum(number > 1 for number in accepted.values()),
        after_leaving=sum(float(at) > left[recipient] + GRACE for at, recipient, _ in lines if recipient in left),
        missing=sum(state == "sent" and email not in accepted for email, state in states.items()),
        extra=sum(states.get(email) not in ("sent", "unknown") for email in accepted),
        without_reason=sum(state in ("failed", "unknown") and not reason for _, state, reason in rows),
        unaccounted=sum(state in (None, "queued", "sending") for state in states.values()),
        seconds=(float(lines[-1][0]) - float(lines[0][0])) if len(lines) > 1 else 0.0,
    )


class NewsletterProof:
    """A site in its own folder, for one or more runs. It stops every process that it starts."""

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
        prepared: Path | None = None,
    ) -> None:
        """Start PostgreSQL.

        `trouble_every` is the average share of messages between two failures, `retry` the seconds before a second
        attempt, `prepared` the folder of a stopped site with the demonstration content, of which this one is a copy.
        """
        if prepared is not None:
            copy_database(prepared, folder)
        self._is_prepared = prepared is not None
        self.folder, self.readers, self.calm, self.trouble_every = folder, readers, calm, trouble_every
        self.random = random.Random(seed)  # noqa: S311 (not a secret)
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

    def __enter__(self) -> "NewsletterProof":
        try:
            self._prepare()
        except BaseException:
            self._stop_postgres()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop_postgres()

    def run(self, *, worker: Sequence[str] = WORKER, temporary: float = 0.2, lost: float = 0.002) -> NewsletterFindings:
        """Send the issue to all subscribers and judge the result.

        `worker` holds Python's arguments for a worker. `temporary` and `lost` are the shares of the server's responses
        that ask to try later, and that never arrive.
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
            return self._judge()
        finally:
            for process in [*self.workers, *([server] if server else [])]:
                process.kill()
                process.wait()
            self.workers = []

    def _prepare(self) -> None:
        demonstration = [
            "call_command('migrate', verbosity=0)",
            "call_command('import_catalog', 'demo/catalog.json', verbosity=0)",
        ]
        self._run_python(
            "from django.core.management import call_command",
            *([] if self._is_prepared else demonstration),
            "call_command('compose_issue', since='2000-01-01')",
        )
        with self._connect() as connection:
            connection.execute(SUBSCRIBERS, [self.readers])
            connection.execute("ANALYZE")

    def _start_issue(self) -> None:
        """Reset everything as if the issue had never been sent, and start it."""
        self.ledger.unlink(missing_ok=True)
        self.kills, self.memory, self.left = Counter(), [], {}
        with self._connect() as connection:
            connection.execute("DELETE FROM newsletter_delivery")
            connection.execute("DELETE FROM newsletter_suppression")
            connection.execute("UPDATE newsletter_subscriber SET left_at = NULL, left_reason = ''")
            connection.execute("UPDATE newsletter_issue SET state = 'ready', started_at = NULL, finished_at = NULL")
        self._run_python("from newsletter import issuing, models", "issuing.start(issue=models.Issue.objects.get())")

    def _start_server(self, temporary: float, lost: float) -> subprocess.Popen[bytes]:
        troubles = ["--temporary", str(temporary), "--permanent", "0.01", "--drop", "0.01", "--lost", str(lost)]
        server = ["bench.sink"] if self.calm else ["bench.mailserver", *troubles]
        process = subprocess.Popen([sys.executable, "-m", *server, str(self.mail_port), str(self.ledger)], cwd=ROOT)
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.mail_port)) == 0:
                    return process
            time.sleep(0.1)
        raise SystemExit("bench: the mail server did not start.")

    def _send(self, started: float) -> None:
        """Keep workers running until nothing is left to send, and cause failures in the meantime."""
        self._keep_workers()
        next_memory, next_trouble = time.monotonic() + 2, self._next_trouble(0)
        while self._count_unfinished():
            now = time.monotonic()
            if now >= next_memory:
                next_memory = now + MEMORY_INTERVAL
                self.memory.append((now - started, max(map(_measure_memory, self.workers))))
            if not self.calm and self._count_accepted() >= next_trouble:
                self._cause_trouble()
                next_trouble = self._next_trouble(next_trouble)  # which may be due at once if messages go out fast
            self._keep_workers()
            time.sleep(0.1)

    def _count_accepted(self) -> int:
        """Return approximately how many messages the server has accepted so far."""
        return self.ledger.stat().st_size // LEDGER_LINE if self.ledger.exists() else 0

    def _next_trouble(self, last: float) -> float:
        """Return after how many messages the next failure is due; `last` is when the last one was.

        It depends on progress rather than on time, so that a slow machine gets work done between failures.
        """
        return last + self.readers * self.trouble_every * self.random.uniform(0.25, 1.75)

    def _cause_trouble(self) -> None:
        self._unsubscribe(max(1, self.readers // 2000))
        what = self.random.choices(["worker", "backend", "postmaster"], weights=[6, 4, 1])[0]
        if what == "worker":
            os.kill(self.random.choice(self.workers).pid, signal.SIGKILL)
        elif what == "backend":  # this ends every connection, including those of workers
            with self._connect() as connection:
                pids = [pid for (pid,) in connection.execute(
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )]  # fmt: skip
            if not pids:
                return
            _kill(self.random.choice(pids))
        else:
            _kill(_read_postmaster_pid(self.folder))
            self._start_postgres()
        self.kills[what] += 1

    def _stop_postgres(self) -> None:
        """Stop PostgreSQL immediately. Its data is not needed again."""
        pid = _read_postmaster_pid(self.folder)
        for number in (signal.SIGQUIT, signal.SIGKILL):
            _kill(pid, number)
            for _ in range(100):
                if not Path(f"/proc/{pid}").exists():
                    return
                time.sleep(0.1)

    def _start_postgres(self) -> None:
        for _ in range(60):
            time.sleep(0.5)  # the children of the killed server notice and release its shared memory
            # In a separate process, because the module caches that it has started the server.
            command = [sys.executable, "-m", "config.local_postgres", "start"]
            environment = os.environ | {"DATA_DIR": str(self.folder), "DATABASE_URL": ""}
            if not subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True).returncode:
                return
        raise SystemExit("bench: PostgreSQL did not restart.")

    def _unsubscribe(self, number: int) -> None:
        """Unsubscribe random readers. After that commit, no sending to them may begin."""
        pks = [self.random.randint(1, self.readers) for _ in range(number)]
        with self._connect() as connection:
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

    def _count_unfinished(self) -> int:
        with self._connect() as connection:
            row = connection.execute(
                "SELECT count(*) FROM newsletter_delivery WHERE state IN ('queued', 'sending')"
            ).fetchone()
        return int(row[0]) if row else 0

    def _judge(self) -> NewsletterFindings:
        ledger = self.ledger.read_text().splitlines() if self.ledger.exists() else []
        with self._connect() as connection:
            rows = connection.execute(
                "SELECT email, delivery.state, delivery.reason FROM newsletter_subscriber AS subscriber "
                "LEFT JOIN newsletter_delivery AS delivery ON delivery.subscriber_id = subscriber.id"
            ).fetchall()
        return replace(judge(rows, ledger, self.left), kills=self.kills, memory=self.memory)

    def _run_python(self, *lines: str) -> None:
        """Run lines of Python in the site."""
        subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "--command", "\n".join(lines)],
            cwd=ROOT, env=self.environment, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def _connect(self) -> psycopg.Connection:
        """Connect as soon as PostgreSQL accepts connections. It may be restarting."""
        for _ in range(300):
            try:
                return psycopg.connect(local_postgres.url(self.folder), autocommit=True)
            except psycopg.OperationalError:
                time.sleep(0.1)
        raise SystemExit("bench: PostgreSQL does not respond.")


def _read_postmaster_pid(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def _kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _measure_memory(process: subprocess.Popen[bytes]) -> int:
    """Return the resident memory of a process in KiB, or 0 if it is unknown."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--calm", action="store_true", help="no failures; measure the speed")
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shipside-proof-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # PostgreSQL may run as another user
        with NewsletterProof(
            Path(folder), readers=options.readers, workers=options.workers, calm=options.calm, seed=options.seed
        ) as proof:
            findings = proof.run()
    print(findings)  # noqa: T201
    if not findings.is_proof:
        raise SystemExit("bench: the proof failed.")
    if options.calm and not findings.is_flat:
        raise SystemExit("bench: a worker has grown by more than a quarter.")


if __name__ == "__main__":
    main()
