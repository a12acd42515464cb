"""The page of the search over the whole desk, and what it shows while one types."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse

from desk.search.finding import MAX_LENGTH, find, split_words

MOST_SUGGESTED = 5
MOST_SHOWN = 20


def search(site: AdminSite, request: HttpRequest) -> TemplateResponse:
    """Show what matches `?q=`, up to MOST_SHOWN rows of each kind, with links to the lists that have more."""
    text = " ".join(split_words(request.GET.get("q", "")))
    context = {
        **site.each_context(request),
        "title": f"Search for “{text}”" if text else "Search",
        "text": text,
        "max_length": MAX_LENGTH,
        "groups": find(site, request, text, most=MOST_SHOWN),
    }
    return TemplateResponse(request, "desk/search/page.html", context)


def suggest(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Return the same as a fragment, up to MOST_SUGGESTED rows of each kind."""
    text = " ".join(split_words(request.GET.get("q", "")))
    groups = find(site, request, text, most=MOST_SUGGESTED)
    return render(request, "desk/search/_hits.html", {"text": text, "groups": groups})
