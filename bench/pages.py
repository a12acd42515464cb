"""Slowdown of each page on a full site: the demonstration alone against the demonstration beside fake content.

`make bench-pages`, or `python -m bench.pages [--check] [--reuse] [--rounds 15] [--starts 3]`. It creates two
databases: one with the demonstration content and votes, one that also has what `make_fake_content` adds by default
(10,000 tools, 40,000 reviews, 10,000 comparisons, 1,000,000 votes). It starts gunicorn on each with one process and
requests the same addresses of the demonstration's content from both, in turn, one request at a time over one
connection. Pages therefore show the same content and lists have the same length.

- first: each address once after a start, in the order of the table, with cold caches in the process (except for what
  an earlier page cached; PostgreSQL's buffers are warm). Medians over addresses and starts, and of
  each address's ratio.
- again: many rounds. Medians of the rounds' medians and of the ratios within each round, because a busy machine slows
  everything in a round alike.

With `--check` it exits with 1 if a page takes more than 1.5 times as long again, or first for pages with several
addresses (with a single address, that figure measures how templates are loaded). A page that is longer with the load
is marked, because its list differs and so the ratio reflects that too. The load's own pages are listed below, without
a ratio.

The last table compares the load's lists with filters by facts against the same lists without them, requested in turn.
`--check` fails too if one takes more than 1.5 times as long.
"""

import argparse
import http.client
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.addresses import PAGES, PageKind
from bench.sites import MeasuredSite

DEMO, LOAD = "shipside_bench_demo", "shipside_bench_load"
LIMIT = 1.5
LONGER = 1.1  # times the bytes; beyond this, a page does not show the same content
REQUESTS_PER_ROUND = 10  # at least; pages with fewer addresses are requested repeatedly


@dataclass(slots=True)
class MeasuredPage:
    """One kind of page with its addresses and measurements: seconds on the demonstration, and with the load."""

    page: PageKind
    addresses: list[str]
    first: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    rounds: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    sizes: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))

    @property
    def first_ratio(self) -> float:
        return statistics.median(load / demo for demo, load in zip(*self.first, strict=True))

    @property
    def again_ratio(self) -> float:
        return statistics.median(load / demo for demo, load in zip(*self.rounds, strict=True))

    @property
    def is_longer(self) -> bool:
        demo, load = map(sum, self.sizes)
        return load > demo * LONGER

    @property
    def is_slow(self) -> bool:
        """Return whether the page takes too long with the load, unless it shows more content with it."""
        if self.is_longer:
            return False
        return self.again_ratio > LIMIT or (len(self.addresses) > 1 and self.first_ratio > LIMIT)


@dataclass(slots=True)
class MeasuredFilters:
    """Lists of the load with filters, each beside the same list without them: the seconds of each round."""

    page: PageKind
    addresses: list[tuple[str, str]]
    rounds: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))

    @property
    def ratio(self) -> float:
        return statistics.median(filtered / plain for filtered, plain in zip(*self.rounds, strict=True))

    @property
    def is_slow(self) -> bool:
        return self.ratio > LIMIT


class Client:
    """One keep-alive connection that measures response times."""

    def __init__(self, site: MeasuredSite) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", site.port)

    def request(self, address: str, body: str = "") -> tuple[int, int, float]:
        """Return the response's status, its size in bytes, and the seconds from the request to its last byte."""
        headers = {"Sec-Fetch-Site": "same-origin"}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        started = time.perf_counter()
        self._connection.request("POST" if body else "GET", address, body or None, headers)
        response = self._connection.getresponse()
        size = len(response.read())
        return response.status, size, time.perf_counter() - started


