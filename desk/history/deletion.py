"""Deleting at the desk: only what readers never saw. The database holds the same rule (tools/sql/history.sql)."""

from django.contrib import admin, messages
from django.contrib.admin import actions
from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError, QuerySet
from django.http import HttpRequest, HttpResponse

from reviews.models import Prediction
from tools.models import Sourced
from tools.publishing import Publishable
from web.words import count_of, join_words

STAYS = "What readers have seen is not deleted: a page or a review is withdrawn, a price or a fact is superseded."
NAMED = 10  # rows that a message names, before it counts the rest


def was_seen(row: models.Model) -> bool:
    """Whether readers see or have seen a row, so that it stays."""
    if isinstance(row, Publishable):
        return row.was_public
    if isinstance(row, Sourced):
        return bool(row.tool.was_public)  # type: ignore[attr-defined] # of each that is sourced
    if isinstance(row, Prediction):
        return row.review.was_public
    return False


def seen_of(rows: "QuerySet[models.Model]") -> list[models.Model]:
    """Those of some rows that readers have seen. One query."""
    owner = "tool" if issubclass(rows.model, Sourced) else "review" if rows.model is Prediction else None
    return [row for row in (rows.select_related(owner) if owner else rows) if was_seen(row)]


@admin.action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s")
def delete_selected(
    modeladmin: admin.ModelAdmin, request: HttpRequest, queryset: "QuerySet[models.Model]"
) -> HttpResponse | None:
    """Delete what readers never saw of the chosen rows, after asking, and say what stays and why."""
    seen = seen_of(queryset)
    if seen:
        names = [f"“{row}”" for row in seen[:NAMED]]
        rest = [f"{count_of(len(seen) - NAMED, 'other')}"] if len(seen) > NAMED else []
        verb = "stays" if len(seen) == 1 else "stay"
        messages.warning(request, f"{join_words([*names, *rest])} {verb}. {STAYS}")
        queryset = queryset.exclude(pk__in=[row.pk for row in seen])
        if not queryset.exists():
            return None
    try:
        with transaction.atomic():
            return actions.delete_selected(modeladmin, request, queryset)
    except (IntegrityError, ProtectedError) as error:
        messages.error(request, f"Nothing was deleted. {refusal(error)}")
        return None


def refusal(error: Exception) -> str:
    """Why the database or a relation refused to delete, in a sentence."""
    if isinstance(error, ProtectedError):
        return "Something else needs it: look at what belongs to it first."
    return STAYS if "was public" in str(error) else "Something else came to need it meanwhile."
