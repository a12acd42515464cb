"""HTTP rules: headers of public pages, conditional requests, and no writes from other sites."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from hashlib import blake2b
from itertools import chain, islice
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags

type View = Callable[..., HttpResponse]
type AnyView = Callable[..., HttpResponseBase]
"""A view that may also stream its response."""

# Any cache may store this but must revalidate. Responses vary by encoding only.
PUBLIC_HEADERS = {"Cache-Control": "public, no-cache", "Vary": "Accept-Encoding"}


class SeeOther(HttpResponseRedirect):
    """A 303 redirect after a form was accepted: the browser follows it with GET."""

    status_code = 303


def start[T](chunks: Iterable[T]) -> Iterator[T]:
    """Compute the first chunk of a streamed response now, so that an error in it is still answered with a page."""
    chunks = iter(chunks)
    return chain(list(islice(chunks, 1)), chunks)


def respond_streaming(
    request: HttpRequest, *, stamp: tuple[Any, ...], build: Callable[[], StreamingHttpResponse]
) -> HttpResponseBase:
    """Return a response that is computed while it is sent, or 304 if the client has it under the same stamp.

    Its ETag is a hash of the stamp, because the content is not known before it is sent. Read the stamp before the
    content: then a change in between makes the client ask again.
    """
    etag = f'"{blake2b(repr(stamp).encode(), digest_size=16).hexdigest()}"'
    if client_has(request.META, etag):
        return HttpResponseNotModified(headers={**PUBLIC_HEADERS, "ETag": etag})
    response = build()
    response.headers["ETag"] = etag
    return response


def client_has(environ: Mapping[str, Any], etag: str) -> bool:
    """Return whether If-None-Match names the ETag. Compression makes it a weak one (`W/`) on the way."""
    given = environ.get("HTTP_IF_NONE_MATCH")
    if given is None:
        return False
    if given in (etag, f"W/{etag}"):  # nearly always
        return True
    return given.strip() == "*" or etag in (candidate.removeprefix("W/") for candidate in parse_etags(given))


def is_same_origin(request: HttpRequest) -> bool:
    """Return whether a request comes from a page of ours.

    Browsers state the origin of a request in `Sec-Fetch-Site`; older ones, and all of them on plain HTTP, state it in
    `Origin`. A request with neither does not come from one of our forms.
    """
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        return fetch_site == "same-origin"
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


def same_origin(view: View) -> View:
    """Respond 403 to a POST from another site's page. Public forms use this instead of CSRF tokens, which pages that
    are the same for everyone cannot carry.

    A GET is allowed from anywhere.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in ("GET", "HEAD") and not is_same_origin(request):
            raise PermissionDenied("This form was sent from another site.")
        return view(request, *args, **kwargs)

    guarded.csrf_exempt = True  # type: ignore[attr-defined] # the origin is checked above instead
    return guarded


# Programs that identify themselves. (CUBOT is a brand of phones.)
_PROGRAM = re.compile(
    r"(?<!cu)bot|crawl|spider|slurp|externalhit|externalagent|preview|inspection|lighthouse|headless|monitor|archiver"
    r"|^(?!Mozilla/|Opera/)",
    re.IGNORECASE,
)


def is_for_reader(environ: Mapping[str, Any]) -> bool:
    """Return whether the response to a request (`request.META`) is probably shown to a person: not for HEAD, a page
    that the browser fetches before anyone asks for it, or a program that names itself. Fit for statistics, not for
    security.
    """
    purpose = environ.get("HTTP_SEC_PURPOSE") or environ.get("HTTP_PURPOSE") or ""
    is_speculative = purpose.startswith(("prefetch", "preview"))
    agent = environ.get("HTTP_USER_AGENT", "")
    return environ["REQUEST_METHOD"] == "GET" and not is_speculative and not _PROGRAM.search(agent)
