"""How static files are kept for production."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from whitenoise.storage import CompressedManifestStaticFilesStorage


class CompressedOnceStorage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage, which compresses each file again whenever files are collected. This compresses what is new,
    and so a second `make run` need not wait for it.
    """

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress those that have no compressed twin of the same content; yields each with its twin's name."""
        named_by_content = set(self.hashed_files.values())
        yield from super().compress_files(
            [path for path in paths if not self._is_compressed(path, whenever=path in named_by_content)]
        )

    def _is_compressed(self, path: str, *, whenever: bool) -> bool:
        original = Path(self.path(path))
        twins = [original.with_name(original.name + suffix) for suffix in (".br", ".gz")]
        # WhiteNoise gives a twin the time of its original.
        made_at = 0 if whenever else original.stat().st_mtime
        return any(twin.exists() and twin.stat().st_mtime >= made_at for twin in twins)
