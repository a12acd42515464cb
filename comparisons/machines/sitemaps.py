"""The sitemap: an index of files, by kind and number, that list every URL that search engines should index.

It lists editors' comparisons, published tools, categories with published tools, reviewers, and the pages in PAGES.
Pairs made on demand, and examples, are `noindex` and therefore not listed. Search results are not listed either.

A file is one range of primary keys, so that nothing needs to be counted, and what is published or withdrawn changes
only the file that it is in. Files without a URL are not listed, because the protocol has no empty ones.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.urls import reverse

from comparisons.addresses import absolute_url
from comparisons.models import Comparison
from comparisons.reading.revision import Revision
from reviews.models import Reviewer
from tools.models import Category, Tool
from web.caching import cached_per_revision

URLS_PER_FILE = 5_000  # the protocol allows 50,000
# URL names of pages without arguments.
PAGES = [
    "home", "compare", "tools", "categories", "reviewers", "splits", "changes", "predictions", "methodology",
    "disclosure", "about", "moderation",
]  # fmt: skip


class SitemapKind(NamedTuple):
    """A kind of page whose URL takes a slug, or a pair of slugs."""

    view: str
    """The URL name."""
    rows: Callable[[], QuerySet[Any, Any]]
    """Return (slug, changed_at) or (slug, slug, changed_at) of each page."""


def _comparisons() -> QuerySet[Any, Any]:
    comparisons = Comparison.objects.published().without_examples().with_changed_at()
    return comparisons.values_list("first__slug", "second__slug", "changed_at")


def _tools() -> QuerySet[Any, Any]:
    return Tool.objects.published().without_examples().with_changed_at().values_list("slug", "changed_at")


def _categories() -> QuerySet[Any, Any]:
    categories = Category.objects.with_published_tools().with_changed_at()
    return categories.values_list("slug", "changed_at")


def _reviewers() -> QuerySet[Any, Any]:
    return Reviewer.objects.with_changed_at().values_list("slug", "changed_at")


KINDS = {
    "comparisons": SitemapKind("comparison", _comparisons),
    "tools": SitemapKind("tool", _tools),
    "categories": SitemapKind("category", _categories),
    "reviewers": SitemapKind("reviewer", _reviewers),
}


@cached_per_revision()
def list_files(revision: Revision) -> list[tuple[str, int]]:
    """Return the kind and number of each file, cached per revision of the site. One query per file and per kind."""
    return [("pages", 1), *((name, number) for name, kind in KINDS.items() for number in _find_numbers(kind))]


def _find_numbers(kind: SitemapKind) -> Iterator[int]:
    """Yield the numbers of the files that have a URL, in ascending order."""
    keys = kind.rows().order_by("pk").values_list("pk", flat=True)
    number = 0
    while (key := keys.filter(pk__gt=number * URLS_PER_FILE).first()) is not None:
        number = -(-key // URLS_PER_FILE)
        yield number


def read_file(name: str, number: int) -> list[tuple[str, datetime | None]]:
    """Return the full URLs in one file, each with the time at which the page last changed, if known. At most one
    query. Raise LookupError if there is no such file.
    """
    if (name, number) == ("pages", 1):
        return [(absolute_url(reverse(page)), None) for page in PAGES]
    kind = KINDS[name]
    last = number * URLS_PER_FILE
    rows = list(kind.rows().filter(pk__gt=last - URLS_PER_FILE, pk__lte=last).order_by("pk"))
    if not rows:
        raise LookupError(f"There is no sitemap file {name}-{number}.")
    return [(absolute_url(reverse(kind.view, args=[_url_argument(slugs)])), changed_at) for *slugs, changed_at in rows]


def _url_argument(slugs: list[str]) -> str | tuple[str, ...]:
    """Return what the URL takes: one slug, or a pair of them."""
    return slugs[0] if len(slugs) == 1 else tuple(slugs)
