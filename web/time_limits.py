"""Calls that end in time, whatever they wait for: a database that hangs, or a disk of the network."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock


class TimeLimited[T]:
    """Runs a function in a thread of its own, one call at a time, so that one that hangs costs no thread of the server.

    Who calls while it runs gets the same result.
    """

    def __init__(self, function: Callable[[], T], *, patience: float) -> None:
        self._function = function
        self._patience = patience  # seconds
        self._lock = Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._running: Future[T] | None = None

    def __call__(self) -> T:
        """Return what the function returns. Raise TimeoutError if that takes longer than `patience`."""
        with self._lock:
            if self._running is None or self._running.done():
                # Not when the module is imported: threads do not survive the fork of gunicorn's workers.
                self._executor = self._executor or ThreadPoolExecutor(1, thread_name_prefix=self._function.__name__)
                self._running = self._executor.submit(self._function)
            running = self._running
        return running.result(timeout=self._patience)
