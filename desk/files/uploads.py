"""Uploaded files that wait on the server between the dry run and the import: private to their user, for an hour."""

import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from web.bodies import DiskUploadHandler, take_files
from web.http import AnyView

LIFETIME = 3600  # seconds
SALT = "desk.files.uploads"
FORM_OVERHEAD = 100_000  # bytes that the rest of a form may add to its file
_NAME = re.compile(r"[0-9a-f]{32}")


class UploadGoneError(Exception):
    """The file does not exist: it was imported, discarded, or has expired, or it belongs to another user."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A stored file. A form carries a signed token to find it again."""

    name: str  # random; the name of the stored file
    original_name: str
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

    def sign_token(self, *, seal: str) -> str:
        """Return a token bound to the user, the kind of file, and the seal of the report that the user saw."""
        return signing.dumps([self.name, self.original_name, self.user, self.kind, seal], salt=SALT)

    def discard(self) -> None:
        """Delete the stored file. Idempotent."""
        self.path.unlink(missing_ok=True)


def store(file: UploadedFile, *, user: int, kind: str) -> Upload:
    """Store a file, and delete files that have expired. Raises OSError, and leaves nothing behind, on a full disk."""
    _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    _delete_expired()
    upload = Upload(secrets.token_hex(16), (file.name or "file")[:200], user, kind)
    try:
        upload.path.touch(mode=0o600, exist_ok=False)
        with upload.path.open("wb") as target:
            for chunk in file.chunks():
                target.write(chunk)
    except OSError:
        upload.discard()
        raise
    return upload


def redeem(token: str, *, user: int, kind: str) -> tuple[Upload, str]:
    """Return the file of a token, and the seal in it. Raises UploadGoneError."""
    try:
        name, original_name, owner, of_kind, seal = signing.loads(token, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature as error:
        raise UploadGoneError from error
    upload = Upload(name, original_name, owner, of_kind)
    if (owner, of_kind) != (user, kind) or not _NAME.fullmatch(name) or not upload.path.is_file():
        raise UploadGoneError
    return upload, seal


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "uploads"


def _delete_expired() -> None:
    oldest = time.time() - LIFETIME
    for path in _folder().iterdir():
        with suppress(OSError):  # another process may delete it at the same time
            if path.stat().st_mtime < oldest:
                path.unlink()


class LimitedUploadHandler(FileUploadHandler):
    """Stops reading a form's files at a limit, and then sets `request.upload_refused`."""

    def __init__(self, request: HttpRequest, *, max_bytes: int) -> None:
        super().__init__(request)
        self._max_bytes, self._received = max_bytes, 0

    def new_file(self, *args: object, **kwargs: object) -> None:
        super().new_file(*args, **kwargs)  # type: ignore[arg-type] # passed on as they came
        if (self.content_length or 0) > self._max_bytes + FORM_OVERHEAD:
            self._refuse()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._received += len(raw_data)
        if self._received > self._max_bytes:
            self._refuse()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None  # the next handler stores it

    def _refuse(self) -> None:
        self.request.upload_refused = True  # type: ignore[union-attr]
        raise StopUpload(connection_reset=False)


def accept_files(max_bytes: int) -> Callable[[AnyView], AnyView]:
    """Let a view receive files of at most `max_bytes` together, streamed to disk.

    When there is more, `request.upload_refused` is true. The CSRF token is checked inside, after the limit is set,
    because the check parses the form and with it the files.
    """

    def decorate(view: AnyView) -> AnyView:
        protected = csrf_protect(view)

        @wraps(view)
        def limited(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            request.upload_refused = False  # type: ignore[attr-defined]
            request.upload_handlers = [
                LimitedUploadHandler(request, max_bytes=max_bytes),
                DiskUploadHandler(request),
            ]
            return protected(request, *args, **kwargs)

        # A body somewhat above the limit is refused on the page of the form, one far above it before it is read.
        return csrf_exempt(take_files(2 * max_bytes + FORM_OVERHEAD)(limited))

    return decorate
