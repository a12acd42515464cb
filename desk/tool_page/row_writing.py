"""Writes of many plans or facts at once: a statement for each kind of write, and one for its history.

`Sourced.retire`, `supersede`, and `save` do the same for one row.
"""

from collections.abc import Collection, Sequence
from typing import Any, Literal

from django.utils import timezone

from tools.models import Sourced
from tools.row_history import CHANGED, CREATED, DELETED, get_author, get_change_reason, record_changes

SUPERSEDING = ("superseded_at", "correction")


def change_rows(rows: Sequence[Sourced], fields: Collection[str]) -> None:
    """Write these fields of existing rows of one model. `SUPERSEDING` are those of a row that becomes history."""
    if rows:
        _objects(rows).bulk_update(rows, sorted(fields))
        _record(rows, CHANGED)


def delete_rows(rows: Sequence[Sourced]) -> None:
    """Delete rows of one model that readers never saw."""
    if rows:
        _record(rows, DELETED)
        selected = _objects(rows).filter(pk__in=[row.pk for row in rows])
        selected._raw_delete(selected.db)  # `delete()` would record each deletion by itself


def create_rows(rows: Sequence[Sourced]) -> None:
    """Insert new rows of one model, and give them their primary keys."""
    if rows:
        _objects(rows).bulk_create(rows)
        _record(rows, CREATED)


def _objects(rows: Sequence[Sourced]) -> Any:
    return type(rows[0]).objects


def _record(rows: Sequence[Sourced], kind: Literal["+", "~", "-"]) -> None:
    ids = [row.pk for row in rows]
    record_changes(type(rows[0]), ids, kind, by=get_author(), reason=get_change_reason(), at=timezone.now())
