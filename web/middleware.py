from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from web.http import respond_if_unchanged
from web.views import error_page


class NotModifiedMiddleware(MiddlewareMixin):
    """Answer before all that follows when a reader asks for a page again that has not changed meanwhile."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        return respond_if_unchanged(request)


class ErrorPageMiddleware(MiddlewareMixin):
    """Give the refusals that Django answers without words (405, and bare 400, 403, 429) the site's own page."""

    WORDLESS = frozenset({400, 403, 405, 429})

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status_code not in self.WORDLESS or response.streaming or response.content:
            return response
        page = error_page(request, status=response.status_code)
        for header in ("Allow", "Retry-After"):
            if header in response.headers:
                page.headers[header] = response.headers[header]
        return page
