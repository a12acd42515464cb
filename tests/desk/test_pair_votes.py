"""Moderating votes between two tools at the desk."""

import re
import uuid
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests import factories as make
from tests.conftest import SAME_ORIGIN
from tests.desk.moderating import get_words, send_decision
from votes.models import Decision, HeldFor, PairTally, PairVote

pytestmark = pytest.mark.django_db
QUEUE = "/admin/votes/pairvote/"
HELD = {"state": "held", "held_for": HeldFor.PAIR}
NOON = datetime.fromisoformat("2026-11-01T12:00:00+00:00")


@pytest.fixture
def moderator() -> Client:
    client = Client()
    client.force_login(make.user("votes.moderate_vote", username="mo"))
    return client


@pytest.fixture
def two():
    return make.tool(slug="alpha", name="Alpha"), make.tool(slug="beta", name="Beta")


def get_path(pair) -> str:
    return f"{QUEUE}{pair[0].pk}/{pair[1].pk}/"


def decide(client: Client, pair, action: str = "release", **fields):
    return send_decision(client, get_path(pair), action, **fields)


def get_counts(pair) -> tuple[int, int, int, int]:
    """Return the numbers for the first, the second, and neither, and of held votes."""
    tally = PairTally.objects.get(first=pair[0], second=pair[1])
    return tally.for_first, tally.for_second, tally.neither, tally.held


def test_queue_orders_by_held_votes(moderator, two):
    third = make.tool(name="Gamma")
    make.pair_votes(between=two, first=1, second=1, **HELD)
    make.pair_votes(between=(third, two[0]), first=3, **HELD)
    make.pair_votes(between=(two[1], third), first=4)
    rows = re.findall(
        r'<tr><th scope="row"><a href="([^"]*)">(.*?)</a></th><td class="number">(\d+)<',
        moderator.get(QUEUE).content.decode(),
    )
    assert rows == [(get_path((two[0], third)), "Alpha vs Gamma", "3"), (get_path(two), "Alpha vs Beta", "2")]


def test_queue_without_held_votes(moderator):
    assert "No pair votes are held." in get_words(moderator.get(QUEUE))


def test_held_votes_are_grouped_by_hour_and_network(moderator, two):
    network = uuid.uuid4()
    make.pair_votes(between=two, first=4, second=1, network=network, created_at=NOON, **HELD)
    make.pair_votes(between=two, neither=2, network=network, created_at=NOON + timedelta(hours=1), **HELD)
    make.pair_votes(between=two, first=9, network=network, created_at=NOON)
    page = moderator.get(get_path(two)).content.decode()
    assert re.findall(r'<th scope="rowgroup" colspan="7">(.*?)</th>', page) == [
        "Nov 1, 2026, 13:00 UTC",
        "Nov 1, 2026, 12:00 UTC",
    ]
    rows = re.findall(r'<code>(\w+)</code></a></th><td>(.*?)</td>((?:<td class="number">\d+</td>)+)', page)
    assert [(name, why, re.findall(r"\d+", numbers)) for name, why, numbers in rows] == [
        (network.hex[:8], HeldFor.PAIR.label, ["0", "0", "2", "0"]),
        (network.hex[:8], HeldFor.PAIR.label, ["4", "1", "0", "0"]),
    ]


def test_release_and_reject_in_bulk(moderator, two):
    make.pair_votes(between=two, first=4, second=2, neither=1, **HELD)
    assert "Released: 7 votes on Alpha vs Beta." in get_words(decide(moderator, two, reason="office"))
    make.pair_votes(between=two, second=1, network=uuid.uuid4(), **HELD)
    page = get_words(decide(moderator, two, "reject", reason="flood"))
    assert "Rejected: 1 vote on Alpha vs Beta." in page
    assert "Rejected: 1 (Alpha: 0, Beta: 1) from 1 network Network flood: Because. mo" in page
    assert get_counts(two) == (4, 2, 1, 0)
    logged = Decision.objects.values_list(
        "tool", "first", "second", "tool_name", "action", "reason", "votes", "yes", "no", "networks", "by_name"
    )
    assert list(logged) == [
        (None, two[0].pk, two[1].pk, "Alpha vs Beta", "reject", "flood", 1, 0, 1, 1, "mo"),
        (None, two[0].pk, two[1].pk, "Alpha vs Beta", "release", "office", 7, 4, 2, 0, "mo"),
    ]
    assert "Nothing left to decide" in get_words(decide(moderator, two))
    assert PairVote.objects.filter(state="rejected").count() == 1
    assert Decision.objects.count() == 2


def test_decision_can_be_taken_back(moderator, two):
    make.pair_votes(between=two, first=2, neither=1, **HELD)
    decide(moderator, two, "reject")
    two[0].name = "Omega"  # decisions are found by tool ids, not by names
    two[0].save()
    path = f"{get_path(two)}reopen/{Decision.objects.get().pk}/"
    assert path in moderator.get(get_path(two)).content.decode()
    assert "Give a reason in one sentence" in get_words(moderator.post(path, {"words": ""}, follow=True))
    assert "Back under review: 3 votes." in get_words(moderator.post(path, {"words": "A mistake."}, follow=True))
    assert get_counts(two) == (0, 0, 0, 3)
    assert path not in moderator.get(get_path(two)).content.decode()
    again = get_words(moderator.post(path, {"words": "Again."}, follow=True))
    assert "All of those votes have changed since that decision." in again
    other = two[0], make.tool()
    assert moderator.post(path.replace(get_path(two), get_path(other)), {"words": "x"}).status_code == 404


