"""Requests per second of nginx with deploy/nginx.conf, beside the same nginx serving the same bytes as a file.

`make bench-edge`, or `python -m bench.edge [--rounds 7] [--seconds 4] [--connections 16] [--check]`. It needs nginx and
`wrk`. A comparison is asked for over TLS and compressed: through nginx, which caches it for a second; as a file, from
the same nginx; and from gunicorn, without TLS. The figures are medians over rounds that measure every subject in turn,
and the share is the median of the ratios within each round. With `--check` it exits with 1 below the goal.
"""

import argparse
import gzip
import http.client
import re
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from bench import nginx
from bench.sites import ROOT, MeasuredSite

DATABASE = "shipside_bench_edge"
PAGE = "/compare/vllm-vs-ollama/"
GOAL = 0.6
EDGE, FILE, SITE = "nginx, cached", "nginx, a file", "gunicorn alone"
FILE_SERVER = """
server {
    listen 127.0.0.1:%d ssl http2;
    ssl_certificate $folder/cert.pem;
    ssl_certificate_key $folder/key.pem;
    gzip_static on;
    root %s;
}
"""


def main() -> None:
    options = _options()
    if shutil.which("wrk") is None:
        raise SystemExit("bench: wrk is missing (Debian: apt-get install wrk).")
    settings = {
        "WEB_CONCURRENCY": "2",
        "TRUSTED_PROXY_COUNT": "1",
        "EDGE_SECONDS": "1",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
    }
    site = MeasuredSite(DATABASE, **settings)
    site.create_database()
    site.vacuum()
    port = nginx.find_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        site.serve(),
        nginx.serve(
            f"127.0.0.1:{site.port}", static_root=ROOT / ".data" / "static", rate="1000000r/s",
            more=FILE_SERVER % (port, folder),
        ) as edge,
    ):  # fmt: skip
        body = _store(site, Path(folder))
        subjects = {
            EDGE: edge.address + PAGE,
            FILE: f"https://{nginx.HOST}:{port}/page.html",
            SITE: site.address + PAGE,
        }
        rates: dict[str, list[float]] = {name: [] for name in subjects}
        for address in subjects.values():  # warm up
            _measure(address, options)
        for _ in range(options.rounds):
            for name, address in subjects.items():
                rates[name].append(_measure(address, options))
    share = _print(rates, options, size=len(body))
    if options.check and share < GOAL:
        raise SystemExit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=4, help="per measurement in a round")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


def _store(site: MeasuredSite, folder: Path) -> bytes:
    """Store the page as a file with its compressed twin, and return the latter."""
    client = http.client.HTTPConnection("127.0.0.1", site.port)
    client.request("GET", PAGE, headers={"Accept-Encoding": "gzip"})
    response = client.getresponse()
    body = response.read()
    if response.status != 200:
        raise SystemExit(f"bench: {PAGE} answers {response.status}.")
    client.close()
    (folder / "page.html").write_bytes(gzip.decompress(body))
    (folder / "page.html.gz").write_bytes(body)
    folder.chmod(0o755)
    return body


def _measure(address: str, options: argparse.Namespace) -> float:
    """Return the requests per second for an address."""
    output = subprocess.run(
        ["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s", "-H", "Accept-Encoding: gzip", address],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    if failed := re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", output):
        raise SystemExit(f"bench: {failed[0]} from {address}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])  # type: ignore[index]


def _print(rates: dict[str, list[float]], options: argparse.Namespace, *, size: int) -> float:
    """Print the medians, and return the share of the file's rate that cached pages reach."""
    print(  # noqa: T201
        f"{PAGE}, {size:,} bytes compressed; {options.rounds} rounds of {options.seconds} s, {options.connections} "
        "connections"
    )
    for name, measured in rates.items():
        print(f"{name:16} {statistics.median(measured):9,.0f} requests per second")  # noqa: T201
    share = statistics.median(edge / file for edge, file in zip(rates[EDGE], rates[FILE], strict=True))
    print(f"cached / file    {share:9.0%} (goal: {GOAL:.0%})")  # noqa: T201
    return share


if __name__ == "__main__":
    main()
