"""Which reviews a statement counts: the published ones and, in a preview, given drafts as well.

A statement reads `reviews_review` and leaves two places open: the condition `{is_visible}` and the column
`{published_at}`. Or it reads `{current_reviews}`, the newest visible edition of each seat and tool. Public pages run
the variant for readers, whose SQL does not mention drafts.
"""

_IS_PUBLISHED = "is_published(published_at, withdrawn_at, %(now)s)"

# As the SQL function current_reviews (reviews/sql/editions.sql), with the drafts.
_CURRENT_OR_DRAFTS = """(
    SELECT DISTINCT ON (tool_id, reviewer_id)
           id, tool_id, reviewer_id, verdict, gist, quote, flips_if, basis, basis_version, basis_days, {published_at}
    FROM reviews_review WHERE {is_visible}
    ORDER BY tool_id, reviewer_id, published_at DESC
)"""


def for_readers(statement: str) -> str:
    """Return a statement that counts published reviews only. It takes the parameter `now`."""
    statement = statement.replace("{current_reviews}", "current_reviews(%(now)s)")
    return _fill(statement, is_visible=_IS_PUBLISHED, published_at="published_at")


def for_preview(statement: str) -> str:
    """Return a statement that also counts the reviews in the parameter `drafts`, a list of ids.

    A draft without a publication time counts as published `now`.
    """
    return _fill(
        statement.replace("{current_reviews}", _CURRENT_OR_DRAFTS),
        is_visible=f"({_IS_PUBLISHED} OR reviews_review.id = ANY (%(drafts)s::bigint[]))",
        published_at="COALESCE(published_at, %(now)s) AS published_at",
    )


def _fill(statement: str, *, is_visible: str, published_at: str) -> str:
    return statement.replace("{is_visible}", is_visible).replace("{published_at}", published_at)
