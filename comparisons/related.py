"""Where to read on after a comparison, in one statement (see comparisons/columns.py for why it is SQL)."""

from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.urls import reverse
from django.utils import timezone

# Two short walks down the index of newest comparisons: those of either tool, and those of their categories.
_RELATED = """
WITH open AS NOT MATERIALIZED (
    SELECT comparison.id, comparison.published_at, first.category_id, comparison.first_id, comparison.second_id,
           first.slug AS first_slug, first.name AS first_name, second.slug AS second_slug, second.name AS second_name
    FROM comparisons_comparison AS comparison
    JOIN tools_tool AS first ON first.id = comparison.first_id
    JOIN tools_tool AS second ON second.id = comparison.second_id
    WHERE comparison.published_at <= %(now)s AND comparison.withdrawn_at IS NULL
      AND first.published_at <= %(now)s AND first.withdrawn_at IS NULL
      AND second.published_at <= %(now)s AND second.withdrawn_at IS NULL
), near AS (
    SELECT open.*, 1 AS place FROM open
    WHERE (first_id IN (%(one)s, %(other)s)) <> (second_id IN (%(one)s, %(other)s))
    ORDER BY published_at DESC, id DESC LIMIT %(limit)s
), far AS (
    SELECT open.*, 2 AS place FROM open
    WHERE category_id IN (%(one_category)s, %(other_category)s)
      AND first_id NOT IN (%(one)s, %(other)s) AND second_id NOT IN (%(one)s, %(other)s)
    ORDER BY published_at DESC, id DESC LIMIT %(limit)s
)
SELECT first_slug, first_name, second_slug, second_name, category.name
FROM (SELECT * FROM near UNION ALL SELECT * FROM far) AS found
JOIN tools_category AS category ON category.id = found.category_id
ORDER BY place, published_at DESC, found.id DESC LIMIT %(limit)s
"""


class PairLink(NamedTuple):
    """A comparison as a link."""

    url: str
    first: str
    second: str
    category: str


def read_related(
    *, ids: tuple[int, int], categories: tuple[int, int], limit: int, at: datetime | None = None
) -> list[PairLink]:
    """At most `limit` published comparisons to read after the one of two tools; one query.

    Those of either tool come first, then others of their categories, each newest first.
    """
    values = {
        "one": ids[0],
        "other": ids[1],
        "one_category": categories[0],
        "other_category": categories[1],
        "limit": limit,
        "now": at or timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_RELATED, values)
        return [pair_link(*row) for row in cursor.fetchall()]


def pair_link(first_slug: str, first: str, second_slug: str, second: str, category: str) -> PairLink:
    return PairLink(reverse("comparison", args=[(first_slug, second_slug)]), first, second, category)
