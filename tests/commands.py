"""Running manage.py with other settings, many times.

Loading Django and the site takes more than a second of CPU time. A process does it once per worker and is then forked
for each command. The fork reads the settings again, from an environment of its own.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from multiprocessing.context import ForkServerContext
from pathlib import Path

import manage

TIMEOUT = 300  # seconds; generous, for a busy machine


def get_forks() -> ForkServerContext:
    """Return what starts processes that have loaded the site."""
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["tests.loaded_site"])
    return forks


def run_command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py with this environment beside that of the tests. Return what it printed, and its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        process = get_forks().Process(target=_manage, args=(arguments, {**os.environ, **environment}, folder))
        process.start()
        process.join(TIMEOUT)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"manage.py {' '.join(arguments)} did not end.")
        printed, complaints = ((Path(folder) / name).read_text() for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(arguments, process.exitcode, printed, complaints)


def _manage(arguments: tuple[str, ...], environment: dict[str, str], folder: str) -> None:
    for stream in (sys.stdout, sys.stderr):
        name = "stdout" if stream is sys.stdout else "stderr"
        with (Path(folder) / name).open("w") as file:
            os.dup2(file.fileno(), stream.fileno())
    os.environ.clear()
    os.environ.update(environment)
    forget_settings()
    sys.argv = ["manage.py", *arguments]
    manage.main()


def forget_settings() -> None:
    """Let Django read the settings again, as in a process that has just started."""
    from django.conf import settings
    from django.core.cache import caches
    from django.db import connections
    from django.utils.functional import empty

    del sys.modules[os.environ["DJANGO_SETTINGS_MODULE"]]
    settings._wrapped = empty  # type: ignore[misc] # Django's own mark for settings that are not loaded
    for handler in (connections, caches):
        vars(handler).clear()
        handler.__init__()  # type: ignore[misc]
