"""A decorator for pages of a pair of tools: every other address of the pair redirects to the current one."""

from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse

from comparisons.reading.pairs import find_current_slugs, find_pair
from web.current_address import add_query, redirect_permanently
from web.http import View


def at_pair_address(*, tool_view: str) -> Callable[[View], View]:
    """Pass the view the `Pair` that its address names instead of two slugs.

    Former slugs and the other order are a permanent redirect to the same view, one tool with itself a redirect to
    `tool_view` (a URL name). Raise Http404 unless both tools are published.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def located(request: HttpRequest, pair: tuple[str, str]) -> HttpResponse:
            found = find_pair(*pair) if pair[0] != pair[1] else None
            if found is None:
                return _redirect(request, *pair, tool_view=tool_view)
            if pair != found.slugs:
                return redirect_permanently(request, found.slugs)
            return view(request, found)

        return located

    return decorate


def _redirect(request: HttpRequest, first: str, second: str, *, tool_view: str) -> HttpResponse:
    """Redirect from two slugs of which one is a former slug, or that name the same tool. Raise Http404 otherwise."""
    slugs = find_current_slugs(first, second)
    if slugs is None:
        raise Http404
    if slugs[0] == slugs[1]:
        return HttpResponsePermanentRedirect(add_query(reverse(tool_view, args=[slugs[0]]), request))
    found = find_pair(*slugs)
    return redirect_permanently(request, found.slugs if found else slugs)
