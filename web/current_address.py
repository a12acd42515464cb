"""A decorator for pages whose address holds a slug: former slugs redirect to the current address."""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse

from web.http import View


def at_current_address(find: Callable[[str], Any]) -> Callable[[View], View]:
    """Pass the view the object that its slug names instead of the slug.

    `find` takes a slug, current or former, and returns an object with a `slug`, or None. None is a 404. A former slug
    is a permanent redirect to the same view.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def located(request: HttpRequest, slug: str) -> HttpResponse:
            found = find(slug)
            if found is None:
                raise Http404
            return view(request, found) if found.slug == slug else redirect_permanently(request, found.slug)

        return located

    return decorate


def redirect_permanently(request: HttpRequest, *args: Any) -> HttpResponsePermanentRedirect:
    """Redirect to the view that was requested, with other arguments and the same query string.

    The whole query string, because a view may learn to read a parameter, and nobody would think of the redirect.
    """
    match = request.resolver_match
    if match is None:
        raise ValueError("The request has not been routed.")
    return HttpResponsePermanentRedirect(add_query(reverse(match.view_name, args=args), request))


def add_query(path: str, request: HttpRequest, *, without: Collection[str] = ()) -> str:
    """Return a path with the query string of a request, but for some parameters."""
    query = request.GET.copy()
    for name in without:
        query.pop(name, None)
    words = query.urlencode(safe=",")
    return f"{path}?{words}" if words else path
