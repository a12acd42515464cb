"""The answer to a form of the desk whose CSRF token is not the browser's: the form again, to be sent with one click.

That happens after signing in or out in another tab: the token of the session is another one, and what was typed would
be lost.
"""

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override

from accounts import second_factor
from web.http import is_same_origin
from web.views import csrf_failure

_NOT_REPEATED = frozenset({"csrfmiddlewaretoken"})


def fail(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Offer the form again to a user of the desk whose own page sent it; ask others who were there to sign in.

    Anyone else gets the site's error page.
    """
    if not (request.path.startswith(reverse("admin:index")) and is_same_origin(request)):
        return csrf_failure(request, reason)
    if not _may_enter(request):
        return _ask_to_sign_in(request)
    try:
        fields = [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name not in _NOT_REPEATED and "password" not in name
        ]
        files = [file.name for _, values in request.FILES.lists() for file in values]
    except SuspiciousOperation:  # the form is too large to read
        return csrf_failure(request, reason)
    return _offer(request, fields, files)


def _may_enter(request: HttpRequest) -> bool:
    return admin.site.has_permission(request) and not second_factor.is_missing(request)


@never_cache
@csp_override(settings.ADMIN_CSP)
def _ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": "You are signed out",
        "words": "Nothing was saved. Sign in and open the form again: it offers what you typed, which this browser has "
        "kept unless you signed out yourself.",
        "link": "Sign in, and open it again",
        "address": request.get_full_path(),
    }
    return TemplateResponse(request, "desk/refusal.html", context, status=403).render()


@never_cache
@csp_override(settings.ADMIN_CSP)
def _offer(request: HttpRequest, fields: list[tuple[str, str]], files: list[str | None]) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": "Save what you typed?",
        "who": request.user.get_username(),
        "address": request.get_full_path(),
        "fields": fields,
        "files": files,
    }
    return TemplateResponse(request, "desk/csrf.html", context, status=403).render()
