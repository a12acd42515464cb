"""Atom feeds as responses."""

from django.http import HttpRequest, HttpResponse

from votes import made_up
from web.atom import AtomFeed


def respond_with_feed(request: HttpRequest, feed: AtomFeed) -> HttpResponse:
    """Return a feed. Its subtitle says so if votes on this site are made up."""
    if made_up.are_on_page(request):
        feed.feed["subtitle"] += f" {made_up.SENTENCE}"
    return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)
