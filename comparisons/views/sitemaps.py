"""The sitemap: an index of files, by kind and page, of every address that search engines are asked to keep.

Only what is indexable stands in it: comparisons that an editor made, published tools, categories that have some, and
the pages named below. Pairs made on demand are `noindex` and no part of it, nor is what a search finds.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.paginator import EmptyPage, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.addresses import absolute
from comparisons.models import Comparison
from comparisons.reading.revision import Revision, current_revision
from reviews.models import Reviewer
from tools.models import Category, Tool
from web.caching import process_cache
from web.http import public_page

PAGE_SIZE = 5_000  # addresses a file; the protocol allows 50,000
# Names of addresses without arguments that are for search engines.
PAGES = [
    "home", "compare", "tools", "reviewers", "splits", "changes", "predictions", "methodology", "disclosure",
]  # fmt: skip


def _comparisons() -> QuerySet[Any, Any]:
    found = Comparison.objects.published().with_changed_at().order_by("pk")
    return found.values_list("first__slug", "second__slug", "changed_at")


def _tools() -> QuerySet[Any, Any]:
    return Tool.objects.published().with_changed_at().order_by("pk").values_list("slug", "changed_at")


def _categories() -> QuerySet[Any, Any]:
    found = Category.objects.with_published_tools().with_changed_at().order_by("pk")
    return found.values_list("slug", "changed_at")


def _reviewers() -> QuerySet[Any, Any]:
    return Reviewer.objects.with_changed_at().order_by("pk").values_list("slug", "changed_at")


# Each kind of address: its name, and rows of its slug or slugs with the time at which the page last changed.
KINDS: dict[str, tuple[str, Callable[[], QuerySet[Any, Any]]]] = {
    "comparisons": ("comparison", _comparisons),
    "tools": ("tool", _tools),
    "categories": ("category", _categories),
    "reviewers": ("reviewer", _reviewers),
}


@require_safe
@public_page
def index(request: HttpRequest) -> HttpResponse:
    """The files that make up the sitemap."""
    parts = _parts(current_revision())
    return _answer(
        request,
        "comparisons/sitemap_index.xml",
        [
            *(absolute(reverse("sitemap-part", args=part)) for part in parts),
            absolute(reverse("newsletter-sitemap")),  # the newsletter's own: this app knows its address alone
        ],
    )


@process_cache(maxsize=2, in_debug=False)
def _parts(revision: Revision) -> list[tuple[str, int]]:
    """Return the kind and number of each file, cached per revision of the site."""
    parts = [("pages", 1)]
    for kind, (_, rows) in KINDS.items():
        paginator = Paginator(rows(), PAGE_SIZE)
        parts += [(kind, page) for page in paginator.page_range if paginator.count]
    return parts


@require_safe
@public_page
def part(request: HttpRequest, kind: str, page: int) -> HttpResponse:
    """One file of the sitemap."""
    if kind == "pages" and page == 1:
        return _answer(request, "comparisons/sitemap.xml", [(absolute(reverse(name)), None) for name in PAGES])
    if kind not in KINDS:
        raise Http404
    name, rows = KINDS[kind]
    try:
        found = Paginator(rows(), PAGE_SIZE, allow_empty_first_page=False).page(page)
    except EmptyPage:
        raise Http404 from None
    return _answer(
        request,
        "comparisons/sitemap.xml",
        [(absolute(reverse(name, args=[_argument(slugs)])), changed_at) for *slugs, changed_at in found],
    )


def _argument(slugs: list[str]) -> str | tuple[str, ...]:
    """What an address takes: a slug, or a pair of them."""
    return slugs[0] if len(slugs) == 1 else tuple(slugs)


def _answer(request: HttpRequest, template: str, entries: Sequence[object]) -> HttpResponse:
    return render(request, template, {"entries": entries}, content_type="application/xml")
