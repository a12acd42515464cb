"""The history pages of the desk: what happened to an object, going back to a version, and what was deleted."""

from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst

from desk.history.events import ENTRIES_A_PAGE, Kind, as_of_subject, kinds_of, label_of, names_of, read_page, version_of
from desk.history.restoring import Restoration, plan_restoration
from desk.permissions import AnyUser, may_see, writes_own_drafts_only
from reviews.models import Prediction, Review
from tools.models import ContentRevision, Correction, Sourced
from tools.row_history import DELETED, set_change_reason
from web.words import format_day

DELETED_A_PAGE = 50


def address(model: type[models.Model], name: str, *args: object) -> str:
    """The address of a page of the admin about a model: `changelist`, `change`, `history`, `deleted`, `restore`."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


class HistoryPages:
    """The history pages of a ModelAdmin whose model has a history."""

    def __init__(self, model_admin: admin.ModelAdmin) -> None:
        self.admin = model_admin
        self.model: type[models.Model] = model_admin.model
        self.opts, self.site = model_admin.opts, model_admin.admin_site

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
        """Where what was deleted is listed; "" where nothing is kept of it, or nothing is ever deleted."""
        return address(self.model, "deleted") if self.model is not Correction else ""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """What happened to an object and to what belongs to it, newest first."""
        obj = self._subject(request, unquote(object_id))
        pk = obj.pk if obj else int(unquote(object_id))
        kinds = self._kinds_for(request.user)
        number = _page_number(request)
        entries, total = read_page(kinds, pk, number=number)
        if not total and number > 1:
            number = 1
            entries, total = read_page(kinds, pk, number=number)
        if obj is None and not total:
            raise Http404
        context = {
            **self._frame(request, obj, pk),
            "title": f"History of {obj}" if obj else f"History of a {self.opts.verbose_name} that was deleted",
            "entries": [
                {"is": as_of_subject(entry, self.model), "restore": self._restore_address(request, pk, entry)}
                for entry in entries
            ],
            "number": number,
            "total": total,
            "before": number - 1,
            "next": number + 1 if number * ENTRIES_A_PAGE < total else 0,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "desk/history.html", context)

    def restore_view(self, request: HttpRequest, object_id: int, kind: str, version: int) -> HttpResponse:
        """Show what going back to a version would change; on POST, do it."""
        obj = self._subject(request, object_id)
        found = next((one for one in self._kinds_for(request.user) if one.name == kind), None)
        with transaction.atomic():
            if request.method == "POST":
                ContentRevision.lock()
            entry = _entry(found, object_id, version)
            if found is None or entry is None:
                raise Http404
            self._refuse_stranger(request, found, entry)
            restoration = plan_restoration(found, entry)
            seen = version_of(self._kinds_for(request.user), object_id)
            if request.method == "POST" and restoration.is_possible:
                if request.POST.get("seen_version") == seen:
                    return self._restored(request, object_id, entry, restoration)
                messages.warning(request, "Something was saved here meanwhile. This is what it would change now.")
        at = entry.history_date
        context = {
            **self._frame(request, obj, object_id),
            "title": f"Restore the version of {format_day(at.date())}, {at:%H:%M} UTC",
            "of": label_of(found.model, vars(entry), names_of((field, vars(entry)) for field in found.fields())),
            "restoration": restoration,
            "seen": seen,
        }
        return TemplateResponse(
            request,
            "desk/restore.html",
            context,
            status=HTTPStatus.OK if request.method == "GET" else HTTPStatus.CONFLICT,
        )

    def _restored(self, request: HttpRequest, object_id: int, entry: Any, restoration: Restoration) -> HttpResponse:
        reason = f"Restored the version of {format_day(entry.history_date.date())}, {entry.history_date:%H:%M} UTC"
        set_change_reason(". ".join(filter(None, (reason, request.POST.get("change_reason", "").strip()[:500]))))
        try:
            with transaction.atomic():
                row = restoration.write()
        except IntegrityError as error:
            messages.error(request, f"The database refused this, and nothing was written: {_first_line(error)}")
        else:
            self.admin.log_change(request, row, f"{reason}.")
            messages.success(request, f"{reason}. {restoration.words}")
        return HttpResponseRedirect(address(self.model, "history", object_id))

    def deleted_view(self, request: HttpRequest) -> HttpResponse:
        """What was deleted and is not there, the newest first. Only what readers never saw can be here."""
        if not self.admin.has_view_or_change_permission(request) or self._is_hidden(request.user, self.model):
            raise PermissionDenied
        kind = kinds_of(self.model)[0]
        versions = kind.history._default_manager
        standing = self.model._default_manager.filter(pk=OuterRef("id"))
        later = versions.filter(id=OuterRef("id"), history_id__gt=OuterRef("history_id"))
        entries = list(
            versions.filter(~Exists(standing), ~Exists(later), history_type=DELETED)
            .select_related("history_user")
            .order_by("-history_date", "-history_id")[:DELETED_A_PAGE]
        )
        names = names_of((field, vars(entry)) for entry in entries for field in kind.fields())
        context = {
            **self.site.each_context(request),
            "opts": self.opts,
            "title": f"Deleted {self.opts.verbose_name_plural}",
            "has_view_permission": True,
            "rows": [
                {
                    "label": capfirst(label_of(self.model, vars(entry), names)),
                    "at": entry.history_date,
                    "author": str(entry.history_user or ""),
                    "history": address(self.model, "history", entry.id),
                    "restore": address(self.model, "restore", entry.id, kind.name, entry.history_id)
                    if self._may_restore(request, kind, entry)
                    else "",
                }
                for entry in entries
            ],
            "most": DELETED_A_PAGE,
        }
        return TemplateResponse(request, "desk/deleted.html", context)

    def _subject(self, request: HttpRequest, object_id: object) -> models.Model | None:
        """The object of a history page, None where it was deleted. Raises PermissionDenied or Http404."""
        obj = self.admin.get_object(request, str(object_id))
        if obj is not None:
            if not self.admin.has_view_or_change_permission(request, obj):
                raise PermissionDenied
            return obj
        try:
            exists = self.model._default_manager.filter(pk=object_id).exists()
        except ValueError as error:
            raise Http404 from error
        if exists or self._is_hidden(request.user, self.model):  # others' drafts, there or deleted
            raise Http404
        if not self.admin.has_view_or_change_permission(request):
            raise PermissionDenied
        return None

    def _frame(self, request: HttpRequest, obj: models.Model | None, pk: int) -> dict[str, object]:
        return {
            **self.site.each_context(request),
            "opts": self.opts,
            "object": obj,
            "changelist": address(self.model, "changelist"),
            "change": address(self.model, "change", pk) if obj else "",
            "history": address(self.model, "history", pk),
        }

    def _kinds_for(self, user: AnyUser) -> tuple[Kind, ...]:
        """What of a history a user may read: who writes for one seat does not read the drafts of others."""
        kinds = kinds_of(self.model)
        return tuple(kind for kind in kinds if kind.model is self.model or not self._is_hidden(user, kind.model))

    def _is_hidden(self, user: AnyUser, model: type[models.Model]) -> bool:
        return not may_see(user, model) or (model in (Review, Prediction) and writes_own_drafts_only(user))

    def _restore_address(self, request: HttpRequest, pk: int, entry: Any) -> str:
        if not entry.is_restorable or not self._may(request, entry.kind.model):
            return ""
        return address(self.model, "restore", pk, entry.kind.name, entry.version)

    def _may(self, request: HttpRequest, model: type[models.Model], obj: models.Model | None = None) -> bool:
        """Whether a user may change rows of a model, or one of them."""
        meta = model._meta
        # Plans and facts have lists of their own, on which what was superseded is not edited; restoring supersedes.
        if self.site.is_registered(model) and not issubclass(model, Sourced):
            return self.site.get_model_admin(model).has_change_permission(request, obj)
        return bool(request.user.has_perm(f"{meta.app_label}.change_{meta.model_name}"))

    def _may_restore(self, request: HttpRequest, kind: Kind, entry: Any) -> bool:
        current = kind.model._default_manager.filter(pk=entry.id).first()
        if current is None:  # it is made again
            meta = kind.model._meta
            if not request.user.has_perm(f"{meta.app_label}.add_{meta.model_name}"):
                return False
            return not self._is_hidden(request.user, kind.model) and self._may(request, kind.model)
        return bool(self._may(request, kind.model, current))

    def _refuse_stranger(self, request: HttpRequest, kind: Kind, entry: Any) -> None:
        if not self._may_restore(request, kind, entry):
            raise PermissionDenied


def _entry(kind: Kind | None, object_id: int, version: int) -> Any | None:
    """A version of a row that belongs to an object."""
    if kind is None:
        return None
    table = kind.history._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT FROM {table} WHERE history_id = %(version)s AND ({kind.which}))",  # noqa: S608 (ours)
            {"version": version, "id": object_id},
        )
        belongs = cursor.fetchone()[0]
    return kind.history._default_manager.get(pk=version) if belongs else None


def _page_number(request: HttpRequest) -> int:
    try:
        return min(max(int(request.GET.get("page", 1)), 1), 10_000)
    except ValueError:
        return 1


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