def test_only_selected_groups_of_the_pair_are_decided(moderator, two):
    other = two[0], make.tool()
    for hours in range(3):
        for pair in (two, other):
            make.pair_votes(between=pair, first=1, created_at=NOON + timedelta(hours=hours), **HELD)
    decide(moderator, two, scope="chosen", groups=[f"{int(NOON.timestamp())}."])
    assert (get_counts(two), get_counts(other)) == ((1, 0, 0, 2), (0, 0, 0, 3))


def test_decide_leaves_votes_cast_after_the_page_was_loaded(moderator, two):
    make.pair_votes(between=two, first=1, **HELD)
    seen = timezone.now().isoformat()
    make.pair_votes(between=two, first=1, **HELD)
    decide(moderator, two, until=seen)
    assert get_counts(two) == (1, 0, 0, 1)


def test_released_vote_stays_released_when_it_changes(moderator, two):
    voter = Client(headers=SAME_ORIGIN)
    voter.post("/compare/alpha-vs-beta/vote/", {"choice": "first"})
    PairVote.objects.update(**HELD)
    decide(moderator, two)
    voter.post("/compare/alpha-vs-beta/vote/", {"choice": "second"})
    assert get_counts(two) == (0, 1, 0, 0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"words": ""}, "This field is required."),
        ({"action": "reopen"}, "Select a valid choice."),
        ({"action": "reject", "reason": "office"}, "Votes can be rejected for: Network flood, Script"),
        ({"action": "release", "reason": "flood"}, "Votes can be released for: Shared office"),
        ({"scope": "chosen"}, "Select the groups to decide, or choose all."),
        ({"scope": "chosen", "groups": ["nonsense"]}, "An unknown group was selected."),
        ({"until": "yesterday"}, "Enter a valid date/time."),
    ],
)
def test_invalid_decision_moves_nothing(moderator, two, fields, message):
    make.pair_votes(between=two, first=1, **HELD)
    response = decide(moderator, two, **fields)
    assert (response.status_code, get_counts(two), Decision.objects.count()) == (422, (0, 0, 0, 1), 0)
    assert message in get_words(response)


def test_selection_survives_an_invalid_form(moderator, two):
    make.pair_votes(between=two, first=1, created_at=NOON, **HELD)
    key = f"{int(NOON.timestamp())}."
    page = decide(moderator, two, scope="chosen", groups=[key], words="").content.decode()
    assert f'value="{key}" id="group-1" checked' in page


@pytest.mark.parametrize(
    ("permissions", "statuses"),
    [((), [403] * 3), (("votes.moderate_vote",), [200, 200, 302]), (("votes.freeze_tool",), [403] * 3)],
)
def test_permissions(permissions, statuses, two):
    client = Client()
    client.force_login(make.user(*permissions))
    make.pair_votes(between=two, first=1, **HELD)
    form = {"action": "release", "scope": "all", "reason": "other", "words": "x", "until": timezone.now().isoformat()}
    answers = [client.get(QUEUE), client.get(get_path(two)), client.post(f"{get_path(two)}decide/", form)]
    assert [answer.status_code for answer in answers] == statuses
    assert PairVote.objects.filter(state="held").count() == (statuses[2] == 403)


def test_unknown_and_reversed_pairs_are_404(moderator, two):
    for pair in ((two[1], two[0]), (two[0], two[0])):
        assert moderator.get(get_path(pair)).status_code == 404
    assert moderator.get(f"{QUEUE}{two[0].pk}/999999/").status_code == 404


@pytest.mark.parametrize("things", [1, 3])
def test_queries_are_constant(moderator, things, django_assert_num_queries):
    tools = [make.tool() for _ in range(things + 1)]
    for other in tools[1:]:
        for _ in range(things):
            make.pair_votes(between=(tools[0], other), first=1, **HELD)
            decide(moderator, (tools[0], other))
        for n in range(things):
            make.pair_votes(between=(tools[0], other), first=1, created_at=NOON - timedelta(hours=n), **HELD)
    with django_assert_num_queries(6):
        moderator.get(QUEUE)
    with django_assert_num_queries(9):
        moderator.get(get_path(tools))


def test_groups_are_paged(moderator, two, monkeypatch):
    monkeypatch.setattr("desk.admin.held_votes.GROUPS_PER_PAGE", 2)
    for n in range(3):
        make.pair_votes(between=two, first=1, created_at=NOON - timedelta(hours=n), **HELD)
    pages = [moderator.get(get_path(two), {"page": page}).content.decode() for page in (1, 2)]
    assert [page.count('id="group-') for page in pages] == [2, 1]


def test_public_page_follows_decisions(client, moderator, two):
    make.pair_votes(between=two, first=3, **HELD)
    before = client.get("/compare/alpha-vs-beta/")
    assert "3 votes under review" in get_words(before)
    decide(moderator, two)
    after = client.get("/compare/alpha-vs-beta/", headers={"if-none-match": before.headers["ETag"]})
    assert after.status_code == 200
    assert "under review" not in get_words(after)
