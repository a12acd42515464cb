"""Latency of votes that arrive at a fixed rate, regardless of how long responses take."""

import asyncio
import random
import statistics
import time
from collections.abc import Sequence

from bench.proof.voters import SiteConnection, Visitor

LANES = 16  # connections


def measure_waits(port: int, slugs: Sequence[str], *, rate: float, seconds: float) -> list[float]:
    """Return the seconds from the moment each vote was due to the last byte of its response.

    `rate` is in votes per second. Each vote is the first of a new visitor from its own network and requests the block
    of the page, as htmx does.
    """
    return asyncio.run(_measure_waits(port, slugs, rate=rate, number=int(rate * seconds)))


async def _measure_waits(port: int, slugs: Sequence[str], *, rate: float, number: int) -> list[float]:
    rng, lanes = random.Random(number), asyncio.Queue[SiteConnection]()  # noqa: S311
    for _ in range(LANES):
        lanes.put_nowait(SiteConnection(port))
    started = time.perf_counter() + 0.1

    async def vote(n: int) -> float:
        due = started + n / rate
        await asyncio.sleep(due - time.perf_counter())
        lane, visitor = await lanes.get(), Visitor(rng.randrange(1 << 16))
        path = f"/tools/{rng.choice(slugs)}/vote/"
        try:
            await lane.send(lane.form(path, "choice=ship", visitor=visitor, **{"HX-Request": "true"}), visitor=visitor)
        finally:
            lanes.put_nowait(lane)
        return time.perf_counter() - due

    waits = await asyncio.gather(*(vote(n) for n in range(number)))
    while not lanes.empty():
        lanes.get_nowait().close()
    return waits


def format_waits(waits: Sequence[float]) -> str:
    """Return the median, the 99th percentile, and the maximum in milliseconds."""
    p99 = statistics.quantiles(waits, n=100)[98]
    return f"p50 {statistics.median(waits) * 1000:.1f}, p99 {p99 * 1000:.1f}, max {max(waits) * 1000:.1f} ms"
