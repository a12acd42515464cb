"""Every verdict at a glance: the best tools of each category with the marks of the panel. One statement."""

import json

from django.utils import timezone

from comparisons.reading.records import MappedCategory
from votes.models.listing import ranked_sql
from web.replica import connection

# Per category a walk along the index of its ranking, not a read of all listings.
_MAP = f"""
SELECT COALESCE(json_agg(category ORDER BY sort_key(name) COLLATE "C"), '[]')::text
FROM (
    SELECT category.slug, category.name, every.total, every.judged_at, (
        SELECT json_agg(ranked ORDER BY place) FROM (
            SELECT row_number() OVER (ORDER BY {ranked_sql("best")}) AS place,
                   best.slug, best.name, best.short_name, best.ship, best.seats, (
                SELECT json_agg(json_build_array(reviewer_id, verdict))
                FROM current_reviews(%(now)s) AS edition WHERE tool_id = best.tool_id
            ) AS verdicts
            FROM (
                SELECT listing.*, tool.slug, tool.name, tool.short_name
                FROM votes_listing AS listing JOIN tools_tool AS tool ON tool.id = listing.tool_id
                WHERE listing.category_id = category.id AND starts_at <= %(now)s
                  AND (ends_at IS NULL OR ends_at > %(now)s) AND seats > 0 AND NOT tool.example
                ORDER BY {ranked_sql("listing")} LIMIT %(tools)s
            ) AS best
        ) AS ranked
    ) AS tools
    FROM tools_category AS category
    CROSS JOIN LATERAL (
        SELECT count(*) AS total, max(reviewed_at) AS judged_at FROM votes_listing AS listing
        WHERE listing.category_id = category.id AND starts_at <= %(now)s AND (ends_at IS NULL OR ends_at > %(now)s)
    ) AS every
    WHERE every.total > 0
    ORDER BY sort_key(category.name) COLLATE "C" LIMIT %(categories)s
) AS category
"""  # noqa: S608 # the order is a constant


def read_verdict_map(*, categories: int, tools: int) -> list[MappedCategory]:
    """Return at most `categories` categories with published tools, by name, each with at most `tools` of them, best
    first. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MAP, {"now": timezone.now(), "categories": categories, "tools": tools})
        [text] = cursor.fetchone()
    found: list[MappedCategory] = json.loads(text)
    return found
