"""The proof that no acknowledged vote is lost and none is counted twice: `make prove-votes` (see __main__.py)."""
