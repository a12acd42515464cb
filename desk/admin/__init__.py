"""All of the admin, a module for each app that it edits; Django looks for it here."""

from desk.admin import (
    accounts,
    comparisons,
    corrections,
    newsletter,
    pair_votes,
    predictions,
    reviews,
    sourced,
    tools,
    vocabulary,
    votes,
)

__all__ = [
    "accounts",
    "comparisons",
    "corrections",
    "newsletter",
    "pair_votes",
    "predictions",
    "reviews",
    "sourced",
    "tools",
    "vocabulary",
    "votes",
]
