"""The sitemap."""

from collections.abc import Sequence

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.addresses import absolute_url
from comparisons.machines.sitemaps import list_files, read_file
from comparisons.reading.revision import CONTENT, current_revision
from web.pages import public_page


@require_safe
@public_page(depends_on=CONTENT)
def index(request: HttpRequest) -> HttpResponse:
    """Return the index of the sitemap's files."""
    files = [absolute_url(reverse("sitemap-part", args=file)) for file in list_files(current_revision())]
    # The newsletter has a file of its own. This app must not import that one and knows only the URL's name.
    return _respond(request, "comparisons/sitemap_index.xml", [*files, absolute_url(reverse("newsletter-sitemap"))])


@require_safe
@public_page(depends_on=CONTENT)
def part(request: HttpRequest, kind: str, page: int) -> HttpResponse:
    """Return one file of the sitemap."""
    try:
        entries = read_file(kind, page)
    except LookupError:
        raise Http404 from None
    return _respond(request, "comparisons/sitemap.xml", entries)


def _respond(request: HttpRequest, template: str, entries: Sequence[object]) -> HttpResponse:
    return render(request, template, {"entries": entries}, content_type="application/xml")
