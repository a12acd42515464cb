"""The history of rows that editors write: one version per change, with who made it, when, and why.

django-simple-history records saves and deletes through models. Bulk writers call `record_changes`.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from typing import Any, Literal

from django.db import connection, models
from simple_history.manager import HistoryManager
from simple_history.models import HistoricalRecords

CREATED: Literal["+"] = "+"
CHANGED: Literal["~"] = "~"
DELETED: Literal["-"] = "-"

_is_recorded_in_bulk = ContextVar("_is_recorded_in_bulk", default=False)


@contextmanager
def record_in_bulk() -> Iterator[None]:
    """In this block, deletions leave no events: `record_changes` has recorded them."""
    token = _is_recorded_in_bulk.set(True)
    try:
        yield
    finally:
        _is_recorded_in_bulk.reset(token)


class _Manager(HistoryManager):
    """A manager whose class is built once. django-simple-history builds it whenever a row is saved."""

    @classmethod
    @cache
    def from_queryset(cls, queryset_class: Any, class_name: str | None = None) -> Any:
        return super().from_queryset(queryset_class, class_name)


class History(HistoricalRecords):
    """A model's history. The reason of a change is the object's own (`_change_reason`), or else the one that
    `set_change_reason` set for the request.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, history_manager=_Manager, **options)

    def post_delete(self, instance: models.Model, using: str | None = None, **kwargs: Any) -> None:
        if not _is_recorded_in_bulk.get():
            super().post_delete(instance, using, **kwargs)

    def get_change_reason_for_object(self, instance: models.Model, history_type: str, using: str) -> str | None:
        own: str | None = super().get_change_reason_for_object(instance, history_type, using)
        return own or get_change_reason()


def get_history_model(model: type[models.Model]) -> Any:
    """Return the model of the history rows of a model, which django-simple-history generates."""
    return model.history.model  # type: ignore[attr-defined]


def get_history_table(model: type[models.Model]) -> str:
    """Return the name of the table of a model's history rows."""
    table: str = get_history_model(model)._meta.db_table
    return table


def set_change_reason(reason: str) -> None:
    """Set the reason of all further changes in the current request. Does nothing outside a request."""
    with suppress(AttributeError):
        HistoricalRecords.context.request.change_reason = reason


def get_author() -> Any | None:
    """Return the user to whom changes in the current request are attributed; None outside a request."""
    user = getattr(getattr(HistoricalRecords.context, "request", None), "user", None)
    return user if user is not None and user.is_authenticated else None


def get_change_reason() -> str | None:
    """Return the reason that `set_change_reason` set for the current request."""
    return getattr(getattr(HistoricalRecords.context, "request", None), "change_reason", None)


def record_changes(
    model: type[models.Model],
    ids: Iterable[int],
    kind: Literal["+", "~", "-"],
    *,
    by: Any | None,
    reason: str | None,
    at: datetime,
) -> None:
    """Record the current values of rows (ids) as one version each, in one statement. `by` is a user or None.

    A version includes the rows' many-to-many relations, so write those first. Record deletions before they happen,
    and make them inside `record_in_bulk`, unless no event would be recorded anyway.
    """
    ids = list(ids)
    if not ids:
        return
    history = get_history_model(model)
    columns = ", ".join(f'"{field.column}"' for field in history.tracked_fields)
    versions = f"""
        INSERT INTO {history._meta.db_table}
            ({columns}, history_date, history_type, history_user_id, history_change_reason)
        SELECT {columns}, %s::timestamptz, %s::text, %s::bigint, %s::text
        FROM {model._meta.db_table} WHERE id = ANY(%s::bigint[]) ORDER BY id
    """
    with connection.cursor() as cursor:
        values = [at, kind, None if by is None else by.pk, reason, ids]
        cursor.execute(_with_links(model, history, versions), values)


def _with_links(model: type[models.Model], history: Any, versions: str) -> str:
    """Extend the INSERT so that it also records the model's many-to-many field. A model has at most one."""
    linked = list(history._history_m2m_fields)
    if not linked:
        return versions
    [field] = linked
    through, owner = field.remote_field.through, field.m2m_column_name()
    links = History.m2m_models[field]._meta.db_table
    columns = [column.column for column in through._meta.fields]
    return f"""
        WITH version AS ({versions} RETURNING history_id, id)
        INSERT INTO {links} ({", ".join(columns)}, history_id)
        SELECT {", ".join(f"link.{column}" for column in columns)}, version.history_id
        FROM version JOIN {through._meta.db_table} AS link ON link.{owner} = version.id ORDER BY link.id
    """
