"""All editions and predictions about published tools, each edition with the time at which it was superseded."""

from collections.abc import Iterator

from comparisons.reading.all_tools import read_rows
from comparisons.reading.records import ExportedEdition, ExportedPrediction

# The next edition of a seat supersedes the one before. Withdrawn ones are left out, as if they had never existed.
_EDITIONS = """
    SELECT review.id, tool.slug AS tool, reviewer.slug AS seat, reviewer.seat AS place,
           verdict, gist, quote, flips_if, basis, basis_version, basis_days, review.published_at,
           lead(review.published_at) OVER (
               PARTITION BY tool_id, reviewer_id ORDER BY review.published_at, review.id
           ) AS until
    FROM reviews_review AS review
    JOIN reviews_reviewer AS reviewer ON reviewer.id = reviewer_id
    JOIN tools_tool AS tool ON tool.id = tool_id
    WHERE tool_id = ANY (%(tools)s) AND is_published(review.published_at, review.withdrawn_at, %(now)s)
"""
_VERDICTS = f"""
SELECT json_agg(edition ORDER BY tool COLLATE "C", place, published_at, id)::text FROM ({_EDITIONS}) AS edition
"""
_CLAIMS = f"""
SELECT json_agg(made ORDER BY tool COLLATE "C", place, published_at, due_on, id)::text FROM (
    SELECT tool, seat, place, published_at, until, prediction.id, claim, due_on, outcome, judged_on, note, source
    FROM ({_EDITIONS}) AS edition JOIN reviews_prediction AS prediction ON prediction.review_id = edition.id
) AS made
"""


def read_editions() -> Iterator[ExportedEdition]:
    """Yield every edition that readers can see, by tool, seat, and time."""
    yield from read_rows(_VERDICTS)


def read_claims() -> Iterator[ExportedPrediction]:
    """Yield the predictions of those editions, by tool, seat, and time."""
    yield from read_rows(_CLAIMS)
