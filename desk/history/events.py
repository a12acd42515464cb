"""The history of an object and of all that belongs to it, in one list: read in one statement, and told field by field.

To a tool belong its plans, facts, reviews, predictions and corrections; to a review its predictions.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, models

from desk.history.field_changes import FieldChange, Names, Values, field_changes
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Correction, Fact, Plan, Tool
from tools.row_history import CREATED, DELETED
from web.caching import process_cache

ENTRIES_A_PAGE = 25

_REVIEWS_OF_TOOL = (
    "SELECT id FROM reviews_historicalreview WHERE tool_id = %(id)s "
    "UNION SELECT id FROM reviews_review WHERE tool_id = %(id)s"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of row in a history: whose entries, and which of them, as SQL over the table of its history."""

    model: type[models.Model]
    which: str = "id = %(id)s"

    @property
    def name(self) -> str:
        return self.model._meta.model_name or ""

    @property
    def history(self) -> Any:
        """The model of its entries."""
        return self.model.history.model  # type: ignore[attr-defined]

    def fields(self) -> list[Any]:
        """What entries say, in the order of the model; what is only set by programs is left out."""
        return _fields(self.model)


_OF_TOOL = (
    Kind(Tool),
    Kind(Plan, "tool_id = %(id)s"),
    Kind(Fact, "tool_id = %(id)s"),
    Kind(Review, "tool_id = %(id)s"),
    Kind(Prediction, f"review_id IN ({_REVIEWS_OF_TOOL})"),
    Kind(Correction, "tool_id = %(id)s"),
)
_OF_REVIEW = (Kind(Review), Kind(Prediction, "review_id = %(id)s"))
# What belongs to an object is named by it, and not told again with each of its changes.
_OWNERS = {Plan: "tool", Fact: "tool", Correction: "tool", Prediction: "review"}


@process_cache(maxsize=None)
def kinds_of(model: type[models.Model]) -> tuple[Kind, ...]:
    """The kinds of rows in the history of an object of a model, itself first; none where no history is kept."""
    if not hasattr(model, "history"):
        return ()
    together: dict[type[models.Model], tuple[Kind, ...]] = {Tool: _OF_TOOL, Review: _OF_REVIEW}
    return together.get(model, (Kind(model),))


@process_cache(maxsize=None)
def _fields(model: type[models.Model]) -> list[Any]:
    history: Any = model.history.model  # type: ignore[attr-defined]
    tracked = [
        model._meta.get_field(field.name) for field in history.tracked_fields if field.name not in ("id", "created_at")
    ]
    linked = [model._meta.get_field(field.name) for field in history._history_m2m_fields]
    return [field for field in tracked if field.name != _OWNERS.get(model)] + linked


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: of which row, what was done to it, when, by whom and why, and each field that it changed."""

    kind: Kind
    object_id: int
    version: int
    what: str
    at: datetime
    author: str
    reason: str
    is_newest: bool
    label: str
    changes: list[FieldChange]
    has_before: bool

    @property
    def done(self) -> str:
        if self.what == CREATED:
            return "restored" if self.has_before else "added"
        return "deleted" if self.what == DELETED else "changed"

    @property
    def is_restorable(self) -> bool:
        """Whether there is something in it to go back to: an older state, or what was deleted last."""
        return self.kind.model is not Correction and (self.is_newest == (self.what == DELETED))


def version_of(kinds: Sequence[Kind], pk: int) -> str:
    """What tells one state of an object, and of all that belongs to it, from the next. One query.

    The newest entry of each kind, as `12.5.0`.
    """
    newest = ", ".join(
        f"(SELECT COALESCE(max(history_id), 0) FROM {kind.history._meta.db_table} WHERE {kind.which})" for kind in kinds
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT concat_ws('.', {newest})", {"id": pk})
        version: str = cursor.fetchone()[0]
    return version


def read_page(kinds: Sequence[Kind], pk: int, *, number: int) -> tuple[list[Entry], int]:
    """A page of a history, newest first, and how many entries there are in all. Two queries or three.

    One of them reads the entries, the others what rows are called that they point to: one for each model.
    """
    rows = _rows(kinds, pk, offset=(number - 1) * ENTRIES_A_PAGE)
    return _told(kinds, rows), rows[0][-1] if rows else 0


def read_since(kinds: Sequence[Kind], pk: int, seen: Sequence[int]) -> list[Entry]:
    """What changed after a version (as `version_of`, in numbers), newest first, and at most a page of it."""
    return _told(kinds, _rows(kinds, pk, seen=seen))


def _rows(kinds: Sequence[Kind], pk: int, *, offset: int = 0, seen: Sequence[int] = ()) -> list[tuple[Any, ...]]:
    entries = " UNION ALL ".join(
        f"SELECT {place} AS place, id, history_id, history_date, history_type, history_user_id, history_change_reason, "
        "lag(history_id) OVER own AS before, lead(history_id) OVER own IS NULL AS is_newest "
        f"FROM {kind.history._meta.db_table} WHERE {kind.which} WINDOW own AS (PARTITION BY id ORDER BY history_id)"
        for place, kind in enumerate(kinds)
    )
    users: Any = get_user_model()
    later = " OR ".join(f"place = {place} AND history_id > {int(last)}" for place, last in enumerate(seen)) or "true"
    sql = f"""
        WITH entries AS ({entries}),
        page AS (
            SELECT *, count(*) OVER () AS total FROM entries WHERE {later}
            ORDER BY history_date DESC, place DESC, history_id DESC LIMIT %(limit)s OFFSET %(offset)s
        )
        SELECT place, page.id, history_id, history_type, history_date, COALESCE({users.USERNAME_FIELD}, ''),
               COALESCE(history_change_reason, ''), is_newest,
               {_state(kinds, "page.history_id")}, {_state(kinds, "page.before")}, total
        FROM page LEFT JOIN {users._meta.db_table} AS author ON author.id = history_user_id
        ORDER BY history_date DESC, place DESC, history_id DESC
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, {"id": pk, "limit": ENTRIES_A_PAGE, "offset": offset})
        return cursor.fetchall()


