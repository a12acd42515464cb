"""The history of an object and of everything that belongs to it: one list of events, read in one statement.

Plans, facts, reviews, predictions, and corrections belong to a tool; predictions belong to a review.
"""

import dataclasses
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, models

from desk.history.field_changes import FieldChange, Names, Values, compare_states
from newsletter.models import Issue
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Correction, Fact, Plan, Tool
from tools.row_history import CREATED, DELETED, get_history_model, get_history_table
from web.caching import process_cache

EVENTS_PER_PAGE = 25

_REVIEWS_OF_TOOL = (
    "SELECT id FROM reviews_historicalreview WHERE tool_id = %(id)s "
    "UNION SELECT id FROM reviews_review WHERE tool_id = %(id)s"
)


@dataclass(frozen=True, slots=True)
class TrackedModel:
    """A model whose rows belong to the history of an object, and which rows, as SQL over its history table."""

    model: type[models.Model]
    condition: str = "id = %(id)s"

    @property
    def name(self) -> str:
        return self.model._meta.model_name or ""

    @property
    def history(self) -> Any:
        """The model of its history rows, which django-simple-history generates."""
        return get_history_model(self.model)

    @property
    def table(self) -> str:
        return get_history_table(self.model)

    @property
    def fields(self) -> list[models.Field]:
        """The fields that events show, in the order of the model."""
        return _list_fields(self.model)


_TRACKED_OF_TOOL = (
    TrackedModel(Tool),
    TrackedModel(Plan, "tool_id = %(id)s"),
    TrackedModel(Fact, "tool_id = %(id)s"),
    TrackedModel(Review, "tool_id = %(id)s"),
    TrackedModel(Prediction, f"review_id IN ({_REVIEWS_OF_TOOL})"),
    TrackedModel(Correction, "tool_id = %(id)s"),
)
_TRACKED_OF_REVIEW = (TrackedModel(Review), TrackedModel(Prediction, "review_id = %(id)s"))
# The field that points to the owner. Events leave it out: the history is the owner's.
_OWNER_FIELDS = {Plan: "tool", Fact: "tool", Correction: "tool", Prediction: "review"}


@process_cache(maxsize=None)
def get_tracked_models(model: type[models.Model]) -> tuple[TrackedModel, ...]:
    """Return what the history of an object consists of, its own model first; () for a model without a history."""
    if not hasattr(model, "history"):
        return ()
    compound: dict[type[models.Model], tuple[TrackedModel, ...]] = {Tool: _TRACKED_OF_TOOL, Review: _TRACKED_OF_REVIEW}
    return compound.get(model, (TrackedModel(model),))


# Fields of issues that the program writes. Events show only what editors write.
_COMPOSED_FIELDS = {
    "number",
    "state",
    "since_at",
    "composed_at",
    "scheduled_at",
    "trouble",
    "started_at",
    "finished_at",
}


