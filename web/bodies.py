"""Request bodies: size limits, which views accept files, and bodies sent without Content-Length."""

from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.core.handlers.wsgi import LimitedStream, WSGIRequest
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

type View = Callable[..., HttpResponseBase]

_CHUNK = 64 * 1024  # bytes read at once


def take_files(max_bytes: int) -> Callable[[View], View]:
    """Let a view of the desk receive files. Its requests may have `max_bytes` in all; larger ones are refused (413).

    The mark holds only for people who may enter the desk. What anyone else sends is limited as on every other page,
    because forms are parsed before the view, or the admin around it, checks who sent them.
    """

    def decorate(view: View) -> View:
        view.max_body_bytes = max_bytes  # type: ignore[attr-defined] # read below; decorators around the view copy it
        return view

    return decorate


class BodyMiddleware(MiddlewareMixin):
    """Refuse a body that is too long (413) before any of it is read, and give a body without a length its length."""

    def process_view(self, request: WSGIRequest, view: View, args: Any, kwargs: Any) -> HttpResponse | None:
        if request.method in ("GET", "HEAD"):
            return None
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        max_body_bytes = getattr(view, "max_body_bytes", None)
        if max_body_bytes is not None and request.user.is_active and request.user.is_staff:
            limit = max_body_bytes
            request.upload_handlers = [TemporaryFileUploadHandler(request)]
        try:
            if not request.META.get("CONTENT_LENGTH"):
                _measure_body(request, limit=limit)
            is_too_long = int(request.META["CONTENT_LENGTH"] or 0) > limit
        except RequestDataTooBig:
            is_too_long = True
        except OSError:
            return HttpResponse(status=408)
        except ValueError:  # Django takes such a length for 0
            is_too_long = False
        return HttpResponse(status=413) if is_too_long else None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return HttpResponse(status=408) if isinstance(exception, UnreadablePostError) else None


def _measure_body(request: WSGIRequest, *, limit: int) -> None:
    """Read a body that came without Content-Length, as proxies send it that do not buffer, and set its length.

    Django takes a missing length for 0, and the form for empty. Raise RequestDataTooBig beyond `limit` bytes.
    """
    request.META["CONTENT_LENGTH"] = "0"
    if not request.META.get("wsgi.input_terminated"):  # reading might never end
        return
    source: IO[bytes] = request.META["wsgi.input"]
    body = SpooledTemporaryFile(max_size=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)  # noqa: SIM115 (the request closes it)
    length = 0
    while chunk := source.read(_CHUNK):
        length += len(chunk)
        if length > limit:
            body.close()
            raise RequestDataTooBig
        body.write(chunk)
    body.seek(0)
    request.META["CONTENT_LENGTH"] = str(length)
    request._stream = LimitedStream(body, length)  # type: ignore[assignment,arg-type] # as WSGIRequest makes it from the length
