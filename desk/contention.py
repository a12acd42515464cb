"""Responses of the desk while others hold its locks, or while the database or a disk takes no changes: nothing is
saved, nothing typed is lost, and the page says why.

PostgreSQL ends a transaction that waits too long or is part of a deadlock. After a deadlock the request is retried
once, because the other transaction has finished by then. Otherwise a form is shown again with what was typed, and any
other page becomes one with a button that sends the same request again. Both answer 503 with Retry-After.
"""

import errno
import logging
from collections.abc import Callable
from http import HTTPStatus

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import DatabaseError, OperationalError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.text import capfirst

from accounts.models import User
from web import locks, outages
from web.bodies import has_lost_files
from web.locks import Lock

logger = logging.getLogger(__name__)

KEEP = "_pending"
"""The button that keeps a pending change (desk/pending/)."""
SAVE_BUTTONS = frozenset({"_save", "_continue", "_addanother", "_saveasnew", KEEP})
NO_FILES = "the server has no room for files right now. Try again in a few minutes."
_NOT_REPEATED = frozenset({"csrfmiddlewaretoken"})


class BusyForm(forms.ModelForm):
    """A form that cannot be saved now, regardless of what was typed."""

    busy = ""

    def clean(self) -> dict[str, object]:
        cleaned = super().clean()
        self.add_error(None, ValidationError(self.busy, code="busy"))
        return self.cleaned_data if cleaned is None else cleaned


def is_busy(request: HttpRequest) -> bool:
    """Return whether a form of this request is only shown again, because it could not be saved."""
    return bool(getattr(request, "busy", ""))


def derive_busy_form(request: HttpRequest, form: type[forms.ModelForm]) -> type[forms.ModelForm]:
    """Return a form class that reports why it could not be saved."""
    return type("BusyForm", (BusyForm, form), {"busy": request.busy})  # type: ignore[attr-defined]


def save_or_show_again[R: HttpResponseBase](request: HttpRequest, view: Callable[[], R]) -> R:
    """Answer a change form. If others hold its locks, show it again as it was typed."""
    posted = request.POST
    is_save = request.method == "POST" and (
        not SAVE_BUTTONS.isdisjoint(posted) or "CHANGE_FORM-action" not in posted  # else an action of the form
    )
    if not is_save:
        _require_files(request)
        return view()
    try:
        _require_files(request)
        return _retry_after_deadlock(view)
    except (DatabaseError, OSError) as error:
        reason = describe_reason(error)
    request.busy = f"Not saved yet: {reason} Everything you typed is still here."  # type: ignore[attr-defined]
    response = view()
    if response.status_code in (HTTPStatus.OK, HTTPStatus.CONFLICT):
        mark_busy(response)
    return response


def answer(request: HttpRequest, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Answer a request that changes something. If others hold its locks, offer to send it again."""
    with locks.limit_waits():
        try:
            return _retry_after_deadlock(view)
        except (DatabaseError, OSError) as error:
            reason = describe_reason(error)
        fields = [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name not in _NOT_REPEATED and "password" not in name
        ]
        context = {
            **admin.site.each_context(request),
            "title": "Nothing was changed yet",
            "reason": reason,
            "fields": fields,
            "has_files": bool(request.FILES) or has_lost_files(request),
            "csrf_token": request.POST.get("csrfmiddlewaretoken", ""),  # still the same form
        }
        response = TemplateResponse(request, "desk/busy.html", context)
        mark_busy(response)
        return response


def _require_files(request: HttpRequest) -> None:
    """Raise OSError if files of a form were lost, so that it is not taken for one without them."""
    if has_lost_files(request):
        raise OSError(errno.ENOSPC, "A file of the form could not be stored")


def describe_reason(error: DatabaseError | OSError) -> str:
    """Return why a request cannot change anything now, and when to try again. Raise any other error again."""
    if outages.takes_no_files(error):
        logger.error("The disk takes no files: %s", error)
        return NO_FILES
    if outages.takes_no_changes(error):
        logger.error("The database takes no changes: %s", str(error).strip())
        return "the database takes no changes right now. Try again in a few minutes."
    if not locks.is_contention(error):
        raise error
    return describe_holder()


def describe_holder() -> str:
    """Return who keeps others waiting, and when to try again, in two sentences."""
    holder = locks.find_holder(Lock.IMPORT)
    if holder is None:
        return "someone else’s save is taking longer than usual. Try again in a few seconds."
    return f"{name_holder(holder)} has been importing a file since {holder.since:%H:%M} UTC. Try again when it is done."


def name_holder(holder: locks.Holder) -> str:
    """Return who holds a lock, to begin a sentence with."""
    user = User.objects.filter(pk=holder.user_id).first() if holder.user_id else None
    return str(capfirst(user.get_full_name() or user.get_username())) if user else "a command"


def _retry_after_deadlock[R](view: Callable[[], R]) -> R:
    try:
        return view()
    except OperationalError as error:
        if not locks.is_deadlock(error):
            raise
    return view()


def mark_busy(response: HttpResponseBase) -> None:
    """Make a response say that the same request may succeed later."""
    response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    response.headers["Retry-After"] = str(locks.RETRY_AFTER)
