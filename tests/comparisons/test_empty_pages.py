"""Pages of tools and seats of which nothing is known yet, and of a site without any, as `make run DEMO=false` starts
it: they say so in words, without dashes for missing numbers.
"""

import pytest

from tests import factories as make

pytestmark = pytest.mark.django_db

PAGES = [
    "/",
    "/tools/",
    "/tools/?category=bare",
    "/tools/bare-1/",
    "/tools/bare-1/votes/",
    "/categories/",
    "/categories/bare/",
    "/compare/",
    "/compare/bare-1-vs-bare-2/",
    "/compare/bare-1-vs-bare-3/",
    "/compare/custom/?t=bare-1&t=bare-2&t=bare-3",
    "/reviewers/",
    "/reviewers/empty-seat/",
    "/splits/",
    "/changes/",
    "/predictions/",
    "/search/?q=bare",
    "/methodology/",
]


@pytest.fixture
def bare_tools():
    """Create a comparison of two bare tools, a third tool of their category, and a seat without a review."""
    category = make.category(slug="bare", name="Bare Things")
    tools = [make.tool(slug=f"bare-{n}", name=f"Bare {n}", category=category) for n in (1, 2, 3)]
    make.comparison(first=tools[0], second=tools[1])
    make.reviewer(slug="empty-seat", name="The Empty Seat")
    return tools


@pytest.mark.parametrize("url", PAGES)
def test_page_shows_no_dash_for_a_number_that_is_not_there(client, bare_tools, url):
    response = client.get(url)
    assert response.status_code == 200
    assert [line for line in response.content.decode().splitlines() if "—" in line] == []


def test_entry_that_nobody_knows_is_said_in_words(client, bare_tools):
    board = client.get("/compare/bare-1-vs-bare-2/").content.decode()
    assert board.count('<span class="empty">Not known</span>') == 2
    assert ">Entry</th>" not in client.get("/tools/?category=bare").content.decode()
    make.plan(of=bare_tools[0])
    assert ">Entry</th>" in client.get("/tools/?category=bare").content.decode()


def test_title_of_a_seat_without_verdicts_names_no_number(client, bare_tools):
    page = client.get("/reviewers/empty-seat/").content.decode()
    assert "<title>The Empty Seat: no verdict yet · Shipside</title>" in page
    assert '<meta name="description" content="Why?">' in page


EMPTY = {
    "/": "No comparison is published yet. The first one is being written.",
    "/tools/": "No tool is published yet.",
    "/categories/": "No tool is published yet.",
    "/reviewers/": "There are no reviewers yet.",
    "/splits/": "No two reviewers have judged a tool differently yet.",
    "/changes/": "Nothing has changed yet.",
    "/predictions/": "No predictions yet.",
    "/newsletter/": "The first issue has not gone out yet.",
    "/moderation/": "Moderators have not decided anything about votes yet.",
    "/disclosure/": "Nobody has taken a seat yet.",
    "/me/": "No votes yet.",
}
ALSO_THERE = ["/compare/", "/compare/custom/", "/search/", "/methodology/", "/about/"]


def test_every_page_of_an_empty_site_says_once_that_there_is_nothing(client):
    pages = {url: client.get(url) for url in [*EMPTY, *ALSO_THERE]}
    assert {page.status_code for page in pages.values()} == {200}
    assert [url for url, words in EMPTY.items() if pages[url].content.decode().count(words) != 1] == []
