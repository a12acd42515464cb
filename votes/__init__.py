"""Votes of visitors: casting, limits, moderation, the public ledger, and the numbers that pages show."""
