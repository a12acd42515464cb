"""The methodology page with its worked example, the disclosure, and the page about the site."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import Client

from comparisons.reading.worked_example import choose_example, compute_interval_steps
from tests import factories as make
from tools.models import Tool
from votes.community import list_display_rules
from web.context import FOOTER_LINKS

pytestmark = pytest.mark.django_db
URL = "/methodology/"


def get_text(client: Client, url: str = URL) -> str:
    page = client.get(url).content.decode()
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def make_judged_tool(verdicts: str = "+++-", *, ship: int = 0, skip: int = 0, **fields) -> Tool:
    """Make a tool of a published comparison, with a panel and votes."""
    tool = make.tool(**fields)
    make.panel(of=tool, seats=[make.reviewer() for _ in verdicts], verdicts=verdicts)
    make.votes(on=tool, ship=ship, skip=skip)
    make.comparison(first=tool)
    return tool


def test_example_shows_every_step(client):
    make_judged_tool(name="Alpha", ship=18, skip=13)
    page = get_text(client)
    for step in (
        "An example: Alpha",
        "3 of 4 ship: 3 ÷ 4, which is 75%.",
        "18 of 31 say ship: p = 18 ÷ 31 = 0.5806, which is 58%.",
        "18 + 3.8415 ÷ 2 = 19.9207",
        "√(18 × (1 − 0.5806) + 3.8415 ÷ 4) = 2.9170",
        "31 + 3.8415 = 34.8415",
        "= 0.4077, which is 41%",
        "= 0.7358, which is 74%",
        "Panel 75%, “3 of 4 ship”. Community 58%, “31 votes, early: 41–74%”.",
        "Place 1 of 1 among the tools that it was chosen from",
    ):
        assert step in page


def test_steps_equal_the_functions():
    for ship, votes in ((18, 31), (1, 2), (499, 1000), (7, 9)):
        steps = compute_interval_steps(ship=ship, votes=votes)
        low = (steps["center"] - steps["margin"]) / steps["divisor"]
        high = (steps["center"] + steps["margin"]) / steps["divisor"]
        assert (low, high) == pytest.approx((steps["low_share"], steps["high_share"]), abs=1e-12)
        assert steps["margin"] == pytest.approx(steps["z"] * steps["spread"])


def test_example_is_the_reviewed_tool_with_most_votes():
    make_judged_tool(name="Few", ship=2)
    most = make_judged_tool(name="Most", verdicts="+-", ship=3)
    make.comparison(first=make.tool(name="Not reviewed"), second=make.tool())
    make.votes(on=Tool.objects.get(name="Not reviewed"), ship=9)
    not_compared = make.tool()
    make.review(of=not_compared, by=make.reviewer())
    make.votes(on=not_compared, ship=9)
    found = choose_example()
    assert (found.tool, found.place, found.of) == (most, 2, 2)


def test_among_equals_the_example_ranks_first():
    make_judged_tool(verdicts="-", name="Second", ship=2)
    first = make_judged_tool(verdicts="+", name="First", ship=1, skip=1)
    assert choose_example().tool == first


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_unpublished_tool_is_no_example(client, fields):
    make_judged_tool(name="Shown", ship=1)
    before = client.get(URL).content
    make_judged_tool(name="Hidden tool", ship=9, **fields)
    other = make.tool()
    make.review(of=other, by=make.reviewer())
    make.votes(on=other, ship=9)
    make.comparison(first=other, second=make.tool(), **fields)
    reviewed = make.tool()
    make.review(of=reviewed, by=make.reviewer(), **fields)
    make.votes(on=reviewed, ship=9)
    make.comparison(first=reviewed, second=make.tool(), published_at=make.PAST - timedelta(days=1))
    assert client.get(URL).content == before


def test_empty_site_shows_the_interval_of_invented_votes(client):
    page = get_text(client)
    assert "so there is none, and the interval is worked through on invented votes" in page
    assert "Let us invent some: 18 of 31 say ship." in page
    assert "Where it ranks" not in page


def test_site_without_votes_says_so(client):
    make_judged_tool(name="Alpha")
    page = get_text(client)
    assert "No votes yet on this tool, so pages show no percentage. Let us invent some: 18 of 31 say ship." in page
    assert "What the card says" not in page


def test_few_votes_show_no_percent(client):
    make_judged_tool(name="Alpha", ship=7, skip=2)
    assert "fewer than 10 votes, so no percent is shown and the interval is only used for ranking" in get_text(client)


def test_text_states_the_settings(client, settings):
    settings.COMMUNITY_EARLY_VOTES, settings.COMMUNITY_FULL_VOTES = 25, 200
    settings.STALE_AFTER_DAYS, settings.LIKE_FOR_LIKE_DAYS = 33, 44
    make_judged_tool(name="Alpha", ship=12)
    page = get_text(client)
    for words in ("1–24 none", "25–199 percent", "200 and more", "(25 votes or more, in whole percents)",
                  "After more than 33 days",
                  "more than 44 days apart", "fewer than 25 votes"):  # fmt: skip
        assert words in page
    assert not {"10–49", "1–9", "90 days", "50 and more"} & set(re.findall(r"[\d–]+(?: days| and more)?", page))


@pytest.mark.parametrize(
    ("early", "full", "votes"),
    [
        (10, 50, ["0", "1–9", "10–49", "50 and more"]),
        (2, 3, ["0", "1", "2", "3 and more"]),
        (1, 1, ["0", "1 and more"]),
        (20, 10, ["0", "1–19", "20 and more"]),
    ],
)
def test_text_states_the_ranges_of_votes(settings, early, full, votes):
    settings.COMMUNITY_EARLY_VOTES, settings.COMMUNITY_FULL_VOTES = early, full
    assert [row[0] for row in list_display_rules()] == votes


@pytest.mark.parametrize(("things", "queries"), [(0, 2), (1, 5), (3, 5)])
def test_query_counts_are_constant(client, django_assert_num_queries, things, queries):
    for _ in range(things):
        make.plan(of=make_judged_tool(ship=3))
    with django_assert_num_queries(queries):
        client.get(URL)


def test_disclosure_lists_the_seats_in_order(client):
    make.reviewer(name="The Second", disclosure="A person & a half.", bio="A life.", lens="Why?", seat=902)
    make.reviewer(name="The First", disclosure="A persona.", seat=901)
    page = get_text(client, "/disclosure/")
    assert page.index("The First") < page.index("A persona.") < page.index("The Second")
    assert "What stands behind it: A person &amp; a half. A life." in page
    assert "Kept for 400 days" in page


def test_disclosure_names_the_cookies_of_a_vote(client, form_client):
    tool = make.tool()
    for secure in (False, True):
        answer = form_client.post(f"/tools/{tool.slug}/vote/", {"choice": "ship"}, secure=secure)
        for name in answer.cookies:
            assert f"<code>{name}</code>" in client.get("/disclosure/").content.decode()


@pytest.mark.parametrize("seats", [0, 1, 3])
def test_disclosure_query_count_is_constant(client, django_assert_num_queries, seats):
    for _ in range(seats):
        make.reviewer()
    with django_assert_num_queries(1):
        page = get_text(client, "/disclosure/")
    assert ("Nobody has taken a seat yet." in page) == (seats == 0)


def test_about_names_the_operator_and_the_address(client, settings, django_assert_num_queries):
    settings.SITE_OPERATOR, settings.CONTACT_EMAIL = "Ada & Co.", "hello@example.com"
    make.reviewer(behind="persona")
    with django_assert_num_queries(1):
        page = client.get("/about/").content.decode()
    assert "is run by <bdi>Ada &amp; Co.</bdi>." in page
    assert '<a href="mailto:hello@example.com">hello@example.com</a>' in page
    assert "editorial persona" in page


def test_about_says_what_it_does_not_know(client, settings):
    settings.SITE_OPERATOR = settings.CONTACT_EMAIL = ""
    page = client.get("/about/").content.decode()
    assert "has not published a name" in page
    assert "No address has been published" in page
    assert "mailto:" not in page


@pytest.mark.parametrize("path", ["/compare/aider-vs-cline/", "/tools/aider/"])
def test_page_has_a_link_to_report_errors_below_quotes_and_facts(client, settings, path):
    make.tool(slug="aider")
    make.tool(slug="cline")
    settings.CONTACT_EMAIL = ""
    assert "mailto:" not in client.get(path).content.decode()
    settings.CONTACT_EMAIL, settings.SITE_URL = "hello@example.com", "https://ships.example"
    page = client.get(f"{path}?lens=skeptic").content.decode()
    subject = quote(f"https://ships.example{path}", safe="")
    assert page.count(f'<a href="mailto:hello@example.com?subject={subject}">Report an error</a>') == 2


def test_footer_links_to_pages_that_exist(client):
    for path, _ in FOOTER_LINKS:
        assert client.get(path.partition("#")[0]).status_code == 200, path
