"""Rivals: the tools that a tool is most likely to be compared with."""

from datetime import datetime
from typing import Any, NamedTuple

from django.utils import timezone

from comparisons.addresses import reverse_pair
from tools.models import Tool
from votes.models import ranked_sql
from web.replica import connection

# Mentions counted in each direction. Above that, the exact number does not matter.
_MAX_MENTIONS = 500

# Candidates come from three sources: tools that name it or that it names in reviews, tools that editors compared with
# it, and the best of its category. They are ranked by mentions in both directions, then by whether an editor compared
# them. Read counts do not affect the order: they are written every minute, and the tool page is cached.
_RIVALS = """
WITH out_now AS NOT MATERIALIZED (
    SELECT id, tool_id FROM reviews_review WHERE is_published(published_at, withdrawn_at, %(now)s)
), named AS (
    SELECT tool, count(*) AS times FROM (
        (
            SELECT mention.tool_id AS tool
            FROM out_now JOIN reviews_mention AS mention ON mention.review_id = out_now.id
            WHERE out_now.tool_id = %(tool)s LIMIT {max_mentions}
        ) UNION ALL (
            SELECT out_now.tool_id
            FROM reviews_mention AS mention JOIN out_now ON out_now.id = mention.review_id
            WHERE mention.tool_id = %(tool)s LIMIT {max_mentions}
        )
    ) AS mentioned GROUP BY tool
), compared AS (
    SELECT first_id + second_id - %(tool)s AS tool, min(first_id) AS editors_first
    FROM comparisons_comparison
    WHERE (first_id = %(tool)s OR second_id = %(tool)s) AND is_published(published_at, withdrawn_at, %(now)s)
    GROUP BY 1
), peer AS (
    SELECT tool_id AS tool FROM votes_listing AS listing
    WHERE category_id = %(category)s AND starts_at <= %(now)s AND (ends_at IS NULL OR ends_at > %(now)s)
    ORDER BY {ranked} LIMIT %(most)s + 1
), candidate AS (
    SELECT tool FROM named UNION SELECT tool FROM compared UNION SELECT tool FROM peer
)
SELECT rival.id, rival.slug, rival.name, compared.tool IS NOT NULL,
       COALESCE(editors_first = rival.id, rival.slug < %(slug)s COLLATE "C") AS is_first
FROM candidate
JOIN tools_tool AS rival ON rival.id = candidate.tool
LEFT JOIN named USING (tool) LEFT JOIN compared USING (tool)
JOIN votes_listing AS listing ON listing.tool_id = rival.id
 AND listing.starts_at <= %(now)s AND (listing.ends_at IS NULL OR listing.ends_at > %(now)s)
WHERE rival.id <> %(tool)s
ORDER BY COALESCE(times, 0) DESC, compared.tool IS NOT NULL DESC, rival.category_id = %(category)s DESC,
         {ranked}
LIMIT %(most)s
""".replace("{max_mentions}", str(_MAX_MENTIONS)).replace("{ranked}", ranked_sql("listing"))


class Rival(NamedTuple):
    """A rival, with the URL of the pair and whether an editor made that comparison."""

    id: int
    slug: str
    name: str
    url: str
    is_editorial: bool


def read_likely_rivals(tool: Tool, *, most: int, at: datetime | None = None) -> list[Rival]:
    """Return at most `most` published tools to compare with a tool. One query.

    Tools mentioned in its reviews, or whose reviews mention it, come first. Next are the tools in editors' comparisons
    with it, and last the best in its category.
    """
    parameters: dict[str, Any] = {
        "tool": tool.pk,
        "slug": tool.slug,
        "category": tool.category_id,
        "most": most,
        "now": at or timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_RIVALS, parameters)
        rows = cursor.fetchall()
    return [
        Rival(pk, slug, name, reverse_pair(*((slug, tool.slug) if is_first else (tool.slug, slug))), is_editorial)
        for pk, slug, name, is_editorial, is_first in rows
    ]
