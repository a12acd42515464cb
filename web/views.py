"""Error pages, as full pages and as htmx fragments, and the favicon that browsers request by default."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from web import locks, outages
from web.caching import process_cache
from web.pages import public_page

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ErrorText:
    """The words of an error page. `brief` is what htmx shows instead: two lines of a ballot on a phone."""

    title: str
    words: str
    verdict: str = ""
    brief: str = ""


TEXTS = {
    400: ErrorText(
        "We could not read that request",
        "Something in the address or in the form is not what this page expects. Go back and try again.",
        brief="We could not read that. Reload the page and try again.",
    ),
    403: ErrorText(
        "That must be sent from a page of this site",
        "Your browser did not say where this came from. Reload the page and try once more.",
        brief="Your browser did not say where this came from. Reload the page.",
    ),
    404: ErrorText(
        "Page not found",
        "The address may be mistyped, or what was here was withdrawn. Names in old links keep working; "
        "this one we do not know.",
        "No seat would ship this page.",
    ),
    405: ErrorText(
        "That does not work at this address",
        "It takes a form from one of our pages, or it takes none. Start from the page itself.",
    ),
    408: ErrorText(
        "That took too long to arrive",
        "The connection was too slow or was cut off, and nothing was saved. Go back and try again.",
    ),
    413: ErrorText(
        "That is more than this page takes",
        "Nothing was saved. Go back, shorten the text or choose a smaller file, and try again.",
    ),
    429: ErrorText("Too many requests", "Please wait a little and try again. Nothing you did before is lost."),
    500: ErrorText(
        "Something broke on our side",
        "We have a record of it. Nothing that was confirmed to you is lost; please try again in a moment.",
        brief="Something broke on our side. Please try again in a moment.",
    ),
    503: ErrorText(
        "Busy for a moment",
        "Something else is being saved here, and it takes longer than usual. Nothing was changed. "
        "Try again in a few seconds.",
        brief="Busy: nothing was changed. Try again in a few seconds.",
    ),
}
OUTAGE = ErrorText(
    "Back in a moment",
    "The site cannot reach its data right now. Try again in a few seconds. If you had just sent a form, look first "
    "whether it was saved.",
    brief="Our data cannot be reached. In a few seconds, see if this was saved.",
)
EXPIRED_FORM = ErrorText(
    "This form is too old",
    "You have signed in or out since it was opened, or your browser refuses cookies. Nothing was saved. Go back: what "
    "you typed is still there, and you can send it again.",
)


def error_page(
    request: HttpRequest,
    *,
    status: int,
    text: ErrorText | None = None,
    nearest: Sequence[tuple[str, str]] = (),
    back: str = "",
) -> HttpResponse:
    """Return the page of an error; for htmx only its message, which the current page shows.

    `nearest` holds (name, URL) pairs of pages that the reader may have meant; `back` is the path they came from.
    """
    template, text = "web/error.html", text or TEXTS[status]
    if request.headers.get("HX-Request") == "true":
        template, text = f"{template}#message", replace(text, words=text.brief or text.words)
    context = {"status": status, "error": text, "nearest": nearest, "back": back}
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        context["has_made_up_votes"] = False  # the database may be down: never wait for it again
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None, reason: str = "") -> HttpResponse:
    return error_page(request, status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(request, status=403, text=EXPIRED_FORM)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    return error_page(request, status=429)


def server_error(request: HttpRequest) -> HttpResponse:
    error = sys.exception()
    return respond_to_failure(request, error) or error_page(request, status=500)


def respond_to_failure(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """Return the 503 page for an error that is not ours, so that the same request works later; None for any other."""
    if error is None:
        return None
    if locks.is_contention(error):
        response, seconds = error_page(request, status=503), locks.RETRY_AFTER
    elif outages.is_outage(error):
        logger.error("The database is not available: %s", str(error).strip())
        response, seconds = error_page(request, status=503, text=OUTAGE), outages.RETRY_AFTER
    else:
        return None
    response.headers["Retry-After"] = str(seconds)
    return response


@require_safe
@public_page(depends_on=None, uses_database=False)
def favicon(request: HttpRequest) -> HttpResponse:
    """Return the icon at the URL where browsers look if no page names another."""
    return HttpResponse(_favicon(), content_type="image/x-icon")


@process_cache(maxsize=1)
def _favicon() -> bytes:
    return (settings.BASE_DIR / "static" / "img" / "favicon.ico").read_bytes()
