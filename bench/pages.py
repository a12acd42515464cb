"""Slowdown of each page on a full site: a small site against the same site with a large load.

`make bench-pages`, or `python -m bench.pages [--check] [--reuse] [--rounds 15] [--starts 5]`. It creates three
databases with the demonstration content and votes: one as it is, one that also has what `make_fake_content` adds by
default (10,000 tools, 40,000 reviews, 10,000 comparisons, 1,000,000 votes), and one with a twentieth of that, which
fills every list and changes little else. It starts gunicorn on each with one process and requests the same addresses of
the demonstration's content from all in turn, one request at a time over one connection.

- first: each address once after a start, in the order of the table, with cold caches in the process (except for what
  an earlier page cached; PostgreSQL's buffers are warm). Medians over addresses and starts, and of
  each address's ratio.
- again: many rounds. Medians of the rounds' medians and of the ratios within each round, because a busy machine slows
  everything in a round alike.

With `--check` it exits with 1 if a page takes more than 1.5 times as long with the load, first or again. What it is
compared with depends on what it shows. A page that shows the same on both is compared with the demonstration. A page
that lists more with the load than the demonstration has is marked, and compared with the site whose lists are full. No
page is exempt. The load's own pages are listed below, without a ratio.

The last table compares the load's lists with filters by facts against the same lists without them, requested in turn.
`--check` fails too if one takes more than 1.5 times as long.
"""

import argparse
import http.client
import os
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench.addresses import PAGES, PageKind
from bench.sites import MeasuredSite

DATABASES = ("shipside_bench_demo", "shipside_bench_full_lists", "shipside_bench_load")
DEMO, FULL_LISTS, LOAD = range(3)  # places of the sites
TWENTIETH = ("--tools", "500", "--comparisons", "500", "--votes", "50000")
LIMIT = 1.5
LONGER = 1.1  # times the bytes; beyond this, a page does not show the same content
REQUESTS_PER_ROUND = 10  # at least; pages with fewer addresses are requested repeatedly


type Measured[T] = tuple[list[T], list[T], list[T]]
"""What was measured of each site: the demonstration, the one with full lists, and the one with the load."""


@dataclass(slots=True)
class MeasuredPage:
    """One kind of page with its addresses and measurements: seconds and bytes per site."""

    page: PageKind
    addresses: list[str]
    first: Measured[float] = field(default_factory=lambda: ([], [], []))
    rounds: Measured[float] = field(default_factory=lambda: ([], [], []))
    sizes: Measured[int] = field(default_factory=lambda: ([], [], []))

    @property
    def base(self) -> int:
        """The place of the site that the load is compared with."""
        return FULL_LISTS if self.is_longer else DEMO

    @property
    def first_ratio(self) -> float:
        return self._compare(self.first)

    @property
    def again_ratio(self) -> float:
        return self._compare(self.rounds)

    def _compare(self, seconds: Measured[float]) -> float:
        pairs = zip(seconds[self.base], seconds[LOAD], strict=True)
        return statistics.median(load / base for base, load in pairs)

    @property
    def is_longer(self) -> bool:
        """Return whether the page shows more with the load than the demonstration has."""
        return sum(self.sizes[LOAD]) > sum(self.sizes[DEMO]) * LONGER

    @property
    def is_slow(self) -> bool:
        return self.first_ratio > LIMIT or self.again_ratio > LIMIT


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
    # Without stored pages: what is measured is how long it takes to render them. All votes come from one network.
    one_process = {
        "WEB_CONCURRENCY": "1",
        "WEB_THREADS": "1",
        "PAGE_MEMORY_MB": "0",
        "VOTE_REQUESTS_PER_NETWORK": "1000000",
    }
    sites = [MeasuredSite(database, **one_process) for database in DATABASES]
    load = sites[LOAD]
    if not options.reuse:
        _prepare(sites)
    with sites[DEMO].connect() as connection:
        subjects = [MeasuredPage(page, page.addresses(connection.execute)) for page in PAGES]
    with load.connect() as connection:
        of_load = {page: page.addresses(connection.execute, load=True) for page in PAGES if "{ours " in page.sql}
        lists = [MeasuredFilters(page, page.pairs_of_addresses(connection.execute, load=True)) for page in PAGES]
        filters = [one for one in lists if one.addresses]
    for start in range(options.starts):
        with ExitStack() as running:
            for site in sites:
                running.enter_context(site.serve())
            clients = [Client(site) for site in sites]
            subjects = [subject for subject in subjects if _measure_first(subject, clients)]
            own = [MeasuredPage(subject.page, of_load[subject.page]) for subject in subjects if subject.page in of_load]
            if start == options.starts - 1:
                for number in range(options.rounds):
                    for subject in subjects:
                        _measure_again(subject, clients, number)
                for subject in own:
                    _measure_own(subject, clients[LOAD])
                for number in range(options.rounds):
                    for one in filters:
                        _measure_filters(one, clients[LOAD], number)
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
    parser.add_argument("--starts", type=int, default=5)
    return parser.parse_args()


