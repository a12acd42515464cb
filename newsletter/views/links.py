"""The pages that links in our mail lead to. GET changes nothing, because mail scanners open every link; POST does.

The token in the URL is the authority, not the browser: no cookie is read, and mail providers may post from anywhere
(RFC 8058).
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
from newsletter.addresses import mask
from newsletter.forms import PreferencesForm
from newsletter.models import Subscriber
from newsletter.tokens import CONFIRM, ERASE, PREFERENCES, UNSUBSCRIBE, LinkPurpose

type SubscriberView = Callable[[HttpRequest, int], HttpResponse]


def _link_view(purpose: LinkPurpose) -> Callable[[SubscriberView], Callable[[HttpRequest, str], HttpResponse]]:
    """Return a decorator for views that take the subscriber's id of a token.

    For an invalid or expired token, the response explains that instead.
    """

    def decorate(view: SubscriberView) -> Callable[[HttpRequest, str], HttpResponse]:
        @csrf_exempt
        @require_http_methods(["GET", "HEAD", "POST"])
        @cache_control(private=True, no_store=True)
        @wraps(view)
        def check_token(request: HttpRequest, token: str) -> HttpResponse:
            try:
                subscriber = purpose.read_token(token)
            except signing.SignatureExpired:
                return render(request, "newsletter/link_expired.html", status=410)
            except signing.BadSignature:
                return render(request, "newsletter/link_unknown.html", status=404)
            return view(request, subscriber)

        return check_token

    return decorate


def _render(request: HttpRequest, template: str, **context: object) -> HttpResponse:
    return render(request, f"newsletter/{template}.html", context)


@_link_view(CONFIRM)
def confirm(request: HttpRequest, subscriber: int) -> HttpResponse:
    """Put an address on the list (POST)."""
    if request.method == "POST" and actions.confirm(subscriber=subscriber):
        return _render(request, "confirmed", preferences=PREFERENCES.build_path(subscriber))
    found = Subscriber.objects.filter(pk=subscriber).first()
    if found is None:
        return render(request, "newsletter/link_expired.html", status=410)
    return _render(request, "confirm", email=mask(found.email))


@_link_view(UNSUBSCRIBE)
def unsubscribe(request: HttpRequest, subscriber: int) -> HttpResponse:
    """Take an address off the list (POST), by the button of the page or of a mail program."""
    if request.method == "POST":
        Subscriber.objects.leave(subscriber)
    if request.POST.get("List-Unsubscribe") == "One-Click":
        return HttpResponse("Unsubscribed.\n", content_type="text/plain; charset=utf-8")
    found = Subscriber.objects.filter(pk=subscriber).first()
    if found is None or found.left_at is not None:
        return _render(request, "unsubscribed", erase=ERASE.build_path(subscriber) if found else "")
    return _render(request, "unsubscribe", email=mask(found.email), preferences=PREFERENCES.build_path(subscriber))


@_link_view(PREFERENCES)
def preferences(request: HttpRequest, subscriber: int) -> HttpResponse:
    """Choose what to read (POST): everything, or some categories."""
    found = Subscriber.objects.filter(pk=subscriber).first()
    if found is None or not found.is_confirmed:
        return _render(request, "unsubscribed", erase=ERASE.build_path(subscriber) if found else "")
    form = PreferencesForm(request.POST if request.method == "POST" else None, subscriber=found)
    saved = request.method == "POST" and form.is_valid()
    if saved:
        actions.save_preferences(
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
            "email": mask(found.email),
            "unsubscribe": UNSUBSCRIBE.build_path(subscriber),
            "erase": ERASE.build_path(subscriber),
        },
        status=422 if form.errors else 200,
    )


@_link_view(ERASE)
def erase(request: HttpRequest, subscriber: int) -> HttpResponse:
    """Erase an address (POST)."""
    if request.method == "POST":
        actions.erase(subscriber=subscriber)
    found = Subscriber.objects.filter(pk=subscriber).first()
    if found is None:
        return _render(request, "erased")
    return _render(request, "erase", email=mask(found.email))
