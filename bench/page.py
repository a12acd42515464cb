"""How fast the comparison page is, against an empty view under the same middleware and gunicorn.

`make bench-page`, or `python -m bench.page [--rounds 21] [--seconds 1] [--connections 8]`. It needs `wrk`. It makes a
database of its own beside the site's, with the demonstration content and 50,000 votes, starts gunicorn as production
runs it, and asks in turn for the empty view, the page in full, and the page with a matching If-None-Match. The figures
are medians over many short rounds, with their range, and the last column is the median of the rounds' own ratios: a
busy machine then slows what is compared alike.
"""

import argparse
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = "/compare/claude-haiku-open-weights-vs-mistral-medium-3/"
VOTES = 50_000
DATABASE = "shipside_bench"
VOTES_SQL = """
INSERT INTO votes_vote (tool_id, visitor, choice, created_at, updated_at)
SELECT tools.ids[1 + i %% cardinality(tools.ids)], md5(i::text)::uuid, (ARRAY['ship', 'skip'])[1 + (i / 7) %% 2],
       now(), now()
FROM (SELECT array_agg(id) AS ids FROM tools_tool) AS tools, generate_series(1, %s) AS i
"""


def main() -> None:
    options = _options()
    if shutil.which("wrk") is None:
        raise SystemExit("bench: wrk is missing (Debian: apt-get install wrk).")
    port = _free_port()
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "DATABASE_URL": _database(),
        "SECRET_KEY": "bench",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DEBUG": "false",
        "PORT": str(port),
    }
    _prepare(environment)
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"], cwd=ROOT, env=environment
    )
    try:
        _measure(f"http://127.0.0.1:{port}", options)
    finally:
        server.terminate()
        server.wait(timeout=30)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--seconds", type=int, default=1, help="of each measurement in a round")
    parser.add_argument("--connections", type=int, default=8)
    return parser.parse_args()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _database() -> str:
    """Make an empty database beside the site's own and return its URL."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    from config import local_postgres

    url = os.environ.get("DATABASE_URL") or local_postgres.start(ROOT / ".data")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    parts = conninfo_to_dict(url)
    where = f"{parts.get('user', '')}:{parts.get('password', '')}@"
    if str(parts.get("host", "")).startswith("/"):
        return f"postgresql://{where}/{DATABASE}?host={parts['host']}"
    return f"postgresql://{where}{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{DATABASE}"


def _prepare(environment: dict[str, str]) -> None:
    import psycopg

    for command in (["migrate"], ["import_catalog", "demo/catalog.json"], ["collectstatic", "--no-input"]):
        subprocess.run(
            [sys.executable, "manage.py", *command, "--verbosity", "0"],
            cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(VOTES_SQL, [VOTES])
        connection.execute("VACUUM ANALYZE")


def _measure(site: str, options: argparse.Namespace) -> None:
    etag = _wait_for(site + PAGE)
    subjects: dict[str, list[str]] = {
        "empty view": [site + "/empty/"],
        "page in full": [site + PAGE],
        "304": ["-H", f"If-None-Match: {etag}", site + PAGE],
    }
    results: dict[str, list[tuple[float, float, float]]] = {name: [] for name in subjects}
    for arguments in subjects.values():  # warm every worker
        _wrk(arguments, seconds=2, connections=options.connections)
    for _ in range(options.rounds):
        for name, arguments in subjects.items():
            results[name].append(_wrk(arguments, seconds=options.seconds, connections=options.connections))
    _print(results, options)


def _wait_for(url: str) -> str:
    for _ in range(100):
        try:
            with urllib.request.urlopen(url) as response:  # noqa: S310 (our own server)
                return str(response.headers["ETag"])
        except OSError:
            time.sleep(0.1)
    raise SystemExit("bench: the site did not come up.")


def _wrk(arguments: list[str], *, seconds: int, connections: int) -> tuple[float, float, float]:
    """Return requests a second, and the 50th and 99th percentile of their time in milliseconds."""
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
        f"{os.cpu_count()} cores shared by wrk, gunicorn and PostgreSQL\n"
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
