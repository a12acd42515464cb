"""An id for each request, in the log lines that it causes and in the answer's `X-Request-ID`.

It surrounds Django, so that it is in every answer, and in none that is stored and sent again.
"""

import re
import secrets
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

current_request_id = ContextVar("current_request_id", default="")
_WELL_FORMED = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")  # UUIDs, numbers in hexadecimal or Base64, traces of clouds


def identify_requests(application: WSGIApplication) -> WSGIApplication:
    """Return an application whose requests have the id that a proxy gave them, or else a new one."""

    def identified(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _WELL_FORMED.fullmatch(given) else secrets.token_hex(16)
        environ["HTTP_X_REQUEST_ID"] = request_id
        current_request_id.set(request_id)  # until the thread starts its next request (config/worker.py)

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, [*headers, ("X-Request-ID", request_id)], *error)

        return application(environ, start)

    return identified
