"""Second connections to the test database, to hold locks in an order that a test decides."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
from django.db import connection, connections

BLOCKED = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@contextmanager
def other_connection() -> Iterator[psycopg.Connection]:
    """Connect again, outside Django. What is not committed at the end is rolled back."""
    parameters = connection.get_connection_params()
    wanted = ("dbname", "user", "password", "host", "port")
    other = psycopg.connect(**{name: parameters[name] for name in wanted if name in parameters})
    try:
        yield other
    finally:
        other.close()


@contextmanager
def in_thread[T](do: Callable[[], T]) -> Iterator[Future[T]]:
    """Run something in a thread with a connection of its own, during the block."""

    def run() -> T:
        try:
            return do()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(run)


def wait_until_blocked(future: Future[object], *, count: int = 1) -> None:
    """Return once sessions wait for a lock, or the thread is done without waiting."""
    for _ in range(1000):
        if future.done():
            return
        with connection.cursor() as cursor:
            cursor.execute(BLOCKED)
            if cursor.fetchone()[0] >= count:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits for a lock")
