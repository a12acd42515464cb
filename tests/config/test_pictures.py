"""The pictures of the documentation: each is shown, none is missing, and all are small."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURES = ROOT / "docs" / "pictures"
SHEETS = {
    f"public_{page}_{scheme}{votes}.webp"
    for page in ("home", "comparison", "list", "tool")
    for scheme in ("light", "dark")
    for votes in ("", "_without_votes")
}


def test_every_picture_is_shown_once_and_small():
    stored = {path.name: path.stat().st_size for path in PICTURES.iterdir()}
    texts = [(ROOT / "README.md").read_text(), *(path.read_text() for path in (ROOT / "docs").glob("*.md"))]
    shown = re.findall(r"!\[[^]]+\]\((?:docs/)?pictures/([^)]+)\)", "\n".join(texts))
    assert sorted(shown) == sorted(stored)
    assert stored.keys() >= SHEETS
    assert {name: size for name, size in stored.items() if size > 60_000} == {}
    assert sum(stored.values()) <= 1_200_000
    assert texts[0].count("\n") <= 120
