"""Request bodies: size limits, which views accept files, and bodies sent without Content-Length."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.core.handlers.wsgi import LimitedStream, WSGIRequest
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.deprecation import MiddlewareMixin
from gunicorn.http.errors import ParseException

from web import outages
from web.http import AnyView

log = logging.getLogger(__name__)

_CHUNK = 64 * 1024  # bytes read at once


def take_files(max_bytes: int) -> Callable[[AnyView], AnyView]:
    """Let a view of the desk receive files. Its requests may have `max_bytes` in all; larger ones are refused (413).

    The mark holds only for people who may enter the desk. What anyone else sends is limited as on every other page,
    because forms are parsed before the view, or the admin around it, checks who sent them.
    """

    def decorate(view: AnyView) -> AnyView:
        view.max_body_bytes = max_bytes  # type: ignore[attr-defined] # read below; decorators around the view copy it
        return view

    return decorate


class DiskUploadHandler(TemporaryFileUploadHandler):
    """Writes a form's files to disk. If that is full, files are lost, and the rest of the form is read all the same.

    Views ask `has_lost_files`.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        with self._files_may_be_lost():
            super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        with self._files_may_be_lost():
            if hasattr(self, "file"):
                super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> UploadedFile | None:
        with self._files_may_be_lost():  # what is still buffered is written now
            return super().file_complete(file_size) if hasattr(self, "file") else None
        return None

    @contextmanager
    def _files_may_be_lost(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not outages.takes_no_files(error):
                raise
            log.error("The disk takes no files: %s", error)
            self.request.has_lost_files = True  # type: ignore[union-attr]
            if hasattr(self, "file"):
                with suppress(OSError):  # closing writes what is buffered
                    self.file.close()
                del self.file


def has_lost_files(request: HttpRequest) -> bool:
    """Return whether files of a form could not be stored while it was read."""
    return getattr(request, "has_lost_files", False)


class BodyMiddleware(MiddlewareMixin):
    """Refuse a body that is too long (413) before any of it is read, and give a body without a length its length.

    A body whose chunks are malformed is refused, too (400).
    """

    def process_view(self, request: WSGIRequest, view: AnyView, args: Any, kwargs: Any) -> HttpResponse | None:
        if request.method in ("GET", "HEAD"):
            return None
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        max_body_bytes = getattr(view, "max_body_bytes", None)
        if max_body_bytes is not None and request.user.is_active and request.user.is_staff:
            limit = max_body_bytes
            request.upload_handlers = [DiskUploadHandler(request)]
        try:
            if not request.META.get("CONTENT_LENGTH"):
                _measure_body(request, limit=limit)
            is_too_long = int(request.META["CONTENT_LENGTH"] or 0) > limit
        except RequestDataTooBig:
            is_too_long = True
        except OSError:
            return HttpResponse(status=408)
        except ParseException:  # would be an error of ours, with a piece of the body in its traceback
            return HttpResponse(status=400)
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
