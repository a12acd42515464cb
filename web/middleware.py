from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from web.http import respond_if_unchanged
from web.views import error_page


class NotModifiedMiddleware(MiddlewareMixin):
    """A shortcut that answers 304 before any other middleware if a page has not changed since the client fetched it."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        return respond_if_unchanged(request)


class ErrorPageMiddleware(MiddlewareMixin):
    """The site's own page for errors that Django returns without content (405, and bare 400, 403, and 429)."""

    EMPTY_STATUSES = frozenset({400, 403, 405, 429})

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status_code not in self.EMPTY_STATUSES or response.streaming or response.content:
            return response
        page = error_page(request, status=response.status_code)
        for header in ("Allow", "Retry-After"):
            if header in response.headers:
                page.headers[header] = response.headers[header]
        return page
