"""Actions on any number of rows, worked off in steps: each a transaction of its own, short enough for others to get in.

The page of the action asks for one step after the other, so no step outlives a request, and every step has the rights
that its user has then. Closing the page pauses the action.
"""

import time
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Model, ProtectedError, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import strip_tags

from catalog.bulk_changes import record_bulk_change
from catalog.models import BulkChange, ChangeState
from desk.history.deletion import explain_refusal, find_reasons_to_stay, load_rows
from desk.permissions import may_publish
from desk.publishing.transitions import TRANSITIONS, apply_transition, compute_effects
from tools.models import ContentRevision
from tools.row_history import set_change_reason
from web.words import join_words

DELETE = "delete"
ROWS_PER_STEP = {DELETE: 100}
TRANSITIONS_PER_STEP = 20  # each is checked by the gate
MAX_LEFT = 500  # rows left unchanged that the report names

type Left = list[list[str]]
"""Rows that were left unchanged: [name, reason]."""


def find_rows(request: HttpRequest, change: BulkChange, ids: list[int]) -> "QuerySet[Model]":
    """Return the rows with these ids that the user may see. Raises PermissionDenied if they may not run the action."""
    model_admin = _get_admin(change)
    may_run = (
        model_admin.has_delete_permission(request)
        if change.action == DELETE
        else may_publish(request.user, model_admin.model)
    )
    if not may_run:
        raise PermissionDenied
    return model_admin.get_queryset(request).filter(pk__in=ids).order_by("pk")


def _get_admin(change: BulkChange) -> Any:
    return admin.site.get_model_admin(apps.get_model(change.model))


def work_off(request: HttpRequest, pk: int, *, seconds: float) -> BulkChange:
    """Work off steps of an action until it is done, or the time is over. Return how far it has come.

    Two pages of the same action take turns.
    """
    until = time.monotonic() + seconds
    while True:
        change = _work_off_step(request, pk)
        if change.state != ChangeState.RUNNING or time.monotonic() >= until:
            return change


@transaction.atomic
def _work_off_step(request: HttpRequest, pk: int) -> BulkChange:
    ContentRevision.lock()
    change = BulkChange.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
    if change.state != ChangeState.RUNNING:
        return change
    number = ROWS_PER_STEP.get(change.action, TRANSITIONS_PER_STEP)
    ids, change.waiting = change.waiting[:number], change.waiting[number:]
    set_change_reason(": ".join(filter(None, (change.title, change.options.get("reason", "")))))
    run = _delete if change.action == DELETE else _move
    with record_bulk_change(change):
        done, left = run(request, change, find_rows(request, change, ids))
        change.done += done
        change.left = [*change.left, *left][:MAX_LEFT]
        if not change.waiting:
            finish(change)
    return change


@transaction.atomic
def start(pk: int, *, options: dict[str, object]) -> None:
    """Start an action that waits for its confirmation. Idempotent."""
    for change in BulkChange.objects.filter(pk=pk, state=ChangeState.SELECTED).select_for_update(of=("self",)):
        change.state, change.options, change.made_at = ChangeState.RUNNING, options, timezone.now()
        change.save()


@transaction.atomic
def stop(pk: int) -> None:
    """End an action early. What is done stays done. Idempotent."""
    ContentRevision.lock()  # a step that is under way ends first
    for change in BulkChange.objects.filter(pk=pk, state=ChangeState.RUNNING).select_for_update(of=("self",)):
        finish(change)
        change.save()


def finish(change: BulkChange) -> None:
    """End an action, and say what became of its rows. Those whose turn had not come stay as they are."""
    left = change.selected - change.done
    done = TRANSITIONS[change.action].done.lower() if change.action in TRANSITIONS else "deleted"
    parts = [f"{change.done:,} {done}"]
    parts += [f"{left:,} left unchanged"] if left else []
    change.summary = f"{join_words(parts)}."
    change.state, change.waiting = ChangeState.DONE, []


def _delete(request: HttpRequest, change: BulkChange, rows: "QuerySet[Model]") -> tuple[int, Left]:
    """Delete rows that readers never saw. Return how many, and the others with the reason why they stay."""
    found = load_rows(rows)
    reasons = find_reasons_to_stay(request.user, found)
    left = [[str(row), strip_tags(reasons[row.pk])] for row in found if row.pk in reasons]
    rows = rows.exclude(pk__in=reasons)
    try:
        return _delete_together(request, change, rows), left
    except (IntegrityError, ProtectedError):
        done = 0
        for row in rows:
            try:
                done += _delete_together(request, change, rows.filter(pk=row.pk))
            except (IntegrityError, ProtectedError) as error:
                left.append([str(row), explain_refusal(error)])
        return done, left


def _delete_together(request: HttpRequest, change: BulkChange, rows: "QuerySet[Model]") -> int:
    model_admin = _get_admin(change)
    found = list(rows)
    with transaction.atomic():
        _, _, missing, _ = model_admin.get_deleted_objects(found, request)
        if missing:
            raise PermissionDenied
        model_admin.log_deletions(request, found)
        model_admin.delete_queryset(request, rows)
    return len(found)


def _move(request: HttpRequest, change: BulkChange, rows: "QuerySet[Any]") -> tuple[int, Left]:
    """Publish, schedule, or withdraw rows. Return how many, and the others with what the gate or their state says."""
    transition, user = TRANSITIONS[change.action], request.user
    at = datetime.fromisoformat(change.options["at"]) if change.options.get("at") else None
    reason = change.options.get("reason", "")
    results = [
        apply_transition(effect.content, transition, seen=effect.fingerprint, user=user, at=at, reason=reason)
        for effect in compute_effects(rows, transition, at=at, user=user)
    ]
    left = [[str(result.content), result.words] for result in results if not result.is_done]
    return len(results) - len(left), left
