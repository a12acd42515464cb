from django.db import connection, models
from django.db.models import Q

from web import locks


class ContentRevision(models.Model):
    """The version of all editorial content: one row with one number, which triggers raise on every change.

    It is the time of the change in microseconds, so that no number recurs, not even after a restore from a backup.

    A page's stamp contains it (`comparisons.reading.pairs`), so an unchanged page is recognized without rendering.
    """

    number = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(name="tools_contentrevision_one_row", condition=Q(pk=1))]

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def lock(cls) -> None:
        """Lock the row until the transaction ends, so that only one transaction writes content at a time.

        Triggers take this lock on the first write anyway. Call this before reading what decides the write, and before
        locking any other row. Because all writers take this lock first, they cannot deadlock.

        Where waits are limited (web.locks), raises an OperationalError for which `locks.is_contention` is true.
        """
        if not locks.are_waits_limited():
            cls._wait_and_lock()
        elif not cls._lock_if_free():
            with locks.place_to_wait():
                cls._wait_and_lock()

    @classmethod
    def _lock_if_free(cls) -> bool:
        """Lock the row unless somebody holds it, and limit the waits of this transaction. One statement."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT set_config('lock_timeout', %s, true), (SELECT id FROM {cls._meta.db_table} FOR UPDATE SKIP LOCKED)",  # noqa: E501, S608 (ours)
                [locks.lock_timeout()],
            )
            [_, locked] = cursor.fetchone()
        return locked is not None

    @classmethod
    def _wait_and_lock(cls) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {cls._meta.db_table} (id, number) VALUES (1, 1) "  # noqa: S608 (ours)
                "ON CONFLICT (id) DO UPDATE SET number = tools_contentrevision.number"
            )


class LiveRevision(models.Model):
    """The version of what readers see and no editor wrote: votes, freezes, rankings, and issues of the newsletter.

    It is the sum of all rows, and triggers raise one of them on every change. There are as many rows as there were
    transactions at once that wrote such things, because none waits for another.
    """

    number = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.number)
