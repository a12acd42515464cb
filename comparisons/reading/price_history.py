"""The public history of prices and facts: each value with the times at which it was first shown and superseded.

A value that was superseded before its tool was published was never public. Values that were current at that time count
from the publication on.
"""

from collections.abc import Iterator

from comparisons.reading.all_tools import read_rows
from comparisons.reading.records import ExportedFactSpan, ExportedPlanSpan

# A row without `added_at` begins where the row before it of the same name was superseded.
PLAN_SPANS = """
    SELECT plan.*, GREATEST(tool.published_at, COALESCE(plan.added_at, plan.before)) AS since
    FROM (
        SELECT *, lag(superseded_at) OVER (PARTITION BY tool_id, name ORDER BY superseded_at) AS before
        FROM tools_plan WHERE tool_id = ANY (%(tools)s)
    ) AS plan JOIN tools_tool AS tool ON tool.id = plan.tool_id
    WHERE plan.superseded_at IS NULL OR plan.superseded_at > tool.published_at
"""
_FACT_SPANS = """
    SELECT fact.*, GREATEST(tool.published_at, COALESCE(fact.added_at, fact.before)) AS since
    FROM (
        SELECT *, lag(superseded_at) OVER (PARTITION BY tool_id, attribute_id ORDER BY superseded_at) AS before
        FROM tools_fact WHERE tool_id = ANY (%(tools)s)
    ) AS fact JOIN tools_tool AS tool ON tool.id = fact.tool_id
    WHERE fact.superseded_at IS NULL OR fact.superseded_at > tool.published_at
"""
_PLANS = f"""
SELECT json_agg(span ORDER BY tool, name COLLATE "C", since, id)::text FROM (
    SELECT plan.*, tool.slug AS tool, tool.example,
           NOT EXISTS (SELECT FROM plan_after(plan.tool_id, plan.name, plan.superseded_at)) AS is_last
    FROM ({PLAN_SPANS}) AS plan JOIN tools_tool AS tool ON tool.id = plan.tool_id
    WHERE is_published(tool.published_at, tool.withdrawn_at, %(now)s)
) AS span
"""
_FACTS = f"""
SELECT json_agg(span ORDER BY tool, attribute_id, since, id)::text FROM (
    SELECT fact.*, tool.slug AS tool, tool.example, attribute.slug AS attribute, attribute.name, attribute.kind,
           fact_words(attribute.kind, attribute.choices, attribute.unit, fact.value) AS words,
           NOT EXISTS (SELECT FROM fact_after(fact.tool_id, fact.attribute_id, fact.superseded_at)) AS is_last
    FROM ({_FACT_SPANS}) AS fact JOIN tools_tool AS tool ON tool.id = fact.tool_id
    JOIN tools_attribute AS attribute ON attribute.id = fact.attribute_id
    WHERE is_published(tool.published_at, tool.withdrawn_at, %(now)s)
) AS span
"""


def read_plan_spans() -> Iterator[ExportedPlanSpan]:
    """Yield every price that readers have been told, by tool, plan, and time."""
    yield from read_rows(_PLANS)


def read_fact_spans() -> Iterator[ExportedFactSpan]:
    """Yield every fact that readers have been told, by tool, attribute, and time, as `read_plan_spans` does."""
    yield from read_rows(_FACTS)