def main() -> None:
    options = _options()
    # Without stored pages: what is measured is how long it takes to render them.
    one_process = {"WEB_CONCURRENCY": "1", "WEB_THREADS": "1", "PAGE_MEMORY_MB": "0"}
    demo, load = MeasuredSite(DEMO, **one_process), MeasuredSite(LOAD, **one_process)
    if not options.reuse:
        _prepare(demo, load)
    with demo.connect() as connection:
        subjects = [MeasuredPage(page, page.addresses(connection.execute)) for page in PAGES]
    with load.connect() as connection:
        of_load = {page: page.addresses(connection.execute, load=True) for page in PAGES if "{ours " in page.sql}
        lists = [MeasuredFilters(page, page.pairs_of_addresses(connection.execute, load=True)) for page in PAGES]
        filters = [one for one in lists if one.addresses]
    for start in range(options.starts):
        with demo.serve(), load.serve():
            sides = Client(demo), Client(load)
            subjects = [subject for subject in subjects if _measure_first(subject, sides)]
            own = [MeasuredPage(subject.page, of_load[subject.page]) for subject in subjects if subject.page in of_load]
            if start == options.starts - 1:
                for number in range(options.rounds):
                    for subject in subjects:
                        _measure_again(subject, sides, number)
                for subject in own:
                    _measure_own(subject, sides[1])
                for number in range(options.rounds):
                    for one in filters:
                        _measure_filters(one, sides[1], number)
    _print(subjects, own, options)
    _print_filters(filters)
    slow = [subject.page.name for subject in subjects if subject.is_slow]
    slow += [f"{one.page.name}, with filters" for one in filters if one.is_slow]
    if options.check and slow:
        raise SystemExit(f"bench: more than {LIMIT} times as long: {', '.join(slow)}.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help=f"exit with 1 if a page takes {LIMIT} times as long")
    parser.add_argument("--reuse", action="store_true", help="reuse the databases of the last run")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--starts", type=int, default=3)
    return parser.parse_args()


def _prepare(demo: MeasuredSite, load: MeasuredSite) -> None:
    for site in (demo, load):
        site.create_database()
    load.manage("make_fake_content", "--yes")
    for site in (demo, load):
        site.vacuum()


def _measure_first(subject: MeasuredPage, sides: Sequence[Client]) -> bool:
    """Request each address once from both sites. Return False if there is no such page."""
    for place, address in enumerate(subject.addresses):
        for side in (0, 1) if place % 2 else (1, 0):
            status, size, seconds = sides[side].request(address, subject.page.body)
            if status == http.HTTPStatus.NOT_FOUND:
                _print_line(f"skipped, 404: {subject.page.name} ({address})")
                return False
            if status >= http.HTTPStatus.BAD_REQUEST:
                raise SystemExit(f"bench: {address} returns {status}.")
            subject.first[side].append(seconds)
            subject.sizes[side].append(size)
    if not subject.addresses:
        _print_line(f"skipped, no content: {subject.page.name}")
    return bool(subject.addresses)


def _measure_again(subject: MeasuredPage, sides: Sequence[Client], number: int) -> None:
    times: tuple[list[float], list[float]] = ([], [])
    repeats = -(-REQUESTS_PER_ROUND // len(subject.addresses))
    for place, address in enumerate(subject.addresses * repeats):
        for side in (0, 1) if (place + number) % 2 else (1, 0):
            times[side].append(sides[side].request(address, subject.page.body)[2])
    for seconds, measured in zip(times, subject.rounds, strict=True):
        measured.append(statistics.median(seconds))


def _measure_own(subject: MeasuredPage, client: Client) -> None:
    """Request the load's own pages: once, and then three more times."""
    for again in range(4):
        for address in subject.addresses:
            _, size, seconds = client.request(address, subject.page.body)
            (subject.rounds if again else subject.first)[1].append(seconds)
            subject.sizes[1].append(size)


def _measure_filters(measured: MeasuredFilters, client: Client, number: int) -> None:
    """Request each list with and without its filters, in turn, and add the medians of this round."""
    times: tuple[list[float], list[float]] = ([], [])
    for place, addresses in enumerate(measured.addresses):
        for side in (0, 1) if (place + number) % 2 else (1, 0):
            times[side].append(client.request(addresses[side])[2])
    for seconds, medians in zip(times, measured.rounds, strict=True):
        medians.append(statistics.median(seconds))


def _print(subjects: list[MeasuredPage], own: list[MeasuredPage], options: argparse.Namespace) -> None:
    _print_line(
        f"\n{options.starts} starts, {options.rounds} rounds, one request at a time, {os.cpu_count()} cores; "
        "medians in milliseconds\n"
    )
    _print_line(
        f"{'':52}{'first, after a start':^24}{'again':^24}\n{'':52}" + f"{'demo':>8}{'load':>8}{'ratio':>8}" * 2
    )
    for subject in subjects:
        first, again = (
            f"{1000 * statistics.median(demo):8.1f}{1000 * statistics.median(load):8.1f}"
            for demo, load in (subject.first, subject.rounds)
        )
        marks = ("  longer with the load" if subject.is_longer else "") + ("  SLOW" if subject.is_slow else "")
        _print_line(
            f"{subject.page.name:52}{first}{subject.first_ratio:8.2f}{again}{subject.again_ratio:8.2f}{marks}".rstrip()
        )
    _print_line(f"\n{'The load’s own pages':52}{'first':>8}{'again':>8}{'slowest':>9}{'KB':>8}")
    for subject in own:
        first, again = subject.first[1], subject.rounds[1]
        _print_line(
            f"{subject.page.name:52}{1000 * statistics.median(first):8.1f}{1000 * statistics.median(again):8.1f}"
            f"{1000 * max(first):9.1f}{statistics.median(subject.sizes[1]) / 1024:8.0f}"
        )


def _print_filters(filters: list[MeasuredFilters]) -> None:
    _print_line(f"\n{'The load’s lists with filters by facts':52}{'with':>8}{'without':>8}{'ratio':>8}")
    for one in filters:
        filtered, plain = (f"{1000 * statistics.median(seconds):8.1f}" for seconds in one.rounds)
        _print_line(f"{one.page.name:52}{filtered}{plain}{one.ratio:8.2f}{'  SLOW' if one.is_slow else ''}")


def _print_line(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
