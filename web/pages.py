"""Public pages: the same for everyone, and answered whole from memory while nothing they show has changed.

A view says what its page depends on: `@public_page(depends_on=CONTENT)`. That is a `Question` to the database, whose
answer differs whenever the page would. The answer is read before the page is rendered, and stored with the page.
`serve_pages`, around Django, asks again for each later request, and if the answer is the same, sends the stored page:
nothing else runs. So no process ever shows what another one has made stale (docs/decisions/0030-pages-served-whole.md).

Every public page, stored or not, is sent by `Page.respond`, which compresses it and returns 304. Hence a page from
memory cannot differ from one that was just rendered.
"""

import re
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache, wraps
from hashlib import blake2b
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import brotli
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

from web import clock, metrics, replica
from web.caching import on_clear
from web.http import PUBLIC_HEADERS, View, client_has
from web.replica import Answer, connection

type Key = tuple[bool, str]  # whether the request came by HTTPS, and its path
type Headers = list[tuple[str, str]]
type Hook = Callable[[WSGIEnvironment], None]

MEGABYTE = 1024 * 1024
SIZE_OF_REST = 4096  # bytes; what a stored page takes beside its bodies, roughly
MIN_COMPRESSED = 200  # bytes; what is shorter does not get shorter
BEST_AFTER = 16  # responses; the best compression takes as long as rendering twenty pages, so it is for pages in demand
MAX_BEST = 512 * 1024  # bytes; of a longer body, it would take seconds

# Headers of requests for anything but a whole page: Django answers them, and nothing is stored.
_UNUSUAL = {"HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_MODIFIED_SINCE", "HTTP_TRANSFER_ENCODING"}
_COMPRESSIBLE = re.compile(r"text/|image/svg\+xml|application/(?:.*\+)?(?:json|xml)")
# All that a 304 repeats (RFC 9110, 15.4.5), and what a browser checks before it hands a page to another site's script.
# A cache keeps the other headers of what it has. They are part of the ETag, so it never keeps one that has changed.
_HEADERS_OF_304 = {"cache-control", "content-location", "expires", "vary", "access-control-allow-origin"}
_STATUS_LINES = {200: "200 OK", 304: "304 Not Modified"}


# -- Questions ----------------------------------------------------------------------------------------------


class Question(NamedTuple):
    """What a page depends on."""

    columns: str
    """SQL that differs whenever the page would, unless the clock alone changes the page."""
    parameters: tuple[str, ...] = ()
    """For $1, $2, … in the columns."""
    next_change: str = "NULL::timestamptz"
    """SQL for when the clock alone changes the page next, with {now} for the present; NULL for not before midnight."""
    also: str = "NULL"
    """SQL for what the page has to know besides, which changes only if the columns do."""


class PageReading(NamedTuple):
    """What the database answered, and for which time the clock changes nothing: a day at most."""

    question: Question
    answer: Answer
    also: bytes | None
    since: datetime
    until: datetime
    narrower: tuple[Question, Answer] | None = None
    """What the page depends on alone. The first answer changes at least as often."""

    def renew(self, database: Any = connection) -> "PageReading | None":
        """Return the reading as of now, or None if the page has changed. Raise django.db.Error if the database fails.

        One statement. If something else on the site has changed, it takes a second one to find that out, once.
        """
        if not self.since <= timezone.now() < self.until:
            return None
        answer = _ask(self.question, database)
        if answer == self.answer:
            return self
        # The narrower answer is read second: what changes in between will change the first one again.
        if self.narrower and _ask(self.narrower[0], database) == self.narrower[1]:
            return self._replace(answer=answer)
        return None


def read(question: Question) -> PageReading:
    """Return what the database answers now. One statement."""
    now = timezone.now()
    next_change = question.next_change.format(now=f"${len(question.parameters) + 1}::timestamptz")
    columns = f"extract(epoch FROM {next_change}), {question.also}, {question.columns}"
    epoch, also, *answer = _ask(Question(columns, (*question.parameters, str(now))))
    midnight = clock.midnight_after(now)
    until = midnight if epoch is None else min(midnight, datetime.fromtimestamp(float(epoch), UTC))
    return PageReading(question, tuple(answer), also, now, until)


