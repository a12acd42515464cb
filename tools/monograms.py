"""Monograms: what stands in the place of a logo for tools that have none."""

import re
from zlib import crc32

HUES = 6
"""The number of hues in `static/css/components.css`."""

_WORDS = re.compile(r"[^\W_]+")
_PARENTHESIS = re.compile(r"\s*\(.*\)\s*$")


def write_monogram(name: str) -> str:
    """Return one or two characters for a name: `Qdrant` → `Qd`, `faster-whisper` → `FW`, `Mistral Medium 3` → `MM`."""
    words = _WORDS.findall(_PARENTHESIS.sub("", name) or name)
    if not words:
        return name[:1]
    letters = words[0][0] + words[1][0] if len(words) > 1 else words[0][:2]
    return letters.upper() if len(words) > 1 else letters.capitalize()


def choose_hue(slug: str) -> int:
    """Return the number of a hue, from 0 up to HUES. It depends on the slug only."""
    return crc32(slug.encode()) % HUES
