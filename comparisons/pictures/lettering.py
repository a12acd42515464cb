"""Typesetting for names of any length and script, with the fonts in `fonts/`. Text in, pixels out.

The fonts are in the repository, so that an image is the same on every machine. Scripts that need shaping are shaped if
Pillow has Raqm, which needs FriBiDi on the machine (the Dockerfile installs it). Without it their letters are in the
right order but unjoined.
"""

import json
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from PIL import ImageDraw, ImageFont, features

from web.caching import process_cache

FONTS = Path(__file__).resolve().parent / "fonts"
SERIF = "SourceSerif4_600SemiBold"
ITALIC = "SourceSerif4_400Regular_Italic"
SANS = "SourceSans3_600SemiBold"
_THIN = {"DroidSansFallback"}  # drawn with an outline, to match a semibold serif

UNKNOWN = "·"  # replaces characters that no font has
ELLIPSIS = "…"
_JOINERS = "\u200c\u200d"
_MAX_MARKS = 4  # combining marks per letter; no language uses more
_MAX_CLUSTER = 12  # characters; an emoji family has 11
_HAS_RAQM = features.check_feature("raqm")
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")

_coverage = json.loads((FONTS / "coverage.json").read_bytes())
_starts = [start for start, _, _ in _coverage["ranges"]]


@dataclass(frozen=True, slots=True)
class FittedText:
    """Text fitted to a box: its lines, with font size and distance between baselines in pixels."""

    lines: tuple[str, ...]
    size: int
    leading: int
    depth: int
    """Space below the baseline of the last line, in pixels."""
    base: str
    """The base direction: L or R, that of the first letter."""


def keep_drawable(text: str) -> str:
    """Return the text that can be drawn. Characters without a font become dots; those without a shape are removed."""
    drawn: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(character)
        previous = drawn[-1] if drawn else " "
        if character.isspace() or kind == "Cc":
            drawn.append(" ")
        elif character in _JOINERS:
            if _HAS_RAQM and previous not in _JOINERS and find_font(previous) not in (None, SERIF):
                drawn.append(character)
        elif kind == "Cf" or 0xFE00 <= ord(character) <= 0xFE0F:
            pass  # formatting and variation selectors: directions are computed below, and each glyph has one variant
        elif kind in ("Mn", "Me", "Mc"):
            marks += 1
            letter = previous.strip(_JOINERS) or UNKNOWN
            if letter != " " and marks <= _MAX_MARKS and find_font(character) == find_font(letter):
                drawn.append(character)
            continue
        elif find_font(character) is not None:
            drawn.append(character)
        elif "".join(drawn[-3:]) != UNKNOWN * 3:
            drawn.append(UNKNOWN)
        marks = 0
    return " ".join("".join(drawn).split())


@process_cache(maxsize=4096)
def find_font(character: str) -> str | None:
    """Return the name of the font that draws a character, or None."""
    place = bisect_right(_starts, ord(character)) - 1
    if place < 0 or ord(character) > _coverage["ranges"][place][1]:
        return None
    name: str = _coverage["fonts"][_coverage["ranges"][place][2]]
    return name


@process_cache(maxsize=256)
def load_font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS / f"{name}.ttf", size)


