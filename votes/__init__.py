"""Votes on tools and between two tools: casting, limits, moderation, counting, and listings."""
