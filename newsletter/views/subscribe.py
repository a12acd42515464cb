"""The box on every page, and where its plain form lands."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from newsletter.content import entries_of, public
from newsletter.forms import SubscribeForm
from newsletter.models import Issue
from newsletter.network import network_hash
from newsletter.signing_up import sign_up
from newsletter.views.issues import title_of
from web.htmx import HtmxHttpRequest
from web.http import SeeOther, public_page, same_origin
from web.paging import get_uncounted_page

ISSUES_A_PAGE = 52
MOST_PAGES = 50


@require_http_methods(["GET", "HEAD", "POST"])
@same_origin
def subscribe(request: HtmxHttpRequest) -> HttpResponse:
    """The sign-up of the weekly verdicts, and the archive. Says the same of every address, whatever is known of it."""
    return _ask(request) if request.method == "POST" else _form(request)


@public_page
def _form(request: HtmxHttpRequest) -> HttpResponse:
    issues = Issue.objects.out().newest_first()
    page = get_uncounted_page(issues, request.GET, per_page=ISSUES_A_PAGE, max_pages=MOST_PAGES)
    standing = set(public([entry for issue in page.items for entry in entries_of(issue.content)]))
    titled = [
        (issue, title_of(issue, [entry for entry in entries_of(issue.content) if entry in standing]))
        for issue in page.items
    ]
    return render(request, "newsletter/subscribe.html", {"form": SubscribeForm(), "page": page, "issues": titled})


@cache_control(private=True, no_store=True)
def _ask(request: HtmxHttpRequest) -> HttpResponse:
    form = SubscribeForm(request.POST)
    if not form.is_valid():
        template = "newsletter/_signup.html" if request.htmx else "newsletter/subscribe.html"
        return render(request, template, {"form": form}, status=422)
    if not form.is_trap:
        sign_up(email=form.cleaned_data["email"], network=network_hash(request))
    if request.htmx:
        return render(request, "newsletter/_noted.html")
    return SeeOther(reverse("newsletter-noted"))


@require_safe
@public_page
def noted(request: HtmxHttpRequest) -> HttpResponse:
    """Where the plain form lands."""
    return render(request, "newsletter/noted.html")
