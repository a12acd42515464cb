"""Which reviews a statement counts: the published ones and, in a preview, given drafts as well.

A statement reads `reviews_review` and leaves two places open: the condition `{is_visible}` and the column
`{published_at}`. Public pages run the variant for readers, whose SQL does not mention drafts.
"""

_IS_PUBLISHED = "published_at <= %(now)s AND withdrawn_at IS NULL"


def for_readers(statement: str) -> str:
    """Return a statement that counts published reviews only. It takes the parameter `now`."""
    return _fill(statement, is_visible=_IS_PUBLISHED, published_at="published_at")


def for_preview(statement: str) -> str:
    """Return a statement that also counts the reviews in the parameter `drafts`, a list of ids.

    A draft without a publication time counts as published `now`.
    """
    return _fill(
        statement,
        is_visible=f"({_IS_PUBLISHED} OR reviews_review.id = ANY (%(drafts)s::bigint[]))",
        published_at="COALESCE(published_at, %(now)s) AS published_at",
    )


def _fill(statement: str, *, is_visible: str, published_at: str) -> str:
    return statement.replace("{is_visible}", is_visible).replace("{published_at}", published_at)
