"""Which history events a bulk change wrote. Undoing it starts from these."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, models, transaction

from catalog.models import BulkChange
from comparisons.models import Comparison
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, ContentRevision, Correction, Fact, Plan, Tool
from tools.row_history import get_history_table

# Parents before children, as rows can be created.
TRACKED_MODELS: tuple[type[models.Model], ...] = (
    Category, Attribute, Reviewer, Tool, Plan, Fact, Review, Prediction, Correction, Comparison,
)  # fmt: skip

type Span = list[int]
"""The first and the last id of consecutive history rows."""


@contextmanager
def record_bulk_change(change: BulkChange) -> Iterator[BulkChange]:
    """Add the history events that are written in this block to a bulk change, and save it if there are any.

    The block runs in a transaction that holds the content revision. No other writer of content can commit an event in
    the meantime, so every new one is of this block.
    """
    with transaction.atomic():
        ContentRevision.lock()
        before = _read_last_versions()
        yield change
        for name, spans in _read_new_versions(before).items():
            change.versions.setdefault(name, []).extend(spans)
        if change.versions or change.pk is not None:
            change.save()


def get_model_name(model: type[models.Model]) -> str:
    return model._meta.label_lower


def _read_last_versions() -> list[int]:
    newest = ", ".join(
        f"COALESCE((SELECT max(history_id) FROM {get_history_table(model)}), 0)"  # noqa: S608 (our names)
        for model in TRACKED_MODELS
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {newest}")
        return list(cursor.fetchone())


def _read_new_versions(before: list[int]) -> dict[str, list[Span]]:
    """Return the spans of history ids after the given ones, by model. One query."""
    spans = " UNION ALL ".join(
        f"SELECT {place}, min(id), max(id) FROM ("  # noqa: S608 (our names and numbers)
        f"SELECT history_id AS id, history_id - row_number() OVER (ORDER BY history_id) AS island "
        f"FROM {get_history_table(model)} WHERE history_id > {last}) AS version GROUP BY island"
        for place, (model, last) in enumerate(zip(TRACKED_MODELS, before, strict=True))
    )
    found: dict[str, list[Span]] = {}
    with connection.cursor() as cursor:
        cursor.execute(f"{spans} ORDER BY 1, 2")
        for place, first, last in cursor.fetchall():
            found.setdefault(get_model_name(TRACKED_MODELS[place]), []).append([first, last])
    return found
