import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partialmethod
from pathlib import Path
from typing import Any, ClassVar
from urllib.request import urlopen

import pytest
from django.contrib.staticfiles import handlers
from django.core.servers.basehttp import ThreadedWSGIServer
from django.db import connections
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, Page, expect
from psycopg.pq import TransactionStatus

from catalog.actions import import_catalog
from tests import factories as make
from tests.browser.fonts import write_font_config
from tests.database import Snapshot, measure_tables
from web.deep_calls import with_room_for_deep_calls

expect.set_options(timeout=30_000)  # milliseconds; generous, because a busy machine is slow
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DEMO = ROOT / "demo" / "catalog.json"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--renderer-process-limit=1"]  # fmt: skip
# Pages are laid out and hardly painted, which takes a third less CPU time, but nothing on them can be clicked.
ONLY_LAYOUT = [*FLAGS, "--disable-threaded-compositing"]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """Use the system's Chromium if there is one, and Playwright's own otherwise, as bin/ensure-browser decided.

    Give it fonts of our own: the wide set, in which most things break that can.
    """
    which = subprocess.run([ROOT / "bin" / "ensure-browser", "--which"], capture_output=True, text=True, check=False)
    path = {"executable_path": which.stdout.strip()} if which.returncode == 0 else {}
    return {**browser_type_launch_args, "args": FLAGS, "env": _environment(width="wide"), **path}


def _environment(*, width: str) -> dict[str, str]:
    """Return the environment of a browser with one of the two sets of fonts."""
    config = write_font_config(width=width, folder=ROOT / ".data" / "test-fonts")
    return {**os.environ, "FONTCONFIG_FILE": str(config)}


@pytest.fixture(params=["narrow", "wide"])
def page_in_either_font(request, launch_browser):
    """Return a page in a browser with narrow fonts, then in one with wide fonts. It is only laid out."""
    yield from _open_page(launch_browser(args=ONLY_LAYOUT, env=_environment(width=request.param)))


@pytest.fixture
def page_to_measure(launch_browser):
    """Return a page that is only laid out."""
    yield from _open_page(launch_browser(args=ONLY_LAYOUT))


def _open_page(browser: Browser) -> Iterator[Page]:
    """Open a page, as a fixture does, and close its browser in the end."""
    try:
        with watch(browser.new_page()) as page:
            yield page
    finally:
        browser.close()  # also after a complaint, because its open connections would fail the tests after it, too


@pytest.fixture(scope="session", autouse=True)
def _without_motion():
    """Ask for reduced motion, unless a test says otherwise.

    Links between public pages otherwise cross-fade, which takes twice as much CPU as loading the page.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in ("new_context", "new_page"):
            patch.setattr(Browser, name, partialmethod(getattr(Browser, name), reduced_motion="reduce"))
        yield


@pytest.fixture(scope="session")
def _static_files_as_in_production():
    """Let WhiteNoise serve the hashed files. The live server's own handler knows only the original names."""
    handler, handlers.StaticFilesHandler = handlers.StaticFilesHandler, lambda application: application
    yield
    handlers.StaticFilesHandler = handler


class _Server(ThreadedWSGIServer):
    """A server whose threads pass on their database sessions.

    It has a thread per connection of a browser, and each test opens new ones. A new session costs 50 ms of CPU because
    it prepares every statement again. Threads in production keep theirs for an hour.
    """

    idle_sessions: ClassVar[list[Any]] = []

    def process_request_thread(self, request, client_address):
        with suppress(IndexError):  # another thread may take the last one
            connections["default"] = self.idle_sessions.pop()
        with_room_for_deep_calls(super().process_request_thread)(request, client_address)

    def _close_connections(self):
        session = connections["default"]
        if session.connection is None or session.connection.info.transaction_status != TransactionStatus.IDLE:
            session.close()
            return
        session.inc_thread_sharing()
        self.idle_sessions.append(session)


@pytest.fixture(scope="session")
def _passed_on_sessions():
    """Use `_Server` for the live server."""
    usual, LiveServerThread.server_class = LiveServerThread.server_class, _Server
    yield
    LiveServerThread.server_class = usual
    while _Server.idle_sessions:
        _Server.idle_sessions.pop().close()


@pytest.fixture(scope="session")
def live_server(_static_files_as_in_production, _passed_on_sessions, live_server):
    """Run the site, with static files served as in production."""
    return live_server


_NEXT_HAS_DEMO = pytest.StashKey[bool]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item, nextitem):
    item.stash[_NEXT_HAS_DEMO] = "site" in getattr(nextitem, "fixturenames", ()) and nextitem.path.is_relative_to(HERE)


@pytest.fixture(autouse=True)
def _finish_requests(transactional_db, live_server, browser):
    """Close every page and wait for every request before the database is restored, so that neither blocks the other."""
    yield
    for context in browser.contexts:
        context.close()
    # The server accepts connections in order: once it answers this one, no earlier one is still waiting.
    with urlopen(f"{live_server.url}/robots.txt") as response:  # noqa: S310 (our own server)
        assert response.status == 200
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:  # one thread per connection; it closes its database session last
            thread.join(timeout=60)
            assert not thread.is_alive(), "a request of this test is still running"


@pytest.fixture(scope="session")
def _demo() -> list[Snapshot]:
    """Hold the imported demonstration content, once a test has imported it."""
    return []


@pytest.fixture
def site(django_db_setup, transactional_db, live_server, _demo):
    """Load the demonstration content and return the address of the running site.

    The first test of a worker imports it; later tests restore the rows, unless the test before has left them.
    """
    if not _demo:
        import_catalog(content=DEMO.read_bytes())
        make.issue_of_everything()
        measure_tables()
        _demo.append(Snapshot.take())
    elif django_db_setup.present is not _demo[0]:
        _demo[0].restore()
    return live_server.url


@pytest.fixture(autouse=True)
def _leave_demo_to_next_test(request, django_db_setup, transactional_db, _demo):
    """End with the demonstration content if the next test starts with it: fewer rows change than if all are deleted."""
    yield
    if _demo and request.node.stash.get(_NEXT_HAS_DEMO, False):
        django_db_setup.want(_demo[0])


@contextmanager
def watch(page):
    """Fail on any error in the page's console, and on any request to another host.

    A 4xx status is no error, and neither is a request of htmx that ends because its page does, nor a transition between
    two pages that Chromium leaves out because it was too busy to begin it in time.
    """
    complaints: list[str] = []

    def on_message(message) -> None:
        is_refusal = "status of 4" in message.text or "Response Status Error Code 4" in message.text
        # htmx logs `afterRequest` before each failure, and then what it was: `sendError`, `timeout` or `sendAbort`.
        is_abort = message.text.startswith(("htmx:afterRequest", "htmx:sendAbort"))
        if message.type in ("error", "warning") and not is_refusal and not is_abort:
            complaints.append(message.text)

    def on_error(error) -> None:
        if not str(error).startswith("Transition was aborted because of invalid state"):
            complaints.append(str(error))

    def on_request(request) -> None:
        if not request.url.startswith(("http://localhost:", "data:")):
            complaints.append(f"requested {request.url}")

    page.on("console", on_message)
    page.on("pageerror", on_error)
    page.on("request", on_request)
    yield page
    assert complaints == []


@pytest.fixture
def page(page):
    """Return a page that fails the test on any complaint."""
    with watch(page):
        yield page
