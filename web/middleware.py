"""Middleware: headers of every response, shortcuts, error pages, and repairs of what Django's middleware gets wrong."""

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.middleware.gzip import GZipMiddleware
from django.middleware.http import ConditionalGetMiddleware
from django.utils.cache import get_conditional_response, set_response_etag
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import parse_http_date_safe

from web.http import PUBLIC_HEADERS
from web.views import error_page, respond_to_failure

# Nothing on the site uses these. A page that is framed by another, or a script that is injected, cannot either.
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
)
# JSON that scripts of other sites may read. It is a rule about addresses, not views, so that it holds for the errors
# of an address that no view serves: without the header, a script sees a network failure instead of the 404.
CROSS_ORIGIN_PATH = re.compile(r"/(?:compare|tools)/[^/]*\.json")
# Images whose addresses we publish, for other sites to show. (The badge's view sets the header itself.)
EMBEDDABLE_PATH = re.compile(r"/(?:og|logos)/.*")

# For proxies. A browser asks each time (`max-age=0`), and never shows what it has first (`must-revalidate`): its user
# may have just voted.
EDGE_CACHE_CONTROL = "public, max-age=0, must-revalidate, s-maxage={seconds}, stale-while-revalidate={seconds}"


class HeadersMiddleware(MiddlewareMixin):
    """Headers that every response has, no matter what made it: a view, another middleware, or an error handler."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        embeddable = EMBEDDABLE_PATH.fullmatch(request.path)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if embeddable else "same-origin")
        if CROSS_ORIGIN_PATH.fullmatch(request.path):
            response.headers["Access-Control-Allow-Origin"] = "*"
        if settings.EDGE_SECONDS and response.headers.get("Cache-Control") == PUBLIC_HEADERS["Cache-Control"]:
            response.headers["Cache-Control"] = EDGE_CACHE_CONTROL.format(seconds=settings.EDGE_SECONDS)
        if response.status_code >= 400:
            # Caches may store a 404 or 405 unless told otherwise, and the page may be published in the next minute.
            response.headers.setdefault("Cache-Control", "no-store")
        return response


_SESSION_KEY = re.compile(r"[a-z0-9]{8,}")
_CSRF_TOKEN = re.compile(r"[A-Za-z0-9]{32}|[A-Za-z0-9]{64}")


class RequestRepairMiddleware(MiddlewareMixin):
    """Remove from a request what cannot be meant, before other middleware acts on it.

    - Session and CSRF cookies that we never sent. Django would replace or delete them, so that public pages would set
      cookies and vary by them.
    - The default port in Host, which some proxies add. Browsers leave it out of `Origin`, so that our own forms would
      look as if another site had sent them.
    - Encodings that the client refuses (`gzip;q=0`). GZipMiddleware and WhiteNoise look only for the name.
    """

    def process_request(self, request: HttpRequest) -> None:
        for name, pattern in ((settings.SESSION_COOKIE_NAME, _SESSION_KEY), (settings.CSRF_COOKIE_NAME, _CSRF_TOKEN)):
            if name in request.COOKIES and not pattern.fullmatch(request.COOKIES[name]):
                del request.COOKIES[name]
        if host := request.META.get("HTTP_HOST"):
            request.META["HTTP_HOST"] = host.lower().removesuffix(":443" if request.is_secure() else ":80")
        if "q=0" in (accepted := request.META.get("HTTP_ACCEPT_ENCODING", "").replace(" ", "").lower()):
            request.META["HTTP_ACCEPT_ENCODING"] = ",".join(
                coding for coding in accepted.split(",") if not re.search(r";q=0(\.0*)?$", coding)
            )


class CompressionMiddleware(GZipMiddleware):
    """Compresses what is not a public page (web.pages.PageMiddleware)."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if hasattr(response, "rendered") else super().process_response(request, response)


class ConditionalMiddleware(ConditionalGetMiddleware):
    """Django's conditional GET, and the same for HEAD: it has the headers of GET, the ETag included.

    Django skips HEAD because a view may return no content for it. Ours return what GET does; the server drops it.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if hasattr(response, "rendered"):
            return response  # web.pages.PageMiddleware does it
        if request.method != "HEAD" or not isinstance(response, HttpResponse):
            return super().process_response(request, response)
        if self.needs_etag(response) and not response.has_header("ETag"):
            set_response_etag(response)
        last_modified = response.get("Last-Modified")
        return get_conditional_response(
            request,
            etag=response.get("ETag"),
            last_modified=parse_http_date_safe(last_modified) if last_modified else None,
            response=response,
        ) or response  # fmt: skip


class SlashMiddleware(CommonMiddleware):
    """Django's redirect to the address with a slash at its end, which for a form keeps the method (308, not 301)."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response = super().process_response(request, response)
        if response.status_code == 301 and request.method not in ("GET", "HEAD"):
            response.status_code = 308
        return response


class ErrorPageMiddleware(MiddlewareMixin):
    """The site's own page for errors that are returned without content (405, and bare 400, 403, 408, 413, and 429).

    A view that failed because others hold locks, or because the database is unavailable, gets 503. (The handler of
    error 500 does the same for what fails outside of views.)
    """

    EMPTY_STATUSES = frozenset({400, 403, 405, 408, 413, 429})

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return respond_to_failure(request, exception)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status_code not in self.EMPTY_STATUSES or response.streaming or response.content:
            return response
        page = error_page(request, status=response.status_code)
        page.cookies = response.cookies
        for header, value in response.headers.items():  # such as Allow, Retry-After, and `no-store`
            page.headers.setdefault(header, value)
        page.headers["Content-Length"] = str(len(page.content))  # not that of the empty response
        return page
