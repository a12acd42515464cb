"""“I looked at the sources today, and all of this still holds”: one day for many prices and facts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from django.db import transaction

from tools.models import Fact, Plan, Sourced
from web import clock

MOST = 1000  # rows at once; nobody has looked at more sources in a day
REASON = "verified today"


class TooManyError(ValueError):
    """More rows than anybody can have checked in a day."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """Prices and facts by what marking them would do."""

    to_do: list[Any] = field(default_factory=list)
    already: list[Any] = field(default_factory=list)
    superseded: list[Any] = field(default_factory=list)
    without_source: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Iterable[Any]) -> Self:
        found, today = cls(), clock.today()
        for row in rows:
            if row.superseded_at is not None:
                found.superseded.append(row)
            elif not row.source:
                found.without_source.append(row)
            elif row.verified_on == today:
                found.already.append(row)
            else:
                found.to_do.append(row)
        return found

    @property
    def left_alone(self) -> Sequence[tuple[str, list[Any]]]:
        """What is not marked: (why, rows), without the reasons that apply to nothing."""
        reasons = [
            ("superseded: history is not checked", self.superseded),
            ("without a source: there is nothing to look at", self.without_source),
            ("marked today already", self.already),
        ]
        return [(why, rows) for why, rows in reasons if rows]


def said(row: Any) -> str:
    """A price or fact with its tool, as reports name it."""
    return f"{row.tool}: {row}"


def rows_of(queryset: Any) -> list[Any]:
    """The prices or facts of a queryset with all that a report says of them; raises TooManyError."""
    related = ("tool", "attribute") if queryset.model is Fact else ("tool",)
    rows = list(queryset.order_by("tool__name", "pk").select_related(*related)[: MOST + 1])
    if len(rows) > MOST:
        raise TooManyError
    return rows


def statements_of(tools: Any) -> list[Any]:
    """The standing prices and facts of some tools; raises TooManyError."""
    pks = list(tools.order_by().values_list("pk", flat=True)[: MOST + 1])
    rows = [row for model in (Plan, Fact) for row in rows_of(model.objects.current().filter(tool__in=pks))]
    if len(pks) > MOST or len(rows) > MOST:
        raise TooManyError
    return rows


@transaction.atomic
def verify(rows: Iterable[Any], *, by: Any) -> Sorted:
    """Mark prices and facts as checked today, with history; say which were and which were not.

    What a row says is looked at again under a lock, because somebody may have superseded it since it was shown.
    """
    wanted: dict[type[Any], list[int]] = {}
    for row in rows:
        wanted.setdefault(type(row), []).append(row.pk)
    locked: list[Any] = []
    for model, pks in sorted(wanted.items(), key=lambda item: item[0].__name__):
        related = ("tool", "attribute") if model is Fact else ("tool",)
        kept = model.objects.filter(pk__in=pks).select_for_update(of=("self",)).select_related(*related)
        locked += kept.order_by("pk")
    found = Sorted.of(locked)
    _write(found.to_do, by=by)
    return found


def _write(rows: list[Any], *, by: Any) -> None:
    today = clock.today()
    for model in (Plan, Fact):
        own: list[Sourced] = [row for row in rows if isinstance(row, model)]
        if not own:
            continue
        model.objects.filter(pk__in=[row.pk for row in own]).update(verified_on=today)
        for row in own:
            row.verified_on = today
        history: Any = model.history
        history.bulk_history_create(own, update=True, default_user=by, default_change_reason=REASON)
