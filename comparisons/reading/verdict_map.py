"""Every verdict at a glance: the best tools of each category with the marks of the panel. One statement."""

import json
from typing import TypedDict

from django.db import connection
from django.utils import timezone

from votes.models.listing import ranked_sql

# Per category a walk along the index of its ranking, not a read of all listings.
_MAP = f"""
SELECT COALESCE(json_agg(category ORDER BY name), '[]')::text
FROM (
    SELECT category.slug, category.name, (
        SELECT json_agg(ranked ORDER BY place) FROM (
            SELECT row_number() OVER (ORDER BY {ranked_sql("best")}) AS place,
                   tool.slug, tool.name, tool.short_name, best.ship, best.seats, (
                SELECT json_agg(json_build_array(reviewer_id, verdict))
                FROM current_reviews(%(now)s) AS edition WHERE tool_id = tool.id
            ) AS verdicts
            FROM (
                SELECT * FROM votes_listing AS listing
                WHERE listing.category_id = category.id AND starts_at <= %(now)s
                  AND (ends_at IS NULL OR ends_at > %(now)s) AND seats > 0
                ORDER BY {ranked_sql("listing")} LIMIT %(tools)s
            ) AS best
            JOIN tools_tool AS tool ON tool.id = tool_id
            WHERE NOT tool.example
        ) AS ranked
    ) AS tools
    FROM tools_category AS category ORDER BY category.name LIMIT %(categories)s
) AS category
WHERE tools IS NOT NULL
"""  # noqa: S608 # the order is a constant


class MappedTool(TypedDict):
    """A tool with the panel's counts, and the verdicts on it: (reviewer's id, verdict)."""

    slug: str
    name: str
    short_name: str
    ship: int
    seats: int
    verdicts: list[tuple[int, str]]


class MappedCategory(TypedDict):
    """A category with its best tools in the order of their ranking."""

    slug: str
    name: str
    tools: list[MappedTool]


def read_verdict_map(*, categories: int, tools: int) -> list[MappedCategory]:
    """Return at most `categories` categories by name, each with at most `tools` tools, best first. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_MAP, {"now": timezone.now(), "categories": categories, "tools": tools})
        [text] = cursor.fetchone()
    found: list[MappedCategory] = json.loads(text)
    return found
