"""Listings follow everything they are derived from, regardless of who writes it and when."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from reviews.models import Reviewer
from reviews.panel import Panel
from tests import factories as make
from tests.locking import in_thread, other_connection, wait_until_blocked
from tools.models import Plan, Tool
from votes.community import Community
from votes.models import Choice, Listing, Vote
from votes.verifying import verify_tally
from web.folding import sort_key

pytestmark = pytest.mark.django_db


def get_names(listings) -> list[str]:
    return [listing.tool.name for listing in listings]


def get_listing(tool: Tool) -> Listing:
    return Listing.objects.at().get(tool=tool)


def test_ranking_is_by_panel_then_lower_end_then_name():
    seats = [make.reviewer() for _ in range(4)]
    category = make.category()
    rows = {
        "Ahead": ("++++", 0, 0),
        "Liked": ("+++-", 90, 10),
        "Liked by few": ("+++-", 9, 1),
        "B unknown": ("+++-", 0, 0),
        "A unknown": ("+++-", 0, 0),
        "Behind": ("----", 500, 0),
    }
    for name, (verdicts, ship, skip) in reversed(rows.items()):
        tool = make.tool(name=name, category=category)
        make.panel(of=tool, seats=seats, verdicts=verdicts)
        make.votes(on=tool, ship=ship, skip=skip)
    make.tool(name="Not reviewed", category=category)
    make.tool(name="Elsewhere")
    assert get_names(Listing.objects.at().of_category(category).ranked()) == [
        "Ahead", "Liked", "Liked by few", "A unknown", "B unknown", "Behind", "Not reviewed",
    ]  # fmt: skip


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_unpublished_tools_are_not_listed(fields):
    make.tool(**fields)
    assert list(Listing.objects.at()) == []


def test_listing_follows_edits():
    tool, seat = make.tool(name="First"), make.reviewer()
    assert (get_listing(tool).seats, get_listing(tool).share, get_listing(tool).entry) == (0, None, "")
    review = make.review(of=tool, by=seat, verdict="ship")
    make.review(of=tool, by=make.reviewer(), verdict="skip", published_at=None)
    assert (get_listing(tool).ships, get_listing(tool).skips, get_listing(tool).share) == ([seat.pk], [], 1.0)
    make.later_edition(of=review, verdict="skip", quote="It changed.")
    assert (get_listing(tool).ships, get_listing(tool).skips, get_listing(tool).share) == ([], [seat.pk], 0.0)
    tool.reviews.published().get(verdict="skip").withdraw()
    assert get_listing(tool).share == 1.0
    make.plan(of=tool, kind="contact")
    assert get_listing(tool).entry == "contact"
    make.plan(of=tool, kind="free")
    assert get_listing(tool).entry == "free"
    Plan.objects.filter(kind="free").update(superseded_at=timezone.now())
    assert get_listing(tool).entry == "contact"
    make.remove(Plan.objects.all())
    assert get_listing(tool).entry == ""
    Tool.objects.filter(pk=tool.pk).update(name="Second", category=make.category())
    assert (get_listing(tool).sort_name, get_listing(tool).category.name) == (
        sort_key("Second"),
        Tool.objects.get().category.name,
    )
    tool.withdraw()
    assert not Listing.objects.exists()


def test_listing_has_the_least_dollars_a_month():
    """Free plans count in any currency, and others in dollars: what they cost is compared with a budget in dollars."""
    tool = make.tool()
    seen = [get_listing(tool).monthly]
    for terms in (
        {"kind": "contact", "currency": None},
        {"amount": "5", "currency": "EUR", "period": "month"},
        {"amount": "30", "period": "month", "per_seat": True, "minimum_seats": 5},
        {"amount": "1200", "period": "year"},
    ):
        make.plan(of=tool, **{"kind": "paid", "currency": "USD"} | terms)
        seen.append(get_listing(tool).monthly)
    Plan.objects.filter(period="year").update(amount=600)
    seen.append(get_listing(tool).monthly)
    make.plan(of=tool, kind="free")
    seen.append(get_listing(tool).monthly)
    Plan.objects.exclude(kind="contact").update(superseded_at=timezone.now())
    seen.append(get_listing(tool).monthly)
    assert seen == [None, None, None, 150, 100, 50, 0, None]


def test_scheduled_editions_are_listed_when_due(time_machine):
    tool, seat = make.tool(published_at=make.FUTURE), make.reviewer()
    make.review(of=tool, by=seat, verdict="ship")
    make.review(of=tool, by=seat, verdict="skip", published_at=make.FUTURE + timedelta(days=2))
    make.review(of=tool, by=make.reviewer(), verdict="skip", published_at=make.FUTURE + timedelta(days=4))
    seen = []
    for days in (-1, 0, 1, 2, 3, 4):
        time_machine.move_to(make.FUTURE + timedelta(days=days))
        seen.append([(listing.ship, listing.seats) for listing in Listing.objects.at()])
    assert seen == [[], [(1, 1)], [(1, 1)], [(0, 1)], [(0, 1)], [(0, 2)]]


def test_votes_update_all_periods():
    tool, seat = make.tool(), make.reviewer()
    make.review(of=tool, by=seat, published_at=make.FUTURE)
    make.votes(on=tool, ship=3, skip=1)
    Vote.objects.filter(choice="skip").update(choice="ship")
    assert list(Listing.objects.values_list("community_ship", "community_skip")) == [(4, 0)] * 2
    Vote.objects.all().delete()
    assert list(Listing.objects.values_list("community_ship", "low_share")) == [(0, None)] * 2


def test_gap_requires_that_panel_and_community_disagree():
    seats = [make.reviewer() for _ in range(4)]
    verdicts = {"Same side": "++++", "Unclear": "+---", "Tied": "++--", "Apart": "+---", "Few votes": "----"}
    votes = {"Unclear": (30, 25), "Few votes": (9, 0)}
    for name, signs in verdicts.items():
        tool = make.tool(name=name)
        make.panel(of=tool, seats=seats, verdicts=signs)
        ship, skip = votes.get(name, (80, 20))
        make.votes(on=tool, ship=ship, skip=skip)
    assert [(listing.tool.name, listing.gap) for listing in Listing.objects.at().apart()] == [("Apart", 55)]


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 300), st.integers(0, 300))
@example(1, 3, 60, 40)
@example(3, 1, 40, 60)
def test_gap_is_known_exactly_where_sides_differ(ship, skip, community_ship, community_skip):
    """The function of the database against what pages say."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT panel_gap(ship, ship + skip, yes, no), whole_percent(yes, yes + no),"
            " whole_percent(wilson_low(yes, yes + no)), whole_percent(wilson_high(yes, yes + no))"
            " FROM (VALUES (%s::bigint, %s::bigint, %s::bigint, %s::bigint)) AS counts(ship, skip, yes, no)",
            [ship, skip, community_ship, community_skip],
        )
        [gap, *numbers] = cursor.fetchone()
    community = Community(community_ship, community_skip, *numbers)
    panel = Panel.from_verdicts([("Ann", "ship")] * ship + [("Ben", "skip")] * skip)
    if community.has_number:
        assert (gap is not None) == (panel.side * community.side < 0)
    if gap is not None:
        assert gap == abs(panel.percent - community.percent)


