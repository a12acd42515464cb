"""The report of a dry run as rows of text, cut to a length that people read. No queries."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import models

from catalog.problems import ImportProblem, Place
from catalog.report import ImportReport, summarize_counts
from tools.presets import is_stored_presets, write_preset_lines
from tools.rates import is_stored_rates, write_rate_lines
from web import words

MAX_CHANGES = 200
MAX_ADDITIONS = 100  # per kind of row
MAX_PROBLEMS = 500
MAX_VALUE_LENGTH = 200  # characters
CONTEXT_LENGTH = 40  # characters before the first difference of two long values

type DescribePlace = Callable[[Place], str]


class KindCount(NamedTuple):
    kind: str
    added: int
    changed: int
    unchanged: int


class ChangedField(NamedTuple):
    name: str
    before: str  # "" for no value
    after: str


class ChangedRow(NamedTuple):
    label: str
    where: str
    fields: list[ChangedField]


class AddedRows(NamedTuple):
    kind: str
    total: int
    first: list[tuple[str, str]]  # label and place
    more: int


@dataclass(frozen=True, slots=True)
class ReportRows:
    """A report for the page. `more_changes` is how many changes are left out."""

    counts: list[KindCount]
    added: list[AddedRows]
    changed: list[ChangedRow]
    more_changes: int
    published: list[str]  # `3 tools`: rows that the file publishes, schedules, or withdraws
    remarks: list[tuple[str, str]]  # place, and what became of text there
    more_remarks: int
    does_nothing: bool


@dataclass(frozen=True, slots=True)
class ProblemRows:
    """The problems of a file for the page."""

    problems: list[tuple[str, str]]  # place and message
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.problems)


def shape_report(
    report: ImportReport, *, describe_place: DescribePlace, kinds: Iterable[str] | None = None
) -> ReportRows:
    """Return a report for the page, limited to `kinds` of rows unless that is None."""
    shown = [kind for kind in report.kinds if kinds is None or kind in kinds]
    changes = [change for change in report.changes if change.kind in shown]
    return ReportRows(
        counts=[KindCount(kind, report.added[kind], report.changed[kind], report.unchanged[kind]) for kind in shown],
        added=[_shape_additions(report, kind, describe_place) for kind in shown if report.added[kind]],
        changed=[
            ChangedRow(
                change.label,
                describe_place(change.place),
                [
                    ChangedField(name.replace("_", " "), *_format_change(*values))
                    for name, values in change.fields.items()
                ],
            )
            for change in changes[:MAX_CHANGES]
        ],
        more_changes=max(0, len(changes) - MAX_CHANGES),
        published=[format_count(model, count) for model, count in report.published.items()],
        remarks=[(describe_place(remark.place), remark.message) for remark in report.remarks[:MAX_CHANGES]],
        more_remarks=max(0, len(report.remarks) - MAX_CHANGES),
        does_nothing=report.does_nothing,
    )


def shape_problems(problems: list[ImportProblem], *, describe: Callable[[ImportProblem], str]) -> ProblemRows:
    """Return the first problems of a file for the page, and how many there are. `describe` says where one is."""
    first = [(describe(problem), problem.message) for problem in problems[:MAX_PROBLEMS]]
    return ProblemRows(first, len(problems))


def summarize(report: ReportRows) -> str:
    """Return what an import did, in words: `plans: 1 changed; tools: 2 added, 1 changed.`"""
    return summarize_counts((count.kind, count.added, count.changed) for count in report.counts)


def format_count(model: type[models.Model], count: int) -> str:
    """Return `1 tool`, `3 tools`."""
    return f"{count:,} {model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural}"


def _shape_additions(report: ImportReport, kind: str, describe_place: DescribePlace) -> AddedRows:
    additions = [addition for addition in report.additions if addition.kind == kind][:MAX_ADDITIONS]
    first = [(addition.label, describe_place(addition.place)) for addition in additions]
    return AddedRows(kind, report.added[kind], first, report.added[kind] - len(first))


def _format_change(before: object, after: object) -> tuple[str, str]:
    """Return two values as text. Long ones are cut to the part around the first difference."""
    old, new = _format_value(before), _format_value(after)
    if len(old) <= MAX_VALUE_LENGTH and len(new) <= MAX_VALUE_LENGTH:
        return old, new
    start = max(0, _common_prefix_length(old, new) - CONTEXT_LENGTH)
    return _excerpt(old, start), _excerpt(new, start)


def _common_prefix_length(old: str, new: str) -> int:
    return next(
        (n for n, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new))
    )


def _excerpt(text: str, start: int) -> str:
    if not text:
        return ""
    excerpt = text[start : start + MAX_VALUE_LENGTH]
    return f"{'…' if start else ''}{excerpt}{'…' if start + MAX_VALUE_LENGTH < len(text) else ''}"


def _format_value(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() if is_stored_rates(value):
            return write_rate_lines(value).replace("\n", "; ")
        case list() if is_stored_presets(value):
            return write_preset_lines(value).replace("\n", "; ")
        case list():
            return ", ".join(item["name"] if isinstance(item, dict) and "name" in item else str(item) for item in value)
        case Decimal():
            return f"{value.normalize():f}"
        case datetime():
            return words.format_moment(value)
        case date():
            return words.format_day(value)
        case _:
            return str(value)
