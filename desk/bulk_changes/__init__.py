"""Bulk changes: their list and their pages, actions that are worked off in steps, and undoing."""
