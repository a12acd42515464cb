"""What a file does to the site, or would do: noted by the code that writes, so that the two cannot disagree."""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from django.db import models

from catalog.problems import Place
from tools.models import Fact, Plan

type Fields = dict[str, tuple[object, object]]
"""What changes in a row: {field: (what stands, what the file says)}."""

MOST_NAMED = 1000  # additions of a kind that are kept by name; all of them are counted


@dataclass(frozen=True, slots=True)
class Change:
    """One row that the file changes, field by field; a superseded plan or fact shows its old and new value."""

    place: Place
    kind: str
    what: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Addition:
    """One row that the file adds."""

    place: Place
    kind: str
    what: str


@dataclass(slots=True)
class Report:
    """Counts by kind of row, each change of something that stood before, and the first additions of each kind."""

    added: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)
    additions: list[Addition] = field(default_factory=list)
    # Models of which rows get another time of publication or withdrawal, with how many: whoever may not do that by
    # hand may not do it with a file.
    published: Counter[type[models.Model]] = field(default_factory=Counter)
    _seal: Any = field(default_factory=lambda: blake2b(digest_size=16), repr=False, compare=False)

    def note(self, model: type[models.Model], row: Any, place: Place, fields: Fields) -> None:
        """A row that stood before; with `fields` it changes, without it is left alone."""
        kind = kind_of(model)
        self._seal.update(repr((place, kind, row.pk, fields)).encode())
        if not fields:
            self.unchanged[kind] += 1
            return
        self.changed[kind] += 1
        self.changes.append(Change(place, kind, called(row), fields))
        if fields.keys() & {"published_at", "withdrawn_at"}:
            self.published[model] += 1

    def note_added(self, model: type[models.Model], row: Any, place: Place) -> None:
        """A new row."""
        kind = kind_of(model)
        self._seal.update(repr((place, kind)).encode())
        self.added[kind] += 1
        if self.added[kind] <= MOST_NAMED:
            self.additions.append(Addition(place, kind, called(row)))
        if getattr(row, "published_at", None) is not None:
            self.published[model] += 1

    def count_added(self, model: type[models.Model], count: int) -> None:
        """New rows that are only counted."""
        if count:
            self.added[kind_of(model)] += count

    @property
    def kinds(self) -> list[str]:
        """The kinds of rows that the file mentions, in alphabetical order."""
        return sorted({*self.added, *self.changed, *self.unchanged})

    @property
    def does_nothing(self) -> bool:
        return not self.added.total() and not self.changed.total()

    def touches(self, *models_touched: type[models.Model]) -> bool:
        """Whether rows of any of some models are added or changed."""
        return any(self.added[kind_of(model)] or self.changed[kind_of(model)] for model in models_touched)

    def seal(self) -> str:
        """A digest of all that is noted: two imports of one file with the same seal do the same to the same rows.

        What is added comes from the file alone, so its place stands for it.
        """
        return self._seal.hexdigest()


def called(row: Any) -> str:
    """What a row is called in a report; plans and facts with their tool, of which they have the words alone."""
    words = f"{row._meta.verbose_name} “{row}”"
    return f"{words} of “{row.tool}”" if isinstance(row, Plan | Fact) else words


def kind_of(model: type[models.Model]) -> str:
    """How rows of a model are called in a report: `tools`, `plans`."""
    return str(model._meta.verbose_name_plural)
