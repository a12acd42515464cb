"""What a dry run shows: a report as rows of text, cut to what somebody can read. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import models

from catalog.problems import Place, Problem
from catalog.report import Report
from web import words

MOST_CHANGES = 200
MOST_ADDITIONS = 100  # of each kind
MOST_PROBLEMS = 500
LONGEST_VALUE = 200  # characters
BEFORE_THE_DIFFERENCE = 40

type Where = Callable[[Place], str]


class Count(NamedTuple):
    kind: str
    added: int
    changed: int
    unchanged: int


class FieldChange(NamedTuple):
    name: str
    before: str  # "" where there was nothing
    after: str


class Changed(NamedTuple):
    what: str
    where: str
    fields: list[FieldChange]


class Added(NamedTuple):
    kind: str
    number: int
    first: list[tuple[str, str]]  # what and where
    more: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A report for the page. `more_changes` is how many changes are not shown."""

    counts: list[Count]
    added: list[Added]
    changed: list[Changed]
    more_changes: int
    published: list[str]  # `3 tools`: what becomes public, now or later, or is withdrawn
    does_nothing: bool


@dataclass(frozen=True, slots=True)
class ShownProblems:
    problems: list[tuple[str, str]]  # where and what
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.problems)


def shown_report(report: Report, *, where: Where, kinds: Iterable[str] | None = None) -> Shown:
    """A report for the page, of all kinds of rows or of some. `where` puts a place in the file into words."""
    of = [kind for kind in report.kinds if kinds is None or kind in kinds]
    changes = [change for change in report.changes if change.kind in of]
    return Shown(
        counts=[Count(kind, report.added[kind], report.changed[kind], report.unchanged[kind]) for kind in of],
        added=[_added(report, kind, where) for kind in of if report.added[kind]],
        changed=[
            Changed(
                change.what,
                where(change.place),
                [FieldChange(name.replace("_", " "), *_both(*values)) for name, values in change.fields.items()],
            )
            for change in changes[:MOST_CHANGES]
        ],
        more_changes=max(0, len(changes) - MOST_CHANGES),
        published=[number_of(model, count) for model, count in report.published.items()],
        does_nothing=report.does_nothing,
    )


def shown_problems(problems: list[Problem], *, where: Where) -> ShownProblems:
    first = [(where(problem.place), problem.message) for problem in problems[:MOST_PROBLEMS]]
    return ShownProblems(first, len(problems))


def summary(shown: Shown) -> str:
    """What was done, in words: `plans: 1 changed; tools: 2 added, 1 changed.`"""
    said = []
    for count in shown.counts:
        numbers = {"added": count.added, "changed": count.changed}
        if some := [f"{number:,} {done}" for done, number in numbers.items() if number]:
            said.append(f"{count.kind}: {', '.join(some)}")
    return f"{'; '.join(said) or 'nothing changed'}."


def number_of(model: type[models.Model], count: int) -> str:
    """`1 tool`, `3 tools`."""
    return f"{count:,} {model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural}"


def _added(report: Report, kind: str, where: Where) -> Added:
    first = [
        (addition.what, where(addition.place)) for addition in report.additions if addition.kind == kind
    ][:MOST_ADDITIONS]  # fmt: skip
    return Added(kind, report.added[kind], first, report.added[kind] - len(first))


def _both(before: object, after: object) -> tuple[str, str]:
    """Two values as text. Where they are long, the part around the first difference."""
    old, new = _told(before), _told(after)
    if len(old) <= LONGEST_VALUE and len(new) <= LONGEST_VALUE:
        return old, new
    start = max(0, _common(old, new) - BEFORE_THE_DIFFERENCE)
    return _cut(old, start), _cut(new, start)


def _common(old: str, new: str) -> int:
    """How many characters two texts begin with alike."""
    return next(
        (n for n, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new))
    )


def _cut(text: str, start: int) -> str:
    piece = text[start : start + LONGEST_VALUE]
    if not text:
        return ""
    return f"{'…' if start else ''}{piece}{'…' if start + LONGEST_VALUE < len(text) else ''}"


def _told(value: object) -> str:
    match value:
        case None:
            return ""
        case list():
            return ", ".join(map(str, value))
        case Decimal():
            return f"{value.normalize():f}"
        case datetime():
            return f"{words.day(value.date())}, {value:%H:%M} UTC"
        case date():
            return words.day(value)
        case _:
            return str(value)
