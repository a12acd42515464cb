"""Atom feeds."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from comparisons.machines.feeds import build_changes_feed, build_comparisons_feed
from web.atom import AtomFeed
from web.http import public_page


@require_safe
@public_page
def comparisons(request: HttpRequest) -> HttpResponse:
    """Return the feed of the newest comparisons."""
    return _respond(build_comparisons_feed())


@require_safe
@public_page
def changes(request: HttpRequest) -> HttpResponse:
    """Return the feed of flips and corrections."""
    return _respond(build_changes_feed())


def _respond(feed: AtomFeed) -> HttpResponse:
    return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)
