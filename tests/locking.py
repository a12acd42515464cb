"""Second connections to the test database, to hold locks in an order that a test decides."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client

BLOCKED = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@contextmanager
def other_connection() -> Iterator[psycopg.Connection]:
    """Connect again, outside Django. What is not committed at the end is rolled back, and its locks are released."""
    parameters = connection.get_connection_params()
    wanted = ("dbname", "user", "password", "host", "port")
    other = psycopg.connect(**{name: parameters[name] for name in wanted if name in parameters})
    try:
        yield other
    finally:
        # Closing alone does not wait until the server has noticed; the locks would be held a little longer.
        with suppress(psycopg.OperationalError):  # closed or broken already
            other.rollback()
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


def send_twice(client: Client, url: str, fields: dict[str, Any], *, lock: str) -> list[HttpResponse]:
    """Post a form twice at once: both requests are under way before either can pass `lock`, a statement."""

    return send_at_once(client, url, [fields, fields], lock=lock)


def send_at_once(client: Client, url: str, forms: list[dict[str, Any]], *, lock: str) -> list[HttpResponse]:
    """Post forms to one address at once, all under way before any of them can pass `lock`, a statement."""

    def post(fields: dict[str, Any]) -> HttpResponse:
        browser = Client()
        browser.cookies = client.cookies
        try:
            return browser.post(url, fields)
        finally:
            connections.close_all()

    with other_connection() as other, ThreadPoolExecutor(len(forms)) as pool:
        other.execute(lock)
        posts = [pool.submit(post, fields) for fields in forms]
        for count, each in enumerate(posts, start=1):
            wait_until_blocked(each, count=count)
        other.rollback()
        return [each.result() for each in posts]
