"""The loop of `manage.py worker`. Any number of processes may run it; they coordinate only through the database."""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import connection
from django.db.models import Min
from django.utils import timezone
from django.utils.module_loading import import_string
from tqdm import tqdm

from newsletter import cleanup, issuing, outbox, sending
from newsletter.models import MAX_REASON_LENGTH, Outbox, SendState, Worker
from newsletter.outgoing import IssueMessageBuilder
from newsletter.sending import ClaimedDelivery
from newsletter.transport import OutgoingMessage, SendResult, Transport, open_transport
from web.outages import PASSING_ERRORS

log = logging.getLogger(__name__)

HEARTBEAT_INTERVAL = 5.0  # seconds
IDLE_WAIT = 1.0  # seconds between polls of an empty queue
CLEANUP_INTERVAL = 3600.0  # seconds
JOBS_INTERVAL = 10.0  # seconds
MAX_BACKOFF = 60.0  # seconds, while there is no mail server
MAX_DATABASE_BACKOFF = 5.0  # seconds


class MailWorker:
    """One worker. `stop()` may be called from a signal handler: the current message is finished and recorded first."""

    def __init__(self, *, bar: "tqdm | None" = None, is_wanted: Callable[[], bool] = lambda: True) -> None:
        """`bar` shows progress; `is_wanted` is polled, and the worker stops once it returns false."""
        self.name = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(2)}"
        self.sent = 0
        self._bar = bar
        self._is_wanted = is_wanted
        self._stopping = threading.Event()
        self._transport: Transport = open_transport()
        self._next_heartbeat = self._next_cleanup = self._next_jobs = 0.0
        self._jobs: list[Callable[[], object]] = [import_string(path) for path in settings.WORKER_JOBS]
        self._backoff = 0.0
        self._trouble = ""
        self._database_answers = True
        self._issue_messages = IssueMessageBuilder()
        # What the database does not know yet, or may not know. `_settle` tells it as soon as it answers.
        self._done: tuple[ClaimedDelivery, SendResult] | None = None
        self._maybe_begun: ClaimedDelivery | None = None
        self._claimed: list[ClaimedDelivery] = []

    def stop(self) -> None:
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        if not self._is_wanted():
            self._stopping.set()
        return self._stopping.is_set()

    def run(self, *, until_empty: bool = False) -> None:
        """Send until stopped, or until nothing is due."""
        log.info("Worker %s started.", self.name)
        try:
            while not self.is_stopping:
                try:
                    worked = self._send_batches()
                except PASSING_ERRORS as error:
                    connection.close()
                    self._database_answers = False
                    self._back_off(f"the database is not available: {_first_line(error)}", longest=MAX_DATABASE_BACKOFF)
                    continue
                finally:
                    self._database_answers = True
                if not worked and until_empty:
                    break
                if not worked:
                    self._stopping.wait(IDLE_WAIT)
        finally:
            self._transport.close()
            self._sign_off()

    def _send_batches(self) -> bool:
        """Send one batch from the outbox and one of issues. Return whether there was anything to send."""
        self._settle()
        self._send_heartbeat()
        self._run_jobs()
        worked = self._send_outbox()
        issuing.start_due()
        return self._send_issues() or worked

    def _run_jobs(self) -> None:
        """Run the other jobs of workers, unless it did so a few seconds ago. One that fails stops no other."""
        now = time.monotonic()
        if now < self._next_jobs:
            return
        self._next_jobs = now + JOBS_INTERVAL
        for job in self._jobs:
            try:
                job()
            except PASSING_ERRORS:
                raise
            except Exception:
                log.exception("Worker %s cannot run %s.", self.name, job.__qualname__)

    def _send_outbox(self) -> bool:
        outbox.reclaim()
        rows = outbox.claim(worker=self.name)
        for index, row in enumerate(rows):
            if self.is_stopping:
                outbox.release(rows[index:])
                break
            if not outbox.renew(row, worker=self.name):
                continue  # another worker has taken it
            result = self._build_and_send(partial(outbox.build_message, row), is_independent=True)
            outbox.finish(row, result)
            self._count(result)
            self._send_heartbeat()
            if result and result.is_our_fault:
                outbox.release(rows[index + 1 :])
                self._back_off(result.reason)
                break
        return bool(rows)

    def _send_issues(self) -> bool:
        sending.expire_leases()
        self._claimed = deliveries = sending.claim(worker=self.name, batch_size=_get_batch_size())
        if not deliveries:
            sending.complete_issues()
            return False
        self._claimed = deliveries = self._issue_messages.note_had(deliveries)
        if without_news := [delivery for delivery in deliveries if not self._issue_messages.has_news_for(delivery)]:
            sending.skip(worker=self.name, deliveries=without_news)
            self._claimed = deliveries = [delivery for delivery in deliveries if delivery not in without_news]
        starts_at, rate = time.monotonic(), settings.NEWSLETTER_MAILS_PER_SECOND
        if rate:
            starts_at += sending.reserve_time(len(deliveries))
        for index, delivery in enumerate(deliveries):
            if rate:
                self._stopping.wait(max(starts_at + index / rate - time.monotonic(), 0.0))
            if self.is_stopping:
                break
            result = self._send_delivery(delivery)
            if result and result.is_our_fault:
                self._settle()
                self._back_off(result.reason)
                break
            self._send_heartbeat()
        self._settle()
        return True

    def _send_delivery(self, delivery: ClaimedDelivery) -> SendResult | None:
        """Record the previous result, begin this delivery, and send it. Return None if it must not be sent any more."""
        self._maybe_begun = delivery
        email = sending.step(worker=self.name, done=self._done, begin=delivery)
        self._done = None
        if email is None:
            self._maybe_begun = None
            return None
        result = self._build_and_send(partial(self._issue_messages.build, delivery, email), is_independent=False)
        assert result is not None  # noqa: S101 (for the types: the builder always returns a message)
        self._done, self._maybe_begun = (delivery, result), None
        self._count(result)
        return result

    def _build_and_send(
        self, build: Callable[[], OutgoingMessage | None], *, is_independent: bool
    ) -> SendResult | None:
        """Build a message and send it. Return None if it is no longer wanted.

        No unforeseen exception ends the worker. A message that cannot be built is retried; unless it `is_independent`
        of the others, they are held back too, because they would fail in the same way. If sending raises, the result is
        unknown.
        """
        try:
            message = build()
        except PASSING_ERRORS:
            raise
        except Exception as error:
            log.exception("Worker %s cannot build a message.", self.name)
            reason = f"the message cannot be built: {_first_line(error)}"[:MAX_REASON_LENGTH]
            return SendResult(SendState.QUEUED, reason, is_our_fault=not is_independent)
        if message is None:
            return None
        try:
            return self._transport.send(message)
        except Exception as error:
            log.exception("Worker %s does not know the result of a message.", self.name)
            self._transport.close()
            return SendResult(SendState.UNKNOWN, f"sending broke off: {_first_line(error)}"[:MAX_REASON_LENGTH])

    def _settle(self) -> None:
        """Bring the database up to date, and release what was not begun."""
        if self._maybe_begun is not None:  # `step` failed: whether or not it began the delivery, nothing was sent
            sending.undo_begin(worker=self.name, delivery=self._maybe_begun)
            self._maybe_begun = None
        if self._done is not None:
            sending.step(worker=self.name, done=self._done, begin=None)
            self._done = None
        if self._claimed:
            sending.release(worker=self.name, deliveries=self._claimed)
            self._claimed = []

    def _count(self, result: SendResult | None) -> None:
        if result and result.state == SendState.SENT:
            self._backoff, self._trouble = 0.0, ""
            self.sent += 1
            if self._bar is not None:
                self._bar.update()

    def _back_off(self, reason: str, *, longest: float = MAX_BACKOFF) -> None:
        """Wait, twice as long each time, after a failure that the next message would share."""
        self._backoff = min(max(self._backoff * 2, 1.0), longest)
        log.error("Worker %s waits %.0f s: %s", self.name, self._backoff, reason)
        self._trouble = reason[:MAX_REASON_LENGTH]
        left = self._backoff
        while left > 0 and not self.is_stopping:
            self._stopping.wait(min(left, HEARTBEAT_INTERVAL))
            left -= HEARTBEAT_INTERVAL
            if self._database_answers:  # a waiting worker is not a silent one
                self._send_heartbeat()

    def _send_heartbeat(self) -> None:
        """Record that this worker is alive, and the length of the queue, unless it did so a few seconds ago."""
        now = time.monotonic()
        if now < self._next_heartbeat:
            return
        self._next_heartbeat = now + HEARTBEAT_INTERVAL
        length, oldest = measure_queue()
        Worker.objects.update_or_create(
            name=self.name,
            defaults={
                "beat_at": timezone.now(),
                "sent": self.sent,
                "queue_length": length,
                "oldest_at": oldest,
                "trouble": self._trouble,
            },
        )
        if self._bar is not None:
            self._bar.total = self.sent + length
            self._bar.refresh()
        if now >= self._next_cleanup:
            self._next_cleanup = now + CLEANUP_INTERVAL
            cleanup.delete_expired()

    def _sign_off(self) -> None:
        try:
            self._settle()
            Worker.objects.filter(name=self.name).delete()
        except PASSING_ERRORS:
            connection.close()
        log.info("Worker %s stopped after %d messages.", self.name, self.sent)


def _get_batch_size() -> int:
    """Return how many deliveries to claim at once: two seconds' worth, if there is a rate limit."""
    rate = settings.NEWSLETTER_MAILS_PER_SECOND
    return max(1, min(sending.BATCH_SIZE, int(2 * rate))) if rate else sending.BATCH_SIZE


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def measure_queue() -> tuple[int, datetime | None]:
    """Return how many messages are waiting, and when the oldest of them was due (None if there are none)."""
    queued = Outbox.objects.filter(state=SendState.QUEUED)
    deliveries, first = sending.count_due()
    oldest = [at for at in (queued.aggregate(oldest=Min("next_attempt_at"))["oldest"], first) if at]
    return queued.count() + deliveries, min(oldest, default=None)
