"""Content in, all of it or nothing."""

from django.db import connection, transaction

from catalog import checking, writing
from catalog.problems import CatalogError
from catalog.reading import Progress, read, silent
from catalog.writing import Report
from reviews.actions import note_mentions
from reviews.models import Review

_IMPORT_LOCK = 0x5A1C  # any number; imports wait for each other, so that one's check holds for its own writing


@transaction.atomic
def import_catalog(*, content: bytes, dry_run: bool = False, progress: Progress = silent) -> Report:
    """Bring a catalog file in and return what was added, changed and left alone.

    With `dry_run` the same work is done and rolled back, so the report is what an import now would say.
    Raises CatalogError with every problem of the file; then nothing was written.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_IMPORT_LOCK])
    catalog, problems = read(content, progress=progress)
    problems += checking.check(catalog, progress=progress)
    if problems:
        raise CatalogError(problems)
    report = writing.write(catalog, progress=progress)
    if report.added or report.changed:
        note_mentions(reviews=Review.objects.all())  # of all, because a new tool may be named in an old review
    if dry_run:
        transaction.set_rollback(True)
    return report
