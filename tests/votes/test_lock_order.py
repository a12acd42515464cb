"""Votes, moderators, and editors lock in one order, so that none of them dies in a deadlock."""

import uuid
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from tests import factories as make
from tests.locking import in_thread, other_connection, wait_until_blocked
from tools.models import Tool
from votes.deciding import decide
from votes.models import Action, Choice, Listing, Reason, Vote, VoteState
from votes.subjects import Subject
from votes.verifying import verify_tally

pytestmark = pytest.mark.django_db(transaction=True)

CAST = "SELECT now_state FROM cast_vote(%s, gen_random_uuid(), 'ship', '', NULL, now())"
CAST_PAIR = "SELECT now_state FROM cast_pair_vote(%s, %s, gen_random_uuid(), 'first', '', NULL, now())"


ROWS: dict[str, Callable[[], Model]] = {
    "tool": make.tool,
    "category": make.category,
    "reviewer": make.reviewer,
    "attribute": make.attribute,
    "comparison": make.comparison,
    "review": lambda: make.review(of=make.tool(), by=make.reviewer(), published_at=None),
    "published review": lambda: make.review(of=make.tool(), by=make.reviewer()),
}


@pytest.mark.parametrize("make_row", ROWS.values(), ids=ROWS)
def test_ordinary_save_does_not_lock_the_key(make_row: Callable[[], Model]):
    """Django lists every column, the slug too. A vote on the tool must not wait for the editor's commit."""
    row = make_row()
    with transaction.atomic(), other_connection() as voter:
        row.save()
        table = row._meta.db_table
        statement = f"SELECT id FROM {table} WHERE id = %s FOR KEY SHARE SKIP LOCKED"  # noqa: S608 (one of our tables)
        locked = voter.execute(statement, [row.pk]).fetchall()
    assert locked == [(row.pk,)]


def test_no_trigger_makes_every_update_lock_the_key():
    """Before a BEFORE UPDATE trigger, PostgreSQL locks by the columns that a statement lists, changed or not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger JOIN pg_index ON indrelid = tgrelid"
            " WHERE NOT tgisinternal AND tgtype & 19 = 19"  # row (1), before (2), update (16)
            " AND indisunique AND NOT indisprimary AND indpred IS NULL AND indexprs IS NULL ORDER BY 1"
        )
        assert cursor.fetchall() == [("tools_correction",)]  # its trigger refuses every update


def test_rename_while_a_vote_commits_is_no_deadlock():
    tool = make.tool()

    def rename() -> None:
        Tool.objects.filter(pk=tool.pk).update(slug="renamed")

    with other_connection() as voter:
        voter.execute(CAST, [tool.pk])
        with in_thread(rename) as editor:
            wait_until_blocked(editor)
            voter.commit()
            editor.result(timeout=10)
    tool.refresh_from_db()
    assert (tool.slug, Vote.objects.count(), verify_tally()) == ("renamed", 1, [])


def test_rename_while_a_pair_vote_commits_is_no_deadlock():
    one, two = make.tool(), make.tool()

    def rename() -> None:
        with transaction.atomic():
            Tool.objects.filter(pk=one.pk).update(slug="renamed")
            Tool.objects.filter(pk=two.pk).update(slug="renamed-too")

    with other_connection() as voter:
        voter.execute(CAST_PAIR, [two.pk, one.pk])
        with in_thread(rename) as editor:
            wait_until_blocked(editor)
            voter.commit()
            editor.result(timeout=10)
    assert set(Tool.objects.values_list("slug", flat=True)) == {"renamed", "renamed-too"}


def test_rename_while_a_decision_commits_is_no_deadlock():
    """A decision refers to its tool as well, and holds the tally when it moves votes."""
    tool, moderator = make.tool(), User.objects.create(username="mo")
    Vote.objects.cast(tool=tool, visitor=uuid.uuid4(), choice=Choice.SHIP, held_for="burst")

    def release() -> int:
        return decide(
            subject=Subject.of_tool(tool), action=Action.RELEASE, groups=None, until=timezone.now(),
            reason=Reason.OTHER, words="Fine.", by=moderator,
        )  # fmt: skip

    with other_connection() as editor:
        editor.execute("UPDATE tools_tool SET slug = 'renamed' WHERE id = %s", [tool.pk])
        with in_thread(release) as decision:
            wait_until_blocked(decision)
            # The editor holds the tool. The moderator waits for it without holding the tally or a listing.
            for table in ("votes_tally", "votes_listing"):
                free = editor.execute(f"SELECT FROM {table} WHERE tool_id = %s FOR UPDATE NOWAIT", [tool.pk]).fetchall()
                assert len(free) == 1
            editor.commit()
            assert decision.result(timeout=10) == 1
    assert (Vote.objects.get().state, Listing.objects.get().community_ship, verify_tally()) == (
        VoteState.COUNTED, 1, [],
    )  # fmt: skip


def test_vote_does_not_wait_long_for_a_rename(form_client):
    """A thread that serves readers is not held by somebody's transaction, and the voter is told."""
    tool = make.tool()
    with other_connection() as editor:
        editor.execute("UPDATE tools_tool SET slug = 'renamed' WHERE id = %s", [tool.pk])
        with in_thread(lambda: form_client.post(f"/tools/{tool.slug}/vote/", {"choice": "ship"})) as vote:
            response = vote.result(timeout=8)
    assert (response.status_code, response["Retry-After"], response["Cache-Control"]) == (503, "3", "no-store")
    assert "Nothing was changed. Try again in a few seconds." in response.content.decode()
    assert Vote.objects.count() == 0


def test_vote_does_not_wait_long_for_a_process_that_hangs_with_the_counter(form_client):
    tool = make.tool()
    assert form_client.post(f"/tools/{tool.slug}/vote/", {"choice": "ship"}).status_code == 303
    form_client.cookies.clear()
    with other_connection() as hanging:
        hanging.execute("UPDATE votes_amount SET number = number + 1 WHERE kind = 'burst'")
        with in_thread(lambda: form_client.post(f"/tools/{tool.slug}/vote/", {"choice": "ship"})) as vote:
            response = vote.result(timeout=8)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "3")
    assert Vote.objects.count() == 1