@process_cache(maxsize=None)
def _list_fields(model: type[models.Model]) -> list[models.Field]:
    history = get_history_model(model)
    hidden = {"id", "created_at", _OWNER_FIELDS.get(model)} | (_COMPOSED_FIELDS if model is Issue else set())
    names = [field.name for field in history.tracked_fields if field.name not in hidden]
    names += [field.name for field in history._history_m2m_fields]
    fields = [model._meta.get_field(name) for name in names]
    return [field for field in fields if isinstance(field, models.Field)]


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One change of one row: what happened, when, by whom, why, and the fields that changed."""

    tracked: TrackedModel
    object_id: int
    version: int  # the id of the history row
    type: str  # CREATED, CHANGED, or DELETED
    at: datetime
    author: str
    reason: str
    is_newest: bool  # of its row
    label: str
    changes: list[FieldChange]
    has_previous: bool
    before: Values | None = None
    after: Values = dataclasses.field(default_factory=dict)  # the last values, if the row was deleted
    word: str = ""  # what was done, where the type alone does not say it

    @property
    def verb(self) -> str:
        if self.word:
            return self.word
        if self.type == CREATED:
            return "restored" if self.has_previous else "added"
        return "deleted" if self.type == DELETED else "changed"

    @property
    def is_restorable(self) -> bool:
        """Whether it holds something to go back to: an older state, or the last state of a deleted row."""
        return self.tracked.model is not Correction and (self.is_newest == (self.type == DELETED))


def read_version(tracked: Sequence[TrackedModel], pk: int) -> str:
    """Return the version of an object and everything that belongs to it: the newest event of each model, as `12.5.0`.

    One query.
    """
    newest = ", ".join(
        f"(SELECT COALESCE(max(history_id), 0) FROM {one.table} WHERE {one.condition})" for one in tracked
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT concat_ws('.', {newest})", {"id": pk})
        version: str = cursor.fetchone()[0]
    return version


def read_page(tracked: Sequence[TrackedModel], pk: int, *, number: int) -> tuple[list[HistoryEvent], int]:
    """Return a page of a history, newest first, and the total number of events.

    One query for the events, and one for each model that they refer to.
    """
    rows = _query_events(tracked, pk, offset=(number - 1) * EVENTS_PER_PAGE)
    return _build_events(tracked, rows), rows[0][-1] if rows else 0


def read_since(
    tracked: Sequence[TrackedModel], pk: int, seen: Sequence[int], *, most: int | None = EVENTS_PER_PAGE
) -> list[HistoryEvent]:
    """Return the events after a version (of `read_version`, as numbers), newest first: `most` of them, or all."""
    return _build_events(tracked, _query_events(tracked, pk, seen=seen, most=most))


def read_states(
    tracked: Sequence[TrackedModel], pk: int, seen: Sequence[int]
) -> dict[type[models.Model], dict[int, Values | None]]:
    """Return the rows of an object that were changed after a version, as they were at it, by id.

    The version is that of `read_version`, as numbers. None is a row whose state then is not recorded. One query.
    """
    states: dict[type[models.Model], dict[int, Values | None]] = {one.model: {} for one in tracked}
    with connection.cursor() as cursor:
        changed = " UNION ALL ".join(
            f"(SELECT DISTINCT ON (id) {place} AS place, id, history_id, history_type, "
            f"history_id <= {int(last)} AS past, max(history_id) OVER (PARTITION BY id) > {int(last)} AS is_changed "
            f"FROM {one.table} WHERE {one.condition} "
            f"ORDER BY id, history_id <= {int(last)} DESC, abs(history_id - {int(last)}))"
            for place, (one, last) in enumerate(zip(tracked, seen, strict=True))
        )
        cursor.execute(
            f"WITH events AS ({changed}) SELECT place, id, history_type, past, "
            f"{_state_sql(tracked, 'events.history_id')} FROM events WHERE is_changed",
            {"id": pk},
        )
        for place, row, kind, is_past, state in cursor.fetchall():
            one = tracked[place]
            if is_past and kind != DELETED:
                states[one.model][row] = _parse_state(one, state)
            elif not is_past and kind != CREATED:
                states[one.model][row] = None
    return states


def _query_events(
    tracked: Sequence[TrackedModel],
    pk: int,
    *,
    offset: int = 0,
    seen: Sequence[int] = (),
    most: int | None = EVENTS_PER_PAGE,
) -> list[tuple[Any, ...]]:
    events = " UNION ALL ".join(
        f"SELECT {place} AS place, id, history_id, history_date, history_type, history_user_id, history_change_reason, "
        "lag(history_id) OVER own AS previous, lead(history_id) OVER own IS NULL AS is_newest "
        f"FROM {one.table} WHERE {one.condition} WINDOW own AS (PARTITION BY id ORDER BY history_id)"
        for place, one in enumerate(tracked)
    )
    users = get_user_model()
    later = " OR ".join(f"place = {place} AND history_id > {int(last)}" for place, last in enumerate(seen)) or "true"
    sql = f"""
        WITH events AS ({events}),
        page AS (
            SELECT *, count(*) OVER () AS total FROM events WHERE {later}
            ORDER BY history_date DESC, place DESC, history_id DESC LIMIT %(limit)s OFFSET %(offset)s
        )
        SELECT place, page.id, history_id, history_type, history_date, COALESCE({users.USERNAME_FIELD}, ''),
               COALESCE(history_change_reason, ''), is_newest,
               {_state_sql(tracked, "page.history_id")}, {_state_sql(tracked, "page.previous")}, total
        FROM page LEFT JOIN {users._meta.db_table} AS author ON author.id = history_user_id
        ORDER BY history_date DESC, place DESC, history_id DESC
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, {"id": pk, "limit": most, "offset": offset})
        return cursor.fetchall()


