"""The one normal form of text. Forms, sheets, catalog files, and queries all use it.

Two texts that a reader cannot tell apart are then the same text. Without that, "Pro " from a sheet is another plan than
"Pro", and the next save at the desk, which trims, supersedes it with itself.
"""

import re
import unicodedata

_ZWNJ, _ZWJ = "\u200c", "\u200d"
_KEYCAP = "\u20e3"
_BLACK_FLAG = "\U0001f3f4"
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_VIRAMA = 9  # the combining class of the sign that joins consonants

# Invisible everywhere: soft hyphens, zero-width spaces, controls of direction that can reorder a page, deprecated and
# musical format characters, and fillers. The format characters that are missing here are visible (Arabic number signs,
# hieroglyphs), or listed below.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u200b\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]"
)
# Invisible except after or between certain characters: joiners, variation selectors, and the tags that spell the region
# of a flag, such as Scotland's.
_SELECTOR = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_TAG = re.compile("[\U000e0020-\U000e007f]")
_SKIN_TONE = re.compile("[\U0001f3fb-\U0001f3ff]")
_DEPENDENT = re.compile(f"{_SELECTOR.pattern}|{_TAG.pattern}|[{_ZWNJ}{_ZWJ}]")
# Marks that show only in what they do to text that runs in both directions.
_DIRECTION_MARKS = re.compile("[\u061c\u200e\u200f]")

_BLANK_AT_END = re.compile(r"[^\S\n]+$", re.MULTILINE)


def _joins(character: str) -> bool:
    """Return whether a joiner can change the shape of a character: in joining scripts, and in emoji."""
    return (
        unicodedata.bidirectional(character) in _RIGHT_TO_LEFT
        or unicodedata.combining(character) == _VIRAMA
        or unicodedata.category(character) == "So"
    )


def _has_purpose(character: str, before: str, after: str) -> bool:
    """Return whether a dependent character shows in its place: `before` is all text before it, `after` the next one."""
    previous = before[-1:]
    if not previous.strip():
        return False
    if _TAG.match(character):
        return previous == _BLACK_FLAG or bool(_TAG.match(previous))
    if _SELECTOR.match(character):
        # Symbols, ideographs, and the scripts of Asia have variants, and digits before a keycap. Latin has none.
        is_plain_letter = previous.isalpha() and ord(previous) < 0x1000
        return after == _KEYCAP or (ord(previous) >= 0xA9 and not is_plain_letter and not _DEPENDENT.match(previous))
    base = before[-2:-1] if _SELECTOR.match(previous) or _SKIN_TONE.match(previous) else previous
    return bool(after.strip()) and previous not in (_ZWNJ, _ZWJ) and any(map(_joins, base + after))


def _remove_invisible(text: str, *, keep_direction_marks: bool) -> str:
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    if not keep_direction_marks:
        text = _DIRECTION_MARKS.sub("", text)
    if not _DEPENDENT.search(text):
        return text
    kept = ""
    for index, character in enumerate(text):
        if not _DEPENDENT.match(character) or _has_purpose(character, kept, text[index + 1 : index + 2]):
            kept += character
    return kept


def normalize_line(text: str) -> str:
    """Return a text as one line: NFC, trimmed, each run of white space as one space, no invisible characters.

    Joiners stay where a script or an emoji needs them. Controls that are not white space stay, so that validation can
    report them.
    """
    visible = _remove_invisible(text, keep_direction_marks=False).replace("\N{BRAILLE PATTERN BLANK}", " ")
    line = " ".join(visible.split())
    # Again while it changes: removing one character can leave its neighbor without a purpose, or let two compose.
    return line if line == text else normalize_line(line)


def normalize_text(text: str) -> str:
    """Return a text of several lines: NFC, trimmed, LF line endings, no invisible characters.

    Indentation and white space inside lines stay, because Markdown gives them a meaning. At the end of a line, only
    two spaces stay, which break the line in Markdown.
    """
    letters = _DIRECTION_MARKS.sub("", text)
    has_right_to_left = any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in letters)
    visible = _remove_invisible(text, keep_direction_marks=has_right_to_left)
    lines = visible.replace("\r\n", "\n").replace("\r", "\n")
    normal = _BLANK_AT_END.sub(lambda match: "  " if match[0].endswith("  ") else "", lines).strip()
    return normal if normal == text else normalize_text(normal)