def _ask(question: Question, database: Any = connection) -> Answer:
    """Query the primary or, while a page is rendered from a snapshot of the replica, that snapshot."""
    row: Answer = database.fetch_row(f"SELECT {question.columns}", question.parameters)
    return row


# -- Views --------------------------------------------------------------------------------------------------


class Rendered(NamedTuple):
    """What is known of a public page before middleware has set its headers."""

    key: Key | None = None  # None if it is not to be stored
    reading: PageReading | None = None
    on_respond: Hook | None = None


def public_page(*, depends_on: Question | None, uses_database: bool = True) -> Callable[[View], View]:
    """Mark a page that is the same for everyone: it reads no session, user, or cookie, and sets none.

    `depends_on` covers everything that the page shows. None: it is rendered for each request. A page that uses the
    database writes nothing to it, because it may be rendered from a replica (web/replica.py).
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def page(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            key = find_key(request.META) if depends_on else None
            request.page_reading = reading = _try_to_read(depends_on) if depends_on and key else None

            def render() -> HttpResponse:
                request.page_narrowed = None
                response = view(request, *args, **kwargs)
                for header, value in PUBLIC_HEADERS.items():
                    response.headers.setdefault(header, value)
                if response.status_code == 200 and not response.streaming and is_usual(request.META):
                    response.rendered = _build_rendered(request, key)  # type: ignore[attr-defined]
                return response

            return replica.read_from_replica(render, revision=_find_revision(reading)) if uses_database else render()

        page.csrf_exempt = True  # type: ignore[attr-defined] # it takes no form: another method is a 405, not a 403
        return page

    return decorate


def _find_revision(reading: PageReading | None) -> Answer | None:
    """Return the revision of the whole site, if that is what the page depends on."""
    return reading.answer if reading and reading.question.columns == replica.find_site_columns() else None


def narrow(request: Any, question: Question, *, on_respond: Hook | None = None) -> None:
    """Let the page of this request depend on less than its view says: on the votes on two tools, not on all votes.

    `on_respond` is called for each later request that is answered from memory, since no view runs for it.
    """
    request.page_narrowed = question, on_respond


def _build_rendered(request: Any, key: Key | None) -> Rendered:
    """Return what is known of a page that was just rendered."""
    before, narrowed = request.page_reading, request.page_narrowed
    if key is None or before is None:
        return Rendered()
    if narrowed is None:
        return Rendered(key, before)
    question, on_respond = narrowed
    try:
        reading = before._replace(narrower=(question, _ask(question)))
        # The narrower answer is that of the page only if nothing at all has changed since before it was rendered.
        return Rendered(key, reading, on_respond) if before.renew() else Rendered()
    except Error:
        return Rendered()


def _try_to_read(question: Question) -> PageReading | None:
    """Return None if the database does not answer: the view will say so."""
    try:
        return read(question)
    except Error:
        return None


# -- Pages --------------------------------------------------------------------------------------------------


class Page:
    """A public page as every client gets it: with which headers, in which encodings, or as a 304."""

    def __init__(self, rendered: Rendered, headers: Headers, body: bytes, *, view: str) -> None:
        self.key, self.reading, self.on_respond = rendered
        self.view = view
        self.size = len(body) + SIZE_OF_REST
        given = {name.lower(): value for name, value in headers}
        self._etag = given.get("etag") or f'"{_hash(headers, body)}"'
        self._is_compressible = len(body) >= MIN_COMPRESSED and bool(_COMPRESSIBLE.match(given.get("content-type", "")))
        self._headers = [one for one in headers if one[0].lower() not in ("etag", "content-length")]
        self._headers_of_304 = [one for one in self._headers if one[0].lower() in _HEADERS_OF_304]
        self._bodies = {"": body}  # by coding
        self._best = set(_COMPRESS) if len(body) > MAX_BEST else set()  # codings in which it gets no shorter
        self._responses = 0

    def respond(self, environ: WSGIEnvironment) -> tuple[int, Headers, bytes]:
        """Return status, headers, and body for a request."""
        self._responses += 1
        coding = choose_coding(environ.get("HTTP_ACCEPT_ENCODING", "")) if self._is_compressible else ""
        etag = f"W/{self._etag}" if coding else self._etag  # the same for all codings, hence a weak one
        if client_has(environ, self._etag):
            return 304, [*self._headers_of_304, ("ETag", etag)], b""
        body = self._encode(coding)
        headers = [*self._headers, ("ETag", etag), ("Content-Length", str(len(body)))]
        if coding:
            headers.append(("Content-Encoding", coding))
        return 200, headers, b"" if environ["REQUEST_METHOD"] == "HEAD" else body

    def _encode(self, coding: str) -> bytes:
        """Return the body, compressed fast at first, and once as well as possible when the page is in demand."""
        if coding not in self._bodies:
            self._compress(coding, is_best=False)
        elif coding and coding not in self._best and self._responses >= BEST_AFTER:
            self._best.add(coding)  # at once, so that no other thread does the same
            self._compress(coding, is_best=True)
        return self._bodies[coding]

    def _compress(self, coding: str, *, is_best: bool) -> None:
        body = _COMPRESS[coding](self._bodies[""], is_best)
        memory.resize(self, len(body) - len(self._bodies.get(coding, b"")))
        self._bodies[coding] = body


def _hash(headers: Headers, body: bytes) -> str:
    digest = blake2b(body, digest_size=16)
    digest.update(repr(headers).encode())
    return digest.hexdigest()


def _to_brotli(body: bytes, is_best: bool) -> bytes:  # noqa: FBT001 (called by position)
    return brotli.compress(body, quality=11 if is_best else 4)


def _to_gzip(body: bytes, is_best: bool) -> bytes:  # noqa: FBT001 (called by position)
    return zlib.compress(body, 9 if is_best else 6, wbits=31)


_COMPRESS = {"br": _to_brotli, "gzip": _to_gzip}  # the best first


@lru_cache(maxsize=256)
def choose_coding(accepted: str) -> str:
    """Return the coding to use for an Accept-Encoding header, "" for none."""
    names = set()
    for part in accepted.lower().split(","):
        name, _, quality = (word.strip() for word in part.partition(";"))
        if not re.fullmatch(r"q\s*=\s*0(\.0*)?", quality):
            names.add(name.removeprefix("x-"))
    return next((coding for coding in _COMPRESS if coding in names), "")


# -- Memory -------------------------------------------------------------------------------------------------


class PageMemory:
    """The pages that this process has rendered, up to PAGE_MEMORY_MB. The least recently used are evicted first."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Key, Page] = OrderedDict()
        self._lock = Lock()
        self.size = 0  # bytes

    def __len__(self) -> int:
        return len(self._pages)

    def get(self, key: Key) -> Page | None:
        with self._lock:
            page = self._pages.get(key)
            if page is not None:
                self._pages.move_to_end(key)
            return page

    def put(self, page: Page) -> None:
        """Store a page that has a key, unless it would push out most others."""
        if page.key is None or page.size > settings.PAGE_MEMORY_MB * MEGABYTE / 8:
            return
        with self._lock:
            self._drop(page.key)
            self._pages[page.key] = page
            self.size += page.size
            self._evict()

    def remove(self, key: Key) -> None:
        with self._lock:
            self._drop(key)

    def resize(self, page: Page, by: int) -> None:
        """Grow a page by some bytes, and count them if it is stored."""
        with self._lock:
            page.size += by
            if page.key and self._pages.get(page.key) is page:
                self.size += by
                self._evict()

    def clear(self) -> None:
        with self._lock:
            self._pages.clear()
            self.size = 0

    def _drop(self, key: Key) -> None:
        if (page := self._pages.pop(key, None)) is not None:
            self.size -= page.size

    def _evict(self) -> None:
        while self.size > settings.PAGE_MEMORY_MB * MEGABYTE and self._pages:
            self._drop(next(iter(self._pages)))


