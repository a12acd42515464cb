"""HTTP rules of the public pages: the same for everyone, conditional, and no writes from other sites."""

from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from threading import Lock
from typing import Any

from django.core.cache import caches
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, HttpResponseRedirect
from django.utils.cache import set_response_etag
from django.utils.http import parse_etags

from web.caching import on_clear

type View = Callable[..., HttpResponse]

# Kept by anybody, but asked about each time: a reader never sees a number that has changed meanwhile, and asking costs
# next to nothing. The content differs by encoding only.
PUBLIC_HEADERS = {"Cache-Control": "public, no-cache", "Vary": "Accept-Encoding"}


class SeeOther(HttpResponseRedirect):
    """Where to look after a form was taken in: 303, so that the browser asks for it with GET."""

    status_code = 303


def public_page(view: View) -> View:
    """Mark a page that is the same for everyone: it reads no session, user or cookie, and sets none.

    Its ETag is made from its content, by `unless_unchanged` or else by Django's ConditionalGetMiddleware.
    """

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        for header, value in PUBLIC_HEADERS.items():
            response.headers.setdefault(header, value)
        return response

    return page


def respond_conditionally(
    request: HttpRequest,
    *,
    stamp: tuple[Any, ...],
    build: Callable[[], HttpResponse],
    still: Callable[[], bool] | None = None,
) -> HttpResponse:
    """Answer 304 without building the page when the client has what the page showed under the same stamp.

    The stamp is cheap to learn and must differ whenever the page would; the ETag is made from the content, so it
    differs only then. Which content a stamp stood for is remembered per process: a page is built once for a stamp.

    `still` says later whether the stamp holds; with it, `answer_unchanged` knows this address from now on.
    """
    key = "etag:" + blake2b(repr(stamp).encode(), digest_size=16).hexdigest()
    etag = caches["pages"].get(key)
    if etag and _has(request, etag):
        response = _not_modified(etag)
    else:
        response = build()
        set_response_etag(response)
        etag = response.headers["ETag"]
        caches["pages"].set(key, etag)
    if still is not None:
        _remember(request.get_full_path(), etag, still)
    return response


def respond_if_unchanged(request: HttpRequest) -> HttpResponse | None:
    """The 304 to a client that has what this process last showed at the address, if that still holds; else None.

    It asks `still` of `unless_unchanged`, and so costs no more than that: no routing, no view.
    """
    if "HTTP_IF_NONE_MATCH" not in request.META or request.method not in ("GET", "HEAD"):
        return None
    etag, still = _shown.get(request.get_full_path(), _NOTHING)
    return _not_modified(etag) if _has(request, etag) and still() else None


type Shown = tuple[str, Callable[[], bool]]
"""The ETag of what was shown last, and whether it still would be."""

_NOTHING: Shown = ("", lambda: False)
_MOST_SHOWN = 4096  # addresses a process; the oldest is forgotten first
_shown: dict[str, Shown] = {}
_remembering = Lock()
on_clear(_shown.clear)
on_clear(lambda: caches["pages"].clear())


def _remember(address: str, etag: str, still: Callable[[], bool]) -> None:
    with _remembering:
        _shown.pop(address, None)
        _shown[address] = (etag, still)
        if len(_shown) > _MOST_SHOWN:
            del _shown[next(iter(_shown))]


def _has(request: HttpRequest, etag: str) -> bool:
    """Whether the client keeps what has this ETag; compressed on the way, it came back as a weak one."""
    asked = request.META.get("HTTP_IF_NONE_MATCH", "")
    return etag in (tag.removeprefix("W/") for tag in parse_etags(asked))


def _not_modified(etag: str) -> HttpResponse:
    return HttpResponseNotModified(headers={**PUBLIC_HEADERS, "ETag": etag})


def same_origin(view: View) -> View:
    """Refuse with 403 what another site's page posts. Public forms use it instead of CSRF tokens, which pages that
    are the same for everyone cannot carry.

    Browsers say where a request comes from in `Sec-Fetch-Site`; older ones, and those on plain HTTP, say it in
    `Origin`. A request with neither comes from no form of ours.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        fetch_site = request.headers.get("Sec-Fetch-Site")
        if request.method in ("GET", "HEAD"):
            allowed = True
        elif fetch_site is not None:
            allowed = fetch_site == "same-origin"
        else:
            allowed = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
        if not allowed:
            raise PermissionDenied("This form was sent from another site.")
        return view(request, *args, **kwargs)

    guarded.csrf_exempt = True  # type: ignore[attr-defined] # checked above instead
    return guarded
