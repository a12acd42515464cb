"""Releasing, rejecting, and reopening: in bulk, concurrently with votes, and with an append-only log."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from tests import factories as make
from tests.votes.helpers import get_counts
from tools.models import Tool
from votes.deciding import decide, freeze, reopen
from votes.holding import parse_key, read_held_groups
from votes.models import Action, Choice, Decision, Freeze, Listing, Vote, VoteState
from votes.subjects import Subject
from votes.verifying import verify_tally

pytestmark = pytest.mark.django_db
HELD = {"state": VoteState.HELD, "held_for": "tool"}
NOON = datetime.fromisoformat("2026-11-01T12:00:00+00:00")


def make_decision(
    tool: Tool, action: Action = Action.RELEASE, *, groups=None, reason="other", by=None, until=None
) -> int:
    return decide(
        subject=Subject.of_tool(tool), action=action, groups=groups, until=until or timezone.now(),
        reason=reason, words="Because.", by=by or make.user(),
    )  # fmt: skip


def test_released_votes_count_and_rejected_do_not():
    tool, other = make.tool(), make.tool()
    for one in (tool, other):
        make.votes(on=one, ship=2, skip=1)
        make.votes(on=one, ship=5, skip=4, **HELD)
    assert make_decision(tool) == 9
    assert make_decision(other, Action.REJECT, reason="flood") == 9
    assert (get_counts(tool), get_counts(other)) == ((7, 5, 0), (2, 1, 0))
    assert Vote.objects.filter(tool=other, state=VoteState.REJECTED, rejected_for="flood").count() == 9
    assert {listing.tool_id: listing.community_ship for listing in Listing.objects.at()} == {tool.pk: 7, other.pk: 2}


def test_decide_moves_only_the_selected_groups():
    tool, networks = make.tool(), [uuid.uuid4(), uuid.uuid4()]
    for hours in (0, 1):
        for network in (*networks, None):
            make.votes(on=tool, ship=3, network=network, created_at=NOON + timedelta(hours=hours, minutes=59), **HELD)
    groups, count = read_held_groups(Subject.of_tool(tool), until=timezone.now(), most=100)
    assert (count, [group.votes for group in groups]) == (6, [3] * 6)
    assert [group.hour_at.hour for group in groups] == [13, 13, 13, 12, 12, 12]
    chosen = [group for group in groups if group.hour_at.hour == 12 and group.network != networks[0]]
    assert make_decision(tool, groups=[parse_key(group.key) for group in chosen]) == 6
    assert get_counts(tool) == (6, 0, 12)
    left, _ = read_held_groups(Subject.of_tool(tool), until=timezone.now(), most=100)
    assert [group.key for group in left] == [group.key for group in groups if group not in chosen]


@pytest.mark.parametrize("key", ["", "x", "12", "x.y", "1.zz", "9" * 40 + ".", "1.0123", "1." + "A" * 32])
def test_parse_key_refuses_other_text(key):
    with pytest.raises(ValueError, match="names no group"):
        parse_key(key)


def test_decide_leaves_votes_cast_after_the_page_was_loaded():
    tool = make.tool()
    make.votes(on=tool, ship=1, created_at=NOON, **HELD)
    make.votes(on=tool, skip=1, created_at=NOON + timedelta(seconds=1), **HELD)
    assert make_decision(tool, until=NOON) == 1
    assert get_counts(tool) == (1, 0, 1)


def test_decide_moves_withdrawn_votes_without_counting_them():
    tool = make.tool()
    make.votes(on=tool, ship=2, **HELD)
    Vote.objects.filter(pk=Vote.objects.first().pk).update(choice=Choice.NONE)
    assert make_decision(tool) == 2
    assert get_counts(tool) == (1, 0, 0)
    decision = Decision.objects.get()
    assert (decision.votes, decision.yes, decision.no) == (2, 1, 0)


def test_log_records_what_by_whom_and_why():
    tool, by = make.tool(name="Alpha"), make.user(username="mo")
    for _ in range(2):
        make.votes(on=tool, ship=2, skip=1, network=uuid.uuid4(), created_at=NOON, **HELD)
    make_decision(tool, Action.REJECT, reason="script", by=by)
    assert make_decision(tool) == 0
    [decision] = Decision.objects.all()
    assert (decision.action, decision.reason, decision.words) == ("reject", "script", "Because.")
    assert (decision.by, decision.by_name, decision.tool, decision.tool_name) == (by, "mo", tool, "Alpha")
    assert (decision.votes, decision.yes, decision.no, decision.networks) == (6, 4, 2, 2)
    assert (decision.first_at, decision.last_at) == (NOON, NOON)
    assert set(Vote.objects.values_list("decision", flat=True)) == {decision.pk}


def test_log_is_append_only():
    make.votes(on=make.tool(), ship=1, **HELD)
    make_decision(Tool.objects.get())
    for rewrite in (lambda: Decision.objects.update(words="Else."), lambda: Decision.objects.all().delete()):
        with pytest.raises(IntegrityError, match="stays in the log"), transaction.atomic():
            rewrite()
    assert Decision.objects.get().words == "Because."


def test_log_outlives_tool_and_user():
    tool, by = make.tool(name="Gone"), make.user(username="left")
    freeze(tool=tool, frozen=True, reason="other", words="To see.", by=by)
    make.remove(Tool.objects.filter(pk=tool.pk))
    by.delete()
    assert Decision.objects.values_list("tool_name", "by_name", "action").get() == ("Gone", "left", "freeze")


def test_reopen_takes_a_decision_back():
    tool = make.tool()
    make.votes(on=tool, ship=3, **HELD)
    make_decision(tool, Action.REJECT, reason="flood")
    first = Decision.objects.get()
    assert reopen(subject=Subject.of_tool(tool), decision=first, words="It was an office.", by=make.user()) == 3
    assert get_counts(tool) == (0, 0, 3)
    assert Decision.objects.values_list("action", "votes", "undoes").first() == ("reopen", 3, first.pk)
    assert make_decision(tool) == 3
    # A later decision is in force now.
    assert reopen(subject=Subject.of_tool(tool), decision=first, words="Again.", by=make.user()) == 0
    assert get_counts(tool) == (3, 0, 0)


def test_freezing_is_logged_once():
    tool, by = make.tool(), make.user()
    changes = [freeze(tool=tool, frozen=frozen, reason="flood", words="Why.", by=by) for frozen in (1, 1, 0, 0)]
    assert changes == [True, False, True, False]
    assert list(Decision.objects.values_list("action", flat=True)) == ["thaw", "freeze"]
    assert not Freeze.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "held"},
        {"state": "rejected"},
        {"rejected_for": "flood"},
        {"state": "rejected", "rejected_for": "office"},
        {"held_for": "whim"},
        {"state": "lost"},
        {"choice": "no"},
    ],
)
def test_database_requires_reasons_for_states(fields):
    make.votes(on=make.tool(), ship=1)
    with pytest.raises(IntegrityError, match="votes_vote_"), transaction.atomic():
        Vote.objects.update(**fields)


def test_tally_and_ledger_follow_manual_edits():
    tool, other = make.tool(), make.tool()
    make.votes(on=tool, ship=20, skip=10)
    Vote.objects.filter(choice="skip").update(state=VoteState.HELD, held_for="burst")
    assert get_counts(tool) == (20, 0, 10)
    assert verify_tally() == []
    Vote.objects.filter(state=VoteState.HELD).update(state=VoteState.REJECTED, rejected_for="other", created_at=NOON)
    assert verify_tally() == []
    Vote.objects.filter(choice="ship").update(choice="none", tool=other)
    assert (get_counts(tool), get_counts(other), verify_tally()) == ((0, 0, 0), (0, 0, 0), [])
    Vote.objects.all().delete()
    assert verify_tally() == []


def test_deciding_many_votes_is_one_statement(django_assert_num_queries):
    tool, by = make.tool(), make.user()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO votes_vote (tool_id, visitor, choice, state, held_for, network, created_at, updated_at)"
            " SELECT %s, gen_random_uuid(), CASE WHEN n %% 3 = 0 THEN 'skip' ELSE 'ship' END, 'held', 'burst',"
            " gen_random_uuid(), now() - n * interval '1 second', now() FROM generate_series(1, 30000) AS n",
            [tool.pk],
        )
    with django_assert_num_queries(7):  # savepoint, lock, tool, id, decision, release; listing
        assert make_decision(tool, by=by) == 30_000
    assert get_counts(tool) == (20_000, 10_000, 0)


@pytest.mark.django_db(transaction=True)
def test_deciding_while_voters_change_their_votes():
    tool, by = make.tool(), make.user()
    make.votes(on=tool, ship=60, **HELD)
    visitors = list(Vote.objects.values_list("visitor", flat=True))
    stop = Event()

    def change(n: int) -> None:
        choices = [Choice.SKIP, Choice.NONE, Choice.SHIP]
        for turn in range(200):
            if stop.is_set():
                break
            visitor = visitors[(turn * 7 + n) % len(visitors)]
            Vote.objects.cast(tool=tool, visitor=visitor, choice=choices[(turn + n) % 3])
        connection.close()

    def moderate() -> None:
        for turn in range(6):
            moved = make_decision(tool, (Action.RELEASE, Action.REJECT)[turn % 2], by=by)
            for decision in Decision.objects.filter(action__in=["release", "reject"])[:1] if moved else []:
                reopen(subject=Subject.of_tool(tool), decision=decision, words="Again.", by=by)
            time.sleep(0.01)
        connection.close()

    with ThreadPoolExecutor(6) as pool:
        work = [pool.submit(change, n) for n in range(4)] + [pool.submit(moderate) for _ in range(2)]
        for one in work[4:]:
            one.result()
        stop.set()
        for one in work[:4]:
            one.result()
    make_decision(tool, by=by)
    Listing.objects.settle(tool)
    fresh = dict.fromkeys(["ship", "skip"], 0)
    for choice in Vote.objects.exclude(choice="none").values_list("choice", flat=True):
        fresh[choice] += 1
    assert (get_counts(tool), Vote.objects.count()) == ((fresh["ship"], fresh["skip"], 0), 60)


def test_ledger_refuses_negative_numbers():
    tool = make.tool()
    make.votes(on=tool, ship=1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE votes_ledgerhour SET ship = 0")
    with pytest.raises(DatabaseError, match="votes_ledger_not_negative"), transaction.atomic():
        Vote.objects.all().delete()
    verify_tally(repair=True)
