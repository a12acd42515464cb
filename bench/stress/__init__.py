"""Everybody at once on one running site: `make stress` (see __main__.py)."""
