"""The tools that a tool is likeliest to be compared with."""

from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from comparisons.addresses import reverse_pair
from tools.models import Tool
from votes.models import ranked_sql

# A tool that half the site names needs no full count to be a rival.
_NAMED = 500

# Who is named in whose reviews, counted both ways; then how much the pair is read of late; then the category's best.
_RIVALS = """
WITH out_now AS NOT MATERIALIZED (
    SELECT id, tool_id FROM reviews_review WHERE is_published(published_at, withdrawn_at, %(now)s)
), named AS (
    SELECT tool, count(*) AS times FROM (
        (
            SELECT mention.tool_id AS tool
            FROM out_now JOIN reviews_mention AS mention ON mention.review_id = out_now.id
            WHERE out_now.tool_id = %(tool)s LIMIT {named}
        ) UNION ALL (
            SELECT out_now.tool_id
            FROM reviews_mention AS mention JOIN out_now ON out_now.id = mention.review_id
            WHERE mention.tool_id = %(tool)s LIMIT {named}
        )
    ) AS mentioned GROUP BY tool
), compared AS (
    SELECT first_id + second_id - %(tool)s AS tool, COALESCE(max(heat), 0) AS heat
    FROM comparisons_comparison LEFT JOIN comparisons_reading AS reading ON reading.comparison_id = id
    WHERE (first_id = %(tool)s OR second_id = %(tool)s) AND is_published(published_at, withdrawn_at, %(now)s)
    GROUP BY 1
), peer AS (
    SELECT tool_id AS tool FROM votes_listing AS listing
    WHERE category_id = %(category)s AND starts_at <= %(now)s AND (ends_at IS NULL OR ends_at > %(now)s)
    ORDER BY {ranked} LIMIT %(most)s + 1
), candidate AS (
    SELECT tool FROM named UNION SELECT tool FROM compared UNION SELECT tool FROM peer
)
SELECT rival.slug, rival.name, compared.tool IS NOT NULL
FROM candidate
JOIN tools_tool AS rival ON rival.id = candidate.tool
LEFT JOIN named USING (tool) LEFT JOIN compared USING (tool)
JOIN votes_listing AS listing ON listing.tool_id = rival.id
 AND listing.starts_at <= %(now)s AND (listing.ends_at IS NULL OR listing.ends_at > %(now)s)
WHERE rival.id <> %(tool)s
ORDER BY COALESCE(times, 0) DESC, heat DESC NULLS LAST, rival.category_id = %(category)s DESC,
         {ranked}
LIMIT %(most)s
""".replace("{named}", str(_NAMED)).replace("{ranked}", ranked_sql("listing"))


class Rival(NamedTuple):
    """Another tool, with the address of the pair, and whether an editor made it."""

    slug: str
    name: str
    url: str
    is_editorial: bool


def likeliest_rivals(tool: Tool, *, most: int, at: datetime | None = None) -> list[Rival]:
    """At most so many published tools to put beside one: those that reviews name together with it first, then those
    whose comparison with it is read most, then the best of its category. One query.
    """
    parameters: dict[str, int | datetime] = {
        "tool": tool.pk,
        "category": tool.category_id,
        "most": most,
        "now": at or timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_RIVALS, parameters)
        rows = cursor.fetchall()
    return [
        Rival(slug, name, reverse_pair(*sorted((tool.slug, slug))), is_editorial) for slug, name, is_editorial in rows
    ]
