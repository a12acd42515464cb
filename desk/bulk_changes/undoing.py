"""Undoing a bulk change, and taking a tool back to a time: as an import, in one transaction, with a dry run."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from catalog.bulk_changes import record_bulk_change
from catalog.models import MAX_TITLE_LENGTH, BulkChange, BulkChangeKind
from catalog.report import describe_row, get_kind
from catalog.row_writing import HistoryLog
from desk.bulk_changes.batches import Batch
from desk.bulk_changes.planning import Done, Planner, Reversal
from desk.bulk_changes.targets import Target, Values, read_comparisons, read_since, read_tools, read_vocabulary
from desk.bulk_changes.writing import write_reversal
from desk.history.events import TrackedModel, read_names
from desk.history.field_changes import FieldChange, compare_states
from reviews.actions import note_mentions
from reviews.models import Review
from tools.models import Category, Fact, Plan, Tool
from web import locks
from web.locks import Lock
from web.words import count_of, format_moment

MAX_SHOWN = 200  # rows that a report shows field by field
MAX_LEFT = 500  # rows left unchanged that a report names


class ChangedError(Exception):
    """Undoing would do something other than what was shown. Nothing was written."""


@dataclass(frozen=True, slots=True)
class UndoneRow:
    """A row in a report: what is done to it, in words, and its fields."""

    label: str
    word: str
    changes: list[FieldChange]


@dataclass(slots=True)
class UndoReport:
    """What undoing does. `rows` and `left` are the first ones; `counts` are of all, by (kind of row, word)."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: list[UndoneRow] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    left_total: int = 0
    change_id: int | None = None
    supersedes: bool = False
    """Whether it supersedes values that readers have seen, so that an editor has to say why."""
    _seal: blake2b = field(default_factory=lambda: blake2b(digest_size=16), repr=False)
    touched: set[type[Model]] = field(default_factory=set)

    def add(self, reversal: Reversal) -> None:
        """Count and show what is done to the rows of a batch."""
        self.supersedes |= reversal.supersedes
        for done in reversal.done:
            model = type(done.row)
            self.touched.add(model)
            self.counts[get_kind(model), done.word] += 1
            self._seal.update(repr((get_kind(model), done.row.pk, _list_lasting(done.then))).encode())
        self.rows += _show(reversal.done[: MAX_SHOWN - len(self.rows)])
        self._seal.update(repr(reversal.left).encode())
        self.left += reversal.left[: MAX_LEFT - len(self.left)]
        self.left_total += len(reversal.left)

    @property
    def does_nothing(self) -> bool:
        return not self.counts

    @property
    def kinds(self) -> list[tuple[str, str, int]]:
        return sorted((kind, word, number) for (kind, word), number in self.counts.items())

    @property
    def summary(self) -> str:
        """What is done, in words: `plans: 3 changed back; tools: 2 deleted; 1 row left.`"""
        parts = [f"{kind}: {number:,} {word}" for kind, word, number in self.kinds]
        parts += [f"{count_of(self.left_total, 'row')} left unchanged"] if self.left_total else []
        return f"{'; '.join(parts) or 'nothing changed'}."

    def seal(self) -> str:
        return self._seal.hexdigest()


