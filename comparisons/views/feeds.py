"""Atom feeds. The feeds of changes are of one kind with `?kind=`, as the list is. Votes change none of them."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.choices import ChangeKind
from comparisons.forms import parse_changes_filter
from comparisons.machines.feeds import build_changes_feed, build_comparisons_feed
from comparisons.reading.revision import current_revision
from tools.models import Category, Tool
from web.atom import AtomFeed
from web.current_address import at_current_address
from web.http import public_page, respond_conditionally


@require_safe
@public_page
def main(request: HttpRequest) -> HttpResponse:
    """Redirect an address that feed readers guess to the feed that pages name first."""
    return HttpResponsePermanentRedirect(reverse("comparisons-feed"))


@require_safe
@public_page
def comparisons(request: HttpRequest) -> HttpResponse:
    """Return the feed of the newest comparisons."""
    return _respond(request, "comparisons", build_comparisons_feed)


@require_safe
@public_page
def changes(request: HttpRequest) -> HttpResponse:
    """Return the feed of all changes, or of a category's with `?category=`."""
    kind, slug = _find_kind(request), parse_changes_filter(request.GET).category
    category = Category.objects.with_published_tools().by_slug(slug) if slug else None
    return _respond(
        request, ("category", category and category.pk, kind), lambda: build_changes_feed(kind, category=category)
    )


@require_safe
@public_page
@at_current_address(lambda slug: Tool.objects.published().by_slug(slug))
def tool_changes(request: HttpRequest, tool: Tool) -> HttpResponse:
    """Return the feed of a tool's changes."""
    kind = _find_kind(request)
    return _respond(request, ("tool", tool.pk, kind), lambda: build_changes_feed(kind, tool=tool))


@require_safe
@public_page
@at_current_address(lambda slug: Category.objects.with_published_tools().by_slug(slug))
def category_changes(request: HttpRequest, category: Category) -> HttpResponse:
    """Return the feed of the changes of a category's tools."""
    kind = _find_kind(request)
    return _respond(request, ("category", category.pk, kind), lambda: build_changes_feed(kind, category=category))


def _find_kind(request: HttpRequest) -> ChangeKind | None:
    kind = parse_changes_filter(request.GET).kind
    return ChangeKind(kind) if kind else None


def _respond(request: HttpRequest, what: Any, build: Callable[[], AtomFeed]) -> HttpResponse:
    """Return a feed, or 304. It is unchanged within a revision of the site; `what` says which feed it is."""

    def render() -> HttpResponse:
        feed = build()
        return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)

    return respond_conditionally(request, stamp=("feed", what, current_revision()), build=render)
