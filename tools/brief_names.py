"""What tools are called: in full, briefly, and by people who search."""

import re
from collections.abc import Iterable

MAX_SHORT_NAME_LENGTH = 40  # characters

_TRAILING_PARENTHESIS = re.compile(r"\s*\([^()]*\)\s*\Z")


def choose_brief_name(name: str, short_name: str = "") -> str:
    """Return the name of a tool after its first mention: its short name, or the name without a trailing parenthesis."""
    return short_name or _TRAILING_PARENTHESIS.sub("", name) or name


def list_names(name: str, short_name: str, aliases: Iterable[str]) -> list[str]:
    """Return everything that a tool is called, without an empty short name."""
    return [called for called in (name, short_name, *aliases) if called]
