"""Pending changes: edits of what is public that are kept, previewed, and scheduled before they are published."""
