"""Forms that are sent twice, by a double click or by the browser's Back button: the second one changes nothing.

Each page masks the CSRF token in its own way. So a request with the token and the fields of an earlier one is the same
form again, and gets the response of the first.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.contrib import admin, messages
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from desk import contention
from web import locks

REPEAT_SECONDS = 600  # how long a form is recognized
SENT_TWICE = "This form was sent twice. The second time changed nothing."


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a form led to: a redirect, or the page that closes the window of “Add another”."""

    location: str = ""
    popup: str = ""

    def render(self, request: HttpRequest) -> HttpResponse:
        if self.popup:
            return TemplateResponse(request, "admin/popup_response.html", {"popup_response_data": self.popup})
        messages.info(request, SENT_TWICE)
        return HttpResponseRedirect(self.location)


class SavedOnceAdmin(admin.ModelAdmin):
    """A ModelAdmin without a history whose forms save once, however often they are sent.

    If a constraint is violated because someone else saved first, the form is validated again and reports it.
    """

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        view = partial(super().changeform_view, request, object_id, form_url, extra_context)
        try:
            return answer_once(request, view)
        except IntegrityError:
            return answer_once(request, view)


def answer_once(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    """Return the response of a view that redirects when it has saved. Do not run it again for the same form.

    The second of two requests waits until the first is through.
    """
    digest = _compute_digest(request)
    if digest is None or contention.is_busy(request):
        return view()
    key = f"desk.form.{digest.hex()}"
    with transaction.atomic():
        locks.hold_key(digest)
        if (known := cache.get(key)) is not None:
            return _Outcome(**known).render(request)
        response = view()
        if outcome := _describe(response):
            cache.set(key, outcome, timeout=REPEAT_SECONDS)
        return response


def _compute_digest(request: HttpRequest) -> bytes | None:
    """Return what identifies a submitted form. None for other requests, and for forms without a CSRF token."""
    if request.method != "POST" or not request.POST.get("csrfmiddlewaretoken"):
        return None
    files = [(name, file.name, file.size) for name, values in request.FILES.lists() for file in values]
    parts = [request.user.pk, request.get_full_path(), sorted(request.POST.lists()), files]
    return hashlib.sha256(json.dumps(parts).encode()).digest()


def _describe(response: HttpResponse) -> dict[str, str] | None:
    """Return what a saved form led to; None if it was not saved."""
    if isinstance(response, HttpResponseRedirect):
        return {"location": response.url}
    if isinstance(response, TemplateResponse) and (popup := (response.context_data or {}).get("popup_response_data")):
        return {"popup": popup}
    return None
