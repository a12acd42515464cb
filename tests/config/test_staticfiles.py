import gzip
import os

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
