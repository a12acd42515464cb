"""Guesses at what a reader meant: tools for an address that leads nowhere, and words for a mistyped search.

All likeness is that of pg_trgm: a share 0–1 of common trigrams.
"""

from collections.abc import Iterable
from itertools import accumulate, pairwise
from pathlib import PurePosixPath

from tools.models import Tool
from tools.search import MIN_RESEMBLING_LENGTH, split_words
from tools.slugs import PAIR_SEPARATOR, slug_from_name
from web.replica import connection

MAX_TOOLS = 3
MIN_LIKENESS = 0.3  # from which one word may be meant by another
_OUR_WORDS = {"tools", "compare", "categories", "reviewers", "vote", "badge", "og", "feeds", "admin", "custom"}

# For each typed word in order the known word most like it. Of equally similar words the last in code point order wins.
_MEANT = """
SELECT nearest.word
FROM unnest(%(typed)s::text[]) WITH ORDINALITY AS typed(word, place)
CROSS JOIN LATERAL (
    SELECT known.word FROM unnest(%(known)s::text[]) AS known(word)
    WHERE known.word = typed.word OR similarity(known.word, typed.word) >= %(min_likeness)s
    ORDER BY known.word = typed.word DESC, similarity(known.word, typed.word) DESC, known.word COLLATE "C" DESC
    LIMIT 1
) AS nearest
ORDER BY typed.place
"""


def find_nearest_tools(path: str) -> list[Tool]:
    """Return at most MAX_TOOLS published tools that the last telling segment of a path resembles, nearest first.

    Either half of a pair counts. At most five queries. Unpublished tools are ignored, so that the answer reveals
    nothing about them.
    """
    for segment in reversed(PurePosixPath(path).parts):
        halves = segment.partition(".")[0].split(PAIR_SEPARATOR)[:2]
        slugs = [slug for slug in map(slug_from_name, halves) if slug and slug not in _OUR_WORDS]
        if slugs:
            return _tools_like(slugs)
    return []


def _tools_like(slugs: list[str]) -> list[Tool]:
    """Return the tools of the slugs first, then those whose names resemble a slug, then those whose slug begins one."""
    tools = Tool.objects.published()
    beginnings = [beginning for slug in slugs for beginning in _beginnings(slug)]
    known = tools.by_slugs(*slugs, *beginnings)
    similar = [tool for slug in slugs if slug not in known for tool in tools.resembling(slug)[:MAX_TOOLS]]
    similar.sort(key=lambda tool: tool.likeness, reverse=True)
    ranked = [*map(known.get, slugs), *similar, *map(known.get, beginnings)]
    return [tool for tool in dict.fromkeys(ranked) if tool][:MAX_TOOLS]


def _beginnings(slug: str) -> list[str]:
    """Return what is left of a slug without its last words, longest first: `open-webui-2` may be `open-webui`."""
    *shorter, _ = accumulate(slug.split("-"), "{}-{}".format)
    return [beginning for beginning in reversed(shorter) if len(beginning) >= MIN_RESEMBLING_LENGTH]


def guess_words(typed: str, names: Iterable[str]) -> str:
    """Return mistyped words, each replaced by the word in `names` that it resembles most. At most one query.

    Words that resemble none are left out; "" when none is left. A word may also be two words of a name typed as one.
    """
    known: dict[str, str] = {}
    for name in names:
        parts = split_words(name)
        known |= {part: part for part in parts}
        known |= {first + second: f"{first} {second}" for first, second in pairwise(parts)}
    words = split_words(typed)
    if not words or not known:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(_MEANT, {"typed": words, "known": list(known), "min_likeness": MIN_LIKENESS})
        return " ".join(known[word] for (word,) in cursor.fetchall())
