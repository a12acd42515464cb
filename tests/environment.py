"""A pytest plugin that is loaded before Django's settings. Tests run as production does, on their own database."""

import gc
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

os.environ |= {
    "DEBUG": "false",
    "SECRET_KEY": "tests",
    "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    "SITE_URL": "http://127.0.0.1:8000",
    "SITE_NAME": "Shipside",
    "POPULARITY_FLUSH_SECONDS": "1000000000",  # never, unless a test asks for it
    "WORKER_RUNS_DAILY": "false",  # tests that are about it turn it on
    "REQUIRE_MFA": "false",  # tests about it turn it on
    "MEDIA_ROOT": str(ROOT / ".data" / "test-media"),
    "STATIC_ROOT": str(ROOT / ".data" / "test-static"),
}
# What is loaded and collected stays. tests/conftest.py turns the garbage collector on again afterwards.
gc.disable()
# The browser fixtures run an event loop in the thread of the test.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_sessionstart(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput"):  # an xdist worker: the controller has done this
        return
    if not os.environ.get("DATABASE_URL"):
        from config import local_postgres

        local_postgres.start(Path(os.environ.get("DATA_DIR") or ROOT / ".data").expanduser().resolve())
    _collect_static_files()


def _collect_static_files() -> None:
    """Collect and compress static files as for production, unless none has changed since the last run. Add axe."""
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    from tests.browser.axe import write_axe

    files = sorted(storage.path(path) for finder in get_finders() for path, storage in finder.list([]))
    signature = [(path, stat.st_size, stat.st_mtime_ns) for path in files for stat in [Path(path).stat()]]
    folder = Path(os.environ["STATIC_ROOT"])
    collected = folder / "collected.txt"
    if not collected.exists() or collected.read_text() != repr(signature):
        collected.unlink(missing_ok=True)
        call_command("collectstatic", "--no-input", "--clear", "--verbosity", "0")
        collected.write_text(repr(signature))
    write_axe(folder)
