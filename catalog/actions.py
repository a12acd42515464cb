"""Imports, which write everything or nothing, and fake content for load tests."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import batched
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Q

from catalog import checking, writing
from catalog.bulk_changes import record_bulk_change
from catalog.made_up.generator import SLUG_PATTERN, FakeContent, Size, VotedTool
from catalog.models import BulkChange, BulkChangeKind
from catalog.problems import CatalogError, ImportProblem
from catalog.reading import Catalog, Progress, hide_progress, read_catalog
from catalog.report import ImportReport
from comparisons.models import Comparison, Reading, Split
from reviews.actions import note_mentions
from reviews.models import Flip, Mention, Prediction, Review, Reviewer
from tools.models import Attribute, Category, ContentRevision, Correction, Fact, Plan, Tool
from votes.models import Freeze, LedgerHour, Listing, PairRank, PairTally, PairVote, RankedPair, Tally, Vote
from web import clock, locks
from web.locks import Lock

VOTES_PER_STATEMENT = 50_000
MAX_NAME_LENGTH = 200  # characters of a file's name that are stored
# Models with a foreign key to a tool. Votes come before the tables that triggers derive from them.
MODELS_OF_TOOL = (Vote, Tally, LedgerHour, Freeze, Listing, Plan, Fact, Correction)


type ReadCatalog = Callable[[Progress], tuple[Catalog, list[ImportProblem]]]
"""Returns a catalog and the problems found while reading it. It runs under the lock on imports, so it may query."""


class ImportChangedError(Exception):
    """The site has changed, so the import would do something other than what was approved. Nothing was written.

    `report` says what it would do now.
    """

    def __init__(self, report: ImportReport) -> None:
        self.report = report
        super().__init__("The site has changed, and this import would now do something else.")


class ImportRunningError(Exception):
    """Another import is running, and this one was not to wait for it."""


def import_catalog(
    *,
    content: bytes,
    dry_run: bool = False,
    by: Any | None = None,
    with_history: bool = True,
    progress: Progress = hide_progress,
    seal: str = "",
    name: str = "",
) -> ImportReport:
    """Import a catalog file, and report what was added, changed, and left alone; see `run_import`."""
    return run_import(
        read_with=lambda reading_progress: read_catalog(content, progress=reading_progress),
        dry_run=dry_run,
        by=by,
        with_history=with_history,
        progress=progress,
        seal=seal,
        name=name,
    )


@transaction.atomic
def run_import(
    *,
    read_with: ReadCatalog,
    dry_run: bool = False,
    by: Any | None = None,
    with_history: bool = True,
    progress: Progress = hide_progress,
    seal: str = "",
    name: str = "",
) -> ImportReport:
    """Import the catalog that `read_with` returns, and report what was added, changed, and left alone.

    A `dry_run` does the same work and rolls it back, so its report says exactly what an import would do now. `seal` is
    the seal of such a report: if the import would do anything else, nothing is written and ImportChangedError is
    raised. `by` is the user whom the history names; None for a command. `name` is the file's, for the history
    and the list of imports.

    Imports run one at a time. A command waits for its turn; in a request, whose waits are limited, ImportRunningError
    is raised. Raises CatalogError with every problem of the catalog; nothing is written then.
    """
    if not locks.are_waits_limited():
        locks.hold(Lock.IMPORT)
    elif not locks.try_hold(Lock.IMPORT):
        raise ImportRunningError
    if by is not None:
        locks.sign_transaction(by.pk)
    catalog, problems = read_with(progress)
    problems += checking.find_problems(catalog, progress=progress)
    if problems:
        raise CatalogError(replace(problem, subject=catalog.name_object(problem.place)) for problem in problems)
    if with_history and not dry_run:
        change = BulkChange(kind=BulkChangeKind.IMPORT, title=name[:MAX_NAME_LENGTH] or "Catalog file", made_by=by)
        reason = f"{writing.REASON} of “{change.title}”" if name else writing.REASON
        with record_bulk_change(change):
            report = writing.write_catalog(catalog, by=by, reason=reason, progress=progress)
            change.summary = report.summary
        report.change_id = change.pk
    else:
        report = writing.write_catalog(catalog, by=by, reason=None, progress=progress)
    if seal and seal != report.seal():
        raise ImportChangedError(report)
    if dry_run:
        transaction.set_rollback(True)
    elif report.touches(Tool, Review):
        note_mentions(reviews=Review.objects.all())  # all of them: an old review may name a new tool
    return report


class FakeContentError(Exception):
    """Fake content cannot be added to this site. The message says why."""


@transaction.atomic
def add_fake_content(
    *, size: Size, seed: int, today: date | None = None, progress: Progress = hide_progress
) -> ImportReport:
    """Add fake content beside the site's own, and report what was added.

    It is the same for the same seed, size, day, and seats on the site. All times except scheduled ones are before
    midnight (UTC) at the start of `today` (default: the clock's day). It has no history.

    Raises FakeContentError if the site already has fake content or the size is impossible, and CatalogError if the
    site's own content uses a name that is needed.
    """
    if Tool.objects.filter(slug__regex=SLUG_PATTERN).exists():
        raise FakeContentError("This site already has fake content. Use --remove to delete it.")
    seats = dict(Reviewer.objects.values_list("seat", "slug"))
    try:
        fake = FakeContent(size=size, seed=seed, today=today or clock.today(), seats=seats)
    except ValueError as error:
        raise FakeContentError(f"This size is impossible: {error}.") from error
    pieces = progress("Making content up", fake.generate_catalog(), size.tools + size.comparisons)
    report = import_catalog(content="".join(pieces).encode(), with_history=False, progress=progress)
    report.count_added(Vote, _write_votes(fake, progress))
    _analyze()
    return report


def _write_votes(fake: FakeContent, progress: Progress) -> int:
    """Write the votes with COPY, and return how many. Triggers update the tallies once per statement."""
    public = Tool.objects.filter(slug__regex=SLUG_PATTERN, published_at__lt=fake.midnight)
    tools = [VotedTool(*row) for row in public.order_by("slug").values_list("pk", "published_at")]
    count = 0
    votes = progress("Casting votes", fake.generate_votes(tools), fake.size.votes if tools else 0)
    with connection.cursor() as cursor:
        for batch in batched(votes, VOTES_PER_STATEMENT, strict=False):
            lines = "".join(f"{pk}\t{visitor}\t{choice}\t{at}\t{at}\n" for pk, visitor, choice, at in batch)
            with cursor.copy("COPY votes_vote (tool_id, visitor, choice, created_at, updated_at) FROM STDIN") as copy:
                copy.write(lines)
            count += len(batch)
    return count


@transaction.atomic
def remove_fake_content(*, progress: Progress = hide_progress) -> int:
    """Delete all fake content, everything that refers to it, and its history. Return how many tools it had."""
    tools = Tool.objects.filter(slug__regex=SLUG_PATTERN)
    count = tools.count()
    reviews = Review.objects.filter(tool__in=tools)
    comparisons = Comparison.objects.filter(Q(first__in=tools) | Q(second__in=tools))
    slugged: list[models.QuerySet[Any]] = [
        model._default_manager.filter(slug__regex=SLUG_PATTERN) for model in (Tool, Reviewer, Attribute, Category)
    ]
    dependents: list[models.QuerySet[Any]] = [
        *(model._default_manager.filter(tool__in=tools) for model in MODELS_OF_TOOL),
        *(
            model._default_manager.filter(Q(first__in=tools) | Q(second__in=tools))
            for model in (PairVote, PairTally, RankedPair)
        ),
        PairRank.objects.filter(tool__in=tools),
        *(model._default_manager.filter(comparison__in=comparisons) for model in (Split, Reading)),
        *(model._default_manager.filter(review__in=reviews) for model in (Mention, Flip, Prediction)),
        Mention.objects.filter(tool__in=tools),
        *_find_pending_changes(tools, comparisons),
        Attribute.categories.through.objects.filter(attribute__slug__regex=SLUG_PATTERN),
        Attribute.categories.through.objects.filter(category__slug__regex=SLUG_PATTERN),
    ]
    content = [*dependents, comparisons, reviews, *slugged]
    history = [events for rows in content if (events := _find_history(rows)) is not None]
    doomed = [*history, *content]
    ContentRevision.lock()
    with connection.cursor() as cursor:
        # Triggers protect what was public, unless a transaction says that it is maintenance.
        cursor.execute("SET LOCAL shipside.maintenance = 'on'")
        for rows in progress("Removing fake content", doomed, len(doomed)):
            rows._raw_delete("default")  # `delete()` would record each deletion in the history
        cursor.execute("SET LOCAL shipside.maintenance = 'off'")
    _analyze()
    return count


def _find_pending_changes(*content: models.QuerySet[Any]) -> list[models.QuerySet[Any]]:
    """Return the pending changes of some content. Their model belongs to the desk, which this app does not import."""
    fields = [(rows, rows.model._meta.get_field("pending_change").remote_field) for rows in content]
    return [field.model._default_manager.filter(**{f"{field.name}__in": rows}) for rows, field in fields]


def _find_history(rows: models.QuerySet[Any]) -> models.QuerySet[Any] | None:
    """Return the history events of some rows; None if the model has no history."""
    manager = getattr(rows.model, "history", None)
    return None if manager is None else manager.filter(id__in=rows.order_by().values("pk"))


def _analyze() -> None:
    """Update the planner's statistics. Autovacuum would do it too, but a minute late."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