def _state(kinds: Sequence[Kind], version: str) -> str:
    """SQL for the row of an entry as JSON, with the ids that its many-to-many fields held."""
    whens = []
    for place, kind in enumerate(kinds):
        state = "to_jsonb(entry)"
        for field in kind.history._history_m2m_fields:
            links = f"{kind.history._meta.db_table}_{field.name}"
            state += (
                f" || jsonb_build_object('{field.attname}', (SELECT COALESCE(jsonb_agg({field.m2m_reverse_name()} "
                f"ORDER BY id), '[]') FROM {links} AS link WHERE link.history_id = entry.history_id))"
            )
        whens.append(
            f"WHEN {place} THEN (SELECT {state} FROM {kind.history._meta.db_table} AS entry "
            f"WHERE entry.history_id = {version})"
        )
    return f"CASE place {' '.join(whens)} END::text"


def _values(kind: Kind, text: str | None) -> Values | None:
    """The row of an entry, as its model's fields read it."""
    if text is None:
        return None
    raw = json.loads(text, parse_float=Decimal)
    values = {}
    for field in kind.model._meta.concrete_fields:
        if field.attname in raw:
            value = raw[field.attname]
            values[field.attname] = value if field.is_relation or isinstance(value, list) else field.to_python(value)
    return values | {field.attname: raw[field.attname] for field in kind.history._history_m2m_fields}


def _told(kinds: Sequence[Kind], rows: list[tuple[Any, ...]]) -> list[Entry]:
    states = [(kinds[row[0]], _values(kinds[row[0]], row[8]) or {}, _values(kinds[row[0]], row[9])) for row in rows]
    names = names_of(
        (field, values) for kind, after, before in states for values in (after, before or {}) for field in kind.fields()
    )
    entries = []
    for row, (kind, after, before) in zip(rows, states, strict=True):
        _, object_id, version, what, at, author, reason, is_newest, _, _, _ = row
        was, now = {CREATED: (None, after), DELETED: (after, None)}.get(what, (before, after))
        # Of a change whose earlier state nobody kept, nothing can be said but that it was made.
        is_known = what != "~" or before is not None
        changes = field_changes(kind.fields(), was, now, names) if is_known else []
        entries.append(
            Entry(
                kind=kind,
                object_id=object_id,
                version=version,
                what=what,
                at=at,
                author=author,
                reason=reason,
                is_newest=is_newest,
                label=label_of(kind.model, after, names),
                changes=changes,
                has_before=before is not None,
            )
        )
    return entries


def label_of(model: type[models.Model], values: Values, names: Names) -> str:
    """What a row is called in a history, as `plan “Pro”`."""
    if model is Fact:
        called = names.get(Attribute, {}).get(values["attribute_id"], "")
    elif model is Review:
        called = names.get(Reviewer, {}).get(values["reviewer_id"], "")
    else:
        called = str(values.get("claim" if model is Prediction else "name", ""))
    kind = str(model._meta.verbose_name)
    return f"{kind} “{called}”" if called else kind


def names_of(said: Iterable[tuple[Any, Values]]) -> Names:
    """What rows are called that fields point to. One query for each model that is pointed to."""
    wanted: defaultdict[type[models.Model], set[int]] = defaultdict(set)
    for field, values in said:
        if field.is_relation:
            value = values.get(field.attname)
            wanted[field.related_model].update(value if isinstance(value, list) else [value] if value else [])
    return {
        model: dict(
            model._default_manager.filter(pk__in=ids)
            .order_by()
            .values_list("pk", getattr(model, "USERNAME_FIELD", "name"))
        )
        for model, ids in wanted.items()
        if ids
    }


def without_idle(entries: Iterable[Entry]) -> list[Entry]:
    """Those that changed anything: a form that is saved as it was leaves an entry too."""
    return [entry for entry in entries if entry.changes or entry.what != "~"]


def as_of_subject(entry: Entry, subject: type[models.Model]) -> Entry:
    """An entry as its own object's history tells it: the object is not named with each of its changes."""
    return replace(entry, label="") if entry.kind.model is subject else entry
