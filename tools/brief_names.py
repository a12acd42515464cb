"""What tools are called: in full, briefly, and by people who search."""

import re
from collections.abc import Iterable, Sequence

from web.folding import fold

MAX_SHORT_NAME_LENGTH = 40  # characters

_TRAILING_PARENTHESIS = re.compile(r"\s*\([^()]*\)\s*\Z")


def choose_brief_name(name: str, short_name: str = "") -> str:
    """Return the name of a tool after its first mention: its short name, or the name without a trailing parenthesis."""
    return short_name or _TRAILING_PARENTHESIS.sub("", name) or name


def choose_distinct_names(tools: Sequence[tuple[str, str]]) -> list[str]:
    """Return brief names of tools, given as (name, brief name). Tools with the same one are called by their names."""
    folded = [fold(brief_name) for _, brief_name in tools]
    return [
        name if folded.count(key) > 1 else brief_name for (name, brief_name), key in zip(tools, folded, strict=True)
    ]


def list_names(name: str, short_name: str, aliases: Iterable[str]) -> list[str]:
    """Return everything that a tool is called, without an empty short name."""
    return [called for called in (name, short_name, *aliases) if called]
