"""The pages of bulk changes: all of them, and each one with what it did."""

from functools import partial
from http import HTTPStatus
from typing import Protocol

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.models import BulkChange, ChangeState
from desk import contention
from desk.bulk_changes.action_form import build_form, read_options
from desk.bulk_changes.undoing import ChangedError, UndoReport, restore_tool, undo_change
from desk.bulk_changes.working_off import find_rows, start, stop, work_off
from desk.change_links import link_to_change
from desk.permissions import AnyUser, may_import
from tools.models import Tool
from web.http import SeeOther
from web.paging import get_page
from web.words import format_moment

CHANGES_PER_PAGE = 50
MAX_NAMES = 50  # rows that the page of a selection names
SECONDS_OF_SCRIPT = 1.0  # of work per request of the script, which shows how far it has come
SECONDS_OF_PAGE = 8.0  # per press of “Continue”, without JavaScript


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
    return TemplateResponse(request, "desk/bulk_changes/list.html", context)


@require_safe
def show_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a bulk change did, how far it has come, or what it is about to do."""
    change = find_change(request, pk)
    context = {
        **admin.site.each_context(request),
        "title": f"{change.get_kind_display()}: {change}" if change.state == ChangeState.DONE else str(change),
        "change": change,
    }
    if change.state == ChangeState.SELECTED:
        return _show_selection(request, change, context)
    context |= {
        "undos": change.undos.select_related("made_by").order_by("made_at"),
        "may_undo": may_undo(request.user, change),
        "is_own": change.made_by_id == request.user.pk,
        "left_total": change.selected - change.done - len(change.waiting),
    }
    return TemplateResponse(request, "desk/bulk_changes/change.html", context)


def _show_selection(
    request: HttpRequest, change: BulkChange, context: dict[str, object], form: forms.Form | None = None
) -> HttpResponse:
    """Ask for confirmation, naming the first rows. Which rows have to stay shows only when their turn comes."""
    rows = find_rows(request, change, change.waiting)
    names = [str(row) for row in rows[:MAX_NAMES]]
    context |= {"form": form or build_form(change.action), "names": names, "more": change.selected - len(names)}
    return TemplateResponse(request, "desk/bulk_changes/confirm.html", context)


@require_POST
def go_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Start, continue, stop, or discard an action that is worked off in steps."""
    change = find_change(request, pk)
    here = reverse("admin:bulk_change", args=[pk])
    if "stop" in request.POST:
        stop(pk)
        return SeeOther(here)
    if change.made_by_id != request.user.pk:
        raise PermissionDenied
    if "discard" in request.POST:
        BulkChange.objects.filter(pk=pk, state=ChangeState.SELECTED).delete()
        messages.info(request, "Nothing was changed.")
        return SeeOther(change.options.get("back") or reverse("admin:index"))
    if "start" in request.POST:
        form = build_form(change.action, request.POST)
        if not form.is_valid():
            context = {**admin.site.each_context(request), "title": str(change), "change": change}
            return _show_selection(request, change, context, form)
        start(pk, options={**change.options, **read_options(form)})
        return SeeOther(here)
    is_script = request.accepts("application/json") and not request.accepts("text/html")
    change = work_off(request, pk, seconds=SECONDS_OF_SCRIPT if is_script else SECONDS_OF_PAGE)
    if not is_script:
        return SeeOther(here)
    worked = change.selected - len(change.waiting)
    return JsonResponse({"worked": worked, "is_done": change.state == ChangeState.DONE})


class TakeBack(Protocol):
    """Undoing or restoring something, for `answer_take_back`; see `undoing.undo_change`."""

    def __call__(self, *, dry_run: bool = ..., seal: str = ..., correction: bool = ...) -> UndoReport: ...


@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Show what undoing a bulk change would do, and undo it."""
    change = find_change(request, pk)
    if not may_undo(request.user, change):
        raise PermissionDenied
    here = reverse("admin:bulk_change", args=[pk])
    return answer_take_back(
        request,
        partial(undo_change, change=change, by=request.user),  # type: ignore[arg-type] # signed in
        title=f"Undo “{change}”",
        back_url=here,
        context={"change": change, "verb": "Undo"},
    )


class TimeForm(forms.Form):
    """The time of a version, in UTC."""

    at = forms.DateTimeField()


@require_http_methods(["GET", "HEAD", "POST"])
def restore_as_of(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Show what taking a tool back to the time `?at=` would do, with its prices and facts, and do it."""
    if not may_import(request.user):
        raise PermissionDenied
    tool = get_object_or_404(Tool, pk=pk)
    form = TimeForm(request.GET)
    history_url = reverse("admin:tools_tool_history", args=[pk])
    if not form.is_valid():
        messages.warning(request, "That is not a time. Choose one from the history.")
        return SeeOther(history_url)
    at = form.cleaned_data["at"]
    return answer_take_back(
        request,
        partial(restore_tool, tool=tool, at=at, by=request.user),  # type: ignore[arg-type] # signed in
        title=f"{tool} as of {format_moment(at)}",
        back_url=history_url,
        context={"tool": tool, "verb": "Restore"},
    )


def answer_take_back(
    request: HttpRequest, take_back: TakeBack, *, title: str, back_url: str, context: dict[str, object]
) -> HttpResponseBase:
    """Show what would be done (GET), and do exactly that (POST). While an import runs, ask to try again."""
    return contention.answer(request, partial(_show_or_take_back, request, take_back, title, back_url, context))


def _show_or_take_back(
    request: HttpRequest, take_back: TakeBack, title: str, back_url: str, context: dict[str, object]
) -> HttpResponse:
    notice = ""
    try:
        if seal := request.POST.get("seal", ""):
            try:
                report = take_back(seal=seal, correction=request.POST.get("why") == "wrong")
            except ChangedError:
                notice = "The site has changed since this page was opened. Nothing was changed. This would be done now."
            else:
                messages.success(request, link_to_change(f"Done: {report.summary}", report.change_id))
                return SeeOther(back_url)
        report = take_back(dry_run=True)
    except IntegrityError as error:
        messages.error(request, f"Nothing was changed. The database refused it: {str(error).splitlines()[0]}")
        return SeeOther(back_url)
    context = {
        **admin.site.each_context(request),
        **context,
        "title": title,
        "back_url": back_url,
        "report": report,
        "seal": report.seal(),
        "notice": notice,
        "more_rows": report.counts.total() - len(report.rows),
        "more_left": report.left_total - len(report.left),
    }
    return TemplateResponse(
        request, "desk/bulk_changes/undo.html", context, status=HTTPStatus.CONFLICT if notice else HTTPStatus.OK
    )


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
