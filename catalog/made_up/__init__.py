"""Fake content for load tests."""
