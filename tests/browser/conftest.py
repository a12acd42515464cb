import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.contrib.staticfiles import handlers
from playwright.sync_api import expect

from catalog.actions import import_catalog
from tests import factories as make

expect.set_options(timeout=30_000)  # milliseconds; a busy machine is slow now and then
ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "demo" / "catalog.json"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--renderer-process-limit=1"]  # fmt: skip


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """The system's Chromium where there is one, else Playwright's own, as bin/ensure-browser decided."""
    found = subprocess.run([ROOT / "bin" / "ensure-browser", "--which"], capture_output=True, text=True, check=False)
    path = {"executable_path": found.stdout.strip()} if found.returncode == 0 else {}
    return {**browser_type_launch_args, "args": FLAGS, **path}


@pytest.fixture(scope="session")
def _static_files_as_in_production():
    """Let WhiteNoise serve the hashed files, and not the live server's own handler, which knows only plain names."""
    handler, handlers.StaticFilesHandler = handlers.StaticFilesHandler, lambda application: application
    yield
    handlers.StaticFilesHandler = handler


@pytest.fixture(scope="session")
def live_server(_static_files_as_in_production, live_server):
    """The site, with its static files as visitors get them."""
    return live_server


@pytest.fixture(autouse=True)
def _no_request_outlives_its_test(transactional_db, live_server, browser):
    """Before all tables are emptied every page is closed and every request is over: else each waits for the other."""
    yield
    for context in browser.contexts:
        context.close()
    # Connections are taken in the order in which they came: once this one is answered, none is left waiting.
    with urlopen(f"{live_server.url}/robots.txt") as answer:  # noqa: S310 (our own server)
        assert answer.status == 200
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:  # a thread a connection; it closes its database session at its end
            thread.join(timeout=30)
            assert not thread.is_alive(), "a request of this test is still running"


@pytest.fixture
def site(transactional_db, live_server):
    """A running site with the demonstration content; its address."""
    import_catalog(content=DEMO.read_bytes())
    make.issue_of_everything()
    return live_server.url


@contextmanager
def watched(page):
    """Watch a page, and fail on any error in its console but a refusal, and on any request to elsewhere."""
    complaints: list[str] = []

    def hear(message) -> None:
        refused = "status of 4" in message.text or "Response Status Error Code 4" in message.text
        if message.type in ("error", "warning") and not refused:
            complaints.append(message.text)

    def watch(request) -> None:
        if not request.url.startswith(("http://localhost:", "data:")):
            complaints.append(f"asked {request.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", watch)
    yield page
    assert complaints == []


@pytest.fixture
def page(page):
    """A page that is watched."""
    with watched(page):
        yield page
