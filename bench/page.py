"""Speed of pages relative to an empty view under Django's default middleware.

`make bench-page`, or `python -m bench.page [--rounds 15] [--seconds 1] [--connections 8] [--check] [--pooler]`. It
needs `wrk`. It creates its own database with the demonstration content and 50,000 votes, and starts gunicorn four
times: with the empty view (bench/empty.py), and with the site as production runs it; without stored pages
("rendered"); and also without the caches of editors' words and HTML ("rendered, cold"). With `--pooler`
it also starts one that reaches the database by PgBouncer (deploy/pgbouncer.ini), with prepared statements if it is 1.24
or newer.
Rendered pages are requested without compression, all others with it. It requests each in turn, in many short rounds,
and the empty view before and after each.

For each it prints requests per second, and the processor time per request of gunicorn and of PostgreSQL together. The
ratios are how many requests the processors manage in the time that they need for one of the empty view, and the same
for requests per second. They are medians over the rounds; in each round a page is compared with the empty view just
before and just after it, because the speed of a shared machine may change from second to second. `--check` fails if the
first is below its goal.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bench.cluster.pooler import Pooler, can_prepare, run_pooler
from bench.sites import MeasuredSite, find_free_port, run_gunicorn

DATABASE = "shipside_bench"
PAGE = "/compare/claude-haiku-open-weights-vs-mistral-medium-3/"
COMPRESSED = ("-H", "Accept-Encoding: gzip, deflate, br")


class Round(NamedTuple):
    """What was measured of one subject in one round."""

    rate: float  # requests per second
    processor: float  # microseconds per request


@dataclass(slots=True)
class PageSubject:
    """Something to request, with the share of the empty view that it should reach."""

    name: str
    arguments: list[str]
    goal: float
    processes: Callable[[], list[int]]
    """Return the ids of the processes that work for it."""
    rounds: list[Round] = field(default_factory=list)
    around: list[Round] = field(default_factory=list)
    """The empty view just before and after it in each round, as the mean of both."""


def main() -> None:
    options = _options()
    if shutil.which("wrk") is None:
        raise SystemExit("bench: wrk is missing (Debian: apt-get install wrk).")
    site = MeasuredSite(DATABASE)
    rendered = MeasuredSite(DATABASE, PAGE_MEMORY_MB="0")
    cold = MeasuredSite(DATABASE, PAGE_MEMORY_MB="0", CACHE_CONTENT="false")
    if not options.reuse:
        site.create_database()
        site.vacuum()
    port = find_free_port()
    command = ["-b", f"127.0.0.1:{port}", "-k", "config.worker.SiteWorker", "-w", str(os.cpu_count() or 2)]
    command += ["--threads", "4", "--keep-alive", "30", "bench.empty"]
    with ExitStack() as stack:
        empty = stack.enter_context(run_gunicorn(*command, port=port, environment=os.environ))
        servers = [stack.enter_context(one.serve()) for one in (site, rendered, cold)]
        pooler = stack.enter_context(_run_pooler(site)) if options.pooler else None
        with urllib.request.urlopen(site.address + PAGE) as response:  # noqa: S310 (our own server)
            known = f"If-None-Match: {response.headers['ETag']}"

        def of(server: int) -> Callable[[], list[int]]:
            return lambda: [*_find_workers(server), *_find_sessions(site)]

        stored = of(servers[0])
        base = PageSubject("empty view", [f"http://127.0.0.1:{port}/empty/"], 1, lambda: _find_workers(empty))
        subjects = [
            PageSubject("comparison, unchanged", [*COMPRESSED, site.address + PAGE], 0.85, stored),
            PageSubject("comparison, 304", [*COMPRESSED, "-H", known, site.address + PAGE], 1, stored),
            PageSubject("home, unchanged", [*COMPRESSED, f"{site.address}/"], 0.85, stored),
            PageSubject("tool, unchanged", [*COMPRESSED, f"{site.address}/tools/aider/"], 0.85, stored),
            PageSubject("category, unchanged", [*COMPRESSED, f"{site.address}/categories/speech/"], 0.85, stored),
            PageSubject("comparison, rendered", [rendered.address + PAGE], 0.15, of(servers[1])),
            PageSubject("comparison, rendered, cold", [cold.address + PAGE], 0.08, of(servers[2])),
        ]
        if pooler:
            prepare = str(can_prepare()).lower()
            pooled = MeasuredSite(DATABASE, DATABASE_URL=pooler.url, DATABASE_PREPARE=prepare)
            workers = of(stack.enter_context(pooled.serve()))
            arguments = [*COMPRESSED, pooled.address + PAGE]
            subjects.append(PageSubject("unchanged, by PgBouncer", arguments, 0, lambda: [*workers(), pooler.pid]))
        _measure(base, subjects, options)
    _print(base, subjects, options)
    missed = [one.name for one in subjects if _compare(one)[0] < one.goal]
    if options.check and missed:
        sys.exit(f"bench: below the goal: {', '.join(missed)}.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=1, help="per measurement in a round")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--reuse", action="store_true", help="reuse the database of the last run")
    parser.add_argument("--pooler", action="store_true", help="also measure behind PgBouncer")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a goal is missed")
    return parser.parse_args()


def _measure(base: PageSubject, subjects: list[PageSubject], options: argparse.Namespace) -> None:
    for subject in (base, *subjects):  # warm up every worker
        _wrk(subject.arguments, seconds=2, connections=options.connections)
    for _ in range(options.rounds):
        after = _measure_once(base, options)
        for subject in subjects:
            before = after
            subject.rounds.append(_measure_once(subject, options))
            after = _measure_once(base, options)
            subject.around.append(Round(*map(statistics.mean, zip(before, after, strict=True))))
            base.rounds.append(after)


def _measure_once(subject: PageSubject, options: argparse.Namespace) -> Round:
    before = _sum_processor_time(subject.processes())
    requests, rate = _wrk(subject.arguments, seconds=options.seconds, connections=options.connections)
    return Round(rate, (_sum_processor_time(subject.processes()) - before) / requests)


def _wrk(arguments: list[str], *, seconds: int, connections: int) -> tuple[int, float]:
    """Return the number of requests, and requests per second."""
    output = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *arguments], check=True, capture_output=True, text=True
    ).stdout
    if failed := re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", output):
        raise SystemExit(f"bench: {failed[0]}")
    requests = int(re.search(r"(\d+) requests in", output)[1])  # type: ignore[index]
    return requests, float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])  # type: ignore[index]


def _run_pooler(site: MeasuredSite) -> AbstractContextManager[Pooler]:
    with site.connect() as connection:
        session = connection.info
        return run_pooler(host=session.host, port=session.port, user=session.user, database=DATABASE)


def _find_workers(server: int) -> list[int]:
    children = Path(f"/proc/{server}/task/{server}/children").read_text()
    return [int(pid) for pid in children.split()]


def _find_sessions(site: MeasuredSite) -> list[int]:
    with site.connect() as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [DATABASE]).fetchall()
        return [pid for (pid,) in rows if pid != connection.info.backend_pid]


def _sum_processor_time(processes: list[int]) -> float:
    """Return how long all threads of some processes have run, in microseconds."""
    return sum(
        int(file.read_text().split()[0]) / 1000
        for process in processes
        for file in Path(f"/proc/{process}/task").glob("*/schedstat")
    )


def _compare(subject: PageSubject) -> tuple[float, float]:
    """Return which share of the empty view a subject reaches, by processor time and by requests per second."""
    pairs = list(zip(subject.around, subject.rounds, strict=True))
    return (
        statistics.median(of_empty.processor / own.processor for of_empty, own in pairs),
        statistics.median(own.rate / of_empty.rate for of_empty, own in pairs),
    )


def _print(base: PageSubject, subjects: list[PageSubject], options: argparse.Namespace) -> None:
    _print_line(
        f"{options.rounds} rounds of {options.seconds} s each, {options.connections} connections, "
        f"{os.cpu_count()} cores shared by wrk, gunicorn, and PostgreSQL\n"
    )
    _print_line(
        f"{'':28}{'processor µs':>14}{'of empty':>10}{'goal':>7}{'requests/s':>13}{'range':>16}{'of empty':>10}"
    )
    for subject in (base, *subjects):
        rates = [one.rate for one in subject.rounds]
        by_time, by_rate = (1, 1) if subject is base else _compare(subject)
        _print_line(
            f"{subject.name:28}{statistics.median(one.processor for one in subject.rounds):>14,.0f}{by_time:>10.0%}"
            f"{subject.goal:>7.0%}{statistics.median(rates):>13,.0f}{f'{min(rates):,.0f}–{max(rates):,.0f}':>16}"
            f"{by_rate:>10.0%}"
        )


def _print_line(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
