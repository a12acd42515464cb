"""Atom feeds. The feeds of changes are of one kind with `?kind=`, as the list is. Votes change none of them."""

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.choices import ChangeKind
from comparisons.forms import parse_changes_filter
from comparisons.machines.feeds import build_changes_feed, build_comparisons_feed
from comparisons.reading.revision import CONTENT
from tools.models import Category, Tool
from votes.feeds import respond_with_feed
from web.current_address import at_current_address
from web.pages import public_page


@require_safe
@public_page(depends_on=None)
def main(request: HttpRequest) -> HttpResponse:
    """Redirect an address that feed readers guess to the feed that pages name first."""
    return HttpResponsePermanentRedirect(reverse("comparisons-feed"))


@require_safe
@public_page(depends_on=CONTENT)
def comparisons(request: HttpRequest) -> HttpResponse:
    """Return the feed of the newest comparisons."""
    return respond_with_feed(request, build_comparisons_feed())


@require_safe
@public_page(depends_on=CONTENT)
def changes(request: HttpRequest) -> HttpResponse:
    """Return the feed of all changes, or of a category's with `?category=`."""
    kind, slug = _find_kind(request), parse_changes_filter(request.GET).category
    category = Category.objects.with_published_tools().by_slug(slug) if slug else None
    return respond_with_feed(request, build_changes_feed(kind, category=category))


@require_safe
@public_page(depends_on=CONTENT)
@at_current_address(lambda slug: Tool.objects.published().by_slug(slug))
def tool_changes(request: HttpRequest, tool: Tool) -> HttpResponse:
    """Return the feed of a tool's changes."""
    return respond_with_feed(request, build_changes_feed(_find_kind(request), tool=tool))


@require_safe
@public_page(depends_on=CONTENT)
@at_current_address(lambda slug: Category.objects.with_published_tools().by_slug(slug))
def category_changes(request: HttpRequest, category: Category) -> HttpResponse:
    """Return the feed of the changes of a category's tools."""
    return respond_with_feed(request, build_changes_feed(_find_kind(request), category=category))


def _find_kind(request: HttpRequest) -> ChangeKind | None:
    kind = parse_changes_filter(request.GET).kind
    return ChangeKind(kind) if kind else None
