"""The ModelAdmin of every model, one module per page or group of pages. Django discovers them here."""

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
