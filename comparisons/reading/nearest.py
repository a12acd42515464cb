"""What a reader may have meant by an address at which nothing stands."""

from difflib import SequenceMatcher
from itertools import accumulate
from pathlib import PurePosixPath

from django.db.models import Q

from tools.models import Tool
from tools.slugs import PAIR_SEPARATOR, slug_from_name

MOST = 3  # tools suggested
_ALIKE = 0.6  # of 1: how much of two slugs must be the same
_STEM = 3  # letters that both begin with: the index of slugs finds those
_CANDIDATES = 300  # slugs of one beginning that are compared
_OUR_WORDS = {"tools", "compare", "categories", "reviewers", "vote", "badge", "og", "feeds", "admin", "custom"}


def nearest_tools(path: str) -> list[Tool]:
    """The published tools that the last telling part of a path resembles, the nearest first, at most MOST.

    A pair resembles what either of its halves does. At most seven short queries, down the index of slugs. Tools
    that are not published are never looked at, so the answer tells nothing about them.
    """
    for segment in reversed(PurePosixPath(path).parts):
        halves = segment.partition(".")[0].split(PAIR_SEPARATOR)[:2]
        wanted = [slug for slug in map(slug_from_name, halves) if slug and slug not in _OUR_WORDS]
        if wanted:
            return _resembling(wanted)
    return []


def _resembling(wanted: list[str]) -> list[Tool]:
    known = Tool.objects.published().by_slugs(*wanted)
    likeness: dict[str, float] = {}
    for slug in wanted:
        if slug not in known:
            for other in _candidates(slug):
                likeness[other] = max(likeness.get(other, 0), _likeness(slug, other))
    alike = sorted((slug for slug in likeness if likeness[slug] >= _ALIKE), key=lambda slug: (-likeness[slug], slug))
    found = Tool.objects.published().by_slugs(*alike[:MOST]) if alike else {}
    tools = [*known.values(), *(found[slug] for slug in alike[:MOST] if slug in found)]
    return list(dict.fromkeys(tools))[:MOST]


def _candidates(slug: str) -> list[str]:
    """Published slugs with the same beginning, and those that this one is a longer form of."""
    shorter = list(accumulate(slug.split("-"), "{}-{}".format))
    alike = Tool.objects.published().filter(Q(slug__startswith=slug[:_STEM]) | Q(slug__in=shorter))
    return list(alike.order_by("slug").values_list("slug", flat=True)[:_CANDIDATES])


def _likeness(slug: str, other: str) -> float:
    """0–1. Where one begins with the whole of the other, at least what suffices."""
    one, two = sorted((slug, other), key=len)
    begins = len(one) >= _STEM and two.startswith(one)
    return max(SequenceMatcher(None, slug, other).ratio(), _ALIKE if begins else 0)
