"""All of the admin, a module for each app that it edits; Django looks for it here."""

from desk.admin import accounts, comparisons, newsletter, reviews, tools, votes

__all__ = ["accounts", "comparisons", "newsletter", "reviews", "tools", "votes"]
