"""Queries and SQL: what the database says, as typed records."""
