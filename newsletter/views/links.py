"""Where the links of our mails lead. Opening one changes nothing, as scanners of mail open them all; its button does.

The token in the address is the authority, not the browser: no cookie is read, and a mail provider may post from
anywhere (RFC 8058).
"""

from collections.abc import Callable
from functools import wraps

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from newsletter import actions
from newsletter.addresses import masked
from newsletter.forms import PreferencesForm
from newsletter.models import Subscriber
from newsletter.tokens import CONFIRM, ERASE, PREFERENCES, UNSUBSCRIBE, Purpose

type View = Callable[[HttpRequest, int], HttpResponse]


def _link(purpose: Purpose) -> Callable[[View], Callable[[HttpRequest, str], HttpResponse]]:
    """A view that is given the subscriber's id of a token. A token that is none, or too old, is told in words."""

    def decorate(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
        @csrf_exempt
        @require_http_methods(["GET", "HEAD", "POST"])
        @cache_control(private=True, no_store=True)
        @wraps(view)
        def opened(request: HttpRequest, token: str) -> HttpResponse:
            try:
                subscriber = purpose.subscriber(token)
            except signing.SignatureExpired:
                return render(request, "newsletter/link_expired.html", status=410)
            except signing.BadSignature:
                return render(request, "newsletter/link_unknown.html", status=404)
            return view(request, subscriber)

        return opened

    return decorate


def _says(request: HttpRequest, template: str, **context: object) -> HttpResponse:
    return render(request, f"newsletter/{template}.html", context)


@_link(CONFIRM)
def confirm(request: HttpRequest, subscriber: int) -> HttpResponse:
    """Put an address on the list (POST)."""
    if request.method == "POST" and actions.confirm(subscriber=subscriber):
        return _says(request, "confirmed", preferences=PREFERENCES.path(subscriber))
    found = Subscriber.objects.filter(pk=subscriber).first()
    if found is None:
        return render(request, "newsletter/link_expired.html", status=410)
    return _says(request, "confirm", email=masked(found.email))


@_link(UNSUBSCRIBE)
def unsubscribe(request: HttpRequest, subscriber: int) -> HttpResponse:
    """Take an address off the list (POST), by the page's button or by a mail provider's."""
    if request.method == "POST":
        Subscriber.objects.leave(subscriber)
    if request.POST.get("List-Unsubscribe") == "One-Click":
        return HttpResponse("Unsubscribed.\n", content_type="text/plain; charset=utf-8")
    found = Subscriber.objects.filter(pk=subscriber).first()
    if found is None or found.left_at is not None:
        return _says(request, "unsubscribed", erase=ERASE.path(subscriber) if found else "")
    return _says(request, "unsubscribe", email=masked(found.email), preferences=PREFERENCES.path(subscriber))


@_link(PREFERENCES)
def preferences(request: HttpRequest, subscriber: int) -> HttpResponse:
    """Choose what to read (POST): everything, or some categories."""
    found = Subscriber.objects.filter(pk=subscriber).first()
    if found is None or not found.is_confirmed:
        return _says(request, "unsubscribed", erase=ERASE.path(subscriber) if found else "")
    form = PreferencesForm(request.POST if request.method == "POST" else None, subscriber=found)
    saved = request.method == "POST" and form.is_valid()
    if saved:
        actions.prefer(
            subscriber=found,
            everything=form.cleaned_data["scope"] == "all",
            categories=form.cleaned_data["categories"],
        )
    return render(
        request,
        "newsletter/preferences.html",
        {
            "form": form,
            "saved": saved,
            "email": masked(found.email),
            "unsubscribe": UNSUBSCRIBE.path(subscriber),
            "erase": ERASE.path(subscriber),
        },
        status=422 if form.errors else 200,
    )


@_link(ERASE)
def erase(request: HttpRequest, subscriber: int) -> HttpResponse:
    """Forget an address (POST)."""
    if request.method == "POST":
        actions.erase(subscriber=subscriber)
    found = Subscriber.objects.filter(pk=subscriber).first()
    if found is None:
        return _says(request, "erased")
    return _says(request, "erase", email=masked(found.email))