def undo_change(
    *, change: BulkChange, by: User, dry_run: bool = False, seal: str = "", correction: bool = False
) -> UndoReport:
    """Undo what a bulk change did, as far as nobody has changed it since, and report what was done and what was left.

    A `dry_run` does the same work and rolls it back. `seal` is that of the report that the user saw: if undoing would
    do anything else, ChangedError is raised. `correction` says that superseded values were wrong. Raises BusyError
    while an import runs, and IntegrityError if the database refuses it.
    """
    title = f"Undo of {change.title}"[:MAX_TITLE_LENGTH]
    made = BulkChange(kind=BulkChangeKind.UNDO, title=title, made_by=by, undoes=change)
    reason = f"undid {change.get_kind_display().lower()} of {format_moment(change.made_at)}: “{change.title}”"

    def read() -> Iterator[list[Target]]:
        # Rows are added again after what they refer to, and deleted before it.
        yield [target for target in read_vocabulary(change) if target.before]
        for targets in read_comparisons(change):
            yield [target for target in targets if not target.before]
        yield from read_tools(change)
        for targets in read_comparisons(change):
            yield [target for target in targets if target.before]
        removals = [target for target in read_vocabulary(change) if not target.before]
        yield [target for target in removals if target.model is not Category]
        yield [target for target in removals if target.model is Category]

    return _take_back(read(), made, by=by, reason=reason, dry_run=dry_run, seal=seal, correction=correction)


def restore_tool(
    *, tool: Tool, at: datetime, by: User, dry_run: bool = False, seal: str = "", correction: bool = False
) -> UndoReport:
    """Take a tool, its prices, and its facts back to a time. Its verdicts and its publication stay as they are.

    Arguments and exceptions are those of `undo_change`.
    """
    made = BulkChange(
        kind=BulkChangeKind.RESTORE, title=f"{tool} as of {format_moment(at)}"[:MAX_TITLE_LENGTH], made_by=by
    )
    reason = f"restored the tool as of {format_moment(at, with_seconds=True)}"

    def read() -> Iterator[list[Target]]:
        yield read_since(tool, at)

    return _take_back(read(), made, by=by, reason=reason, dry_run=dry_run, seal=seal, correction=correction)


@transaction.atomic
def _take_back(
    batches: Iterable[list[Target]],
    made: BulkChange,
    *,
    by: User,
    reason: str,
    dry_run: bool,
    seal: str,
    correction: bool,
) -> UndoReport:
    """Take the rows of all batches back, and record it as a bulk change of its own, which can be undone too."""
    if not locks.are_waits_limited():
        locks.hold(Lock.IMPORT)
    elif not locks.try_hold(Lock.IMPORT):
        raise locks.BusyError("an import runs")
    locks.sign_transaction(by.pk)
    report = UndoReport()
    log = HistoryLog(by=by, at=timezone.now(), reason=None if dry_run else reason)
    with record_bulk_change(made):
        for targets in filter(None, batches):
            reversal = Planner(Batch(targets), now=log.at, correction=correction, by=by).plan()
            report.add(reversal)
            write_reversal(reversal, log)
        made.summary, made.left = report.summary, report.left
    report.change_id = made.pk
    if seal and seal != report.seal():
        raise ChangedError
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what the database refuses, it refuses in the dry run too
    if dry_run:
        transaction.set_rollback(True)
    elif report.touched & {Tool, Review}:
        note_mentions(reviews=Review.objects.all())
    return report


def _list_lasting(values: Values | None) -> list[tuple[str, object]]:
    """Return the values that depend on neither the time of the undo nor the editor's reason."""
    return sorted(
        (name, value)
        for name, value in (values or {}).items()
        if not isinstance(value, datetime) and name != "correction"
    )


def _show(shown: Sequence[Done]) -> list[UndoneRow]:
    """Return rows for a report. One query per model that their changes refer to."""
    listed = []
    for done in shown:
        model, both = type(done.row), done.now is not None and done.then is not None
        skipped = Plan.HISTORY_FIELDS if model in (Plan, Fact) and "source" in (done.then or {}) else ()
        fields = [one for one in TrackedModel(model).fields if one.attname in (done.then or {}) and both]
        listed.append([one for one in fields if one.name not in skipped])
    names = read_names(
        (one, values or {}) for done, fields in zip(shown, listed, strict=True) for one in fields
        for values in (done.now, done.then)
    )  # fmt: skip
    return [
        UndoneRow(describe_row(done.row), done.word, compare_states(fields, done.now, done.then, names))
        for done, fields in zip(shown, listed, strict=True)
    ]
