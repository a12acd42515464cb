"""The page of a visitor's own votes, and receipts."""

import re

import pytest
from django.test import Client

from tests import factories as make
from tests.conftest import SAME_ORIGIN
from tests.votes.helpers import cast, get_counts, new_voter
from tools.models import Tool
from votes.models import PairVote, Vote, VoteState
from votes.visitor import sign_receipt

pytestmark = pytest.mark.django_db


def get_words(response) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


def get_receipt_path(client: Client) -> str:
    """Return the path of a browser's receipt."""
    return re.search(r"http://testserver(/me/receipt/[^<\s]+/)", client.get("/me/").content.decode())[1]


def test_votes_are_listed_with_buttons():
    client = new_voter()
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
    assert "2 votes. Change one" in get_words(response)


def test_states_are_shown():
    client = new_voter()
    for state, extra in (
        (VoteState.COUNTED, {}),
        (VoteState.HELD, {"held_for": "tool"}),
        (VoteState.REJECTED, {"rejected_for": "flood"}),
    ):
        tool = make.tool()
        cast(client, tool)
        Vote.objects.filter(tool=tool).update(state=state, **extra)
    page = get_words(client.get("/me/"))
    assert [page.count(label) for label in ("Counted .", "Under review ( why? )", "Not counted ( why? )")] == [1, 1, 1]


def test_page_without_votes_has_no_receipt():
    response = new_voter().get("/me/")
    assert "No votes yet." in get_words(response)
    assert "/me/receipt/" not in response.content.decode()


def test_votes_on_withdrawn_tools_are_not_shown():
    client, tool = new_voter(), make.tool(name="Withdrawn")
    cast(client, tool)
    tool.withdraw()
    assert "Withdrawn" not in get_words(client.get("/me/"))
    assert client.get("/me/votes/").json() == {"votes": {}, "pairs": []}


def vote_on_pair(client: Client, pair: str, choice: str) -> None:
    assert client.post(f"/compare/{pair}/vote/", {"choice": choice}).status_code == 303


def list_pairs(response) -> list[tuple[str, str]]:
    """Return the pairs that the page lists, each as (URL, words)."""
    found = re.findall(
        r'<h3 class="my-votes__name"><a href="([^"]*)">(.*?)</a></h3>\s*<p class="my-votes__state">(.*?)</p>',
        response.content.decode(),
    )
    return [(url, re.sub(r"<[^>]*>", "", f"{name}: {choice}")) for url, name, choice in found]


def test_pair_votes_are_listed_with_links():
    client = new_voter()
    for slug in ("alpha", "beta", "gamma", "gone"):
        make.tool(slug=slug, name=slug.title())
    for pair, choice in (
        ("alpha-vs-beta", "second"),
        ("gamma-vs-alpha", "first"),
        ("beta-vs-gamma", "neither"),
        ("alpha-vs-gone", "first"),
        ("beta-vs-gone", "first"),
    ):
        vote_on_pair(client, pair, choice)
    vote_on_pair(client, "beta-vs-gone", "none")
    Tool.objects.get(slug="gone").withdraw()
    PairVote.objects.filter(choice="neither").update(state="held", held_for="pair")
    response = client.get("/me/")
    assert list_pairs(response) == [
        (
            "/compare/beta-vs-gamma/vote/?next=%2Fme%2F",
            "Beta vs Gamma: You would ship with neither. Under review (why?).",
        ),
        ("/compare/gamma-vs-alpha/vote/?next=%2Fme%2F", "Gamma vs Alpha: You would ship with Gamma. Counted."),
        ("/compare/alpha-vs-beta/vote/?next=%2Fme%2F", "Alpha vs Beta: You would ship with Beta. Counted."),
    ]
    assert "No votes on single tools yet." in get_words(response)
    page = client.get(list_pairs(response)[2][0]).content.decode()
    assert '<a href="/me/">Back to where you were</a>' in page
    assert list_pairs(new_voter().get("/me/")) == []


def test_only_the_newest_pair_votes_are_listed(monkeypatch):
    monkeypatch.setattr("votes.views.mine.MAX_PAIRS", 2)
    client, tools = new_voter(), [make.tool() for _ in range(4)]
    for other in tools[1:]:
        vote_on_pair(client, f"{tools[0].slug}-vs-{other.slug}", "second")
    response = client.get("/me/")
    assert [choice.rpartition(" ship with ")[2] for _, choice in list_pairs(response)] == [
        f"{tool.name}. Counted." for tool in tools[:1:-1]
    ]
    assert "The newest 2." in get_words(response)


@pytest.mark.parametrize("votes", [1, 3])
def test_queries_are_constant(votes, django_assert_num_queries):
    client = new_voter()
    for _ in range(votes):
        tools = make.tool(), make.tool()
        cast(client, tools[0])
        vote_on_pair(client, f"{tools[0].slug}-vs-{tools[1].slug}", "first")
    with django_assert_num_queries(4):  # count, votes, their tools, pair votes
        client.get("/me/")
    with django_assert_num_queries(2):  # votes and pair votes
        client.get("/me/votes/")


def test_votes_are_paged(settings):
    settings.VOTES_PER_NETWORK = 1000
    client = new_voter()
    for _ in range(25):
        cast(client, make.tool())
    pages = [client.get("/me/", {"page": number}).content.decode() for number in (1, 2)]
    assert [page.count('class="my-votes__one"') for page in pages] == [24, 1]


