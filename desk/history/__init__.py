"""History: what changed and why, conflicting saves, restoring old versions, and deletion."""
