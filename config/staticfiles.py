"""Storage of static files in production."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from whitenoise.storage import CompressedManifestStaticFilesStorage


class CompressedOnceStorage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage, which compresses all files on every collectstatic. This one compresses only new files, so
    that a second `make run` starts at once.
    """

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
