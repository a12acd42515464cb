"""What one network did on all tools: seen by moderators, and in the way of nobody who votes as people do."""

import random
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests import factories as make
from tests.desk.moderating import get_words
from tests.votes.helpers import cast, get_counts, new_voter
from tools.models import Tool
from votes.busy_networks import read_busy_networks, read_network
from votes.models import Decision, PairVote, Vote
from votes.verifying import verify_tally
from web import clock

pytestmark = pytest.mark.django_db
QUEUE = "/admin/votes/vote/"


@pytest.fixture(autouse=True)
def _noon(time_machine):
    time_machine.move_to("2026-11-03 12:00Z", tick=False)


@pytest.fixture
def moderator() -> Client:
    client = Client()
    client.force_login(make.user("votes.moderate_vote", username="mo"))
    return client


def flood(tools, *, votes=5, network=None, **fields):
    """Let a network vote on tools below every limit: ship on each, from new browsers."""
    network = network or uuid.uuid4()
    for tool in tools:
        make.votes(on=tool, ship=votes, network=network, **fields)
    return network


def test_network_that_floods_many_tools_slowly_is_listed(moderator):
    tools = [make.tool(name=f"Tool {n}") for n in range(5)]
    network = flood(tools)
    make.votes(on=tools[0], skip=1, network=network)
    flood(tools[:3])  # too few tools to be conspicuous
    flood(tools, votes=2)  # too few votes on each
    flood(tools, created_at=timezone.now() - timedelta(days=3))  # long ago
    make.votes(on=tools[0], ship=50)  # from networks that are not known
    [one] = read_busy_networks(today=clock.today(), most=9)
    assert (one.network, one.day, one.subjects, one.repeated) == (network, clock.today(), 5, 5)
    assert (one.votes, one.browsers, one.held, one.percent_agreeing) == (26, 26, 0, 96)
    assert f'href="{QUEUE}network/2026-11-03/{network}/"' in moderator.get(QUEUE).content.decode()


def test_people_behind_one_address_vote_unhindered_and_unlisted():
    """Twenty people of one office, each with an opinion on three of thirty tools: as many votes as an hour takes."""
    tools, chance = [make.tool() for _ in range(30)], random.Random(7)  # noqa: S311 (no secret)
    people = [new_voter() for _ in range(20)]
    for person in people:
        for tool in chance.sample(tools, 3):
            assert cast(person, tool, chance.choice(["ship", "skip"])).status_code == 303
    assert Vote.objects.filter(state="counted").count() == 60
    assert read_busy_networks(today=clock.today(), most=9) == []


def test_page_of_a_network_shows_all_its_votes_of_the_day(moderator):
    alpha, beta, gamma = (make.tool(name=name) for name in ("Alpha", "Beta", "Gamma"))
    network = flood([alpha], votes=9)
    make.votes(on=beta, skip=1, network=network, state="held", held_for="burst")
    make.pair_votes(between=(alpha, beta), first=2, neither=1, network=network)
    make.votes(on=gamma, ship=1)
    path = f"{QUEUE}network/2026-11-03/{network}/"
    words = get_words(moderator.get(path))
    assert "13 votes from 13 browsers on 3 tools and pairs" in words
    assert "Alpha 9 9 ship 9 0 0 12:00–12:00" in words
    assert "Alpha vs Beta 3 2 Alpha, 1 neither 3 0 0" in words
    assert "Beta 1 1 skip 0 1 0 12:00" in words
    assert "Gamma" not in words
    for wrong in ("2026-11-02", "2026-13-01", "20261103", "x"):
        assert moderator.get(f"{QUEUE}network/{wrong}/{network}/").status_code == 404
    assert f'href="{path}"' in moderator.get(f"{QUEUE}tool/{beta.pk}/").content.decode()


def test_all_votes_of_a_network_are_held_and_then_rejected_at_once(moderator):
    alpha, beta = make.tool(name="Alpha"), make.tool(name="Beta")
    network = flood([alpha, beta])
    make.pair_votes(between=(alpha, beta), first=2, network=network)
    make.votes(on=alpha, ship=1, skip=1)
    path, form = f"{QUEUE}network/2026-11-03/{network}/", {"words": "All alike.", "until": timezone.now().isoformat()}
    refused = moderator.post(path, {**form, "action": "hold", "reason": "crowd"})
    assert (refused.status_code, Decision.objects.count()) == (422, 0)
    held = moderator.post(path, {**form, "action": "hold", "reason": "flood"}, follow=True)
    assert "Put under review: 12 votes." in get_words(held)
    assert (get_counts(alpha), get_counts(beta)) == ((1, 1, 5), (0, 0, 5))
    assert set(Vote.objects.filter(network=network).values_list("held_for", flat=True)) == {"network"}
    moderator.post(path, {**form, "action": "reject", "reason": "flood"})
    assert (get_counts(alpha), get_counts(beta)) == ((1, 1, 0), (0, 0, 0))
    assert set(PairVote.objects.values_list("state", flat=True)) == {"rejected"}
    assert sorted(Decision.objects.values_list("action", "votes")) == [
        ("hold", 2), ("hold", 5), ("hold", 5), ("reject", 2), ("reject", 5), ("reject", 5),
    ]  # fmt: skip
    assert "No change" in get_words(moderator.post(path, {**form, "action": "release", "reason": "other"}, follow=True))
    assert verify_tally() == []


def test_votes_cast_after_the_page_was_loaded_stay(moderator):
    alpha, now = make.tool(), timezone.now()
    network = flood([alpha], created_at=now - timedelta(minutes=5))
    flood([alpha], network=network, votes=1, created_at=now)
    path = f"{QUEUE}network/2026-11-03/{network}/"
    form = {"action": "hold", "reason": "flood", "words": "x", "until": (now - timedelta(minutes=1)).isoformat()}
    moderator.post(path, form)
    assert get_counts(alpha) == (1, 0, 5)


def test_only_moderators_see_networks(moderator):
    network = flood([make.tool()])
    path = f"{QUEUE}network/2026-11-03/{network}/"
    watcher = Client()
    watcher.force_login(make.user("votes.freeze_tool"))
    assert (watcher.get(path).status_code, watcher.post(path).status_code) == (200, 403)
    watcher.force_login(make.user("tools.change_tool"))
    assert watcher.get(path).status_code == 403


def test_tools_that_a_moderator_may_not_see_are_left_out():
    draft, public = make.tool(published_at=None), make.tool()
    network = flood([draft, public])
    rows, browsers = read_network(network, day=clock.today(), tools=Tool.objects.published())
    assert ([row.subject.tools[0] for row in rows], browsers) == ([public], 10)
