"""The history of what editors write: an entry a change, with who made it, when and why.

Saving and deleting through models leaves an entry by itself (django-simple-history). What is written in bulk leaves
one by `record`.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

from django.db import connection, models
from simple_history.models import HistoricalRecords

CREATED: Literal["+"] = "+"
CHANGED: Literal["~"] = "~"
DELETED: Literal["-"] = "-"


class History(HistoricalRecords):
    """Entries for a model. The reason is the object's own (`_change_reason`), or one for all that a request changes
    (`because`).
    """

    def get_change_reason_for_object(self, instance: models.Model, history_type: str, using: str) -> str | None:
        own: str | None = super().get_change_reason_for_object(instance, history_type, using)
        return own or getattr(getattr(self.context, "request", None), "change_reason", None)


def set_change_reason(reason: str) -> None:
    """Give the reason of all that the request at hand changes from here on; without a request, nothing happens."""
    with suppress(AttributeError):
        HistoricalRecords.context.request.change_reason = reason


def record_changes(
    model: type[models.Model],
    ids: Iterable[int],
    kind: Literal["+", "~"],
    *,
    by: Any | None,
    reason: str,
    at: datetime,
) -> None:
    """Write an entry for each of some rows (ids) as they stand now, `by` a user or nobody. One statement.

    What the rows' many-to-many fields hold is part of the entry, so write those first.
    """
    ids = list(ids)
    if not ids:
        return
    history: Any = model.history.model  # type: ignore[attr-defined]
    columns = ", ".join(f'"{field.column}"' for field in history.tracked_fields)
    entries = f"""
        INSERT INTO {history._meta.db_table}
            ({columns}, history_date, history_type, history_user_id, history_change_reason)
        SELECT {columns}, %s::timestamptz, %s::text, %s::bigint, %s::text
        FROM {model._meta.db_table} WHERE id = ANY(%s::bigint[]) ORDER BY id
    """
    with connection.cursor() as cursor:
        values = [at, kind, None if by is None else by.pk, reason, ids]
        cursor.execute(_with_links(model, history, entries), values)


def _with_links(model: type[models.Model], history: Any, entries: str) -> str:
    """The statement that also writes what the many-to-many field of a model held; models have one at the most."""
    linked = list(history._history_m2m_fields)
    if not linked:
        return entries
    [field] = linked
    through, owner = field.remote_field.through, field.m2m_column_name()
    links = History.m2m_models[field]._meta.db_table
    columns = [column.column for column in through._meta.fields]
    return f"""
        WITH entry AS ({entries} RETURNING history_id, id)
        INSERT INTO {links} ({", ".join(columns)}, history_id)
        SELECT {", ".join(f"link.{column}" for column in columns)}, entry.history_id
        FROM entry JOIN {through._meta.db_table} AS link ON link.{owner} = entry.id ORDER BY link.id
    """
