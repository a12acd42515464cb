"""The sign-up form on every page, and the page that it leads to without JavaScript."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from comparisons.reading.revision import CONTENT, EVERYTHING
from newsletter.content import parse_items, select_public
from newsletter.forms import SubscribeForm
from newsletter.models import Issue
from newsletter.network import hash_network
from newsletter.signing_up import sign_up
from newsletter.views.issues import get_title
from web.htmx import HtmxHttpRequest
from web.http import SeeOther, same_origin
from web.pages import public_page
from web.paging import get_uncounted_page

ISSUES_PER_PAGE = 52
MAX_PAGES = 50


@require_http_methods(["GET", "HEAD", "POST"])
@same_origin
def subscribe(request: HtmxHttpRequest) -> HttpResponse:
    """Show the sign-up form and the archive, or sign up (POST). The response is the same for every address."""
    return _sign_up(request) if request.method == "POST" else _show_form(request)


@public_page(depends_on=EVERYTHING)
def _show_form(request: HtmxHttpRequest) -> HttpResponse:
    issues = Issue.objects.out().newest_first()
    page = get_uncounted_page(issues, request.GET, per_page=ISSUES_PER_PAGE, max_pages=MAX_PAGES)
    public = set(select_public([item for issue in page.items for item in parse_items(issue.content)]))
    titled = [
        (issue, get_title(issue, [item for item in parse_items(issue.content) if item in public]))
        for issue in page.items
    ]
    return render(request, "newsletter/subscribe.html", {"form": SubscribeForm(), "page": page, "issues": titled})


@cache_control(private=True, no_store=True)
def _sign_up(request: HtmxHttpRequest) -> HttpResponse:
    form = SubscribeForm(request.POST)
    if not form.is_valid():
        template = "newsletter/_signup.html" if request.htmx else "newsletter/subscribe.html"
        return render(request, template, {"form": form}, status=422)
    sign_up(email=form.cleaned_data["email"], network=hash_network(request))
    if request.htmx:
        return render(request, "newsletter/_noted.html")
    return SeeOther(reverse("newsletter-noted"))


@require_safe
@public_page(depends_on=CONTENT)
def noted(request: HtmxHttpRequest) -> HttpResponse:
    """Show the page that follows the form without JavaScript."""
    return render(request, "newsletter/noted.html")
