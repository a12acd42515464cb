"""Addresses of this app's pages: paths, cached where a page needs many, and full addresses for programs."""

from django.conf import settings
from django.urls import reverse

from web.caching import process_cache


def absolute_url(path: str) -> str:
    """Return the full address of a path on the public site, regardless of the host that was requested."""
    return settings.SITE_URL + path


def join_query(*parts: str) -> str:
    """Return a query string of those parts that are not empty."""
    return "&".join(filter(None, parts))


def add_query(path: str, *parts: str) -> str:
    """Return a path, which may have a query string already, with those parts of one that are not empty."""
    query = join_query(*parts)
    return f"{path}{'&' if '?' in path else '?'}{query}" if query else path


@process_cache(maxsize=8192)
def reverse_slug(view: str, slug: str) -> str:
    """Return the path of a view (by URL name) that takes one slug. Cached: a page has dozens of them."""
    return reverse(view, args=[slug])


@process_cache(maxsize=8192)
def reverse_pair(first: str, second: str, *, view: str = "comparison") -> str:
    """Return the path of a view (by URL name) that takes a pair of slugs. Cached."""
    return reverse(view, args=[(first, second)])


def reverse_compare(slug: str) -> str:
    """Return the path of the picker with the first tool filled in."""
    return f"{reverse('compare')}?a={slug}"


def reverse_pair_image(first: str, second: str) -> str:
    """Return the path of the share image of a pair of slugs, 1200×630."""
    return reverse("pair-image", args=[(first, second)])


def reverse_tool_image(slug: str) -> str:
    """Return the path of the share image of a tool, 1200×630."""
    return reverse("tool-image", args=[slug])
