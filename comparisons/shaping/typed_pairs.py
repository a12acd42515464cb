"""Two tools in what was typed: `aider vs cline`, `compare aider and cline`, `aider or cline`, `aider cline`."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_VERSUS = re.compile(r"(?:^|(?<=[\W_]))(?:vs|versus)\.?(?=[\W_]|$)", re.IGNORECASE)
_COMPARE = re.compile(r"^(?:compare|comparing|comparison (?:of|between)|differences? between)\s+", re.IGNORECASE)
_JOINTS = ("compared to", "compared with", "or", "and", "with", "to", "against")
_JOINT = re.compile(rf"\s+(?:{'|'.join(_JOINTS)})\s+", re.IGNORECASE)
_ALTERNATIVES = re.compile(r"\b(?:alternatives?(?:\s+(?:to|for))?|similar\s+to|tools?\s+like)\b", re.IGNORECASE)
MAX_WORDS = 8  # of a search in which two names may stand side by side


class TypedPair(NamedTuple):
    """Two names in a search. If the words between them do not say that they are two, both must be exact names."""

    first: str
    second: str
    is_clear: bool


def split_versus(words: str) -> tuple[str, str] | None:
    """Return the two names of a query such as `aider vs cline`; None for any other query."""
    parts = split_all(words)
    return (parts[0], parts[1]) if len(parts) == 2 else None


def split_all(words: str) -> list[str]:
    """Return the names in a query such as `aider vs cline vs continue`; none if one is missing, or there is no `vs`."""
    parts = [part.strip(' -_"') for part in _VERSUS.split(words)]
    return parts if len(parts) > 1 and all(parts) else []


def read_beginning(words: str) -> tuple[str, str] | None:
    """Return the first name of a pair that is being typed, and what there is of the second: `ollama vs`; None for any
    other query.
    """
    parts = [part.strip(' -_"') for part in _VERSUS.split(words)]
    return (parts[0], parts[1]) if len(parts) == 2 and parts[0] else None


def list_pairs(words: str) -> list[TypedPair]:
    """Return the pairs that a search may name, the clearest first."""
    versus = split_versus(words)
    if versus:
        return [TypedPair(*versus, is_clear=True)]
    if _VERSUS.search(words):
        return []
    asked = _COMPARE.sub("", words)
    return list(dict.fromkeys(_split_at_joints(asked, is_clear=asked != words)))


def _split_at_joints(words: str, *, is_clear: bool) -> Iterator[TypedPair]:
    for joint in _JOINT.finditer(words):
        first, second = words[: joint.start()].strip(), words[joint.end() :].strip()
        if first and second:
            yield TypedPair(first, second, is_clear)
    parts = words.split()
    for place in range(1, len(parts)) if len(parts) <= MAX_WORDS else ():
        yield TypedPair(" ".join(parts[:place]), " ".join(parts[place:]), is_clear=False)


def leave_out_alternatives(words: str) -> str:
    """Return a query without `alternatives to`, which the page of a tool lists; the query itself if nothing is left."""
    return " ".join(_ALTERNATIVES.sub(" ", words).split()) or words


def match_either_side(words: str) -> str:
    """Return a query that matches either side of a `vs`, for tools and reviews: few are about both."""
    return _VERSUS.sub(" or ", words)


def match_both_sides(words: str) -> str:
    """Return a query that matches both sides of a `vs`, for comparisons."""
    return _VERSUS.sub(" ", words)
