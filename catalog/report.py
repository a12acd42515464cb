"""The report of an import or a dry run. The code that writes the rows records them here, so they cannot disagree."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from django.db import models

from catalog.problems import ImportProblem, Place
from catalog.visibility import find_public_content
from tools.models import Fact, Plan
from tools.publishing import Publishable

type Fields = dict[str, tuple[object, object]]
"""What changes in a row: {field: (value on the site, value in the file)}."""

MAX_ADDITIONS_PER_KIND = 1000  # additions listed by name; all of them are counted


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that the file changes, field by field. A superseded plan or fact shows its old and its new value."""

    place: Place
    kind: str
    label: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class RowAddition:
    """One row that the file adds."""

    place: Place
    kind: str
    label: str


@dataclass(slots=True)
class ImportReport:
    """Counts by kind of row, every change of an existing row, and the first additions of each kind."""

    added: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    changes: list[RowChange] = field(default_factory=list)
    additions: list[RowAddition] = field(default_factory=list)
    # What became of the text in an old file for facts that are typed now.
    remarks: list[ImportProblem] = field(default_factory=list)
    # How many rows of each model get another time of publication or withdrawal. A user who may not publish by hand may
    # not do it with a file either.
    published: Counter[type[models.Model]] = field(default_factory=Counter)
    # How many rows of each kind change what readers see, by the published content in which they see it.
    shown: dict[type[models.Model], Counter[str]] = field(default_factory=dict)
    change_id: int | None = None
    """The id of the bulk change that was recorded, if any."""
    _seal: Any = field(default_factory=lambda: blake2b(digest_size=16), repr=False, compare=False)

    def record_existing(self, model: type[models.Model], row: Any, place: Place, fields: Fields) -> None:
        """Record a row that exists on the site. `fields` are its changes; if empty, it is left alone."""
        kind = get_kind(model)
        self._seal.update(repr((place, kind, row.pk, fields)).encode())
        if not fields:
            self.unchanged[kind] += 1
            return
        self.changed[kind] += 1
        self.changes.append(RowChange(place, kind, describe_row(row), fields))
        if not fields.keys().isdisjoint(Publishable.TIME_FIELDS):
            self.published[model] += 1
        self._note_shown(row, kind, joins=fields["categories"][1] if "categories" in fields else ())

    def record_added(
        self, model: type[models.Model], row: Any, place: Place, *, categories: Sequence[str] = ()
    ) -> None:
        """Record a new row. `categories` are the slugs of those of an attribute."""
        kind = get_kind(model)
        self._seal.update(repr((place, kind)).encode())
        self.added[kind] += 1
        if self.added[kind] <= MAX_ADDITIONS_PER_KIND:
            self.additions.append(RowAddition(place, kind, describe_row(row)))
        if getattr(row, "published_at", None) is not None:
            self.published[model] += 1
        self._note_shown(row, kind, joins=categories)

    def _note_shown(self, row: Any, kind: str, *, joins: Any) -> None:
        if content := find_public_content(row, joins=joins):
            self.shown.setdefault(content, Counter())[kind] += 1

    def count_added(self, model: type[models.Model], count: int) -> None:
        """Count new rows without listing them."""
        if count:
            self.added[get_kind(model)] += count

    @property
    def kinds(self) -> list[str]:
        """The kinds of rows that the file mentions, in alphabetical order."""
        return sorted({*self.added, *self.changed, *self.unchanged})

    @property
    def does_nothing(self) -> bool:
        return not self.added.total() and not self.changed.total()

    @property
    def summary(self) -> str:
        """What the import did, in words: `plans: 1 changed; tools: 2 added, 1 changed.`"""
        return summarize_counts((kind, self.added[kind], self.changed[kind]) for kind in self.kinds)

    def touches(self, *models_touched: type[models.Model]) -> bool:
        """Return whether rows of any of these models are added or changed."""
        return any(self.added[get_kind(model)] or self.changed[get_kind(model)] for model in models_touched)

    def seal(self) -> str:
        """Return a digest of the report. Two imports of one file with the same seal do the same to the same rows.

        The content of a new row depends on the file alone, so its place is enough.
        """
        return self._seal.hexdigest()


def summarize_counts(counts: Iterable[tuple[str, int, int]]) -> str:
    """Return numbers of rows, as (kind, added, changed), in words: `plans: 1 changed; tools: 2 added, 1 changed.`"""
    sentences = []
    for kind, added, changed in counts:
        numbers = {"added": added, "changed": changed}
        if parts := [f"{number:,} {verb}" for verb, number in numbers.items() if number]:
            sentences.append(f"{kind}: {', '.join(parts)}")
    return f"{'; '.join(sentences) or 'nothing changed'}."


def describe_row(row: Any) -> str:
    """Return the label of a row in a report. The label of a plan or fact includes its tool."""
    label = f"{row._meta.verbose_name} “{row}”"
    return f"{label} of “{row.tool}”" if isinstance(row, Plan | Fact) else label


def get_kind(model: type[models.Model]) -> str:
    """Return the name of a model's rows in a report: `tools`, `plans`."""
    return str(model._meta.verbose_name_plural)
