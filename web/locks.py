"""Waiting for others: PostgreSQL's advisory locks, and how long a request waits for any lock.

Every number of an advisory lock is here, so that no two uses share one by accident. Commands wait without limit. A
request at the desk waits a few seconds (`limit_waits`), because the thread it waits in also serves readers.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from threading import BoundedSemaphore

from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

RETRY_AFTER = 3  # seconds
PLACE_SECONDS = 0.3  # how long a request waits for a place to wait in; ordinary saves are shorter

_is_limited = ContextVar("_is_limited", default=False)
# How many requests of this process may wait at once. The other threads stay free for readers.
_places = BoundedSemaphore(settings.MAX_WAITING_REQUESTS)


class Lock(IntEnum):
    IMPORT = 0x5A1C  # one catalog import at a time, so that what it checked still holds when it writes
    LISTINGS = 0x115716  # held while listings are rebuilt; votes/sql/listings.sql has the same number
    DECISION = 0x115717  # one decision at a time: two on the same votes would deadlock
    RANKING = 0x115718  # one ranking of pairs at a time
    OLD_AMOUNTS = 0x115719  # one process deletes expired counters; the others skip it
    COMPOSING = 0x11571A  # one issue of the newsletter is composed at a time; the next one finds its draft
    DAILY = 0x11571B  # one machine runs what must run daily


class BusyError(OperationalError):
    """So many requests of this process wait for locks that one more would leave no thread for readers."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The session that holds an advisory lock: the user's id if it was noted, and since when."""

    user_id: int | None
    since: datetime


def hold(lock: Lock) -> None:
    """Wait for a lock and hold it until the transaction ends."""
    limit_waits_of_transaction()
    if not _is_limited.get():
        _hold(lock)
    elif not try_hold(lock):
        with place_to_wait():
            _hold(lock)


def _hold(lock: Lock) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock.value])


def hold_key(digest: bytes) -> None:
    """Wait for a lock named by a digest of at least 8 bytes, and hold it until the transaction ends."""
    high, low = struct.unpack("ii", digest[:8])
    with connection.cursor() as cursor:
        if _is_limited.get():
            limit_waits_of_transaction()
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s::int, %s::int)", [high, low])
        [is_held] = cursor.fetchone()
        if not is_held:
            with place_to_wait() if _is_limited.get() else nullcontext():
                cursor.execute("SELECT pg_advisory_xact_lock(%s::int, %s::int)", [high, low])


def try_hold(lock: Lock) -> bool:
    """Hold a lock until the transaction ends if it is free. Return whether it was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock.value])
        [is_held] = cursor.fetchone()
    return bool(is_held)


@contextmanager
def try_hold_apart(lock: Lock) -> Iterator[bool]:
    """Hold a lock in this block if it is free, on a connection of its own, so that the block may use several
    transactions. Yield whether it was free.

    The lock belongs to a transaction that stays open, because a transaction pooler keeps nothing else. It has read
    nothing, so it keeps no row from being vacuumed.
    """
    apart = connection.copy()
    try:
        apart.set_autocommit(False)
        with apart.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock.value])
            [is_held] = cursor.fetchone()
        yield bool(is_held)
    finally:
        apart.close()


def sign_transaction(user_id: int) -> None:
    """Record the user on the session until the transaction ends, so that others learn who holds a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('application_name', %s, true)", [f"user {user_id:d}"])


def find_holder(lock: Lock) -> Holder | None:
    """Return who holds a lock now; None if nobody does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT substring(application_name FROM '^user ([0-9]+)$')::bigint, xact_start"
            " FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = %s AND objsubid = 1"
            " AND datname = current_database() AND xact_start IS NOT NULL",
            [lock.value],
        )
        row = cursor.fetchone()
    return Holder(*row) if row else None


@contextmanager
def limit_waits() -> Iterator[None]:
    """In this block, wait at most LOCK_WAIT_SECONDS for each lock, and raise OperationalError (see `is_contention`)."""
    token = _is_limited.set(True)
    try:
        yield
    finally:
        _is_limited.reset(token)


def are_waits_limited() -> bool:
    return _is_limited.get()


def limit_waits_of_transaction() -> None:
    """Apply the limit to the rest of the current transaction, regardless of what it waits for."""
    if _is_limited.get():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [lock_timeout()])


@contextmanager
def limited_atomic() -> Iterator[None]:
    """Run the block in a transaction to which the limit applies, if there is one. Also a decorator.

    For what does not lock the content revision, which applies the limit itself.
    """
    with transaction.atomic():
        limit_waits_of_transaction()
        yield


def lock_timeout() -> str:
    """Return the limit as PostgreSQL takes it."""
    return f"{settings.LOCK_WAIT_SECONDS * 1000:.0f}ms"


@contextmanager
def place_to_wait() -> Iterator[None]:
    """Wait for a lock in this block. Raises BusyError if too many requests of this process do."""
    if not _places.acquire(timeout=PLACE_SECONDS):
        raise BusyError("too many requests wait for locks")
    try:
        yield
    finally:
        _places.release()


def is_deadlock(error: BaseException) -> bool:
    """Return whether PostgreSQL rolled a transaction back to let another one pass. It may be repeated at once."""
    return isinstance(error.__cause__, DeadlockDetected | SerializationFailure)


def is_contention(error: BaseException) -> bool:
    """Return whether a statement failed only because of what others were doing, so that trying again helps."""
    return isinstance(error, BusyError) or is_deadlock(error) or isinstance(error.__cause__, LockNotAvailable)