def test_divided_orders_the_most_divided_first():
    seats = [make.reviewer() for _ in range(4)]
    for name, verdicts in {"One mind": "++++", "Three to one": "+++-", "Two to two": "+--+"}.items():
        make.panel(of=make.tool(name=name), seats=seats, verdicts=verdicts)
    assert get_names(Listing.objects.at().divided()) == ["Two to two", "Three to one"]


def test_verify_tally_repairs_a_lagging_listing():
    tool = make.tool()
    make.votes(on=tool, ship=2)
    assert verify_tally() == []
    Listing.objects.update(community_ship=7)
    assert [str(difference) for difference in verify_tally(repair=True)] == [
        f"tool {tool.pk}: lists count 7 ship, 0 skip; the tally says 2 ship, 0 skip"
    ]
    assert (verify_tally(), get_listing(tool).community_ship) == ([], 2)


@pytest.mark.django_db(transaction=True)
def test_concurrent_votes_on_one_tool_settle():
    """Votes that find the row locked skip it, and check again after their commit."""
    tool = make.tool()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT FROM votes_listing FOR UPDATE")

        def vote(visitor) -> None:
            Vote.objects.bulk_create([Vote(tool=tool, visitor=visitor, choice=Choice.SHIP)])
            connection.close()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(vote, [uuid.uuid4() for _ in range(8)]))
    assert get_listing(tool).community_ship == 0

    def cast(visitor) -> None:
        Vote.objects.cast(tool=tool, visitor=visitor, choice=Choice.SKIP)
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(cast, [uuid.uuid4() for _ in range(40)]))
    assert (get_listing(tool).community_ship, get_listing(tool).community_skip) == (8, 40)
    assert verify_tally() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("is_quick", "votes_listed"), [(True, 1), (False, 0)])
