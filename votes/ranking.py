"""Ranking the tools of a category by pair votes, with the arithmetic of `votes.strength`."""

from collections import Counter, defaultdict
from datetime import datetime

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from tools.models import Category
from votes.models import PairRank
from votes.strength import fit_strengths
from web import locks
from web.locks import Lock

# How often one published tool was chosen over another in its category: (category, chosen, other, votes).
_CHOSEN = """
SELECT one.category_id, chosen, other, votes
FROM votes_pairtally
CROSS JOIN LATERAL (
    VALUES (first_id, second_id, for_first), (second_id, first_id, for_second)
) AS choice(chosen, other, votes)
JOIN tools_tool AS one ON one.id = chosen AND is_published(one.published_at, one.withdrawn_at, %(now)s)
JOIN tools_tool AS two ON two.id = other AND is_published(two.published_at, two.withdrawn_at, %(now)s)
WHERE votes > 0 AND one.category_id = two.category_id
ORDER BY 1, 2, 3
"""


@transaction.atomic
def rank_pairs() -> dict[Category, int]:
    """Recompute all rankings and store them with the time. Return the number of ranked tools per category.

    A category is ranked once it has `PAIR_RANKING_VOTES` votes that chose one of two of its published tools. Rankings
    of other categories are deleted.
    """
    now = timezone.now()
    locks.hold(Lock.RANKING)
    with connection.cursor() as cursor:
        cursor.execute(_CHOSEN, {"now": now})
        choices: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for category, *row in cursor.fetchall():
            choices[category].append((row[0], row[1], row[2]))
    ranks: list[PairRank] = []
    for category, rows in choices.items():
        if sum(votes for _, _, votes in rows) >= settings.PAIR_RANKING_VOTES:
            ranks += _rank(category, rows, now)
    PairRank.objects.all().delete()
    PairRank.objects.bulk_create(ranks)
    counted = Counter(rank.category_id for rank in ranks)
    return {category: counted[category.pk] for category in Category.objects.in_bulk(counted).values()}


def _rank(category: int, rows: list[tuple[int, int, int]], now: datetime) -> list[PairRank]:
    """Return the ranks in a category. Rows say how often one tool was chosen over another: (chosen, other, votes)."""
    tools = sorted({tool for chosen, other, _ in rows for tool in (chosen, other)})
    place = {tool: n for n, tool in enumerate(tools)}
    wins = np.zeros((len(tools), len(tools)), dtype=np.int64)
    for chosen, other, votes in rows:
        wins[place[chosen], place[other]] = votes
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
        for n, (tool, strength) in enumerate(zip(tools, fit_strengths(wins, resamples=PairRank.RESAMPLES), strict=True))
    ]
