"""Writing what reverts the rows of a batch, with a constant number of statements, and one history event per row."""

from collections.abc import Iterable

from django.db import models

from catalog.bulk_changes import TRACKED_MODELS
from catalog.row_writing import HistoryLog
from desk.bulk_changes.planning import Reversal
from tools.models import Attribute
from tools.row_history import CHANGED, CREATED, DELETED, record_changes, record_in_bulk

ROWS_PER_STATEMENT = 500


def write_reversal(reversal: Reversal, log: HistoryLog) -> None:
    """Delete, change, and add rows, in an order in which no constraint is broken on the way."""
    for model in reversed(TRACKED_MODELS):
        if rows := reversal.delete.get(model):
            _delete(model, rows, log)
    for model in TRACKED_MODELS:
        if changed := reversal.update.get(model):
            if fields := reversal.fields.get(model):
                model._default_manager.bulk_update(changed.values(), sorted(fields), batch_size=ROWS_PER_STATEMENT)
            log.record(model, changed.values(), CHANGED)
    for model in TRACKED_MODELS:
        if created := reversal.create.get(model):
            model._default_manager.bulk_create(created, batch_size=ROWS_PER_STATEMENT)
            log.record(model, created, CREATED)
    _write_links(reversal.links)
    log.write()


def _delete(model: type[models.Model], rows: Iterable[models.Model], log: HistoryLog) -> None:
    ids = [row.pk for row in rows]
    if log.reason is not None:
        record_changes(model, ids, DELETED, by=log.by, reason=log.reason, at=log.at)
    with record_in_bulk():
        model._default_manager.filter(pk__in=ids).delete()


def _write_links(links: dict[int, list[int]]) -> None:
    """Give attributes their categories back."""
    through = Attribute.categories.through
    for attribute, categories in links.items():
        rows = through.objects.filter(attribute=attribute)
        rows.exclude(category__in=categories).delete()
        known = set(rows.values_list("category_id", flat=True))
        new = [through(attribute_id=attribute, category_id=pk) for pk in categories if pk not in known]
        through.objects.bulk_create(new)
