import logging
import os
import signal
import sys
import threading
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from newsletter import daily, digests
from newsletter.worker import MailWorker

log = logging.getLogger(__name__)

DAILY_POLL = 60.0  # seconds


class Command(BaseCommand):
    help = (
        "Send queued mail: replies to sign-ups, digests for editors, and issues of the newsletter. Any number of "
        "workers may run."
    )
    requires_system_checks = []  # they query the database, and a worker waits until it answers

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until-empty", action="store_true", help="exit when nothing is due")
        parser.add_argument(
            "--with-parent", action="store_true", help="exit with the process that started it, and show no progress bar"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        parent = os.getppid()
        with_parent = options["with_parent"]
        bar = tqdm(desc="sending", unit=" messages", total=0, disable=True if with_parent else None, file=sys.stderr)
        worker = MailWorker(bar=bar, is_wanted=lambda: not with_parent or os.getppid() == parent)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        if settings.WORKER_RUNS_DAILY and not options["until_empty"]:
            # It may take minutes, for which no mail should wait. A run that ends with this process is repeated.
            threading.Thread(target=_run_daily, name="daily", daemon=True).start()
        with bar:
            worker.run(until_empty=options["until_empty"])


def _run_daily() -> None:
    while True:
        run_daily_once()
        time.sleep(DAILY_POLL)


def run_daily_once() -> None:
    """Run daily work and queue digests if they are due. Log every exception: one would end the thread for good."""
    for work in (daily.run_if_due, digests.queue_if_due):
        try:
            work()
        except Exception:
            log.exception("%s.%s failed, and is tried again in a minute.", work.__module__, work.__qualname__)
