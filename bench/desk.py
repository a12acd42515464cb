"""How long a large tool takes to open and to save at the desk.

`make bench-desk`, or `python -m bench.desk [--reuse] [--rounds 7] [--profile open|save|merge|verify]`. It creates a
database with one published tool of 60 facts, 30 plans, and 7 seats beside the demonstration content, and requests its
page at the desk in this process: processor time of this process, elapsed time with PostgreSQL, queries, and size of the
response. Medians of the rounds.

- open: the page.
- save: a field of the tool, a price, and the value of a fact changed.
- merge: the same, after someone else changed another field, price, and value.
- verify: every plan and fact marked as verified today.
"""

import argparse
import cProfile
import os
import pstats
import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.sites import MeasuredSite

if TYPE_CHECKING:
    from django.http import HttpResponse

    from tools.models import Tool

FACTS, PLANS, SEATS = 60, 30, 7

type Fields = dict[str, list[str]]
type Send = Callable[[], HttpResponse]


class LargePage:
    """The page of the tool, and what an editor does there. Each step makes all requests but its last one."""

    def __init__(self, tool: "Tool") -> None:
        from django.test import Client

        from accounts.models import User

        self.address = f"/admin/tools/tool/{tool.pk}/change/"
        self.client, self.other = Client(SERVER_NAME="127.0.0.1"), Client(SERVER_NAME="127.0.0.1")
        for name, client in (("ada", self.client), ("ben", self.other)):
            user, _ = User.objects.get_or_create(username=name, is_staff=True, is_superuser=True)
            client.force_login(user)
        self.number = int(time.time()) % 1_000_000  # another one in each run

    def open(self) -> Send:
        return lambda: self.client.get(self.address)

    def save(self) -> Send:
        fields = self._read(self.client)
        return self._post(self.client, fields | self._change(row=2, field="tagline"))

    def merge(self) -> Send:
        fields = self._read(self.client)
        self._post(self.other, self._read(self.other) | self._change(row=4, field="website"))()
        return self._post(self.client, fields | self._change(row=2, field="tagline"))

    def verify(self) -> Send:
        fields = self._read(self.client)
        rows = [name.removesuffix("-source") for name in fields if name.endswith("-source")]
        return self._post(self.client, fields | {f"{row}-verified_today": ["on"] for row in rows})

    def _read(self, client: Any) -> Fields:
        """Return what a browser would post if nothing was typed."""
        from desk.history.form_versions import read_controls

        html = client.get(self.address).content.decode()
        form = html[html.index('id="tool_form"') :]
        return {name: values for name, values in read_controls(form).items() if "__prefix__" not in name}

    def _change(self, *, row: int, field: str) -> Fields:
        self.number += 1
        return {
            field: [f"https://large.example/{self.number}"],
            f"plans-{row}-amount": [f"{100 + self.number}"],
            f"facts-{2 * row}-value": [f"Value {self.number}"],
            f"facts-{2 * row}-source": ["https://large.example/new"],
        }

    def _post(self, client: Any, fields: Fields) -> Send:
        from http import HTTPStatus

        def send() -> "HttpResponse":
            response = client.post(self.address, fields | {"_save": ["Save"]})
            if response.status_code != HTTPStatus.FOUND:
                raise SystemExit(f"bench: the page was not saved: {response.status_code}.")
            return response

        return send


def main() -> None:
    options = _options()
    site = MeasuredSite("shipside_bench_desk", REQUIRE_MFA="false")
    os.environ |= site.environment
    if not options.reuse:
        site.create_database()

    import django

    django.setup()
    from bench.large_tool import make_large_tool
    from tools.models import Tool

    tool = Tool.objects.filter(slug="large").first() or make_large_tool(facts=FACTS, plans=PLANS, seats=SEATS)
    page = LargePage(tool)
    steps = {"open": page.open, "save": page.save, "merge": page.merge, "verify": page.verify}
    page.open()()  # templates and caches
    if options.profile:
        _profile(steps[options.profile]())
        return
    _print_line(f"{'':8}{'processor ms':>14}{'elapsed ms':>12}{'queries':>9}{'KB':>7}")
    for name, step in steps.items():
        rounds = [_measure(step()) for _ in range(options.rounds)]
        processor, elapsed = (1000 * statistics.median(times) for times in zip(*rounds, strict=True))
        queries, size = _count(step())
        _print_line(f"{name:8}{processor:14.0f}{elapsed:12.0f}{queries:9}{size / 1024:7.0f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reuse", action="store_true", help="reuse the database of the last run")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--profile", choices=["open", "save", "merge", "verify"], help="print where the time goes")
    return parser.parse_args()


def _measure(send: Send) -> tuple[float, float]:
    """Return the seconds of processor time and of elapsed time."""
    processor, elapsed = time.process_time(), time.perf_counter()
    send()
    return time.process_time() - processor, time.perf_counter() - elapsed


def _count(send: Send) -> tuple[int, int]:
    """Return the number of queries, and of bytes in the response."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        response = send()
    return len(queries), len(response.content)


def _profile(send: Send) -> None:
    profile = cProfile.Profile()
    profile.runcall(send)
    pstats.Stats(profile).sort_stats("cumulative").print_stats(90)


def _print_line(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
