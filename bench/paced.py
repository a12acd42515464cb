"""How long a vote takes to be answered while so many come in a second, whatever the answers take."""

import asyncio
import random
import statistics
import time
from collections.abc import Sequence

from bench.proof.voters import Connection, Visitor

LANES = 16  # connections, as many browsers have


def waits(port: int, slugs: Sequence[str], *, rate: float, seconds: float) -> list[float]:
    """The seconds that votes at an even pace took from the moment at which each was due to its answer's last byte.

    Each is the first of a new visitor from a network of its own, and asks for the block of the page as htmx does.
    """
    return asyncio.run(_waits(port, slugs, rate=rate, number=int(rate * seconds)))


async def _waits(port: int, slugs: Sequence[str], *, rate: float, number: int) -> list[float]:
    rng, lanes = random.Random(number), asyncio.Queue[Connection]()  # noqa: S311
    for _ in range(LANES):
        lanes.put_nowait(Connection(port))
    began = time.perf_counter() + 0.1

    async def vote(n: int) -> float:
        due = began + n / rate
        await asyncio.sleep(due - time.perf_counter())
        lane, visitor = await lanes.get(), Visitor(rng.randrange(1 << 16))
        path = f"/tools/{rng.choice(slugs)}/vote/"
        try:
            await lane.send(lane.form(path, "choice=ship", visitor=visitor, **{"HX-Request": "true"}), visitor=visitor)
        finally:
            lanes.put_nowait(lane)
        return time.perf_counter() - due

    taken = await asyncio.gather(*(vote(n) for n in range(number)))
    while not lanes.empty():
        lanes.get_nowait().close()
    return taken


def described(taken: Sequence[float]) -> str:
    """The median, the 99th percentile and the longest, in milliseconds."""
    p99 = statistics.quantiles(taken, n=100)[98]
    return f"p50 {statistics.median(taken) * 1000:.1f}, p99 {p99 * 1000:.1f}, longest {max(taken) * 1000:.1f} ms"
