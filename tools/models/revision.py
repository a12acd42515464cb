from django.db import connection, models
from django.db.models import Q


class ContentRevision(models.Model):
    """One row, one number: it grows with every change of what editors write, by triggers on those tables.

    A page's stamp holds it (`comparisons.reading.pairs`), and so an unchanged page is known without rendering.
    """

    number = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(name="tools_contentrevision_one_row", condition=Q(pk=1))]

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def hold(cls) -> None:
        """Wait until nobody else writes content, and keep everybody waiting until this transaction ends.

        Who writes content takes this row anyway, with the first statement; who reads first and then decides what to
        write takes it before reading. Taken first it is also the end of deadlocks between writers.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {cls._meta.db_table} (id, number) VALUES (1, 1) "  # noqa: S608 (ours)
                "ON CONFLICT (id) DO UPDATE SET number = tools_contentrevision.number"
            )