def fit_text(text: str, *, width: int, height: int, sizes: Sequence[int]) -> FittedText:
    """Break text into lines that fit a box, in the largest size that fits (`sizes` in pixels, largest first).

    Text that does not fit in the smallest size is truncated with an ellipsis.
    """
    text = keep_drawable(text) or "—"
    words, base = _split_words(text), _find_base(text)
    # As shares of the font size: between baselines, above the first, and below the last. Our serif is set tight; other
    # scripts have higher ascenders and lower descenders.
    shares = (1.1, 0.9, 0.28) if all(find_font(character) == SERIF for character in text) else (1.35, 1.1, 0.5)
    for size in sizes:
        leading, above, below = (round(size * share) for share in shares)
        most = max(1, (height - above - below) // leading + 1)
        lines = _break_lines(words, size, width=width, most=most + 1, whole_words=size != sizes[-1])
        if lines and len(lines) <= most:
            return FittedText(_balance_lines(words, lines, size, width=width), size, leading, below, base)
    return FittedText((*lines[: most - 1], _truncate(lines[most - 1], size, width=width)), size, leading, below, base)


def draw_line(
    draw: ImageDraw.ImageDraw, position: tuple[float, float], text: str, size: int, *, base: str = "L"
) -> None:
    """Draw one line of fitted text. `position` is its left end on the baseline."""
    x, y = position
    for run, name, right_to_left in _split_runs(text, base):
        draw.text(
            (x, y),
            _reorder(run, right_to_left=right_to_left),
            255,
            load_font(name, size),
            anchor="ls",
            direction=_raqm_direction(right_to_left=right_to_left),
            stroke_width=size / 60 if name in _THIN else 0,
        )
        x += _measure_run(run, name, size, right_to_left=right_to_left)


def measure_line(text: str, size: int) -> float:
    """Return the width of a line in pixels."""
    return sum(
        _measure_run(run, name, size, right_to_left=direction) for run, name, direction in _split_runs(text, "L")
    )


def _measure_run(run: str, name: str, size: int, *, right_to_left: bool) -> float:
    run = _reorder(run, right_to_left=right_to_left)
    return load_font(name, size).getlength(run, direction=_raqm_direction(right_to_left=right_to_left))


def _raqm_direction(*, right_to_left: bool) -> str | None:
    """Return the direction for Raqm. The basic layout engine accepts none."""
    if not _HAS_RAQM:
        return None
    return "rtl" if right_to_left else "ltr"


def _reorder(run: str, *, right_to_left: bool) -> str:
    """Return a run in the order that the layout engine needs: the basic one does not reorder letters."""
    if _HAS_RAQM or not right_to_left:
        return run
    return "".join(reversed(_split_clusters(run.translate(_MIRRORED))))


# -- FittedText --------------------------------------------------------------------------------------------------


def _split_words(text: str) -> list[str]:
    """Split text where lines may break: after spaces, and around each Chinese or Japanese character."""
    words = [""]
    for cluster in _split_clusters(text):
        ideograph = unicodedata.east_asian_width(cluster[0]) == "W" and unicodedata.category(cluster[0]) == "Lo"
        if ideograph or words[-1].endswith(" "):
            words.append(cluster)
        else:
            words[-1] += cluster
    return [word for word in words if word]


def _split_clusters(text: str) -> list[str]:
    """Split text into letters, each with its combining marks and joiners."""
    clusters: list[str] = []
    for character in text:
        belongs = (
            character in _JOINERS
            or unicodedata.category(character).startswith("M")
            or "\U0001f3fb" <= character <= "\U0001f3ff"
        )
        if clusters and len(clusters[-1]) < _MAX_CLUSTER and (belongs or clusters[-1][-1] == "\u200d"):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def _break_lines(words: Sequence[str], size: int, *, width: int, most: int, whole_words: bool) -> list[str]:
    """Break words into at most `most` lines. Return none if a word is wider than a line and `whole_words` is set."""
    lines = [""]
    for word in words:
        if measure_line((lines[-1] + word).rstrip(), size) <= width:
            lines[-1] += word
            continue
        if measure_line(word.rstrip(), size) > width:
            if whole_words:
                return []
            pieces = _break_word(word, size, width=width, most=most)
        else:
            pieces = [word]
        lines += pieces
        if len(lines) > most:
            break
    return [line.rstrip() for line in lines if line][:most]


def _balance_lines(words: Sequence[str], lines: Sequence[str], size: int, *, width: int) -> tuple[str, ...]:
    """Even out the lengths of lines, keeping their number, by breaking them in narrower boxes."""
    balanced = lines
    for narrower in range(width - width // 12, width // 2, -width // 12):
        broken = _break_lines(words, size, width=narrower, most=len(lines) + 1, whole_words=True)
        if len(broken) != len(lines) or len(lines) == 1:
            break
        balanced = broken
    return tuple(balanced)


def _break_word(word: str, size: int, *, width: int, most: int) -> list[str]:
    """Break a word that is wider than a line into at most `most` pieces that fit; drop the rest."""
    pieces = [""]
    for cluster in _split_clusters(word):
        if measure_line(pieces[-1] + cluster.rstrip(), size) > width:
            if len(pieces) == most:
                break
            pieces.append("")
        pieces[-1] += cluster
    return pieces


def _truncate(line: str, size: int, *, width: int) -> str:
    """Shorten a line until it fits with an ellipsis."""
    clusters = _split_clusters(line)
    while clusters and measure_line("".join(clusters).rstrip() + ELLIPSIS, size) > width:
        clusters.pop()
    return "".join(clusters).rstrip() + ELLIPSIS


# -- Runs ---------------------------------------------------------------------------------------------------


@process_cache(maxsize=512)
def _split_runs(text: str, base: str) -> tuple[tuple[str, str, bool], ...]:
    """Split a line into runs of one font and one direction, from left to right: (text, font, is right to left)."""
    runs: list[tuple[str, str, bool]] = []
    for piece, right_to_left in _order_visually(text, base):
        by_font: list[tuple[str, str, bool]] = []
        for cluster in _split_clusters(piece):
            name = find_font(cluster[0]) or SERIF
            if by_font and by_font[-1][1] == name:
                by_font[-1] = (by_font[-1][0] + cluster, name, right_to_left)
            else:
                by_font.append((cluster, name, right_to_left))
        runs += by_font[::-1] if right_to_left else by_font
    return tuple(runs)


def _order_visually(text: str, base: str) -> list[tuple[str, bool]]:
    """Split a line into pieces of one direction, in visual order: (text, is right to left).

    This is the Unicode Bidirectional Algorithm (UAX #9), without formatting characters: `keep_drawable` removes those.
    """
    levels = _find_levels(text, base)
    pieces = [
        ("".join(character for character, _ in piece), level)
        for level, piece in groupby(zip(text, levels, strict=True), key=lambda pair: pair[1])
    ]
    for lowest in (2, 1):
        pieces = [
            piece
            for high, group in groupby(pieces, key=lambda piece: piece[1] >= lowest)
            for piece in (reversed(list(group)) if high else group)
        ]
    return [(piece, level == 1) for piece, level in pieces]


def _find_base(text: str) -> str:
    """Return the direction of the first letter: L or R."""
    kinds = map(unicodedata.bidirectional, text)
    return next(("L" if kind == "L" else "R" for kind in kinds if kind in ("L", "R", "AL")), "L")


def _find_levels(text: str, base: str) -> list[int]:
    """Return the embedding level of each character: 0 left to right, 1 right to left, 2 left to right within that."""
    kinds = [unicodedata.bidirectional(character) for character in text]
    if base == "L" and not {"R", "AL"} & set(kinds):
        return [0] * len(text)
    directions: list[str] = []  # L, R, N for a number within R, or "" for a character that follows its neighbors
    last = base
    for place, kind in enumerate(kinds):
        if kind in ("L", "R", "AL"):
            last = "L" if kind == "L" else "R"
            directions.append(last)
        elif kind in ("EN", "AN"):
            directions.append("N" if last == "R" else "L")
        elif kind == "NSM":
            directions.append(directions[-1] if directions else "")
        elif kind in ("CS", "ES") and kinds[place - 1 : place] == kinds[place + 1 : place + 2] == ["EN"]:
            directions.append(directions[-1])
        else:
            directions.append("")
    level = {"L": 0 if base == "L" else 2, "R": 1, "N": 2}
    levels: list[int] = []
    before = base
    for direction, group in groupby(directions):
        count = len(list(group))
        if direction:
            levels += [level[direction]] * count
            before = "R" if direction == "N" else direction
            continue
        after = next(filter(None, directions[len(levels) :]), base)
        levels += [level[before if before == ("R" if after == "N" else after) else base]] * count
    return levels
