"""My votes on one page, and receipts."""

import re

import pytest
from django.test import Client

from tests import factories as make
from tests.conftest import SAME_ORIGIN
from tests.votes.casting import cast, counts, voter
from tools.models import Tool
from votes.models import PairVote, Vote, VoteState
from votes.visitor import sign_receipt

pytestmark = pytest.mark.django_db


def words(response) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


def receipt(client: Client) -> str:
    """The path of a browser's receipt."""
    return re.search(r"http://testserver(/me/receipt/[^<\s]+/)", client.get("/me/").content.decode())[1]


def test_my_votes_are_listed_with_ways_to_change_them():
    client = voter()
    ship, skip, gone = make.tool(name="Alpha"), make.tool(name="Beta"), make.tool(name="Gamma")
    for tool, choice in ((ship, "ship"), (skip, "skip"), (gone, "ship")):
        cast(client, tool, choice)
    cast(client, gone, "none")
    response = client.get("/me/")
    page = response.content.decode()
    assert response.headers["Cache-Control"] == "private, no-store"
    assert [tool.name for tool in (ship, skip, gone) if tool.name in page] == ["Alpha", "Beta"]
    assert page.count('aria-pressed="true"') == 2
    assert page.count('<form class="ballot" method="post" action="/tools/') == 2
    assert page.count('name="next" value="/me/"') == 2
    assert "2 votes. Change one" in words(response)


def test_states_are_said_plainly():
    client = voter()
    for state, extra in (
        (VoteState.COUNTED, {}),
        (VoteState.HELD, {"held_for": "tool"}),
        (VoteState.REJECTED, {"rejected_for": "flood"}),
    ):
        tool = make.tool()
        cast(client, tool)
        Vote.objects.filter(tool=tool).update(state=state, **extra)
    said = words(client.get("/me/"))
    assert [said.count(label) for label in ("Counted .", "Under review ( why? )", "Not counted ( why? )")] == [1, 1, 1]


def test_nobody_s_page_is_empty_and_has_no_receipt():
    response = voter().get("/me/")
    assert "No votes yet." in words(response)
    assert "/me/receipt/" not in response.content.decode()


def test_votes_on_what_is_not_published_any_more_are_not_shown():
    client, tool = voter(), make.tool(name="Withdrawn")
    cast(client, tool)
    tool.withdraw()
    assert "Withdrawn" not in words(client.get("/me/"))
    assert client.get("/me/votes/").json() == {"votes": {}, "pairs": []}


def choose(client: Client, pair: str, choice: str) -> None:
    assert client.post(f"/compare/{pair}/vote/", {"choice": choice}).status_code == 303


def pairs_on(response) -> list[tuple[str, str]]:
    """The pairs that the page lists, each as (address, words)."""
    found = re.findall(
        r'<h3 class="my-votes__name"><a href="([^"]*)">(.*?)</a></h3>\s*<p class="quiet">(.*?)</p>',
        response.content.decode(),
    )
    return [(url, re.sub(r"<[^>]*>", "", f"{name}: {said}")) for url, name, said in found]


def test_pair_votes_are_listed_with_ways_to_change_them():
    client = voter()
    for slug in ("alpha", "beta", "gamma", "gone"):
        make.tool(slug=slug, name=slug.title())
    for pair, choice in (
        ("alpha-vs-beta", "second"),
        ("gamma-vs-alpha", "first"),
        ("beta-vs-gamma", "neither"),
        ("alpha-vs-gone", "first"),
        ("beta-vs-gone", "first"),
    ):
        choose(client, pair, choice)
    choose(client, "beta-vs-gone", "none")
    Tool.objects.get(slug="gone").withdraw()
    PairVote.objects.filter(choice="neither").update(state="held", held_for="pair")
    response = client.get("/me/")
    assert pairs_on(response) == [
        (
            "/compare/beta-vs-gamma/vote/?next=%2Fme%2F",
            "Beta vs Gamma: You would ship with neither. Under review (why?).",
        ),
        ("/compare/gamma-vs-alpha/vote/?next=%2Fme%2F", "Gamma vs Alpha: You would ship with Gamma. Counted."),
        ("/compare/alpha-vs-beta/vote/?next=%2Fme%2F", "Alpha vs Beta: You would ship with Beta. Counted."),
    ]
    assert "Nothing said of a single tool yet." in words(response)
    page = client.get(pairs_on(response)[2][0]).content.decode()
    assert '<a href="/me/">Back to where you were</a>' in page
    assert pairs_on(voter().get("/me/")) == []


