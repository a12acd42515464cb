"""A decorator for pages whose address holds a slug: former slugs redirect to the current address."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, QueryDict
from django.urls import reverse

from web.http import View


def at_current_address(
    find: Callable[[str], Any], *, query: Callable[[QueryDict], dict[str, str]] | None = None
) -> Callable[[View], View]:
    """Pass the view the object that its slug names instead of the slug.

    `find` takes a slug, current or former, and returns an object with a `slug`, or None. None is a 404. A former slug
    is a permanent redirect to the same view. The redirect drops the query string unless `query` returns one.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def located(request: HttpRequest, slug: str) -> HttpResponse:
            found = find(slug)
            if found is None:
                raise Http404
            if found.slug != slug:
                kept = query(request.GET) if query else None
                return HttpResponsePermanentRedirect(reverse(view_name(request), args=[found.slug], query=kept))
            return view(request, found)

        return located

    return decorate


def view_name(request: HttpRequest) -> str:
    """Return the URL name under which a routed request was matched."""
    match = request.resolver_match
    if match is None:
        raise ValueError("The request has not been routed.")
    return match.view_name
