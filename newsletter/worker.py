"""The loop of `manage.py worker`: what waits is sent, by any number of processes that know nothing of each other."""

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
from django.db import InterfaceError, OperationalError, connection
from django.db.models import Min
from django.utils import timezone
from tqdm import tqdm

from newsletter import outbox, sending, tidying
from newsletter.models import Outbox, State, Worker
from newsletter.outgoing import Parcels
from newsletter.sending import InHand
from newsletter.transport import Outcome, Parcel, Transport, open_transport

log = logging.getLogger(__name__)

BEAT = 5.0  # seconds between two signs of life
IDLE = 1.0  # seconds until it looks again
TIDY = 3600.0  # seconds
LONGEST_PAUSE = 60.0  # seconds, while there is no mail server
LONGEST_WITHOUT_DATABASE = 5.0  # seconds


class Post:
    """One worker. `stop()` may be called from a signal handler: the mail at hand is finished and noted first."""

    def __init__(self, *, bar: "tqdm | None" = None, is_wanted: Callable[[], bool] = lambda: True) -> None:
        """`bar` shows progress; `is_wanted` is asked now and then whether to go on."""
        self.name = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(2)}"
        self.sent = 0
        self._bar = bar
        self._is_wanted = is_wanted
        self._stopping = threading.Event()
        self._transport: Transport = open_transport()
        self._next_beat = self._next_tidying = 0.0
        self._pause = 0.0
        self._troubled_by = ""
        self._database_answers = True
        self._parcels = Parcels()
        # What the database does not know yet, or may not: it is told as soon as it answers (`_settle`).
        self._done: tuple[InHand, Outcome] | None = None
        self._doubtful: InHand | None = None
        self._in_hand: list[InHand] = []

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
                    worked = self._round()
                except (OperationalError, InterfaceError) as error:
                    connection.close()
                    self._database_answers = False
                    self._trouble(f"the database is away: {_first_line(error)}", longest=LONGEST_WITHOUT_DATABASE)
                    continue
                finally:
                    self._database_answers = True
                if not worked and until_empty:
                    break
                if not worked:
                    self._stopping.wait(IDLE)
        finally:
            self._transport.close()
            self._farewell()

    def _round(self) -> bool:
        """One batch of each kind. Whether there was anything."""
        self._settle()
        self._beat()
        wrote = self._send_outbox()
        return self._send_issues() or wrote

    def _send_outbox(self) -> bool:
        outbox.reclaim()
        mails = outbox.claim(worker=self.name)
        for place, mail in enumerate(mails):
            if self.is_stopping:
                outbox.release(mails[place:])
                break
            outcome = self._handed_over(partial(outbox.parcel_of, mail), is_alone=True)
            outbox.finish(mail, outcome)
            self._count(outcome)
            self._beat()
            if outcome and outcome.is_our_trouble:
                outbox.release(mails[place + 1 :])
                self._trouble(outcome.reason)
                break
        return bool(mails)

    def _send_issues(self) -> bool:
        sending.lapse()
        self._in_hand = mails = sending.claim(worker=self.name, batch=_batch())
        if not mails:
            sending.complete()
            return False
        if nothing_in_it := [mail for mail in mails if not self._parcels.has_news_for(mail)]:
            sending.skip(worker=self.name, mails=nothing_in_it)
            self._in_hand = mails = [mail for mail in mails if mail not in nothing_in_it]
        starts_at, rate = time.monotonic(), settings.NEWSLETTER_MAILS_PER_SECOND
        if rate:
            starts_at += sending.reserve(len(mails))
        for place, mail in enumerate(mails):
            if rate:
                self._stopping.wait(max(starts_at + place / rate - time.monotonic(), 0.0))
            if self.is_stopping:
                break
            outcome = self._send(mail)
            if outcome and outcome.is_our_trouble:
                self._settle()
                self._trouble(outcome.reason)
                break
            self._beat()
        self._settle()
        return True

    def _send(self, mail: InHand) -> Outcome | None:
        """Note what came of the mail before, begin this one and hand it over; None when it is not to be sent."""
        self._doubtful = mail
        email = sending.step(worker=self.name, done=self._done, begin=mail)
        self._done = None
        if email is None:
            self._doubtful = None
            return None
        outcome = self._handed_over(partial(self._parcels.parcel, mail, email), is_alone=False)
        assert outcome is not None  # noqa: S101 (for the types: an issue is wanted)
        self._done, self._doubtful = (mail, outcome), None
        self._count(outcome)
        return outcome

    def _handed_over(self, write: Callable[[], Parcel | None], *, is_alone: bool) -> Outcome | None:
        """Write a mail and hand it over; None when it is not wanted. Whatever nobody thought of ends no worker: a mail
        that cannot be written is tried again, and, unless it `is_alone` in its kind, no other is written meanwhile; one
        that broke off on its way is unknown.
        """
        try:
            parcel = write()
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            log.exception("Worker %s cannot write a mail.", self.name)
            reason = f"it cannot be written: {_first_line(error)}"[:500]
            return Outcome(State.QUEUED, reason, is_our_trouble=not is_alone)
        if parcel is None:
            return None
        try:
            return self._transport.send(parcel)
        except Exception as error:
            log.exception("Worker %s does not know what became of a mail.", self.name)
            self._transport.close()
            return Outcome(State.UNKNOWN, f"it broke off on its way: {_first_line(error)}"[:500])

    def _settle(self) -> None:
        """Tell the database all that it does not know, and give back what was not begun."""
        if self._doubtful is not None:  # a step broke off: whether it begun the mail or not, it was not handed over
            sending.give_back(worker=self.name, mail=self._doubtful)
            self._doubtful = None
        if self._done is not None:
            sending.step(worker=self.name, done=self._done, begin=None)
            self._done = None
        if self._in_hand:
            sending.release(worker=self.name, mails=self._in_hand)
            self._in_hand = []

    def _count(self, outcome: Outcome | None) -> None:
        if outcome and outcome.state == State.SENT:
            self._pause, self._troubled_by = 0.0, ""
            self.sent += 1
            if self._bar is not None:
                self._bar.update()

    def _trouble(self, reason: str, *, longest: float = LONGEST_PAUSE) -> None:
        """Wait, longer each time, when no mail would fare better than the last."""
        self._pause = min(max(self._pause * 2, 1.0), longest)
        log.error("Worker %s waits %.0f s: %s", self.name, self._pause, reason)
        self._troubled_by = reason[:500]
        left = self._pause
        while left > 0 and not self.is_stopping:
            self._stopping.wait(min(left, BEAT))
            left -= BEAT
            if self._database_answers:  # it is well, and waits: that is said meanwhile
                self._beat()

    def _beat(self) -> None:
        """Say every few seconds that this worker lives, and what waits."""
        now = time.monotonic()
        if now < self._next_beat:
            return
        self._next_beat = now + BEAT
        length, oldest = waiting()
        Worker.objects.update_or_create(
            name=self.name,
            defaults={
                "beat_at": timezone.now(),
                "sent": self.sent,
                "queue_length": length,
                "oldest_at": oldest,
                "trouble": self._troubled_by,
            },
        )
        if self._bar is not None:
            self._bar.total = self.sent + length
            self._bar.refresh()
        if now >= self._next_tidying:
            self._next_tidying = now + TIDY
            tidying.tidy()

    def _farewell(self) -> None:
        try:
            self._settle()
            Worker.objects.filter(name=self.name).delete()
        except (OperationalError, InterfaceError):
            connection.close()
        log.info("Worker %s stopped after %d mails.", self.name, self.sent)


def _batch() -> int:
    """How many mails to take in hand: what goes out in two seconds, where there is a limit."""
    rate = settings.NEWSLETTER_MAILS_PER_SECOND
    return max(1, min(sending.BATCH, int(2 * rate))) if rate else sending.BATCH


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def waiting() -> tuple[int, datetime | None]:
    """How many mails wait, and since when the oldest of those could have gone out (None without any)."""
    queued = Outbox.objects.filter(state=State.QUEUED)
    deliveries, first = sending.oldest_due()
    oldest = [at for at in (queued.aggregate(oldest=Min("next_attempt_at"))["oldest"], first) if at]
    return queued.count() + deliveries, min(oldest, default=None)
