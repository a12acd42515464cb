"""Waiting for others: PostgreSQL's advisory locks, and how long a request waits for any lock.

Every number of an advisory lock is here, so that no two uses share one by accident.
"""

from enum import IntEnum

from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

RETRY_AFTER = 3  # seconds


class Lock(IntEnum):
    IMPORT = 0x5A1C  # one catalog import at a time, so that what it checked still holds when it writes
    LISTINGS = 0x115716  # held while listings are rebuilt; votes/sql/listings.sql has the same number
    DECISION = 0x115717  # one decision at a time: two on the same votes would deadlock
    RANKING = 0x115718  # one ranking of pairs at a time
    OLD_AMOUNTS = 0x115719  # one process deletes expired counters; the others skip it


def hold(lock: Lock) -> None:
    """Wait for a lock and hold it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock.value])


def is_contention(error: BaseException) -> bool:
    """Return whether a statement failed only because of what others were doing, so that trying again helps."""
    causes = (DeadlockDetected, LockNotAvailable, SerializationFailure)
    return isinstance(error, OperationalError) and isinstance(error.__cause__, causes)
