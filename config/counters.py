"""The files in which the processes of a server count (PROMETHEUS_MULTIPROC_DIR, config/gunicorn.py)."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

ENDED = "ended"  # in the place of a process's id


def read_counters(folder: Path) -> bytes:
    """Return the counts of all processes, including ended ones, in Prometheus's text format."""
    with _lock(folder):
        _merge_ended(folder)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(folder))
        return generate_latest(registry)


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Keep other threads and processes from reading and merging. It takes milliseconds."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _merge_ended(folder: Path) -> None:
    """Add the files of processes that have ended to one per kind of metric.

    What they counted must stay, but the files would become more with each process that ends, for as long as the server
    runs.
    """
    for file in folder.glob("*.db"):
        kind, _, process = file.stem.rpartition("_")
        if not process.isdecimal() or _is_alive(int(process)):
            continue
        total = MmapedDict(str(folder / f"{kind}_{ENDED}.db"))
        for key, value, at, _ in MmapedDict.read_all_values_from_file(str(file)):
            total.write_value(key, total.read_value(key)[0] + value, at)
        total.close()
        file.unlink()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, who has the same id
        return True
    return True
