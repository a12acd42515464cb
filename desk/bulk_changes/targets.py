"""What rows were before a bulk change and after it, or at a time and now: read from the history, batch by batch."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any

from django.db import connection, models

from catalog.bulk_changes import TRACKED_MODELS, get_model_name
from catalog.models import BulkChange
from comparisons.models import Comparison
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, Correction, Fact, Plan, Tool
from tools.publishing import Publishable
from tools.row_history import CREATED, DELETED, get_history_model, get_history_table

TOOLS_PER_BATCH = 200
ROWS_PER_BATCH = 500

VOCABULARY: tuple[type[models.Model], ...] = (Category, Attribute, Reviewer)

type Values = dict[str, Any]
"""The values of a row by column name; a many-to-many field has its own name and a list of ids."""

# The tool to which a history row of a model belongs, in SQL.
_TOOL_OF: dict[type[models.Model], str] = {
    Tool: "id",
    **dict.fromkeys((Plan, Fact, Review, Correction), "tool_id"),
    Prediction: (
        "COALESCE((SELECT review.tool_id FROM reviews_review AS review WHERE review.id = review_id), "
        "(SELECT review.tool_id FROM reviews_historicalreview AS review WHERE review.id = review_id LIMIT 1))"
    ),
}
_IN_SPANS = "EXISTS (SELECT FROM unnest(%(first)s::bigint[], %(last)s::bigint[]) AS span(a, b) WHERE history_id BETWEEN a AND b)"  # noqa: E501


@dataclass(frozen=True, slots=True)
class Target:
    """A row: its values to go back to, and the ones it has if nobody has changed it since. None: no such row."""

    model: type[models.Model]
    pk: int
    before: Values | None
    after: Values | None
    is_known: bool = True
    """Whether the history knows what it was before."""


def read_vocabulary(change: BulkChange) -> list[Target]:
    """Return the categories, attributes, and reviewers that a bulk change wrote. There are few of them."""
    return [target for model in VOCABULARY for target in _read_targets(change, model, "true")]


def read_comparisons(change: BulkChange) -> Iterator[list[Target]]:
    """Yield the comparisons that a bulk change wrote, in batches."""
    for ids in batched(_list_owners(change, Comparison, "id"), ROWS_PER_BATCH, strict=False):
        yield list(_read_targets(change, Comparison, "id = ANY(%(owners)s)", owners=list(ids)))


def read_tools(change: BulkChange) -> Iterator[list[Target]]:
    """Yield the tools that a bulk change wrote and what belongs to them, some tools at a time."""
    owners = sorted({owner for model, sql in _TOOL_OF.items() for owner in _list_owners(change, model, sql)})
    for ids in batched(owners, TOOLS_PER_BATCH, strict=False):
        yield [
            target
            for model, sql in _TOOL_OF.items()
            for target in _read_targets(change, model, f"{sql} = ANY(%(owners)s)", owners=list(ids))
        ]


def read_since(tool: Tool, at: datetime) -> list[Target]:
    """Return a tool and its prices and facts, as they were at a time and as they are; nothing before it was added.

    Its publication is left out, and so are rows that did not exist then and are superseded by now: they are history.
    """
    targets = []
    for model, owner in ((Tool, "id"), (Plan, "tool_id"), (Fact, "tool_id")):
        history = get_history_table(model)
        found = _fetch(
            f"SELECT id, max(history_id) FILTER (WHERE history_date <= %(at)s), max(history_id),"  # noqa: S608 (ours)
            f" bool_or(history_type = '{CREATED}') FROM {history} WHERE {owner} = %(tool)s GROUP BY id",
            {"at": at, "tool": tool.pk},
        )
        versions = _read_versions(model, [pk for _, then, now, _ in found for pk in (then, now) if pk])
        for pk, then, now, has_beginning in found:
            before, after = versions.get(then) if then else None, versions[now]
            if before is not None and after is not None:
                before |= {name: after[name] for name in Publishable.TIME_FIELDS if name in after}
            is_history = before is None and after is not None and after.get("superseded_at") is not None
            if not is_history:
                targets.append(Target(model, pk, before, after, is_known=bool(then) or has_beginning))
    return targets if targets and targets[0].before else []


def _get_spans(change: BulkChange, model: type[models.Model]) -> dict[str, Any]:
    spans = change.versions.get(get_model_name(model), [])
    return {"first": [first for first, _ in spans], "last": [last for _, last in spans]}


def _list_owners(change: BulkChange, model: type[models.Model], owner: str) -> list[int]:
    spans = _get_spans(change, model)
    if not spans["first"]:
        return []
    sql = (
        f"SELECT DISTINCT {owner} FROM {get_history_table(model)} JOIN unnest(%(first)s::bigint[], %(last)s::bigint[])"  # noqa: S608 (ours)
        " AS span(a, b) ON history_id BETWEEN a AND b ORDER BY 1"
    )
    return [owner for (owner,) in _fetch(sql, spans) if owner is not None]


def _read_targets(change: BulkChange, model: type[models.Model], condition: str, **values: Any) -> Iterator[Target]:
    """Yield the rows of a model that a bulk change wrote. Three queries."""
    spans = _get_spans(change, model)
    if not spans["first"]:
        return
    history = get_history_table(model)
    found = _fetch(
        f"SELECT id, min(history_id), max(history_id), (array_agg(history_type ORDER BY history_id))[1] = '{CREATED}'"  # noqa: S608 (ours)
        f" FROM {history} WHERE {condition} AND {_IN_SPANS} GROUP BY id ORDER BY id",
        {**spans, **values},
    )
    changed = {pk: first for pk, first, _, is_created in found if not is_created}
    # Joined, because the planner would look for the newest older version of each row by scanning the whole history.
    previous = dict(
        _fetch(
            "SELECT own.id, max(older.history_id) FROM unnest(%(ids)s::bigint[], %(first)s::bigint[]) AS own(id, first)"  # noqa: S608 (ours)
            f" JOIN {history} AS older ON older.id = own.id AND older.history_id < own.first GROUP BY own.id",
            {"ids": list(changed), "first": list(changed.values())},
        )
    )
    versions = _read_versions(model, [*(last for _, _, last, _ in found), *previous.values()])
    for pk, _, last, is_created in found:
        before = versions[previous[pk]] if pk in previous else None
        yield Target(model, pk, before, versions[last], is_known=is_created or pk in previous)


def _read_versions(model: type[models.Model], ids: Sequence[int]) -> dict[int, Values | None]:
    """Return the values of history rows by id; None for one that says that the row was deleted."""
    history = get_history_model(model)
    rows = list(history.objects.filter(history_id__in=ids))
    names = [field.attname for field in history.tracked_fields]
    versions: dict[int, Values | None] = {
        row.history_id: None if row.history_type == DELETED else {name: getattr(row, name) for name in names}
        for row in rows
    }
    for field in history._history_m2m_fields:
        links = f"{history._meta.db_table}_{field.name}"
        linked = _fetch(
            f"SELECT history_id, {field.m2m_reverse_name()} FROM {links} WHERE history_id = ANY(%(ids)s) ORDER BY 1, 2",  # noqa: S608 (ours)
            {"ids": list(ids)},
        )
        for version in filter(None, versions.values()):
            version[field.attname] = []
        for history_id, other in linked:
            if (known := versions[history_id]) is not None:
                known[field.attname].append(other)
    return versions


def read_values(row: models.Model, links: dict[int, list[int]] | None = None) -> Values:
    """Return the present values of a row, to compare with its versions. `links` are those of attributes, by id."""
    values = {field.attname: getattr(row, field.attname) for field in get_history_model(type(row)).tracked_fields}
    return values if links is None else {**values, "categories": links.get(row.pk, [])}


def read_links(attributes: Iterable[int]) -> dict[int, list[int]]:
    """Return the ids of the categories of attributes, in order."""
    links: dict[int, list[int]] = {}
    through = Attribute.categories.through.objects.filter(attribute__in=attributes).order_by("category_id")
    for attribute, category in through.values_list("attribute_id", "category_id"):
        links.setdefault(attribute, []).append(category)
    return links


def _fetch(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


assert {*VOCABULARY, *_TOOL_OF, Comparison} == set(TRACKED_MODELS)  # noqa: S101 (each is undone somewhere)
