"""Static files in production: how they are stored and sent."""

import os
import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.compress import Compressor
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import Response, SlicedFile, StaticFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

PARTIAL = ".partial"  # how the names of files end that are being written
# A string, which may hold what looks like a comment; or a comment other than a license (`/*!`).
_STRING_OR_COMMENT = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|/\*(?!!).*?\*/""", re.DOTALL)


class WholeFilesCompressor(Compressor):
    """WhiteNoise's compressor, whose copies appear under their names when they are complete."""

    def write_data(self, path: str, data: bytes, suffix: str, stat_result: os.stat_result) -> str:
        partial = Path(path + suffix + PARTIAL)
        try:
            super().write_data(path, data, suffix + PARTIAL, stat_result)
            return str(partial.rename(path + suffix))
        finally:
            partial.unlink(missing_ok=True)


class CompressedOnceStorage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage, which compresses all files on every collectstatic. This one compresses only new files, so
    that a second `make run` starts at once. Style sheets are stored without comments.

    A file that exists counts as done the next time. So no file may be half of one, whatever interrupts collectstatic: a
    full disk, for example.
    """

    def create_compressor(self, **options: Any) -> Compressor:
        return WholeFilesCompressor(**options)

    def _save(self, name: str, content: Any) -> str:
        if name.endswith(".css"):
            content.seek(0)
            text = content.read()
            sheet = text if isinstance(text, str) else text.decode()
            content = ContentFile(remove_comments(sheet).encode(), name=name)
        partial = name + PARTIAL
        try:
            self.delete(partial)  # of a collectstatic that was killed
            Path(self.path(super()._save(partial, content))).rename(self.path(name))
        finally:
            self.delete(partial)
        return name

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress files without an up-to-date compressed copy. Yields (name, name of the copy)."""
        hashed_names = set(self.hashed_files.values())
        yield from super().compress_files(
            [path for path in paths if not self._is_compressed(path, any_age=path in hashed_names)]
        )

    def _is_compressed(self, path: str, *, any_age: bool) -> bool:
        original = Path(self.path(path))
        copies = [original.with_name(original.name + suffix) for suffix in (".br", ".gz")]
        # WhiteNoise gives a copy the modification time of its original. A hashed name implies the content.
        made_at = 0 if any_age else original.stat().st_mtime
        return any(copy.exists() and copy.stat().st_mtime >= made_at for copy in copies)


def remove_comments(sheet: str) -> str:
    """Return a style sheet without its comments and the blank lines that they leave."""
    bare = _STRING_OR_COMMENT.sub(lambda found: found[1] or "", sheet)
    return re.sub(r"[ \t]*\n(?:[ \t]*\n)*", "\n", bare)


class RangedStaticFile(StaticFile):
    """WhiteNoise's file, which also sends a range of a single byte. WhiteNoise answers 416 to `bytes=0-0`."""

    def get_range_response(self, range_header: str, base_headers: Any, file_handle: Any) -> Response:
        """Return 206 with the range, or 416 if it starts after the end. Raise ValueError for one to ignore."""
        size = int(dict(base_headers)["Content-Length"])
        start, end = self.get_byte_range(range_header, size)
        first, last = self.parse_byte_range(range_header)
        if last is not None and last < first:
            raise ValueError  # not a range, and so to be ignored (RFC 9110, section 14.1.1)
        if start >= size or range_header.strip().endswith("=-0"):
            return self.get_range_not_satisfiable_response(file_handle, size)
        headers = [(name, value) for name, value in base_headers if name != "Content-Length"]
        headers += [("Content-Range", f"bytes {start}-{end}/{size}"), ("Content-Length", str(end - start + 1))]
        content = SlicedFile(file_handle, start, end) if file_handle is not None else None
        return Response(HTTPStatus.PARTIAL_CONTENT, headers, content)


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise's middleware with our kind of file."""

    def get_static_file(self, path: str, url: str, stat_cache: Any = None) -> StaticFile:
        file = super().get_static_file(path, url, stat_cache)
        file.__class__ = RangedStaticFile  # it has no hook for the class; ours adds no state
        return file
