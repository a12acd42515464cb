"""Content in, all of it or nothing; and made-up content in and out again."""

from collections.abc import Callable
from datetime import date
from itertools import batched
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Q

from catalog import checking, writing
from catalog.made_up.generator import SLUG, Load, Size, VotedTool
from catalog.problems import CatalogError, Problem
from catalog.reading import Catalog, Progress, read, silent
from catalog.report import Report
from comparisons.models import Comparison, Reading, Split
from reviews.actions import note_mentions
from reviews.models import Flip, Mention, Prediction, Review, Reviewer
from tools.models import Attribute, Category, Correction, Fact, Plan, Tool
from votes.models import Freeze, LedgerHour, Listing, PairRank, PairTally, PairVote, Tally, Vote
from web import clock, locks
from web.locks import Lock

VOTES_A_STATEMENT = 50_000
# What belongs to a tool, the votes before what triggers keep of them.
ON_TOOLS = (Vote, Tally, LedgerHour, Freeze, Listing, Plan, Fact, Correction)


type Read = Callable[[Progress], tuple[Catalog, list[Problem]]]
"""Gives a catalog and the problems that were found in reading it. It may look things up: no other import runs."""


class ChangedMeanwhileError(Exception):
    """The site changed, so that an import would do something else than what was asked for; nothing was written.

    Holds the report of what it would do now.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__("The site changed, and this import would do something else now.")


def import_catalog(
    *,
    content: bytes,
    dry_run: bool = False,
    by: Any | None = None,
    with_history: bool = True,
    progress: Progress = silent,
    seal: str = "",
) -> Report:
    """Bring a catalog file in and return what was added, changed and left alone; see `bring_in`."""
    return bring_in(
        read_with=lambda shown: read(content, progress=shown),
        dry_run=dry_run,
        by=by,
        with_history=with_history,
        progress=progress,
        seal=seal,
    )


@transaction.atomic
def bring_in(
    *,
    read_with: Read,
    dry_run: bool = False,
    by: Any | None = None,
    with_history: bool = True,
    progress: Progress = silent,
    seal: str = "",
) -> Report:
    """Bring a catalog in, from whatever it is read, and return what was added, changed and left alone.

    With `dry_run` the same work is done and rolled back, so the report is what an import now would say. With the seal
    of such a report nothing but the same is done: raises ChangedMeanwhileError when it would be something else. `by` is
    the user who brings it in, as the history of what changes will say; None for a command.
    Raises CatalogError with every problem; then nothing was written.
    """
    locks.hold(Lock.IMPORT)
    catalog, problems = read_with(progress)
    problems += checking.check(catalog, progress=progress)
    if problems:
        raise CatalogError(problems)
    report = writing.write(catalog, by=by, with_history=with_history and not dry_run, progress=progress)
    if seal and seal != report.seal():
        raise ChangedMeanwhileError(report)
    if dry_run:
        transaction.set_rollback(True)
    elif report.touches(Tool, Review):
        note_mentions(reviews=Review.objects.all())  # of all, because a new tool may be named in an old review
    return report


class LoadError(Exception):
    """Why made-up content cannot be made here, in a sentence."""


@transaction.atomic
def make_load(*, size: Size, seed: int, today: date | None = None, progress: Progress = silent) -> Report:
    """Add made-up content beside what is there: the same for the same seed, size, day and seats on the site.

    All times lie before the midnight (UTC) with which `today` (default: the clock's) begins, but for what is scheduled.
    It has no history: nobody wrote it.
    Returns what was added. Raises LoadError when there is a load already or the size cannot be, and CatalogError when
    something on the site has a name that is needed.
    """
    if Tool.objects.filter(slug__regex=SLUG).exists():
        raise LoadError("There is a load on this site already; --remove takes it away.")
    seats = dict(Reviewer.objects.values_list("seat", "slug"))
    try:
        load = Load(size=size, seed=seed, today=today or clock.today(), seats=seats)
    except ValueError as error:
        raise LoadError(f"This cannot be made: {error}.") from error
    pieces = progress("Making content up", load.catalog_text(), size.tools + size.comparisons)
    report = import_catalog(content="".join(pieces).encode(), with_history=False, progress=progress)
    report.count_added(Vote, _write_votes(load, progress))
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
    """Take all made-up content away, what was said of it and its history; return how many tools it was."""
    tools = Tool.objects.filter(slug__regex=SLUG)
    count = tools.count()
    reviews = Review.objects.filter(tool__in=tools)
    comparisons = Comparison.objects.filter(Q(first__in=tools) | Q(second__in=tools))
    slugged: list[models.QuerySet[Any]] = [
        model._default_manager.filter(slug__regex=SLUG) for model in (Tool, Reviewer, Attribute, Category)
    ]
    said: list[models.QuerySet[Any]] = [
        *(model._default_manager.filter(tool__in=tools) for model in ON_TOOLS),
        *(model._default_manager.filter(Q(first__in=tools) | Q(second__in=tools)) for model in (PairVote, PairTally)),
        PairRank.objects.filter(tool__in=tools),
        *(model._default_manager.filter(comparison__in=comparisons) for model in (Split, Reading)),
        *(model._default_manager.filter(review__in=reviews) for model in (Mention, Flip, Prediction)),
        Mention.objects.filter(tool__in=tools),
        Attribute.categories.through.objects.filter(attribute__slug__regex=SLUG),
        Attribute.categories.through.objects.filter(category__slug__regex=SLUG),
    ]
    kept = [entries for rows in (*said, comparisons, reviews, *slugged) if (entries := _history_of(rows)) is not None]
    doomed = [*kept, *said, comparisons, reviews, *slugged]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL shipside.maintenance = 'on'")  # all of it was public, and nobody meant it
        for rows in progress("Taking the load away", doomed, len(doomed)):
            rows._raw_delete("default")  # not row by row, which would leave a note of each in its history
        cursor.execute("SET LOCAL shipside.maintenance = 'off'")
    _analyze()
    return count


def _history_of(rows: models.QuerySet[Any]) -> models.QuerySet[Any] | None:
    """The entries in the history of some rows; None where the model keeps none."""
    manager = getattr(rows.model, "history", None)
    return None if manager is None else manager.filter(id__in=rows.order_by().values("pk"))


def _analyze() -> None:
    """Tell the planner what there is now; autovacuum would, a minute late."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
