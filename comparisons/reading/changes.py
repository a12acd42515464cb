"""What changed for readers, newest first: verdicts that flipped, and what we corrected. Three queries a page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, F, Value

from reviews.models import Review
from tools.models import Correction


@dataclass(frozen=True, slots=True)
class Change:
    """A flip (as of `ReviewQuerySet.flips`, with its reviewer and tool) or a correction (with its tool)."""

    at: datetime
    flip: Any = None
    correction: Correction | None = None


def newest_changes() -> Any:
    """All changes as a queryset of (kind, id, time), to be cut into pages and then read by `read_changes`."""
    flips = Review.objects.flips().order_by().annotate(kind=_kind("flip"), at=F("flip__published_at"))
    corrections = Correction.objects.on_record().order_by().annotate(kind=_kind("correction"), at=F("made_at"))
    columns = ("kind", "pk", "at")
    return flips.values_list(*columns).union(corrections.values_list(*columns), all=True).order_by("-at", "-pk")


def read_changes(found: list[tuple[str, int, datetime]]) -> list[Change]:
    """Read some changes in the order in which they were found. Two queries, or one where they are all of one kind."""
    ids = {kind: [pk for said, pk, _ in found if said == kind] for kind in ("flip", "correction")}
    flips = Review.objects.flips().order_by().select_related("reviewer", "tool__category")
    corrections = Correction.objects.on_record().order_by().select_related("tool__category")
    rows: dict[str, dict[int, Any]] = {
        # Both ends of the join are named: otherwise all flips are read, and thrown away, until there are many.
        "flip": {flip.pk: flip for flip in flips.filter(pk__in=ids["flip"], flip__in=ids["flip"])},
        "correction": corrections.in_bulk(ids["correction"]),
    }
    return [Change(at, **{kind: rows[kind][pk]}) for kind, pk, at in found if pk in rows[kind]]


def _kind(name: str) -> Any:
    return Value(name, output_field=CharField())
