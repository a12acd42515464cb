"""Writing many rows at once, with their history."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db import models

from catalog.report import Fields
from tools.row_history import CHANGED, CREATED, record_changes

ROWS_PER_STATEMENT = 1000


@dataclass(slots=True)
class HistoryLog:
    """The history events of an import: one per row, however often the row is written."""

    by: Any | None
    at: datetime
    reason: str | None  # None writes no history
    _pending: defaultdict[type[models.Model], dict[int, Literal["+", "~"]]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def record(self, model: type[models.Model], rows: Iterable[models.Model], kind: Literal["+", "~"]) -> None:
        for row in rows:
            self._pending[model].setdefault(row.pk, kind)

    def write(self) -> None:
        """Write an event with the present values of each recorded row, and clear the log."""
        for model, kinds in self._pending.items():
            for kind in (CREATED, CHANGED):
                ids = [pk for pk, pending_kind in kinds.items() if pending_kind == kind]
                if self.reason is not None:
                    record_changes(model, ids, kind, by=self.by, reason=self.reason, at=self.at)
        self._pending.clear()


def create_rows(model: type[models.Model], rows: list[Any], history: HistoryLog) -> None:
    """Insert rows, and record them in the history."""
    model._default_manager.bulk_create(rows, batch_size=ROWS_PER_STATEMENT)
    history.record(model, rows, CREATED)


def update_rows(model: type[models.Model], rows: list[Any], fields: Iterable[str], history: HistoryLog) -> None:
    """Write some fields of existing rows, and record them in the history."""
    model._default_manager.bulk_update(rows, fields, batch_size=ROWS_PER_STATEMENT)
    history.record(model, rows, CHANGED)


def apply_changes(row: Any, changes: Fields) -> None:
    """Set what the file says on a row."""
    for name, (_, value) in changes.items():
        setattr(row, name, value)


def get_values(part: Any, fields: Iterable[str]) -> dict[str, object]:
    """Return fields of a part of the file, by name."""
    return {name: getattr(part, name) for name in fields}
