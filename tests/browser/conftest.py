import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.contrib.staticfiles import handlers
from playwright.sync_api import expect

from catalog.actions import import_catalog
from tests import factories as make

expect.set_options(timeout=15_000)  # milliseconds
DEMO = Path(__file__).resolve().parents[2] / "demo" / "catalog.json"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run"]  # fmt: skip


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """The system's Chromium where there is one, else Playwright's own; without either the tests fail."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return {**browser_type_launch_args, "args": FLAGS, **({"executable_path": found} if found else {})}


@pytest.fixture(scope="session", autouse=True)
def _static_files_as_in_production():
    """Let WhiteNoise serve the hashed files, and not the live server's own handler, which knows only plain names."""
    handler, handlers.StaticFilesHandler = handlers.StaticFilesHandler, lambda application: application
    yield
    handlers.StaticFilesHandler = handler


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
