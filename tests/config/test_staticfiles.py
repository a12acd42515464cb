import gzip
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import brotli
import pytest
from django.core.files.base import ContentFile

from config.staticfiles import CompressedOnceStorage


def test_file_is_compressed_only_when_new_or_changed(tmp_path):
    source, copy = tmp_path / "a.css", tmp_path / "a.css.gz"
    storage = CompressedOnceStorage(location=tmp_path, base_url="/static/")

    def collect() -> list[str]:
        return [name for _, name, _ in storage.post_process({"a.css": (storage, "a.css")}) if name.endswith(".gz")]

    source.write_text(".a { color: red }\n" * 100)
    first = collect()
    assert [name.startswith("a.") for name in first] == [True, True]  # the file, and its copy under a hashed name
    assert collect() == []

    source.write_text(".b { color: blue }\n" * 100)
    os.utime(source, (source.stat().st_atime, source.stat().st_mtime + 1))
    assert len(collect()) == 2
    assert gzip.decompress(copy.read_bytes()).startswith(b".b")


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file become longer than a kilobyte."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_collecting_that_was_interrupted_leaves_no_half_of_a_file(tmp_path):
    storage = CompressedOnceStorage(location=tmp_path, base_url="/static/")
    text = "".join(map(str, range(10_000))).encode()
    with full_disk(), pytest.raises(OSError, match="File too large"):
        storage.save("a.txt", ContentFile(text))
    assert list(tmp_path.iterdir()) == []

    storage.save("a.txt", ContentFile(text))
    with full_disk(), pytest.raises(OSError, match="File too large"):
        list(storage.compress_files(["a.txt"]))
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert len(list(storage.compress_files(["a.txt"]))) == 2
    assert (tmp_path / "a.txt").read_bytes() == text
    assert gzip.decompress((tmp_path / "a.txt.gz").read_bytes()) == text
    assert brotli.decompress((tmp_path / "a.txt.br").read_bytes()) == text
    assert len(list(tmp_path.iterdir())) == 3


def test_style_sheets_are_stored_without_comments(tmp_path):
    sheet = """/* What follows
   is red. */
.a { color: red } /* Not blue. */

.b::before { content: "/* text */" }
/*! License */
"""
    storage = CompressedOnceStorage(location=tmp_path, base_url="/static/")
    for name in ("a.css", "a.txt"):
        storage.save(name, ContentFile(sheet.encode()))
    bare = """
.a { color: red }
.b::before { content: "/* text */" }
/*! License */
"""
    assert [(tmp_path / name).read_text() for name in ("a.css", "a.txt")] == [bare, sheet]
