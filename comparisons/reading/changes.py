"""The changes that readers see, newest first: flips and corrections. Three queries per page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, F, Value

from reviews.models import Review
from tools.models import Correction


@dataclass(frozen=True, slots=True)
class PublishedChange:
    """A flip (from `ReviewQuerySet.flips`, with its reviewer and tool) or a correction (with its tool)."""

    at: datetime
    flip: Any = None
    correction: Correction | None = None


def newest_changes() -> Any:
    """Return all changes as a queryset of (kind, id, time). Slice it, and pass the slice to `read_changes`."""
    flips = Review.objects.flips().order_by().annotate(kind=_kind("flip"), at=F("flip__published_at"))
    corrections = Correction.objects.on_record().order_by().annotate(kind=_kind("correction"), at=F("made_at"))
    columns = ("kind", "pk", "at")
    return flips.values_list(*columns).union(corrections.values_list(*columns), all=True).order_by("-at", "-pk")


def read_changes(rows: list[tuple[str, int, datetime]]) -> list[PublishedChange]:
    """Return the changes of (kind, id, time) rows, in their order. Two queries, or one if all are of one kind."""
    ids = {kind: [pk for row_kind, pk, _ in rows if row_kind == kind] for kind in ("flip", "correction")}
    flips = Review.objects.flips().order_by().select_related("reviewer", "tool__category")
    corrections = Correction.objects.on_record().order_by().select_related("tool__category")
    objects: dict[str, dict[int, Any]] = {
        # Filter both ends of the join. With one, PostgreSQL reads all flips and discards most, until there are many.
        "flip": {flip.pk: flip for flip in flips.filter(pk__in=ids["flip"], flip__in=ids["flip"])},
        "correction": corrections.in_bulk(ids["correction"]),
    }
    return [PublishedChange(at, **{kind: objects[kind][pk]}) for kind, pk, at in rows if pk in objects[kind]]


def _kind(name: str) -> Any:
    return Value(name, output_field=CharField())
