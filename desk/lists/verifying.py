"""Verifying many prices and facts at once: an editor checked their sources today, and they are still correct."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from django.db import transaction
from django.db.models import QuerySet

from desk.permissions import AnyUser, find_missing_right
from tools.expressions import SortKey
from tools.models import ContentRevision, Fact, Plan, Tool
from web import clock

MAX_ROWS = 1000  # per action; nobody checks more sources in a day
REASON = "verified today"
SHOWN = (
    "because readers see them and your account may not publish: tick “Verified today” on the form of the tool, where "
    "it is kept as a pending change, or ask an editor"
)

type SourcedRow = Plan | Fact


class TooManyRowsError(ValueError):
    """More rows were selected than anyone can check in a day."""


@dataclass(frozen=True, slots=True)
class VerificationPlan:
    """Prices and facts by what verifying them would do."""

    to_verify: list[SourcedRow] = field(default_factory=list)
    already_verified: list[SourcedRow] = field(default_factory=list)
    superseded: list[SourcedRow] = field(default_factory=list)
    without_source: list[SourcedRow] = field(default_factory=list)
    shown: list[SourcedRow] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Iterable[SourcedRow], *, by: AnyUser) -> Self:
        plan, today = cls(), clock.today()
        for row in rows:
            if row.superseded_at is not None:
                plan.superseded.append(row)
            elif find_missing_right(by, row):
                plan.shown.append(row)
            elif not row.source:
                plan.without_source.append(row)
            elif row.verified_on == today:
                plan.already_verified.append(row)
            else:
                plan.to_verify.append(row)
        return plan

    @property
    def skipped(self) -> Sequence[tuple[str, list[SourcedRow]]]:
        """The rows that are not verified, as (reason, rows), for reasons that apply to any row."""
        reasons = [
            ("superseded", self.superseded),
            ("without a source to check", self.without_source),
            ("already verified today", self.already_verified),
            (SHOWN, self.shown),
        ]
        return [(reason, rows) for reason, rows in reasons if rows]


def name_row(row: SourcedRow) -> str:
    """Return the name of a price or fact in reports, with its tool."""
    return f"{row.tool}: {row}"


def read_rows(queryset: QuerySet) -> list[SourcedRow]:
    """Return selected prices or facts with everything a report shows of them. Raises TooManyRowsError."""
    related = ("tool", "attribute") if queryset.model is Fact else ("tool",)
    rows = list(queryset.order_by(SortKey("tool__name"), "pk").select_related(*related)[: MAX_ROWS + 1])
    if len(rows) > MAX_ROWS:
        raise TooManyRowsError
    return rows


def read_rows_of_tools(tools: QuerySet[Tool]) -> list[SourcedRow]:
    """Return the current prices and facts of selected tools. Raises TooManyRowsError."""
    pks = list(tools.order_by().values_list("pk", flat=True)[: MAX_ROWS + 1])
    plans = read_rows(Plan.objects.current().filter(tool__in=pks))
    facts = read_rows(Fact.objects.current().filter(tool__in=pks))
    if len(pks) > MAX_ROWS or len(plans) + len(facts) > MAX_ROWS:
        raise TooManyRowsError
    return [*plans, *facts]


@transaction.atomic
def verify(rows: Iterable[SourcedRow], *, by: AnyUser) -> VerificationPlan:
    """Mark prices and facts as verified today, with history events. Return which were marked and which were not.

    Rows are read again under a lock, because someone may have superseded them since they were shown.
    """
    ContentRevision.lock()
    pks: dict[type[SourcedRow], list[int]] = {Fact: [], Plan: []}
    for row in rows:
        pks[type(row)].append(row.pk)
    plan = VerificationPlan.of([*_lock_facts(pks[Fact]), *_lock_plans(pks[Plan])], by=by)
    _write([row for row in plan.to_verify if isinstance(row, Plan)], Plan, by=by)
    _write([row for row in plan.to_verify if isinstance(row, Fact)], Fact, by=by)
    return plan


def _lock_facts(pks: list[int]) -> Iterable[Fact]:
    if not pks:
        return []
    locked = Fact.objects.filter(pk__in=pks).order_by("pk").select_for_update(of=("self",), no_key=True)
    return locked.select_related("tool", "attribute")


def _lock_plans(pks: list[int]) -> Iterable[Plan]:
    if not pks:
        return []
    locked = Plan.objects.filter(pk__in=pks).order_by("pk").select_for_update(of=("self",), no_key=True)
    return locked.select_related("tool")


def _write(rows: Sequence[SourcedRow], model: type[Plan] | type[Fact], *, by: AnyUser) -> None:
    if not rows:
        return
    today = clock.today()
    model.objects.filter(pk__in=[row.pk for row in rows]).update(verified_on=today)
    for row in rows:
        row.verified_on = today
    model.history.bulk_history_create(rows, update=True, default_user=by, default_change_reason=REASON)
