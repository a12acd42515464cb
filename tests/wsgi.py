"""Requests to the WSGI application itself, for what happens around Django. They stay in the transaction of the test."""

import io
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from web.pages import serve_pages
from web.request_ids import identify_requests


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class SiteServer:
    """The site as one process serves it, or as Django alone would."""

    def __init__(self, *, from_memory: bool = True) -> None:
        self._application = identify_requests(serve_pages(WSGIHandler()) if from_memory else WSGIHandler())

    def ask(self, path: str, *, method: str = "GET", **environ: str | None) -> Answer:
        """Send a request to the site's own host. `environ` replaces entries of its environment; None removes one."""
        parts = urlsplit(path)
        request: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(parts.path, "latin-1"),
            "QUERY_STRING": parts.query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.0.2.1",
            "HTTP_HOST": urlsplit(settings.SITE_URL).netloc,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            **environ,
        }
        request = {name: value for name, value in request.items() if value is not None}
        heads: list[tuple[int, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            heads.append((int(status.split()[0]), headers))

        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
        try:
            result = self._application(request, start_response)
            body = b"".join(result)
            if hasattr(result, "close"):
                result.close()
        finally:
            for signal in (request_started, request_finished):
                signal.connect(close_old_connections)
        [(status, headers)] = heads
        assert len(dict(headers)) == len(headers), "a header is sent twice"
        return Answer(status, dict(headers), body)
