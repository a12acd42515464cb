"""Ranking the tools of a category by pair votes, with the arithmetic of `votes.strength`."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import NamedTuple

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from tools.models import Category
from votes.models import PairRank, RankedPair
from votes.ranking_rules import RESAMPLES
from votes.strength import fit_strengths
from web import locks
from web.locks import Lock

# The votes that chose one of two published tools of a category.
_CHOSEN = """
SELECT one.category_id, one.id, one.slug, two.id, two.slug, for_first, for_second
FROM votes_pairtally
JOIN tools_tool AS one ON one.id = first_id AND is_published(one.published_at, one.withdrawn_at, %(now)s)
JOIN tools_tool AS two ON two.id = second_id AND is_published(two.published_at, two.withdrawn_at, %(now)s)
WHERE for_first + for_second > 0 AND one.category_id = two.category_id
ORDER BY first_id, second_id
"""


class _Pair(NamedTuple):
    """Two tools in the order of their ids, and how often each was chosen."""

    first: int
    first_slug: str
    second: int
    second_slug: str
    for_first: int
    for_second: int


@transaction.atomic
def rank_pairs() -> dict[Category, int]:
    """Recompute all rankings and store them with the time and the votes that they count. Return the number of ranked
    tools per category.

    A category is ranked once it has `PAIR_RANKING_VOTES` votes that chose one of two of its published tools. Rankings
    of other categories are deleted.
    """
    now = timezone.now()
    locks.hold(Lock.RANKING)
    with connection.cursor() as cursor:
        cursor.execute(_CHOSEN, {"now": now})
        pairs: dict[int, list[_Pair]] = defaultdict(list)
        for category, *row in cursor.fetchall():
            pairs[category].append(_Pair(*row))
    ranks: list[PairRank] = []
    counted: list[RankedPair] = []
    for category, chosen in pairs.items():
        if sum(pair.for_first + pair.for_second for pair in chosen) >= settings.PAIR_RANKING_VOTES:
            ranks += _rank(category, chosen, now)
            counted += [
                RankedPair(
                    first_id=pair.first,
                    second_id=pair.second,
                    for_first=pair.for_first,
                    for_second=pair.for_second,
                    ranked_at=now,
                )
                for pair in chosen
            ]
    PairRank.objects.all().delete()
    RankedPair.objects.all().delete()
    PairRank.objects.bulk_create(ranks)
    RankedPair.objects.bulk_create(counted)
    tools = Counter(rank.category_id for rank in ranks)
    return {category: tools[category.pk] for category in Category.objects.in_bulk(tools).values()}


def _rank(category: int, pairs: list[_Pair], now: datetime) -> list[PairRank]:
    """Return the ranks of the tools of a category."""
    slugs = {pair.first: pair.first_slug for pair in pairs} | {pair.second: pair.second_slug for pair in pairs}
    # The order decides what the bootstrap draws. Slugs are public, and ids are not.
    tools = sorted(slugs, key=slugs.__getitem__)
    place = {tool: n for n, tool in enumerate(tools)}
    wins = np.zeros((len(tools), len(tools)), dtype=np.int64)
    for pair in pairs:
        wins[place[pair.first], place[pair.second]] = pair.for_first
        wins[place[pair.second], place[pair.first]] = pair.for_second
    met = wins.sum(axis=0) + wins.sum(axis=1)
    return [
        PairRank(
            tool_id=tool,
            category_id=category,
            rank=strength.rank,
            share=strength.share,
            low_share=strength.low,
            high_share=strength.high,
            votes=int(met[n]),
            ranked_at=now,
        )
        for n, (tool, strength) in enumerate(zip(tools, fit_strengths(wins, resamples=RESAMPLES), strict=True))
    ]
