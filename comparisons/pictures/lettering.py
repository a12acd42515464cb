"""Set names of any length and script with the fonts in `fonts/`. Text in, pixels out.

Those fonts come with the repository, so that an image is the same on every machine. Scripts that need shaping get it
where Pillow has Raqm, which wants FriBiDi on the machine (the Dockerfile installs it); elsewhere their letters stand in
the right order, but unjoined.
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
_THIN = {"DroidSansFallback"}  # drawn with an outline, to stand beside a semibold serif

UNKNOWN = "·"  # stands for characters that no font has
ELLIPSIS = "…"
_JOINERS = "\u200c\u200d"
_MOST_MARKS = 4  # on one letter; no language writes more
_LONGEST_CLUSTER = 12  # characters; a family of emoji has 11
_SHAPES = features.check_feature("raqm")
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")

_coverage = json.loads((FONTS / "coverage.json").read_bytes())
_starts = [start for start, _, _ in _coverage["ranges"]]


@dataclass(frozen=True, slots=True)
class Lines:
    """Text as it fits a box: its lines, their size and the way from one baseline to the next in pixels."""

    lines: tuple[str, ...]
    size: int
    leading: int
    depth: int
    """How much room the last line takes below its baseline, in pixels."""
    base: str
    """The direction of the whole: L or R, that of its first letter."""


def drawable(text: str) -> str:
    """The part of a text that can be drawn: what no font has becomes a dot, what has no shape goes."""
    kept: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(character)
        previous = kept[-1] if kept else " "
        if character.isspace() or kind == "Cc":
            kept.append(" ")
        elif character in _JOINERS:
            if _SHAPES and previous not in _JOINERS and font_of(previous) not in (None, SERIF):
                kept.append(character)
        elif kind == "Cf" or 0xFE00 <= ord(character) <= 0xFE0F:
            pass  # formatting and variants: directions are worked out below, and there is one variant of each glyph
        elif kind in ("Mn", "Me", "Mc"):
            marks += 1
            letter = previous.strip(_JOINERS) or UNKNOWN
            if letter != " " and marks <= _MOST_MARKS and font_of(character) == font_of(letter):
                kept.append(character)
            continue
        elif font_of(character) is not None:
            kept.append(character)
        elif "".join(kept[-3:]) != UNKNOWN * 3:
            kept.append(UNKNOWN)
        marks = 0
    return " ".join("".join(kept).split())


@process_cache(maxsize=4096)
def font_of(character: str) -> str | None:
    """The font that draws a character, None when there is none."""
    place = bisect_right(_starts, ord(character)) - 1
    if place < 0 or ord(character) > _coverage["ranges"][place][1]:
        return None
    name: str = _coverage["fonts"][_coverage["ranges"][place][2]]
    return name


@process_cache(maxsize=256)
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS / f"{name}.ttf", size)


def fitted(text: str, *, width: int, height: int, sizes: Sequence[int]) -> Lines:
    """Break a text into lines that fit a box, in the largest of the sizes in which it does (pixels, largest first).

    What does not fit in the smallest one is cut, with an ellipsis.
    """
    text = drawable(text) or "—"
    words, base = _words(text), _base(text)
    # Of the size: from baseline to baseline, above the first, below the last. Our serif is set tight; other scripts
    # reach further up and down.
    shares = (1.1, 0.9, 0.28) if all(font_of(character) == SERIF for character in text) else (1.35, 1.1, 0.5)
    for size in sizes:
        leading, above, below = (round(size * share) for share in shares)
        most = max(1, (height - above - below) // leading + 1)
        lines = _broken(words, size, width=width, most=most + 1, whole_words=size != sizes[-1])
        if lines and len(lines) <= most:
            return Lines(_balanced(words, lines, size, width=width), size, leading, below, base)
    return Lines((*lines[: most - 1], _cut(lines[most - 1], size, width=width)), size, leading, below, base)


def draw_line(
    draw: ImageDraw.ImageDraw, position: tuple[float, float], text: str, size: int, *, base: str = "L"
) -> None:
    """Draw a line of `fitted` text from its left end on the baseline."""
    x, y = position
    for run, name, right_to_left in _runs(text, base):
        draw.text(
            (x, y),
            _in_order(run, right_to_left=right_to_left),
            255,
            font(name, size),
            anchor="ls",
            direction=_direction(right_to_left=right_to_left),
            stroke_width=size / 60 if name in _THIN else 0,
        )
        x += _length(run, name, size, right_to_left=right_to_left)


def line_width(text: str, size: int) -> float:
    """How wide a line is, in pixels."""
    return sum(_length(run, name, size, right_to_left=direction) for run, name, direction in _runs(text, "L"))


def _length(run: str, name: str, size: int, *, right_to_left: bool) -> float:
    run = _in_order(run, right_to_left=right_to_left)
    return font(name, size).getlength(run, direction=_direction(right_to_left=right_to_left))


def _direction(*, right_to_left: bool) -> str | None:
    """What Raqm is told; the plain layout knows one direction only."""
    if not _SHAPES:
        return None
    return "rtl" if right_to_left else "ltr"


def _in_order(run: str, *, right_to_left: bool) -> str:
    """A run as the layout wants it: the plain one sets letters in the order in which they come."""
    if _SHAPES or not right_to_left:
        return run
    return "".join(reversed(_clusters(run.translate(_MIRRORED))))


# -- Lines --------------------------------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    """What lines are made of: words with the space after them, and each Chinese or Japanese character by itself."""
    words = [""]
    for cluster in _clusters(text):
        ideograph = unicodedata.east_asian_width(cluster[0]) == "W" and unicodedata.category(cluster[0]) == "Lo"
        if ideograph or words[-1].endswith(" "):
            words.append(cluster)
        else:
            words[-1] += cluster
    return [word for word in words if word]


def _clusters(text: str) -> list[str]:
    """Letters with the marks and joiners that belong to them."""
    clusters: list[str] = []
    for character in text:
        belongs = (
            character in _JOINERS
            or unicodedata.category(character).startswith("M")
            or "\U0001f3fb" <= character <= "\U0001f3ff"
        )
        if clusters and len(clusters[-1]) < _LONGEST_CLUSTER and (belongs or clusters[-1][-1] == "\u200d"):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def _broken(words: Sequence[str], size: int, *, width: int, most: int, whole_words: bool) -> list[str]:
    """Lines of words, `most` of them at most; none when a word is wider than a line and may not be broken."""
    lines = [""]
    for word in words:
        if line_width((lines[-1] + word).rstrip(), size) <= width:
            lines[-1] += word
            continue
        if line_width(word.rstrip(), size) > width:
            if whole_words:
                return []
            pieces = _pieces(word, size, width=width, most=most)
        else:
            pieces = [word]
        lines += pieces
        if len(lines) > most:
            break
    return [line.rstrip() for line in lines if line][:most]


def _balanced(words: Sequence[str], lines: Sequence[str], size: int, *, width: int) -> tuple[str, ...]:
    """The same number of lines, as equal in length as a narrower box makes them."""
    balanced = lines
    for narrower in range(width - width // 12, width // 2, -width // 12):
        broken = _broken(words, size, width=narrower, most=len(lines) + 1, whole_words=True)
        if len(broken) != len(lines) or len(lines) == 1:
            break
        balanced = broken
    return tuple(balanced)


def _pieces(word: str, size: int, *, width: int, most: int) -> list[str]:
    """A word that is wider than a line, in pieces that are not; of more than `most` the rest is left out."""
    pieces = [""]
    for cluster in _clusters(word):
        if line_width(pieces[-1] + cluster.rstrip(), size) > width:
            if len(pieces) == most:
                break
            pieces.append("")
        pieces[-1] += cluster
    return pieces


def _cut(line: str, size: int, *, width: int) -> str:
    """As much of a line as leaves room for the ellipsis."""
    clusters = _clusters(line)
    while clusters and line_width("".join(clusters).rstrip() + ELLIPSIS, size) > width:
        clusters.pop()
    return "".join(clusters).rstrip() + ELLIPSIS


# -- Runs ---------------------------------------------------------------------------------------------------


@process_cache(maxsize=512)
def _runs(text: str, base: str) -> tuple[tuple[str, str, bool], ...]:
    """A line as pieces of one font and one direction, from left to right: (text, font, whether right to left)."""
    runs: list[tuple[str, str, bool]] = []
    for piece, right_to_left in _left_to_right(text, base):
        by_font: list[tuple[str, str, bool]] = []
        for cluster in _clusters(piece):
            name = font_of(cluster[0]) or SERIF
            if by_font and by_font[-1][1] == name:
                by_font[-1] = (by_font[-1][0] + cluster, name, right_to_left)
            else:
                by_font.append((cluster, name, right_to_left))
        runs += by_font[::-1] if right_to_left else by_font
    return tuple(runs)


def _left_to_right(text: str, base: str) -> list[tuple[str, bool]]:
    """A line as pieces of one direction in the order in which they are seen: (text, whether right to left).

    The Unicode Bidirectional Algorithm (UAX #9) for text without formatting characters, which `drawable` left out.
    """
    levels = _levels(text, base)
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


def _base(text: str) -> str:
    """The direction of the first letter, L or R."""
    kinds = map(unicodedata.bidirectional, text)
    return next(("L" if kind == "L" else "R" for kind in kinds if kind in ("L", "R", "AL")), "L")


def _levels(text: str, base: str) -> list[int]:
    """Of each character how deep it stands: 0 left to right, 1 right to left, 2 left to right inside of that."""
    kinds = [unicodedata.bidirectional(character) for character in text]
    if base == "L" and not {"R", "AL"} & set(kinds):
        return [0] * len(text)
    directions: list[str] = []  # L, R, N for a number within R, or "" for what goes with its neighbours
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