def test_vote_waits_only_briefly_for_an_editor(is_quick, votes_listed):
    """A vote waits for an editor's quick save, then updates the listing. It does not wait for a long import."""
    tool = make.tool()

    def vote() -> None:
        Vote.objects.cast(tool=tool, visitor=uuid.uuid4(), choice=Choice.SHIP)

    with other_connection() as editor:
        editor.execute("UPDATE tools_tool SET name = 'Edited' WHERE id = %s", [tool.pk])
        with in_thread(vote) as voting:
            wait_until_blocked(voting)
            if not is_quick:
                voting.result(timeout=30)
            editor.commit()
            voting.result(timeout=30)
    assert (get_listing(tool).community_ship, len(verify_tally())) == (votes_listed, 1 - votes_listed)
    Vote.objects.cast(tool=tool, visitor=uuid.uuid4(), choice=Choice.SHIP)
    assert (get_listing(tool).community_ship, verify_tally()) == (2, [])


@pytest.mark.django_db(transaction=True)
def test_vote_on_another_tool_does_not_wait_for_an_import():
    """Each vote would otherwise hold a thread that serves readers for 0.2 s, as long as the import runs."""
    saved, voted_on = make.tool(), make.tool()
    visitors = [uuid.uuid4() for _ in range(10)]
    with other_connection() as importer:
        importer.execute("UPDATE tools_tool SET name = 'Edited' WHERE id = %s", [saved.pk])
        started = time.monotonic()
        for visitor in visitors:
            Vote.objects.cast(tool=voted_on, visitor=visitor, choice=Choice.SHIP)
        seconds = time.monotonic() - started
    assert (get_listing(voted_on).community_ship, seconds < 0.2 * len(visitors)) == (10, True)


class RandomHistories(TestCase):
    """After any history, listings equal a fresh count of reviews and votes."""

    steps = st.lists(
        st.tuples(
            st.integers(0, 2),  # tool
            st.sampled_from(["ship", "skip", "withdraw tool", "withdraw review", "votes"]),
            st.integers(0, 3),  # seat, or votes
            st.integers(-3, 3).filter(bool),  # days from now
        ),
        max_size=12,
    )

    @classmethod
    def setUpTestData(cls):
        """Create what every history starts with, once. Each example is rolled back."""
        for _ in range(3):
            make.tool()
        for _ in range(4):
            make.reviewer()

    @given(steps)
    def test_listing_equals_a_fresh_count(self, steps):
        tools, seats = list(Tool.objects.order_by("pk")), list(Reviewer.objects.order_by("pk"))
        assert (len(tools), len(seats)) == (3, 4)
        now = timezone.now()
        for number, (place, what, seat, days) in enumerate(steps):
            tool = tools[place]
            at = now + timedelta(days=days, seconds=number)
            if what == "withdraw tool":
                tool.withdraw()
            elif what == "withdraw review":
                for review in tool.reviews.published().filter(reviewer=seats[seat]):
                    review.withdraw()
            elif what == "votes":
                make.votes(on=tool, ship=seat, skip=number)
            else:
                make.review(of=tool, by=seats[seat], verdict=what, published_at=at)
        for days in (0, 1, 2, 3, 4):
            at = timezone.now() + timedelta(days=days)
            stored = {
                listing.tool_id: (listing.ship, listing.seats, listing.community_ship, listing.community_skip)
                for listing in Listing.objects.at(at)
            }
            fresh = {}
            for tool in Tool.objects.published(at=at).with_numbers(at=at):
                panel = tool.panel or {"ship": 0, "seats": 0}
                community = tool.community or {"ship": 0, "skip": 0}
                fresh[tool.pk] = (panel["ship"], panel["seats"], community["ship"], community["skip"])
            assert stored == fresh
