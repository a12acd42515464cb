"""The votes between every two tools, for anyone who checks a ranking: what counts today, and what rankings count."""

from collections.abc import Iterator

from django.utils import timezone

from web.replica import connection

COLUMNS = (
    "category", "first", "second", "first_votes", "second_votes", "neither", "held", "rejected",
    "ranked_first_votes", "ranked_second_votes", "ranked_at",
)  # fmt: skip

# A pair is stored in the order of ids and exported in the order of slugs. The collation makes it that of code points.
_EXPORT = """
SELECT CASE WHEN a.category_id = b.category_id THEN category.slug ELSE '' END, first, second,
       CASE WHEN is_swapped THEN tally.for_second ELSE tally.for_first END,
       CASE WHEN is_swapped THEN tally.for_first ELSE tally.for_second END,
       tally.neither, tally.held,
       (
           SELECT count(*) FROM votes_pairvote AS vote
           WHERE vote.first_id = tally.first_id AND vote.second_id = tally.second_id
             AND vote.state = 'rejected' AND vote.choice <> 'none'
       ) AS rejected,
       CASE WHEN is_swapped THEN ranked.for_second ELSE ranked.for_first END,
       CASE WHEN is_swapped THEN ranked.for_first ELSE ranked.for_second END,
       to_char(ranked.ranked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM votes_pairtally AS tally
JOIN tools_tool AS a ON a.id = tally.first_id AND is_published(a.published_at, a.withdrawn_at, %(now)s)
JOIN tools_tool AS b ON b.id = tally.second_id AND is_published(b.published_at, b.withdrawn_at, %(now)s)
JOIN tools_category AS category ON category.id = a.category_id
LEFT JOIN votes_rankedpair AS ranked ON ranked.first_id = tally.first_id AND ranked.second_id = tally.second_id
CROSS JOIN LATERAL (
    SELECT LEAST(a.slug COLLATE "C", b.slug), GREATEST(a.slug COLLATE "C", b.slug), a.slug COLLATE "C" > b.slug
) AS pair(first, second, is_swapped)
ORDER BY first, second
"""


def read_pair_totals() -> Iterator[tuple[str | int | None, ...]]:
    """Yield the totals of every two published tools that anybody voted between, by their slugs, as COLUMNS.

    `category` is "" if the tools are of two. What the ranking counts is None for pairs that it does not. One query:
    there are as many rows as pairs, however many votes.
    """
    with connection.cursor() as cursor:
        cursor.execute(_EXPORT, {"now": timezone.now()})
        rows = cursor.fetchall()
    yield from (row for row in rows if any(row[3:]))
