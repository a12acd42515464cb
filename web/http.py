"""HTTP rules of the public pages: the same for everyone, conditional requests, and no writes from other sites."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from hashlib import blake2b
from itertools import chain, islice
from threading import Lock
from typing import Any, NamedTuple

from django.core.cache import caches
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.utils.cache import set_response_etag
from django.utils.http import parse_etags

from web import metrics
from web.caching import on_clear

type View = Callable[..., HttpResponse]

# Any cache may store this but must revalidate. Responses vary by encoding only.
PUBLIC_HEADERS = {"Cache-Control": "public, no-cache", "Vary": "Accept-Encoding"}


class SeeOther(HttpResponseRedirect):
    """A 303 redirect after a form was accepted: the browser follows it with GET."""

    status_code = 303


def public_page(view: View) -> View:
    """Mark a page that is the same for everyone: it reads no session, user, or cookie, and sets none.

    `respond_conditionally` computes its ETag from the content, or else ConditionalMiddleware does.
    """

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        for header, value in PUBLIC_HEADERS.items():
            response.headers.setdefault(header, value)
        return response

    page.csrf_exempt = True  # type: ignore[attr-defined] # it takes no form: another method is a 405, not a 403
    return page


def start[T](chunks: Iterable[T]) -> Iterator[T]:
    """Compute the first chunk of a streamed response now, so that an error in it is still answered with a page."""
    chunks = iter(chunks)
    return chain(list(islice(chunks, 1)), chunks)


def respond_conditionally(
    request: HttpRequest,
    *,
    stamp: tuple[Any, ...],
    build: Callable[[], HttpResponse],
    is_current: Callable[[HttpRequest], bool] | None = None,
) -> HttpResponse:
    """Return 304 without building the page if the client has what the page showed under the same stamp.

    The stamp is cheap to compute and must differ whenever the page would. The ETag is a hash of the content, so it
    differs only if the content does. The ETag of each stamp is cached per process.

    `is_current` gets a later request for this URL and returns whether the stamp still holds. With it,
    `respond_if_unchanged` can answer that request.
    """
    key = "etag:" + blake2b(repr(stamp).encode(), digest_size=16).hexdigest()
    etag = caches["pages"].get(key)
    if etag and _client_has(request, etag):
        response = _not_modified(etag)
        metrics.PAGES.labels("revalidated").inc()
    else:
        response = build()
        set_response_etag(response)
        etag = response.headers["ETag"]
        caches["pages"].set(key, etag)
        metrics.PAGES.labels("rendered").inc()
    if is_current is not None:
        _cache_validator(request.get_full_path(), Validator(etag, is_current))
    return response


def respond_streaming(
    request: HttpRequest, *, stamp: tuple[Any, ...], build: Callable[[], StreamingHttpResponse]
) -> HttpResponseBase:
    """Return a response that is computed while it is sent, or 304 if the client has it under the same stamp.

    Its ETag is a hash of the stamp, because the content is not known before it is sent. Read the stamp before the
    content: then a change in between makes the client ask again.
    """
    etag = f'"{blake2b(repr(stamp).encode(), digest_size=16).hexdigest()}"'
    if _client_has(request, etag):
        return _not_modified(etag)
    response = build()
    response.headers["ETag"] = etag
    return response


def respond_if_unchanged(request: HttpRequest) -> HttpResponse | None:
    """Return 304 if the client has what this process last sent for the URL and that is still current; else None.

    It costs one call of `is_current` (see `respond_conditionally`): no routing, no view.
    """
    if "HTTP_IF_NONE_MATCH" not in request.META or request.method not in ("GET", "HEAD"):
        return None
    validator = _validators.get(request.get_full_path())
    if validator and _client_has(request, validator.etag) and validator.is_current(request):
        metrics.PAGES.labels("unchanged").inc()
        return _not_modified(validator.etag)
    return None


class Validator(NamedTuple):
    """The ETag last sent for a URL, and a function that returns whether the page is still the same."""

    etag: str
    is_current: Callable[[HttpRequest], bool]


_MAX_VALIDATORS = 4096  # URLs per process
_validators: dict[str, Validator] = {}
_validators_lock = Lock()
on_clear(_validators.clear)
on_clear(lambda: caches["pages"].clear())


def _cache_validator(url: str, validator: Validator) -> None:
    """Cache what was last sent for a URL, and evict the URL that was set longest ago if there are too many."""
    with _validators_lock:
        _validators.pop(url, None)  # a dictionary keeps insertion order, so a URL that is set again moves to the end
        _validators[url] = validator
        if len(_validators) > _MAX_VALIDATORS:
            del _validators[next(iter(_validators))]


def _client_has(request: HttpRequest, etag: str) -> bool:
    """Return whether If-None-Match names the ETag. Compression makes it a weak one (`W/`) on the way."""
    candidates = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
    return etag in (candidate.removeprefix("W/") for candidate in candidates)


def _not_modified(etag: str) -> HttpResponse:
    return HttpResponseNotModified(headers={**PUBLIC_HEADERS, "ETag": etag})


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


# Programs that say so. (CUBOT makes telephones.)
_PROGRAM = re.compile(
    r"(?<!cu)bot|crawl|spider|slurp|externalhit|externalagent|preview|inspection|lighthouse|headless|monitor|archiver"
    r"|^(?!Mozilla/|Opera/)",
    re.IGNORECASE,
)


def is_for_reader(request: HttpRequest) -> bool:
    """Return whether the response is probably shown to a person: not for HEAD, a page that the browser fetches before
    anyone asks for it, or a program that names itself. Fit for statistics, not for security.
    """
    purpose = request.headers.get("Sec-Purpose") or request.headers.get("Purpose") or ""
    is_speculative = purpose.startswith(("prefetch", "preview"))
    return request.method == "GET" and not is_speculative and not _PROGRAM.search(request.headers.get("User-Agent", ""))
