"""What must run once a day. A worker does it by itself, so that nobody needs a timer; `manage.py daily` does the same.

One machine at a time runs it. A step that fails stops no other one.
"""

import logging
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import Error, connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min, QuerySet
from django.utils import timezone

from newsletter import cleanup, digests
from newsletter.models import DailyRun
from votes.ranking import rank_pairs
from votes.verifying import verify_tally
from web import clock, locks

log = logging.getLogger(__name__)

RETRY_AFTER = timedelta(hours=1)  # a run with failed steps
OVERDUE_AFTER = timedelta(hours=36)
KEPT_DAYS = 90
CONFIRM_SECONDS = 2.0  # a listing may lag behind a vote that is being cast; a difference lasts


def run(*, only_if_due: bool = False) -> DailyRun | None:
    """Run every step and record the results. Return None if another machine does so now, or if it is not due."""
    with locks.try_hold_apart(locks.Lock.DAILY) as is_held:
        if not is_held or (only_if_due and not is_due(now=timezone.now())):
            return None
        run = DailyRun.objects.create(machine=socket.gethostname()[:100])
        for name, step in STEPS:
            started = time.monotonic()
            try:
                with transaction.atomic():
                    report, failed = step(run), False
            except Exception as error:
                log.exception("The daily step %r failed.", name)
                report, failed = f"{type(error).__name__}: {error}".strip().splitlines()[0][:500], True
                if not connection.in_atomic_block:
                    connection.close_if_unusable_or_obsolete()
            seconds = round(time.monotonic() - started, 3)
            run.steps.append({"name": name, "report": report, "failed": failed, "seconds": seconds})
        run.ended_at = timezone.now()
        run.save()
    if run.differences:
        log.error("The tally differs from the votes in %d places. Run manage.py verify_tally.", run.differences)
    log.info("What runs daily took %.1f s.", (run.ended_at - run.started_at).total_seconds())
    return run


def is_due(*, now: datetime) -> bool:
    """Return whether a worker should run it: it has not run today (UTC), or a step failed an hour ago.

    A run without an end is still running, and then holds the lock, or was killed.
    """
    last = find_last(now=now)
    if last is None or last.started_at.date() < now.date() or last.ended_at is None:
        return True
    return bool(last.failures) and last.ended_at < now - RETRY_AFTER


def find_last(*, now: datetime | None = None) -> DailyRun | None:
    """Return the last run, whether or not it has ended."""
    return _list_begun(now=now).first()


def find_last_ended() -> DailyRun | None:
    return _list_begun().exclude(ended_at=None).first()


def find_last_verified(last: DailyRun | None) -> DailyRun | None:
    """Return the last run whose step compared tally and votes: what it found holds until another one succeeds."""
    if last and last.differences is None:
        return _list_begun().exclude(ended_at=None).exclude(differences=None).first()
    return last


def _list_begun(*, now: datetime | None = None) -> QuerySet[DailyRun]:
    """Return the runs, newest first, except those of later days: a clock was wrong then, and has been set since.

    If such a run counted, the next one would not be due, nor its absence be an alarm, until that day has come.
    """
    return DailyRun.objects.filter(started_at__lt=clock.midnight_after(now or timezone.now()))


def find_last_start(last: DailyRun | None) -> datetime:
    """Return when the last run that has ended began. Before the first, return when the site was set up.

    A site is set up when its oldest migration is applied, so a new site has as long for its first run as for any other.
    """
    if last:
        return last.started_at
    return MigrationRecorder.Migration.objects.aggregate(at=Min("applied"))["at"] or timezone.now()


def run_if_due() -> None:
    """Run it if it is due, and close the connection, which is not needed again for a day. Log any trouble."""
    try:
        if is_due(now=timezone.now()):
            run(only_if_due=True)
    except Error as error:
        log.warning("What runs daily could not run: %s", str(error).strip().partition("\n")[0])
    finally:
        connection.close()


def _rank_pairs(run: DailyRun) -> str:
    ranked = rank_pairs()
    return ", ".join(f"{category}: {tools} tools" for category, tools in ranked.items()) or "no category has the votes"


def _clear_sessions(run: DailyRun) -> str:
    deleted, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    return f"{deleted} deleted"


def _tidy(run: DailyRun) -> str:
    cleanup.delete_expired()
    deleted, _ = DailyRun.objects.filter(started_at__lt=timezone.now() - timedelta(days=KEPT_DAYS)).delete()
    return f"deleted what has expired, and {deleted} old reports"


def _queue_digests(run: DailyRun) -> str:
    return f"{digests.queue_digests()} queued"


def _verify_tally(run: DailyRun) -> str:
    differences = verify_tally()
    if differences:
        time.sleep(CONFIRM_SECONDS)
        places = {(difference.place, difference.stored_in) for difference in differences}
        differences = [again for again in verify_tally() if (again.place, again.stored_in) in places]
    run.differences = len(differences)
    return "; ".join(map(str, differences[:20])) or "no difference"


STEPS: tuple[tuple[str, Callable[[DailyRun], str]], ...] = (
    ("rank pairs", _rank_pairs),
    ("clear sessions", _clear_sessions),
    ("tidy", _tidy),
    ("queue digests", _queue_digests),
    ("verify tally", _verify_tally),
)
