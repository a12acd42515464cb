import pytest

from accounts.models import User


@pytest.fixture
def admin_user(db):
    """Somebody who may do everything. Without a password, because to hash one takes longer than most tests."""
    return User.objects.create(username="admin", is_staff=True, is_superuser=True, password="!")