def _state_sql(tracked: Sequence[TrackedModel], version: str) -> str:
    """Return SQL for a history row as JSON, with the ids in its many-to-many fields."""
    cases = []
    for place, one in enumerate(tracked):
        state = "to_jsonb(event)"
        for field in one.history._history_m2m_fields:
            links = f"{one.table}_{field.name}"
            state += (
                f" || jsonb_build_object('{field.attname}', (SELECT COALESCE(jsonb_agg({field.m2m_reverse_name()} "
                f"ORDER BY id), '[]') FROM {links} AS link WHERE link.history_id = event.history_id))"
            )
        cases.append(f"WHEN {place} THEN (SELECT {state} FROM {one.table} AS event WHERE event.history_id = {version})")
    return f"CASE place {' '.join(cases)} END::text"


def _parse_state(tracked: TrackedModel, text: str | None) -> Values | None:
    """Return the values of a history row, with the types of its model's fields."""
    if text is None:
        return None
    raw = json.loads(text, parse_float=Decimal)
    values = {}
    for field in tracked.model._meta.concrete_fields:
        if field.attname in raw:
            value = raw[field.attname]
            values[field.attname] = value if field.is_relation or isinstance(value, list) else field.to_python(value)
    return values | {field.attname: raw[field.attname] for field in tracked.history._history_m2m_fields}


def _build_events(tracked: Sequence[TrackedModel], rows: list[tuple[Any, ...]]) -> list[HistoryEvent]:
    states = [
        (tracked[row[0]], _parse_state(tracked[row[0]], row[8]) or {}, _parse_state(tracked[row[0]], row[9]))
        for row in rows
    ]
    names = read_names(
        (field, values) for one, after, before in states for values in (after, before or {}) for field in one.fields
    )
    events = []
    for row, (one, after, before) in zip(rows, states, strict=True):
        _, object_id, version, event_type, at, author, reason, is_newest, _, _, _ = row
        old, new = {CREATED: (None, after), DELETED: (after, None)}.get(event_type, (before, after))
        # Without the previous state, the changes of an update are unknown.
        is_known = event_type != "~" or before is not None
        events.append(
            HistoryEvent(
                tracked=one,
                object_id=object_id,
                version=version,
                type=event_type,
                at=at,
                author=author,
                reason=reason,
                is_newest=is_newest,
                label=label_row(one.model, after, names),
                changes=compare_states(one.fields, old, new, names) if is_known else [],
                has_previous=before is not None,
                before=before,
                after=after,
            )
        )
    return events


def label_row(model: type[models.Model], values: Values, names: Names) -> str:
    """Return what a row is called in a history, as `plan “Pro”`."""
    if model is Fact:
        name = names.get(Attribute, {}).get(values["attribute_id"], "")
    elif model is Review:
        name = names.get(Reviewer, {}).get(values["reviewer_id"], "")
    else:
        name = str(values.get("claim" if model is Prediction else "name", ""))
    noun = str(model._meta.verbose_name)
    return f"{noun} “{name}”" if name else noun


def read_names(states: Iterable[tuple[models.Field, Values]]) -> Names:
    """Return the names of all rows that these (field, values of its row) refer to. One query per model referred to."""
    wanted: defaultdict[Any, set[int]] = defaultdict(set)
    for field, values in states:
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


def drop_idle(events: Iterable[HistoryEvent]) -> list[HistoryEvent]:
    """Return the events that changed something. Saving a form without changes also leaves an event."""
    return [event for event in events if event.changes or event.type != "~"]


def drop_own_label(event: HistoryEvent, subject: type[models.Model]) -> HistoryEvent:
    """Return an event without its label if it is about the object whose history is shown."""
    return replace(event, label="") if event.tracked.model is subject else event
