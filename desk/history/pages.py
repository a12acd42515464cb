"""The history pages of the desk: the events of an object, restoring a version, and deleted rows."""

from functools import partial
from http import HTTPStatus

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst

from desk.admin_pages import AdminPages
from desk.history.conflicts import CHANGE_REASON, MAX_REASON_LENGTH, SEEN_VERSION
from desk.history.events import (
    EVENTS_PER_PAGE,
    HistoryEvent,
    TrackedModel,
    drop_own_label,
    get_tracked_models,
    label_row,
    read_names,
    read_page,
    read_version,
)
from desk.history.restoring import HistoryRow, Restoration, plan_restoration
from desk.history.saves import group_saves
from desk.idempotency import answer_once
from desk.permissions import AnyUser, find_missing_right, may_import, may_see, writes_own_drafts_only
from desk.refusal_texts import explain
from handovers.people import list_comments
from newsletter.issuing import IssueActionError
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, ContentRevision, Correction, Sourced, Tool
from tools.row_history import DELETED, set_change_reason
from web.normalize import normalize_line
from web.paging import parse_page_number
from web.words import format_moment

MAX_DELETED = 50
MAX_PAGES = 10_000


def get_admin_url(model: type[models.Model], name: str, *args: object) -> str:
    """Return the address of an admin page of a model: `changelist`, `change`, `history`, `deleted`, or `restore`."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


class HistoryPages(AdminPages):
    """The history pages of a ModelAdmin whose model has a history."""

    def urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("deleted/", self.site.admin_view(self.deleted_view), name=f"{name}_deleted"),
            path(
                "<int:object_id>/history/<slug:kind>/<int:version>/restore/",
                self.site.admin_view(self.restore_view),
                name=f"{name}_restore",
            ),
        ]

    @property
    def deleted_address(self) -> str:
        """The address of the list of deleted rows; "" for corrections, which are never deleted."""
        return get_admin_url(self.model, "deleted") if self.model is not Correction else ""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Show the events of an object and of everything that belongs to it, newest first."""
        obj = self._get_subject(request, unquote(object_id))
        pk = obj.pk if obj else int(unquote(object_id))
        tracked = self._get_readable_models(request.user)
        number = parse_page_number(request.GET, max_pages=MAX_PAGES)
        events, total = read_page(tracked, pk, number=number)
        if not total and number > 1:
            number = 1
            events, total = read_page(tracked, pk, number=number)
        if obj is None and not total:
            raise Http404
        context = {
            **self._build_context(request, obj, pk),
            "title": f"History of {obj}" if obj else f"History of a deleted {self.opts.verbose_name}",
            "comments": list_comments(request.user, obj) if number == 1 else [],
            "saves": [
                (
                    save,
                    [
                        (drop_own_label(event, self.model), self._get_restore_url(request, pk, event))
                        for event in save.events
                    ],
                )
                for save in group_saves(events)
            ],
            "as_of_url": reverse("admin:tools_tool_as_of", args=[pk])
            if self.model is Tool and obj and may_import(request.user)
            else "",
            "number": number,
            "total": total,
            "previous": number - 1,
            "next": number + 1 if number * EVENTS_PER_PAGE < total else 0,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "desk/history.html", context)

    def restore_view(self, request: HttpRequest, object_id: int, kind: str, version: int) -> HttpResponse:
        """Show what restoring a version would change. On POST, restore it."""
        return answer_once(request, partial(self._show_or_restore, request, object_id, kind, version))

    def _show_or_restore(self, request: HttpRequest, object_id: int, kind: str, version: int) -> HttpResponse:
        obj = self._get_subject(request, object_id)
        tracked = next((one for one in self._get_readable_models(request.user) if one.name == kind), None)
        with transaction.atomic():
            if request.method == "POST":
                ContentRevision.lock()
            row = _read_history_row(tracked, object_id, version) if tracked else None
            if tracked is None or row is None:
                raise Http404
            if not self._may_restore(request, tracked, row):
                raise PermissionDenied
            restoration = plan_restoration(tracked, row, correction=request.POST.get("why") == "wrong")
            if content := _find_missing_right(request.user, tracked, row):
                restoration.problems.append(explain(content, row.instance))
            current_version = read_version(self._get_readable_models(request.user), object_id)
            if request.method == "POST" and restoration.is_possible:
                if request.POST.get(SEEN_VERSION) == current_version:
                    return self._restore(request, object_id, row, restoration)
                messages.warning(request, "Someone saved a change in the meantime. This is what restoring does now.")
        at = row.history_date
        context = {
            **self._build_context(request, obj, object_id),
            "title": f"Restore the version of {format_moment(at)}",
            "label": label_row(tracked.model, vars(row), read_names((field, vars(row)) for field in tracked.fields)),
            "restoration": restoration,
            "current_version": current_version,
        }
        return TemplateResponse(
            request,
            "desk/restore.html",
            context,
            status=HTTPStatus.OK if request.method == "GET" else HTTPStatus.CONFLICT,
        )

    def _restore(self, request: HttpRequest, object_id: int, row: HistoryRow, restoration: Restoration) -> HttpResponse:
        reason = f"Restored the version of {format_moment(row.history_date)}"
        own_reason = normalize_line(request.POST.get(CHANGE_REASON, ""))[:MAX_REASON_LENGTH]
        set_change_reason(". ".join(filter(None, (reason, own_reason))))
        try:
            with transaction.atomic():
                written = restoration.write()
        except IntegrityError as error:
            messages.error(request, f"Nothing was restored. The database refused it: {_first_line(error)}")
        except IssueActionError as error:
            messages.error(request, f"Nothing was restored. {error}")
        else:
            self.admin.log_change(request, written, f"{reason}.")
            messages.success(request, f"{reason}. {restoration.summary}")
        return HttpResponseRedirect(get_admin_url(self.model, "history", object_id))

    def deleted_view(self, request: HttpRequest) -> HttpResponse:
        """List deleted rows that were not restored, newest first. Readers never saw any of them."""
        if not self.admin.has_view_or_change_permission(request) or self._is_hidden(request.user, self.model):
            raise PermissionDenied
        tracked = get_tracked_models(self.model)[0]
        versions = tracked.history._default_manager
        existing = self.model._default_manager.filter(pk=OuterRef("id"))
        later = versions.filter(id=OuterRef("id"), history_id__gt=OuterRef("history_id"))
        rows = list(
            versions.filter(~Exists(existing), ~Exists(later), history_type=DELETED)
            .select_related("history_user")
            .order_by("-history_date", "-history_id")[:MAX_DELETED]
        )
        names = read_names((field, vars(row)) for row in rows for field in tracked.fields)
        context = {
            **self.site.each_context(request),
            "opts": self.opts,
            "title": f"Deleted {self.opts.verbose_name_plural}",
            "has_view_permission": True,
            "rows": [
                {
                    "label": capfirst(label_row(self.model, vars(row), names)),
                    "at": row.history_date,
                    "author": str(row.history_user or ""),
                    "history_url": get_admin_url(self.model, "history", row.id),
                    "restore_url": get_admin_url(self.model, "restore", row.id, tracked.name, row.history_id)
                    if self._may_restore(request, tracked, row)
                    else "",
                }
                for row in rows
            ],
            "max_rows": MAX_DELETED,
        }
        return TemplateResponse(request, "desk/deleted.html", context)

    def _get_subject(self, request: HttpRequest, object_id: object) -> models.Model | None:
        """Return the object of a history page, or None if it was deleted. Raises PermissionDenied or Http404."""
        obj = self.admin.get_object(request, str(object_id))
        if obj is not None:
            if not self.admin.has_view_or_change_permission(request, obj):
                raise PermissionDenied
            return obj
        try:
            exists = self.model._default_manager.filter(pk=object_id).exists()
        except ValueError as error:
            raise Http404 from error
        if exists or self._is_hidden(request.user, self.model):  # drafts of other seats, deleted or not
            raise Http404
        if not self.admin.has_view_or_change_permission(request):
            raise PermissionDenied
        return None

    def _build_context(self, request: HttpRequest, obj: models.Model | None, pk: int) -> dict[str, object]:
        return {
            **self.site.each_context(request),
            "opts": self.opts,
            "object": obj,
            "changelist_url": get_admin_url(self.model, "changelist"),
            "change_url": get_admin_url(self.model, "change", pk) if obj else "",
            "history_url": get_admin_url(self.model, "history", pk),
        }

    def _get_readable_models(self, user: AnyUser) -> tuple[TrackedModel, ...]:
        """Return what a user may read of a history. Someone who writes for one seat does not see drafts of others."""
        tracked = get_tracked_models(self.model)
        return tuple(one for one in tracked if one.model is self.model or not self._is_hidden(user, one.model))

    def _is_hidden(self, user: AnyUser, model: type[models.Model]) -> bool:
        return not may_see(user, model) or (model in (Review, Prediction) and writes_own_drafts_only(user))

    def _get_restore_url(self, request: HttpRequest, pk: int, event: HistoryEvent) -> str:
        if not event.is_restorable or not self._may_change(request, event.tracked.model):
            return ""
        return get_admin_url(self.model, "restore", pk, event.tracked.name, event.version)

    def _may_change(self, request: HttpRequest, model: type[models.Model], obj: models.Model | None = None) -> bool:
        """Return whether the user may change rows of a model, or one of them."""
        meta = model._meta
        # The admins of plans and facts refuse to change superseded rows, but restoring one supersedes the current row.
        # What readers see is a question of its own (`_find_missing_right`).
        if self.site.is_registered(model) and not issubclass(model, (Sourced, Category, Attribute, Reviewer)):
            return self.site.get_model_admin(model).has_change_permission(request, obj)
        return request.user.has_perm(f"{meta.app_label}.change_{meta.model_name}")

    def _may_restore(self, request: HttpRequest, tracked: TrackedModel, row: HistoryRow) -> bool:
        current = tracked.model._default_manager.filter(pk=row.id).first()
        if current is None:  # restoring adds it again
            meta = tracked.model._meta
            if not request.user.has_perm(f"{meta.app_label}.add_{meta.model_name}"):
                return False
            return not self._is_hidden(request.user, tracked.model) and self._may_change(request, tracked.model)
        return self._may_change(request, tracked.model, current)


def _read_history_row(tracked: TrackedModel, object_id: int, version: int) -> HistoryRow | None:
    """Return a version of a row that belongs to an object, or None."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT FROM {tracked.table} WHERE history_id = %(version)s AND ({tracked.condition}))",  # noqa: S608 (our SQL)
            {"version": version, "id": object_id},
        )
        belongs = cursor.fetchone()[0]
    return tracked.history._default_manager.get(pk=version) if belongs else None


def _find_missing_right(user: AnyUser, tracked: TrackedModel, version: HistoryRow) -> type[models.Model] | None:
    """Return the content a user must be able to publish to restore a version or a deleted row; None if they may."""
    row = tracked.model._default_manager.filter(pk=version.id).first() or version.instance
    joins: list[str] = []
    if tracked.model is Attribute:
        ids = version.categories.values_list("category_id", flat=True)
        joins = list(Category.objects.filter(pk__in=ids).values_list("slug", flat=True))
    return find_missing_right(user, row, joins=joins)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
