"""gunicorn as production runs it: a worker a core, and a few threads in each for what waits on the database."""

import gc
import logging
import os
import re
from contextlib import suppress


def _name_nobody(record: logging.LogRecord) -> bool:
    """Take the address of whoever sends what is no HTTP out of what gunicorn says of it."""
    record.msg = re.sub(r"^(Invalid request) from ip=[^ ]*: ", r"\1: ", str(record.msg))
    return True


logging.getLogger("gunicorn.error").addFilter(_name_nobody)

bind = os.environ.get("BIND", "127.0.0.1:" + os.environ.get("PORT", "8000"))
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or os.cpu_count() or 2)
threads = int(os.environ.get("WEB_THREADS") or 4)
os.environ.setdefault("DATABASE_POOL_SIZE", str(threads))  # a database connection a thread, so that none waits
keepalive = 30  # seconds; longer than the load balancers' idle check, shorter than their own timeout
timeout = 30
graceful_timeout = 20
control_socket_disable = True  # newer versions open one by default; nobody here uses it
preload_app = False  # a connection pool that a fork inherits hangs
# An address in a log outlives the day for which a vote's network is known; so no access log by default.
accesslog = os.environ.get("ACCESS_LOG") or None


def worker_exit(server: object, worker: object) -> None:
    """Write what was counted, and give the database connections back, so that a worker ends at once."""
    from django.db import DatabaseError, connection

    from comparisons.reading import popularity

    with suppress(DatabaseError):
        popularity.flush()
    connection.close_pool()  # type: ignore[attr-defined] # of the PostgreSQL backend


def post_worker_init(worker: object) -> None:
    """Leave what is loaded for good out of every later garbage collection."""
    gc.collect()
    gc.freeze()
