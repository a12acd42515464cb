"""Files that wait on the server between the dry run and the import: private, for an hour, for whoever sent them."""

import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt, csrf_protect

type View = Callable[..., HttpResponseBase]

LIFETIME = 3600  # seconds
SALT = "desk.bulk.uploads"
_NAME = re.compile(r"[0-9a-f]{32}")


class UploadGoneError(Exception):
    """There is no such file any more: it was imported or discarded, its hour is over, or it was somebody else's."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that waits. `ticket` is what a form carries to find it again, signed."""

    name: str  # the random name under which it is kept
    called: str  # what its sender calls it
    user: int
    kind: str

    @property
    def path(self) -> Path:
        return _folder() / self.name

    @property
    def content(self) -> bytes:
        """Its bytes. Raises UploadGoneError."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise UploadGoneError from error

    def ticket(self, *, seal: str) -> str:
        """What a form carries, bound to the user, the kind of file and the report (`seal`) that they were shown."""
        return signing.dumps([self.name, self.called, self.user, self.kind, seal], salt=SALT)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)


def keep(file: UploadedFile, *, user: int, kind: str) -> Upload:
    """Keep a file, and throw those away whose hour is over."""
    _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep()
    upload = Upload(secrets.token_hex(16), (file.name or "file")[:200], user, kind)
    upload.path.touch(mode=0o600, exist_ok=False)
    with upload.path.open("wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    return upload


def redeem(ticket: str, *, user: int, kind: str) -> tuple[Upload, str]:
    """Return the file that a ticket stands for, and the seal that it carries. Raises UploadGoneError."""
    try:
        name, called, owner, of_kind, seal = signing.loads(ticket, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature as error:
        raise UploadGoneError from error
    upload = Upload(name, called, owner, of_kind)
    if (owner, of_kind) != (user, kind) or not _NAME.fullmatch(name) or not upload.path.is_file():
        raise UploadGoneError
    return upload, seal


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "uploads"


def _sweep() -> None:
    oldest = time.time() - LIFETIME
    for path in _folder().iterdir():
        with suppress(OSError):  # another process was faster
            if path.stat().st_mtime < oldest:
                path.unlink()


class Limited(FileUploadHandler):
    """Stops reading a form's files at a limit, and notes that it did (`request.upload_refused`)."""

    def __init__(self, request: HttpRequest, *, limit: int) -> None:
        super().__init__(request)
        self._limit, self._seen = limit, 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if (self.content_length or 0) > self._limit + 100_000:  # the rest of the form
            self._refuse()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._seen += len(raw_data)
        if self._seen > self._limit:
            self._refuse()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None

    def _refuse(self) -> None:
        self.request.upload_refused = True  # type: ignore[union-attr]
        raise StopUpload(connection_reset=False)


def takes_files(limit: int) -> Callable[[View], View]:
    """Let a view take files of at most `limit` bytes together, streamed to disk. `request.upload_refused` tells it
    that there were more. The check of the form's CSRF token comes after the limit is set, because it reads the form.
    """

    def decorate(view: View) -> View:
        protected = csrf_protect(view)

        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            request.upload_refused = False  # type: ignore[attr-defined]
            request.upload_handlers = [Limited(request, limit=limit), TemporaryFileUploadHandler(request)]
            return protected(request, *args, **kwargs)

        return csrf_exempt(limited)

    return decorate