memory = PageMemory()
on_clear(memory.clear)


def is_usual(environ: WSGIEnvironment) -> bool:
    """Return whether a request is for a whole page, or for whether it has changed."""
    return (
        environ["REQUEST_METHOD"] in ("GET", "HEAD")
        and environ.get("CONTENT_LENGTH", "") in ("", "0")
        and _UNUSUAL.isdisjoint(environ)
    )


def find_key(environ: WSGIEnvironment) -> Key | None:
    """Return where the page of a request is stored. None: it is not stored.

    Only the site's own host has stored pages, so that nobody can fill the memory with other spellings of it; and only
    addresses without a query string, of which there are as many as somebody likes.
    """
    if (
        environ.get("QUERY_STRING")
        or environ.get("HTTP_HOST") != _find_host(settings.SITE_URL)
        or environ.get("SCRIPT_NAME")
        or not is_usual(environ)
        or not settings.PAGE_MEMORY_MB
    ):
        return None
    return _is_secure(environ), environ["PATH_INFO"]


@lru_cache(maxsize=8)
def _find_host(site_url: str) -> str:
    return urlsplit(site_url).netloc.lower()


def _is_secure(environ: WSGIEnvironment) -> bool:
    """Return what `HttpRequest.is_secure` does."""
    name, secure = settings.SECURE_PROXY_SSL_HEADER or ("", "")
    if (value := environ.get(name)) is not None:
        return bool(value.split(",", 1)[0].strip() == secure)
    return bool(environ["wsgi.url_scheme"] == "https")


