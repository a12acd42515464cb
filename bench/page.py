"""Speed of the comparison page relative to an empty view behind the same middleware and gunicorn.

`make bench-page`, or `python -m bench.page [--rounds 21] [--seconds 1] [--connections 8]`. It needs `wrk`. It
creates its own database with the demonstration content and 50,000 votes, starts gunicorn as production runs it, and
requests in turn the empty view, the full page, and the page with a matching If-None-Match. It prints medians over many
short rounds with their range. The last column is the median of the ratios within each round, because a busy machine
slows everything in a round alike.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import urllib.request

from bench.sites import MeasuredSite

PAGE = "/compare/claude-haiku-open-weights-vs-mistral-medium-3/"
DATABASE = "shipside_bench"


def main() -> None:
    options = _options()
    if shutil.which("wrk") is None:
        raise SystemExit("bench: wrk is missing (Debian: apt-get install wrk).")
    site = MeasuredSite(DATABASE)
    _prepare(site)
    with site.serve():
        _measure(site.address, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--seconds", type=int, default=1, help="per measurement in a round")
    parser.add_argument("--connections", type=int, default=8)
    return parser.parse_args()


def _prepare(site: MeasuredSite) -> None:
    site.create_database()
    site.vacuum()


def _measure(site: str, options: argparse.Namespace) -> None:
    with urllib.request.urlopen(site + PAGE) as response:  # noqa: S310 (our own server)
        etag = response.headers["ETag"]
    subjects: dict[str, list[str]] = {
        "empty view": [site + "/empty/"],
        "page in full": [site + PAGE],
        "304": ["-H", f"If-None-Match: {etag}", site + PAGE],
    }
    results: dict[str, list[tuple[float, float, float]]] = {name: [] for name in subjects}
    for arguments in subjects.values():  # warm up every worker
        _wrk(arguments, seconds=2, connections=options.connections)
    for _ in range(options.rounds):
        for name, arguments in subjects.items():
            results[name].append(_wrk(arguments, seconds=options.seconds, connections=options.connections))
    _print(results, options)


def _wrk(arguments: list[str], *, seconds: int, connections: int) -> tuple[float, float, float]:
    """Return requests per second and the 50th and 99th percentile of latency in milliseconds."""
    output = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *arguments],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    if failed := re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", output):
        raise SystemExit(f"bench: {failed[0]}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])  # type: ignore[index]
    return rate, _milliseconds(output, "50%"), _milliseconds(output, "99%")


def _milliseconds(output: str, percentile: str) -> float:
    value, unit = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)", output).groups()  # type: ignore[union-attr]
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def _print(results: dict[str, list[tuple[float, float, float]]], options: argparse.Namespace) -> None:
    medians = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in results.items()
    }
    print(  # noqa: T201
        f"{options.rounds} rounds of {options.seconds} s each, {options.connections} connections, "
        f"{os.cpu_count()} cores shared by wrk, gunicorn, and PostgreSQL\n"
    )
    print(f"{'':14}{'requests/s':>12}{'range':>16}{'p50 ms':>9}{'p99 ms':>9}{'of empty':>10}")  # noqa: T201
    for name, (rate, p50, p99) in medians.items():
        rates = [row[0] for row in results[name]]
        span = f"{min(rates):,.0f}–{max(rates):,.0f}"
        ratio = statistics.median(
            row[0] / empty[0] for row, empty in zip(results[name], results["empty view"], strict=True)
        )
        print(f"{name:14}{rate:>12,.0f}{span:>16}{p50:>9.1f}{p99:>9.1f}{ratio:>10.0%}")  # noqa: T201


if __name__ == "__main__":
    main()
