"""Drafts that the browser keeps of what is typed (static/desk/drafts.js): tell it which of them the desk has stored."""

import re

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.http.response import HttpResponseBase, HttpResponseRedirectBase
from django.urls import reverse

COOKIE = "desk-stored"
_FIELD = "draft_number"
_NUMBER = re.compile(r"[0-9a-f]{32}")
_SECONDS = 600  # scripts read the cookie on the page that the redirect leads to


def read_number(request: HttpRequest) -> str:
    """Return the number of the page whose form was sent; "" if none was."""
    try:
        number = request.POST.get(_FIELD, "")
    except SuspiciousOperation:  # the form is too large to read
        return ""
    return number if _NUMBER.fullmatch(number) else ""


def leave_in_browser(request: HttpRequest) -> None:
    """Have the browser keep what was typed into a form: the view redirects, although it has stored nothing."""
    request.leaves_draft = True  # type: ignore[attr-defined]


def mark_stored(request: HttpRequest, response: HttpResponseBase) -> None:
    """Name the page of a form in a cookie if the form was stored.

    Forms of the desk redirect then. A view that redirects without having stored the form calls `leave_in_browser`.
    """
    if getattr(request, "leaves_draft", False):
        return
    if isinstance(response, HttpResponseRedirectBase) and (number := read_number(request)):
        response.set_cookie(
            COOKIE,
            number,
            max_age=_SECONDS,
            path=reverse("admin:index"),
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Strict",
        )