# -- Around Django ------------------------------------------------------------------------------------------


def serve_pages(application: WSGIApplication) -> WSGIApplication:
    """Return an application that answers from memory if it can, and otherwise calls the given one."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        page = _find_current(environ)
        if page is None:
            return application(environ, start_response)
        status, headers, body = page.respond(environ)
        if page.on_respond:
            page.on_respond(environ)
        metrics.PAGES.labels("unchanged" if status == 304 else "stored").inc()
        if settings.METRICS_TOKEN:
            metrics.SECONDS.labels(page.view).observe(time.perf_counter() - started)
            metrics.REQUESTS.labels(page.view, status).inc()
        start_response(_STATUS_LINES[status], headers)
        return [body]

    return serve


def _find_current(environ: WSGIEnvironment) -> Page | None:
    """Return the stored page of a request if it is current. One statement in most cases (`PageReading.renew`)."""
    key = find_key(environ)
    page = memory.get(key) if key else None
    if key is None or page is None:
        return None
    try:
        primary: Any = connections[DEFAULT_DB_ALIAS]
        if not primary.in_atomic_block:
            primary.close_if_unusable_or_obsolete()  # as Django does when a request starts
            primary.health_check_done = True  # if it is dead, the question fails, and Django finds out why
        if page.reading and (reading := page.reading.renew(primary)):
            page.reading = reading
            return page
    except Error:
        return None  # Django will ask too, and knows what to say (web/outages.py)
    memory.remove(key)
    return None


class PageMiddleware(MiddlewareMixin):
    """Stores public pages with all their headers, and sends them as `serve_pages` would. Only metrics surround it."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        rendered: Rendered | None = getattr(response, "rendered", None)
        if rendered is None:
            return response
        match = request.resolver_match
        headers = list(response.headers.items())
        page = Page(rendered, headers, response.content, view=match.view_name if match else "")
        if not response.cookies and response.headers["Vary"] == PUBLIC_HEADERS["Vary"]:
            memory.put(page)
        metrics.PAGES.labels("rendered").inc()
        response.status_code, wanted, response.content = page.respond(request.META)
        for name, _ in headers:
            del response.headers[name]
        for name, value in wanted:
            response.headers[name] = value
        return response
