"""The history of a tool: its editions, the plans and facts that have no successor, and all prices. One statement.

What was superseded before the tool came out was never public, and is not part of it.
"""

import json
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from comparisons.reading.price_history import PLAN_SPANS
from comparisons.reading.records import HistoryRecord, PriceFields
from comparisons.reading.visible_reviews import for_preview, for_readers
from web.replica import connection

_HISTORY = """
SELECT json_build_object(
    'editions', (
        SELECT json_agg(edition ORDER BY seat, published_at) FROM (
            SELECT reviews_review.id, reviewer.slug, reviewer.name, reviewer.seat,
                   verdict, gist, quote, flips_if, basis, basis_version, basis_days, {published_at},
                   (
                       SELECT json_agg(prediction ORDER BY due_on, id) FROM (
                           SELECT id, claim, due_on, outcome, note, source
                           FROM reviews_prediction WHERE review_id = reviews_review.id
                       ) AS prediction
                   ) AS predictions
            FROM reviews_review JOIN reviews_reviewer AS reviewer ON reviewer.id = reviewer_id
            WHERE tool_id = %(tool)s AND {is_visible}
        ) AS edition
    ),
    'plans', (
        SELECT json_agg(discontinued ORDER BY first) FROM (
            SELECT tools_plan.name, min(tools_plan.id) AS first,
                   json_agg(
                       json_build_object({price}, 'until', superseded_at, 'correction', correction)
                       ORDER BY superseded_at DESC
                   ) AS was
            FROM tools_plan JOIN tools_tool AS tool ON tool.id = tool_id
            WHERE tool_id = %(tool)s AND (superseded_at IS NULL OR superseded_at > tool.published_at)
            GROUP BY tool_id, tools_plan.name
            HAVING bool_and(superseded_at IS NOT NULL)
               AND NOT EXISTS (SELECT FROM plan_after(tool_id, tools_plan.name, max(superseded_at)))
        ) AS discontinued
    ),
    'facts', (
        SELECT json_agg(discontinued ORDER BY attribute) FROM (
            SELECT attribute.name, attribute.id AS attribute,
                   json_agg(
                       json_build_object(
                           'words', fact_words(kind, choices, unit, value), 'note', note, 'until', superseded_at,
                           'correction', correction
                       ) ORDER BY superseded_at DESC
                   ) AS was
            FROM tools_fact JOIN tools_attribute AS attribute ON attribute.id = attribute_id
                 JOIN tools_tool AS tool ON tool.id = tool_id
            WHERE tool_id = %(tool)s AND (superseded_at IS NULL OR superseded_at > tool.published_at)
            GROUP BY attribute.id HAVING bool_and(superseded_at IS NOT NULL)
        ) AS discontinued
    ),
    'prices', (SELECT json_agg(span ORDER BY name COLLATE "C", since, id) FROM ({plan_spans}) AS span)
)::text
"""


def read_history(tool_id: int, *, at: datetime | None = None, drafts: Collection[int] = ()) -> HistoryRecord:
    """Return the history of a tool up to `at` (default: now). One query.

    The caller checks whether the tool is published. `drafts` are ids of reviews that count as published, for previews.
    """
    price = ", ".join(f"'{column}', {column}" for column in PriceFields.__annotations__)
    statement = _HISTORY.replace("{price}", price).replace("{plan_spans}", PLAN_SPANS)
    values: dict[str, Any] = {"tool": tool_id, "tools": [tool_id], "now": at or timezone.now()}
    with connection.cursor() as cursor:
        if drafts:
            cursor.execute(for_preview(statement), {**values, "drafts": list(drafts)})
        else:
            cursor.execute(for_readers(statement), values)
        record: HistoryRecord = json.loads(cursor.fetchone()[0], parse_float=Decimal)
    return record
