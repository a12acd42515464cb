"""Slugs: what they may look like, how one is made from a name, and how a pair of them is one URL segment."""

from django.core.validators import RegexValidator
from django.utils.text import slugify

MAX_LENGTH = 100
PATTERN = r"[a-z0-9]+(?:-[a-z0-9]+)*"
PAIR_SEPARATOR = "-vs-"

# A pair's URL is "<a>-vs-<b>". It reads back in one way only because no slug contains the separator or could
# form one with its neighbour.
AMBIGUOUS = r"-vs-|^vs-|-vs$"

is_slug = RegexValidator(rf"\A{PATTERN}\Z", "Use small letters, digits and single hyphens.", "slug")
is_pairable = RegexValidator(
    AMBIGUOUS, "“vs” stands between two tools in an address; write “versus” in a slug.", "slug_vs", inverse_match=True
)


def slug_from_name(name: str) -> str:
    """Make a valid slug from a tool's name, at most MAX_LENGTH long; "" when no Latin letter or digit is in it."""
    words = ["versus" if word == "vs" else word for word in slugify(name).replace("_", "-").split("-") if word]
    return "-".join(words)[:MAX_LENGTH].strip("-")


def join_pair(first: str, second: str) -> str:
    """Return the URL segment of two tools."""
    return f"{first}{PAIR_SEPARATOR}{second}"


def split_pair(segment: str) -> tuple[str, str]:
    """Return the two slugs of a URL segment that `join_pair` made.

    Raises ValueError when it does not hold exactly one separator.
    """
    first, second = segment.split(PAIR_SEPARATOR)
    return first, second