def test_receipt_moves_votes_to_another_browser():
    first, second, tool = new_voter(), new_voter(), make.tool(name="Alpha")
    cast(first, tool)
    address = get_receipt_path(first)
    asked = second.get(address)
    assert dict(second.cookies) == {}  # a GET changes nothing
    assert asked.headers["Cache-Control"] == "private, no-store"
    assert "Take over 1 vote?" in get_words(asked)
    done = second.post(address, follow=True)
    assert "This browser now has the votes of your receipt." in get_words(done)
    assert "Alpha" in get_words(done)
    cast(second, tool, "skip")
    assert (get_counts(tool), Vote.objects.count()) == ((0, 1, 0), 1)


def test_replayed_receipt_makes_no_second_voter():
    first, tool = new_voter(), make.tool()
    cast(first, tool)
    address = get_receipt_path(first)
    cast(first, tool, "none")
    for _ in range(3):
        replay = new_voter()
        replay.post(address)
        cast(replay, tool, "ship")
    assert (get_counts(tool), Vote.objects.count()) == ((1, 0, 0), 1)


def test_receipt_does_not_release_a_held_vote():
    tool = make.tool()
    for _ in range(11):
        client = new_voter()
        cast(client, tool)
    other = new_voter()
    other.post(get_receipt_path(client))
    cast(other, tool, "skip", ip="192.0.2.1")
    assert get_counts(tool) == (10, 0, 1)


def test_browser_with_votes_gets_a_receipt_before_switching():
    first, second, tool, other = new_voter(), new_voter(), make.tool(), make.tool()
    cast(first, tool)
    cast(second, other)
    page = second.get(get_receipt_path(first))
    assert "This browser has 1 vote of its own. It still counts" in get_words(page)
    own = re.search(r"http://testserver(/me/receipt/[^<\s]+/)", page.content.decode())[1]
    second.post(get_receipt_path(first))
    second.post(own)
    assert second.get("/me/votes/").json() == {"votes": {other.slug: "ship"}, "pairs": []}


def test_own_receipt_is_recognized():
    client = new_voter()
    cast(client, make.tool())
    assert "This browser has them already." in get_words(client.get(get_receipt_path(client)))


def test_receipt_counts_choices_between_two_tools():
    first, second = new_voter(), new_voter()
    make.tool(slug="one"), make.tool(slug="two")
    for client in (first, second):
        client.post("/compare/one-vs-two/vote/", {"choice": "first"})
    page = get_words(second.get(get_receipt_path(first)))
    assert "Take over 1 vote?" in page
    assert "This browser has 1 vote of its own." in page


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("forge", [lambda value: value[:-1] + "x", lambda value: value[:20], lambda value: "x:y:z"])
def test_invalid_receipts_are_404(forge, method):
    client = new_voter()
    cast(client, make.tool())
    stranger = new_voter()
    response = getattr(stranger, method)(f"/me/receipt/{forge(sign_receipt(Vote.objects.get().visitor))}/")
    assert (response.status_code, dict(stranger.cookies)) == (404, {})
    assert "This receipt opens nothing" in get_words(response)


def test_receipts_and_cookies_are_not_interchangeable():
    client = new_voter()
    cast(client, make.tool())
    stranger = new_voter()
    assert stranger.get(f"/me/receipt/{client.cookies['visitor'].value}/").status_code == 404
    stranger.cookies["visitor"] = sign_receipt(Vote.objects.get().visitor)
    assert stranger.get("/me/votes/").json() == {"votes": {}, "pairs": []}


def test_receipt_expires(time_machine):
    time_machine.move_to("2026-12-01 12:00Z", tick=False)
    client = new_voter()
    cast(client, make.tool())
    address = get_receipt_path(client)
    time_machine.shift(400 * 24 * 3600 + 60)
    assert new_voter().post(address).status_code == 404


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
def test_other_sites_cannot_submit_a_receipt(headers):
    client = new_voter()
    cast(client, make.tool())
    victim = Client(headers=headers)
    assert (victim.post(get_receipt_path(client)).status_code, dict(victim.cookies)) == (403, {})
    assert Client(headers=SAME_ORIGIN).post(get_receipt_path(client)).status_code == 303


@pytest.mark.parametrize("path", ["/tools/one/vote/", "/compare/one-vs-two/vote/"])
def test_browser_that_refuses_cookies_is_told_so_after_a_plain_vote(path):
    make.tool(slug="one"), make.tool(slug="two")
    choice = "first" if "compare" in path else "ship"
    refusing = Client(headers=SAME_ORIGIN)
    answer = refusing.post(path, {"choice": choice})
    refusing.cookies.clear()
    page = refusing.get(answer.headers["Location"]).content.decode()
    assert "Your browser refuses our cookie, so we cannot tell which vote is yours." in page
    assert "You have no vote" not in page
    assert "You have not chosen" not in page
    accepting = Client(headers=SAME_ORIGIN)
    assert "refuses" not in accepting.get(accepting.post(path, {"choice": choice}).url).content.decode()


def test_receipt_in_a_browser_that_refuses_cookies_says_so():
    assert "Your browser refuses our cookie, so it cannot take" in Client().get("/me/?taken-over=1").content.decode()
