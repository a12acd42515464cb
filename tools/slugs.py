"""Slugs: their pattern, how to derive one from a name, and how two of them form one URL segment."""

import re

from django.core.validators import RegexValidator
from django.utils.text import slugify

from web.folding import fold

MAX_LENGTH = 100
PATTERN = r"[a-z0-9]+(?:-[a-z0-9]+)*"
PAIR_SEPARATOR = "-vs-"
COLLATION = "C"  # by code point, as Python sorts: the order of a pair and of exports must not depend on the server

# A pair's URL is "<a>-vs-<b>". Splitting it is unambiguous because no slug contains the separator or can form one
# together with its neighbor.
AMBIGUOUS = r"-vs-|^vs-|-vs$"

# Signs that tell names apart after a letter: C, C++, and C#.
_SIGNS = ((re.compile(r"(?<=[a-z0-9])\+\+"), "pp"), (re.compile(r"(?<=[a-z0-9])#(?![a-z0-9])"), "sharp"))

validate_slug = RegexValidator(rf"\A{PATTERN}\Z", "Use lowercase letters, digits, and single hyphens.", "slug")
validate_pairable = RegexValidator(
    AMBIGUOUS,
    "“vs” separates the two tools in a comparison’s URL; write “versus” in a slug.",
    "slug_vs",
    inverse_match=True,
)


def slug_from_name(name: str) -> str:
    """Return a valid slug for a tool's name, at most MAX_LENGTH long; "" if it has no Latin letter or digit."""
    spelled = fold(name)
    for sign, word in _SIGNS:
        spelled = sign.sub(word, spelled)
    words = ["versus" if word == "vs" else word for word in slugify(spelled).replace("_", "-").split("-") if word]
    return "-".join(words)[:MAX_LENGTH].strip("-")


def join_pair(first: str, second: str) -> str:
    """Return the URL segment of a pair of slugs."""
    return f"{first}{PAIR_SEPARATOR}{second}"


def split_pair(segment: str) -> tuple[str, str]:
    """Return the two slugs of a URL segment that `join_pair` made.

    Raises ValueError if it does not contain exactly one separator.
    """
    first, second = segment.split(PAIR_SEPARATOR)
    return first, second
