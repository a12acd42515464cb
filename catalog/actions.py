"""Content in, all of it or nothing; and made-up content in and out again."""

from datetime import date
from itertools import batched
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from catalog import checking, writing
from catalog.load import SLUG, Load, Size, VotedTool
from catalog.problems import CatalogError
from catalog.reading import Progress, read, silent
from catalog.writing import Report
from comparisons.models import Comparison
from reviews.actions import note_mentions
from reviews.models import Review, Reviewer
from tools.models import Attribute, Category, Fact, Plan, Tool
from votes.models import Vote
from votes.pair_votes import PairVote

_IMPORT_LOCK = 0x5A1C  # any number; imports wait for each other, so that one's check holds for its own writing
VOTES_A_STATEMENT = 50_000


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


class LoadError(Exception):
    """Why made-up content cannot be made here, in a sentence."""


@transaction.atomic
def make_load(*, size: Size, seed: int, today: date | None = None, progress: Progress = silent) -> Report:
    """Add made-up content beside what is there: the same for the same seed, size, day and seats on the site.

    All times lie before the midnight (UTC) with which `today` (default: the clock's) begins, but for what is scheduled.
    Returns what was added. Raises LoadError when there is a load already or the size cannot be, and CatalogError when
    something on the site has a name that is needed.
    """
    if Tool.objects.filter(slug__regex=SLUG).exists():
        raise LoadError("There is a load on this site already; --remove takes it away.")
    seats = dict(Reviewer.objects.values_list("seat", "slug"))
    try:
        load = Load(size=size, seed=seed, today=today or timezone.now().date(), seats=seats)
    except ValueError as error:
        raise LoadError(f"This cannot be made: {error}.") from error
    pieces = progress("Making content up", load.catalog_text(), size.tools + size.comparisons)
    report = import_catalog(content="".join(pieces).encode(), progress=progress)
    report.note_added(Vote, _write_votes(load, progress))
    _analyze()
    return report


def _write_votes(load: Load, progress: Progress) -> int:
    """Copy the votes in and return how many; the tallies follow by trigger, a statement at a time."""
    public = Tool.objects.filter(slug__regex=SLUG, published_at__lt=load.midnight)
    tools = [VotedTool(*row) for row in public.order_by("slug").values_list("pk", "published_at")]
    written = 0
    votes = progress("Casting votes", load.votes_on(tools), load.size.votes if tools else 0)
    with connection.cursor() as cursor:
        for some in batched(votes, VOTES_A_STATEMENT, strict=False):
            lines = "".join(f"{pk}\t{visitor}\t{choice}\t{at}\t{at}\n" for pk, visitor, choice, at in some)
            with cursor.copy("COPY votes_vote (tool_id, visitor, choice, created_at, updated_at) FROM STDIN") as copy:
                copy.write(lines)
            written += len(some)
    return written


@transaction.atomic
def remove_load(*, progress: Progress = silent) -> int:
    """Take all made-up content away, and what was said of it; return how many tools it was. The rest stays."""
    tools = Tool.objects.filter(slug__regex=SLUG)
    count = tools.count()
    doomed: list[models.QuerySet[Any]] = [
        Vote.objects.filter(tool__in=tools),
        PairVote.objects.filter(first__in=tools),
        PairVote.objects.filter(second__in=tools),
        Comparison.objects.filter(first__in=tools),
        Comparison.objects.filter(second__in=tools),
        Review.objects.filter(tool__in=tools),
        Plan.objects.filter(tool__in=tools),
        Fact.objects.filter(tool__in=tools),
        tools,
        *(model._default_manager.filter(slug__regex=SLUG) for model in (Reviewer, Attribute, Category)),
    ]
    for rows in progress("Taking the load away", doomed, len(doomed)):
        rows.delete()
    _analyze()
    return count


def _analyze() -> None:
    """Tell the planner what there is now; autovacuum would, a minute late."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
