from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from newsletter.forms import SubscribeForm
from newsletter.models import Subscriber
from web.http import public_page, same_origin


@require_http_methods(["GET", "HEAD", "POST"])
@same_origin
def subscribe(request: HttpRequest) -> HttpResponse:
    """The sign-up of the weekly verdicts. Says the same of a new and of a known address."""
    return _enlist(request) if request.method == "POST" else _form(request)


@public_page
def _form(request: HttpRequest) -> HttpResponse:
    return render(request, "newsletter/subscribe.html", {"form": SubscribeForm()})


@cache_control(private=True, no_store=True)
def _enlist(request: HttpRequest) -> HttpResponse:
    htmx = request.headers.get("HX-Request") == "true"
    form = SubscribeForm(request.POST)
    if not form.is_valid():
        template = "newsletter/_signup.html" if htmx else "newsletter/subscribe.html"
        return render(request, template, {"form": form}, status=422)
    Subscriber.objects.enlist(email=form.cleaned_data["email"])
    if htmx:
        return render(request, "newsletter/_noted.html")
    return HttpResponse(status=303, headers={"Location": reverse("newsletter-noted")})


@require_safe
@public_page
def noted(request: HttpRequest) -> HttpResponse:
    """Where the plain form lands."""
    return render(request, "newsletter/noted.html")
