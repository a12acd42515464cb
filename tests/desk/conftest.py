"""Fixtures for the desk."""

import pytest

from accounts.models import User


@pytest.fixture
def admin_user(db):
    """A superuser without a usable password, because hashing one takes longer than most tests."""
    return User.objects.create(username="admin", is_staff=True, is_superuser=True, password="!")
