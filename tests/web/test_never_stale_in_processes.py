"""The property of test_never_stale.py with two processes of the site, each with its own memory and database session."""

import os
from collections.abc import Iterator
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any

import pytest
import time_machine as clock
from django.utils import timezone
from hypothesis import HealthCheck, given, settings

from tests.commands import forget_settings, get_forks
from tests.server import database_url
from tests.web.test_never_stale import SOME_PATHS, SOME_STEPS, Site, check_each_step
from tests.wsgi import Answer, SiteServer
from votes import made_up
from web import pages
from web.caching import clear_process_caches
from web.pages import PageMemory


class SiteProcess:
    """A process of the site on the database of the test, which answers as at any time that it is told."""

    def __init__(self) -> None:
        forks = get_forks()
        self._pipe, other = forks.Pipe()
        environment = {**os.environ, "DATABASE_URL": database_url()}
        self._process = forks.Process(target=_serve, args=(other, environment), daemon=True)
        self._process.start()
        other.close()

    def ask(self, path: str) -> Answer:
        self._pipe.send((path, timezone.now()))
        return self._receive()

    def forget(self) -> None:
        """Forget all pages, as a process that has just started."""
        self._pipe.send(None)
        self._receive()

    def stop(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def _receive(self) -> Any:
        assert self._pipe.poll(60), "the process does not answer"
        return self._pipe.recv()


def _serve(pipe: Connection, environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    forget_settings()
    made_up.FRESH_SECONDS = -1
    server = SiteServer()
    while True:
        asked: tuple[str, datetime] | None = pipe.recv()
        if asked is None:
            clear_process_caches()
            pages.memory = PageMemory()
            pipe.send(len(pages.memory))
            continue
        path, now = asked
        with clock.travel(now, tick=False):
            answer = server.ask(path)
        del answer.headers["X-Request-ID"]
        pipe.send(answer)


@pytest.fixture(scope="module")
def processes(django_db_setup: Any) -> Iterator[list[SiteProcess]]:
    processes = [SiteProcess(), SiteProcess()]
    yield processes
    for process in processes:
        process.stop()


@pytest.mark.django_db(transaction=True)
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(paths=SOME_PATHS, steps=SOME_STEPS)
def test_page_of_either_process_is_what_a_new_process_renders(
    time_machine: Any, processes: list[SiteProcess], django_db_setup: Any, paths: list[str], steps: list[Any]
) -> None:
    time_machine.move_to("2026-11-28 12:00Z")
    site = Site()
    try:
        for process in processes:
            process.forget()
            for path in paths * 2:
                process.ask(path)
        check_each_step(site, time_machine, paths, steps, [process.ask for process in processes])
    finally:
        django_db_setup.restore()
