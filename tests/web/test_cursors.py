"""No cursor of the server outlives its statement without a transaction: a transaction pooler would lose it."""

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.backends.postgresql.base import DatabaseWrapper

from accounts.models import User
from accounts.sessions import end_sessions
from reviews.actions import note_mentions
from reviews.models import Review
from tests import factories as make
from tools.models import Tool


@pytest.fixture(autouse=True)
def _refuse_unsafe_cursors(monkeypatch):
    open_cursor = DatabaseWrapper.create_cursor

    def create_cursor(self, name=None):
        assert name is None or self.in_atomic_block, "a server-side cursor outside a transaction"
        return open_cursor(self, name)

    monkeypatch.setattr(DatabaseWrapper, "create_cursor", create_cursor)


@pytest.mark.django_db(transaction=True)
def test_rows_are_read_by_a_cursor_of_the_server_only_in_a_transaction():
    make.tool(slug="alpha")
    assert [tool.slug for tool in Tool.objects.iterator()] == ["alpha"]
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        assert cursor.name
    with pytest.raises(AssertionError), connection.create_cursor("one"):
        pass


@pytest.mark.django_db(transaction=True)
def test_exports_and_actions_on_all_rows_work_behind_a_transaction_pooler(client):
    tool = make.tool_with_every_kind_of_row(slug="alpha")
    make.comparison(first=tool)
    make.votes(on=tool, ship=3)
    admin = User.objects.create(username="admin", is_staff=True, is_superuser=True, password="!")
    client.force_login(admin)
    assert b"alpha" in client.get("/export/votes.csv").getvalue()
    assert b"alpha" in client.get("/admin/catalog/download/").getvalue()
    for address in ("tool", "plan", "fact"):
        for format_name in ("csv", "xlsx"):
            response = client.post(f"/admin/tools/{address}/export/", {"format": format_name})
            assert response.headers["Content-Disposition"].endswith(f'.{format_name}"')
    note_mentions(reviews=Review.objects.all())
    assert end_sessions(user=admin) == 1
    assert not Session.objects.exists()
