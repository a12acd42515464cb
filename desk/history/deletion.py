"""Deleting at the desk: only what readers never saw. The database holds the same rule (tools/sql/history.sql)."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import actions
from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from desk.history.pages import address
from reviews.models import Prediction
from tools.models import Sourced
from tools.publishing import Publishable
from tools.row_history import set_change_reason
from web.words import count_of, join_words

STAYS = "What readers have seen is not deleted: a page or a review is withdrawn, a price or a fact is superseded."
NAMED = 10  # rows that a message names, before it counts the rest


def was_seen(row: Any) -> bool:
    """Whether readers see or have seen a row, so that it stays."""
    if isinstance(row, Publishable):
        return row.was_public
    if isinstance(row, Sourced):
        return bool(row.tool.was_public)  # type: ignore[attr-defined] # of each that is sourced
    if isinstance(row, Prediction):
        return row.review.was_public
    return False


def seen_of(rows: QuerySet[Any]) -> list[Any]:
    """Those of some rows that readers have seen. One query."""
    owner = "tool" if issubclass(rows.model, Sourced) else "review" if rows.model is Prediction else None
    return [row for row in (rows.select_related(owner) if owner else rows) if was_seen(row)]


class OnlyUnseenDeleted:
    """For a ModelAdmin: no way to delete what readers have seen, and a sentence where somebody tries."""

    def has_delete_permission(self: Any, request: HttpRequest, obj: Any | None = None) -> bool:
        may: bool = super().has_delete_permission(request, obj)  # type: ignore[misc]
        return may and not (isinstance(obj, models.Model) and was_seen(obj))

    def get_deleted_objects(self: Any, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], list[Any]]:
        """As Django's; but where something protects a row because it was seen, that is said, and not that a right
        is missing.
        """
        found, counts, lacking, protected = super().get_deleted_objects(objs, request)  # type: ignore[misc]
        held = {
            str(model._meta.verbose_name)
            for model in self.admin_site._registry
            if request.user.has_perm(f"{model._meta.app_label}.delete_{model._meta.model_name}")
        }
        return found, counts, {name for name in lacking if str(name) not in held}, protected

    def delete_view(
        self: Any, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, object_id)
        if obj is not None and was_seen(obj) and super().has_delete_permission(request, obj):  # type: ignore[misc]
            messages.error(request, f"“{obj}” stays. {STAYS}")
            return HttpResponseRedirect(address(self.model, "change", obj.pk))
        if request.method == "POST" and (why := request.POST.get("change_reason", "").strip()):
            set_change_reason(why[:500])
        try:
            with transaction.atomic():
                answer: HttpResponse = super().delete_view(request, object_id, extra_context)  # type: ignore[misc]
        except (IntegrityError, ProtectedError) as error:
            messages.error(request, f"Nothing was deleted. {refusal(error)}")
            return HttpResponseRedirect(address(self.model, "change", object_id))
        return answer


class OnlyUnseenRemoved:
    """The same for an inline: rows of what readers have seen have no box to delete them."""

    def has_delete_permission(self: Any, request: HttpRequest, obj: Any | None = None) -> bool:
        may: bool = super().has_delete_permission(request, obj)  # type: ignore[misc]
        return may and not (isinstance(obj, models.Model) and was_seen(obj))


@admin.action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s")
def delete_selected(modeladmin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
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
            answer: HttpResponse | None = actions.delete_selected(modeladmin, request, queryset)
    except (IntegrityError, ProtectedError) as error:
        messages.error(request, f"Nothing was deleted. {refusal(error)}")
        return None
    return answer


def refusal(error: Exception) -> str:
    """Why the database or a relation refused to delete, in a sentence."""
    if isinstance(error, ProtectedError):
        return "Something else needs it: look at what belongs to it first."
    return STAYS if "was public" in str(error) else "Something else came to need it meanwhile."
