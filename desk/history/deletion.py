"""Deletion at the desk: only of what readers never saw. Triggers enforce the same rule (tools/sql/history.sql)."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

from django.contrib import admin, messages
from django.contrib.admin import actions
from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from comparisons.models import Comparison
from desk import change_links
from desk.history.events import get_tracked_models
from desk.permissions import AnyUser, find_missing_right
from desk.refusal_texts import explain
from reviews.models import Prediction, Review
from tools.models import ContentRevision, Fact, Plan, Sourced, Tool
from tools.publishing import Publishable
from web import locks
from web.words import count_of, join_words

STAYS = "Content that readers have seen cannot be deleted. Withdraw a page or a review; supersede a price or a fact."
MAX_NAMES = 10  # rows that a message names before it counts the rest


def must_stay(row: models.Model) -> bool:
    """Return whether readers have been able to see a row, so that it cannot be deleted."""
    if isinstance(row, Publishable):
        return row.was_public
    if isinstance(row, Plan | Fact):
        return row.tool.was_public
    if isinstance(row, Prediction):
        return row.review.was_public
    return False


def find_reasons_to_stay(user: AnyUser, rows: "Iterable[models.Model]") -> dict[object, str]:
    """Return the rows that a user may not delete, as {id: reason}: readers have seen them, or see them elsewhere."""
    reasons: dict[object, str] = {}
    for row in rows:
        if must_stay(row):
            reasons[row.pk] = STAYS
        elif content := find_missing_right(user, row):
            reasons[row.pk] = explain(content, row)
    return reasons


def load_rows(rows: "QuerySet[models.Model]") -> "list[models.Model]":
    """Return rows with what `find_reasons_to_stay` asks of them. One query."""
    owner = "tool" if issubclass(rows.model, Sourced) else "review" if rows.model is Prediction else None
    return list(rows.select_related(owner) if owner else rows)


@admin.action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s")
def delete_selected(
    modeladmin: admin.ModelAdmin, request: HttpRequest, queryset: "QuerySet[models.Model]"
) -> HttpResponse | None:
    """Delete the selected rows that readers never saw, after asking, and report which rows stay and why."""
    number = queryset.count()
    if number > change_links.ROWS_PER_PAGE:
        title = f"Delete {number:,} {modeladmin.opts.verbose_name_plural}"
        return change_links.select_rows(request, queryset, action="delete", title=title)
    with locks.limited_atomic():
        if "post" in request.POST and get_tracked_models(queryset.model):
            ContentRevision.lock()
        return _delete_unseen(modeladmin, request, queryset)


def _delete_unseen(
    modeladmin: admin.ModelAdmin, request: HttpRequest, queryset: "QuerySet[models.Model]"
) -> HttpResponse | None:
    rows = load_rows(queryset)
    reasons = find_reasons_to_stay(request.user, rows)
    for reason in dict.fromkeys(reasons.values()):
        staying = [row for row in rows if reasons.get(row.pk) == reason]
        names = [f"“{row}”" for row in staying[:MAX_NAMES]]
        rest = [f"{count_of(len(staying) - MAX_NAMES, 'other')}"] if len(staying) > MAX_NAMES else []
        verb = "stays" if len(staying) == 1 else "stay"
        messages.warning(request, format_html("{} {}. {}", join_words([*names, *rest]), verb, reason))
    if reasons:
        queryset = queryset.exclude(pk__in=reasons)
        if not queryset.exists():
            return None
    try:
        with transaction.atomic(), _record(modeladmin, request, queryset):
            return actions.delete_selected(modeladmin, request, queryset)
    except (IntegrityError, ProtectedError) as error:
        messages.error(request, f"Nothing was deleted. {explain_refusal(error)}")
        return None


def _record(
    modeladmin: admin.ModelAdmin, request: HttpRequest, queryset: "QuerySet[models.Model]"
) -> AbstractContextManager[object]:
    """Record a confirmed deletion of rows with a history, so that it can be undone."""
    if "post" not in request.POST or not get_tracked_models(queryset.model):
        return nullcontext()
    title = f"Delete {count_of(queryset.count(), str(modeladmin.opts.verbose_name))}"
    return change_links.record_action(request, title, offer="Deleted by mistake?")


def list_drafts_of(tools: Iterable[Tool]) -> tuple[list[Review], list[Comparison]]:
    """Return the reviews and the comparisons of tools that readers never saw."""
    pks = [tool.pk for tool in tools]
    reviews = Review.objects.filter(tool__in=pks).order_by("pk").select_related("tool", "reviewer")
    comparisons = Comparison.objects.filter(Q(first__in=pks) | Q(second__in=pks)).order_by("pk")
    comparisons = comparisons.select_related("first", "second")
    return [row for row in reviews if not must_stay(row)], [row for row in comparisons if not must_stay(row)]


def delete_drafts_of(tools: Iterable[Tool]) -> None:
    """Delete the reviews and the comparisons of tools that readers never saw. They are in the history."""
    for rows in list_drafts_of(tools):
        for row in rows:
            row.delete()


def explain_refusal(error: Exception) -> str:
    """Return why the database or a relation refused a deletion, in a sentence."""
    if isinstance(error, ProtectedError):
        return "Other rows refer to it. Check those first."
    return STAYS if "was public" in str(error) else "Another row started to refer to it in the meantime."