def _prepare(sites: Sequence[MeasuredSite]) -> None:
    for site in sites:
        site.create_database()
    sites[FULL_LISTS].manage("make_fake_content", "--yes", *TWENTIETH)
    sites[LOAD].manage("make_fake_content", "--yes")
    for site in sites:
        site.vacuum()


def _take_turns(number: int) -> list[int]:
    """Return the places of the sites in the order in which to request an address. No site is always the first."""
    turn = number % len(DATABASES)
    return [*range(turn, len(DATABASES)), *range(turn)]


def _measure_first(subject: MeasuredPage, clients: Sequence[Client]) -> bool:
    """Request each address once from all sites. Return False if there is no such page."""
    for number, address in enumerate(subject.addresses, start=len(subject.first[DEMO])):
        for place in _take_turns(number):
            status, size, seconds = clients[place].request(address, subject.page.body)
            if status == http.HTTPStatus.NOT_FOUND:
                _print_line(f"skipped, 404: {subject.page.name} ({address})")
                return False
            if status >= http.HTTPStatus.BAD_REQUEST:
                raise SystemExit(f"bench: {address} returns {status}.")
            subject.first[place].append(seconds)
            subject.sizes[place].append(size)
    if not subject.addresses:
        _print_line(f"skipped, no content: {subject.page.name}")
    return bool(subject.addresses)


def _measure_again(subject: MeasuredPage, clients: Sequence[Client], number: int) -> None:
    times: Measured[float] = ([], [], [])
    repeats = -(-REQUESTS_PER_ROUND // len(subject.addresses))
    for count, address in enumerate(subject.addresses * repeats, start=number):
        for place in _take_turns(count):
            times[place].append(clients[place].request(address, subject.page.body)[2])
    for seconds, measured in zip(times, subject.rounds, strict=True):
        measured.append(statistics.median(seconds))


def _measure_own(subject: MeasuredPage, client: Client) -> None:
    """Request the load's own pages: once, and then three more times."""
    for again in range(4):
        for address in subject.addresses:
            _, size, seconds = client.request(address, subject.page.body)
            (subject.rounds if again else subject.first)[LOAD].append(seconds)
            subject.sizes[LOAD].append(size)


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
        f"{'':52}{'first, after a start':^32}{'again':^32}\n{'':52}"
        + f"{'demo':>8}{'full':>8}{'load':>8}{'ratio':>8}" * 2
    )
    for subject in subjects:
        first, again = (
            "".join(f"{1000 * statistics.median(seconds):8.1f}" for seconds in measured)
            for measured in (subject.first, subject.rounds)
        )
        marks = ("  longer with the load" if subject.is_longer else "") + ("  SLOW" if subject.is_slow else "")
        _print_line(
            f"{subject.page.name:52}{first}{subject.first_ratio:8.2f}{again}{subject.again_ratio:8.2f}{marks}".rstrip()
        )
    _print_line(f"\n{'The load’s own pages':52}{'first':>8}{'again':>8}{'slowest':>9}{'KB':>8}")
    for subject in own:
        first, again = subject.first[LOAD], subject.rounds[LOAD]
        _print_line(
            f"{subject.page.name:52}{1000 * statistics.median(first):8.1f}{1000 * statistics.median(again):8.1f}"
            f"{1000 * max(first):9.1f}{statistics.median(subject.sizes[LOAD]) / 1024:8.0f}"
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