def test_only_the_newest_pair_votes_are_listed(monkeypatch):
    monkeypatch.setattr("votes.views.mine.MAX_PAIRS", 2)
    client, tools = voter(), [make.tool() for _ in range(4)]
    for other in tools[1:]:
        choose(client, f"{tools[0].slug}-vs-{other.slug}", "second")
    response = client.get("/me/")
    assert [said.rpartition(" ship with ")[2] for _, said in pairs_on(response)] == [
        f"{tool.name}. Counted." for tool in tools[:1:-1]
    ]
    assert "The newest 2." in words(response)


@pytest.mark.parametrize("votes", [1, 3])
def test_queries(votes, django_assert_num_queries):
    client = voter()
    for _ in range(votes):
        tools = make.tool(), make.tool()
        cast(client, tools[0])
        choose(client, f"{tools[0].slug}-vs-{tools[1].slug}", "first")
    with django_assert_num_queries(4):  # how many, the votes, their tools, the pair votes
        client.get("/me/")
    with django_assert_num_queries(2):  # votes and pair votes
        client.get("/me/votes/")


def test_many_votes_are_paged(settings):
    settings.VOTES_PER_NETWORK = 1000
    client = voter()
    for _ in range(25):
        cast(client, make.tool())
    pages = [client.get("/me/", {"page": number}).content.decode() for number in (1, 2)]
    assert [page.count('class="my-votes__one"') for page in pages] == [24, 1]


def test_receipt_takes_votes_to_another_browser():
    first, second, tool = voter(), voter(), make.tool(name="Alpha")
    cast(first, tool)
    address = receipt(first)
    asked = second.get(address)
    assert dict(second.cookies) == {}  # looking takes nothing over
    assert asked.headers["Cache-Control"] == "private, no-store"
    assert "Take over 1 vote?" in words(asked)
    done = second.post(address, follow=True)
    assert "This browser now has the votes of your receipt." in words(done)
    assert "Alpha" in words(done)
    cast(second, tool, "skip")
    assert (counts(tool), Vote.objects.count()) == ((0, 1, 0), 1)


def test_replay_of_an_old_receipt_makes_no_second_voter():
    first, tool = voter(), make.tool()
    cast(first, tool)
    address = receipt(first)
    cast(first, tool, "none")
    for _ in range(3):
        replay = voter()
        replay.post(address)
        cast(replay, tool, "ship")
    assert (counts(tool), Vote.objects.count()) == ((1, 0, 0), 1)


def test_receipt_of_a_held_vote_does_not_free_it():
    tool = make.tool()
    for _ in range(11):
        client = voter()
        cast(client, tool)
    other = voter()
    other.post(receipt(client))
    cast(other, tool, "skip", ip="192.0.2.1")
    assert counts(tool) == (10, 0, 1)


def test_a_browser_with_votes_of_its_own_is_told_and_given_its_receipt():
    first, second, tool, other = voter(), voter(), make.tool(), make.tool()
    cast(first, tool)
    cast(second, other)
    page = second.get(receipt(first))
    assert "This browser has 1 vote of its own." in words(page)
    own = re.search(r"http://testserver(/me/receipt/[^<\s]+/)", page.content.decode())[1]
    second.post(receipt(first))
    second.post(own)
    assert second.get("/me/votes/").json() == {"votes": {other.slug: "ship"}, "pairs": []}


def test_own_receipt_says_so():
    client = voter()
    cast(client, make.tool())
    assert "This browser has them already." in words(client.get(receipt(client)))


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("forge", [lambda value: value[:-1] + "x", lambda value: value[:20], lambda value: "x:y:z"])
def test_forged_and_cut_receipts_open_nothing(forge, method):
    client = voter()
    cast(client, make.tool())
    stranger = voter()
    response = getattr(stranger, method)(f"/me/receipt/{forge(sign_receipt(Vote.objects.get().visitor))}/")
    assert (response.status_code, dict(stranger.cookies)) == (404, {})
    assert "This receipt opens nothing" in words(response)


def test_receipt_is_no_cookie_and_a_cookie_no_receipt():
    client = voter()
    cast(client, make.tool())
    stranger = voter()
    assert stranger.get(f"/me/receipt/{client.cookies['visitor'].value}/").status_code == 404
    stranger.cookies["visitor"] = sign_receipt(Vote.objects.get().visitor)
    assert stranger.get("/me/votes/").json() == {"votes": {}, "pairs": []}


def test_receipt_grows_old(time_machine):
    time_machine.move_to("2026-12-01 12:00Z", tick=False)
    client = voter()
    cast(client, make.tool())
    address = receipt(client)
    time_machine.shift(400 * 24 * 3600 + 60)
    assert voter().post(address).status_code == 404


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
def test_another_site_cannot_hand_a_receipt_over(headers):
    client = voter()
    cast(client, make.tool())
    victim = Client(headers=headers)
    assert (victim.post(receipt(client)).status_code, dict(victim.cookies)) == (403, {})
    assert Client(headers=SAME_ORIGIN).post(receipt(client)).status_code == 303
