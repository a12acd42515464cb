from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from web import locks
from web.http import respond_if_unchanged
from web.views import error_page


class NotModifiedMiddleware(MiddlewareMixin):
    """A shortcut that answers 304 before any other middleware if a page has not changed since the client fetched it."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        return respond_if_unchanged(request)


class ErrorPageMiddleware(MiddlewareMixin):
    """The site's own page for errors that Django returns without content (405, and bare 400, 403, 408, 413, and 429).

    A request that failed because others hold locks gets 503: nothing is broken, and the same request works later.
    """

    EMPTY_STATUSES = frozenset({400, 403, 405, 408, 413, 429})

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not locks.is_contention(exception):
            return None
        page = error_page(request, status=503)
        page.headers["Retry-After"] = str(locks.RETRY_AFTER)
        page.headers["Cache-Control"] = "no-store"
        return page

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status_code not in self.EMPTY_STATUSES or response.streaming or response.content:
            return response
        page = error_page(request, status=response.status_code)
        for header in ("Allow", "Retry-After"):
            if header in response.headers:
                page.headers[header] = response.headers[header]
        return page
