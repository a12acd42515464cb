"""The pages of bulk changes: all of them, and each one with what it did."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from catalog.models import BulkChange, ChangeState
from desk.permissions import AnyUser, may_import
from web.paging import get_page

CHANGES_PER_PAGE = 50


@require_safe
def list_changes(request: HttpRequest) -> HttpResponse:
    """List imports and bulk actions, newest first."""
    if not may_import(request.user):
        raise PermissionDenied
    changes = BulkChange.objects.exclude(state=ChangeState.SELECTED).select_related("made_by", "undoes")
    context = {
        **admin.site.each_context(request),
        "title": "Imports and bulk changes",
        "page": get_page(changes, request.GET, per_page=CHANGES_PER_PAGE),
    }
    return TemplateResponse(request, "desk/changes/list.html", context)


@require_safe
def show_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a bulk change did."""
    change = find_change(request, pk)
    context = {
        **admin.site.each_context(request),
        "title": f"{change.get_kind_display()}: {change}",
        "change": change,
        "undos": change.undos.select_related("made_by").order_by("made_at"),
        "may_undo": may_undo(request.user, change),
    }
    return TemplateResponse(request, "desk/changes/change.html", context)


def find_change(request: HttpRequest, pk: int) -> BulkChange:
    """Return a bulk change that the user may see. Raises Http404 or PermissionDenied."""
    change = BulkChange.objects.select_related("made_by", "undoes").filter(pk=pk).first()
    if not may_import(request.user) and (change is None or change.made_by_id != request.user.pk):
        raise PermissionDenied
    if change is None:
        raise Http404
    return change


def may_undo(user: AnyUser, change: BulkChange) -> bool:
    """Return whether a user may undo a bulk change, which can write any content."""
    return may_import(user) and change.state == ChangeState.DONE and bool(change.versions)
