"""gunicorn's production configuration: one worker per core, each with a few threads that wait for the database."""

import gc
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from config.listening import resolve_bind

bind = resolve_bind(os.environ)
worker_class = "config.worker.SiteWorker"
logger_class = "config.server_log.ServerLog"
workers = int(os.environ.get("WEB_CONCURRENCY") or os.cpu_count() or 2)
threads = int(os.environ.get("WEB_THREADS") or 4)
# Seconds until it closes an idle connection. Proxies must do so first: what they send into one that is being closed is
# lost, and a vote is not sent twice. Many load balancers wait for 60 seconds.
keepalive = int(os.environ.get("KEEP_ALIVE_SECONDS") or 75)
timeout = 30
graceful_timeout = 20
forwarded_allow_ips = ""  # X-Forwarded-Proto is Django's business, which knows TRUSTED_PROXY_COUNT
control_socket_disable = True  # on by default in newer versions; we do not use it
# Off by default: lines for machines that have a proxy's log already.
accesslog = os.environ.get("ACCESS_LOG") or None

# Where the workers count for /metrics: a folder of this master, so that one that follows it (USR2) has its own. What
# workers counted that have ended stays (config/counters.py).
_metrics_folder = Path(tempfile.gettempdir()) / f"shipside-metrics-{os.getuid()}-{os.getpid()}"
if os.environ.get("METRICS_TOKEN"):
    _metrics_folder.mkdir(mode=0o700, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_metrics_folder)


def on_starting(server: object) -> None:
    """Delete the counters that an earlier process with the same id left."""
    for file in _metrics_folder.glob("*.db"):
        file.unlink()


def on_exit(server: object) -> None:
    shutil.rmtree(_metrics_folder, ignore_errors=True)


def worker_exit(server: object, worker: object) -> None:
    """Flush popularity counts."""
    from django.db import Error

    from comparisons.reading import popularity

    with suppress(Error):
        popularity.flush()


def post_worker_init(worker: object) -> None:
    """Start to flush popularity counts, and exclude everything loaded at startup from later garbage collections."""
    from comparisons.reading import popularity

    popularity.start_flushing()
    gc.collect()
    gc.freeze()
