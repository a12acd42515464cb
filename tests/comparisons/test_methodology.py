"""The page that says how the numbers are made, and the example worked through on it."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from comparisons.reading.worked_example import example, interval_steps
from tests import factories as make
from tools.models import Tool
from votes.community import list_display_rules

pytestmark = pytest.mark.django_db
URL = "/methodology/"


def words_of(client: Client, url: str = URL) -> str:
    page = client.get(url).content.decode()
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def judged(verdicts: str = "+++-", *, ship: int = 0, skip: int = 0, **fields) -> Tool:
    """A tool of a published comparison, with a panel and votes."""
    tool = make.tool(**fields)
    make.panel(of=tool, seats=[make.reviewer() for _ in verdicts], verdicts=verdicts)
    make.votes(on=tool, ship=ship, skip=skip)
    make.comparison(first=tool)
    return tool


def test_example_is_worked_through(client):
    judged(name="Alpha", ship=18, skip=13)
    page = words_of(client)
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


def test_steps_lead_where_the_functions_do():
    for ship, votes in ((18, 31), (1, 2), (499, 1000), (7, 9)):
        steps = interval_steps(ship=ship, votes=votes)
        low = (steps["centre"] - steps["margin"]) / steps["divisor"]
        high = (steps["centre"] + steps["margin"]) / steps["divisor"]
        assert (low, high) == pytest.approx((steps["low_share"], steps["high_share"]), abs=1e-12)
        assert steps["margin"] == pytest.approx(steps["z"] * steps["spread"])


def test_example_is_the_tool_with_most_votes_that_has_a_panel():
    judged(name="Few", ship=2)
    most = judged(name="Most", verdicts="+-", ship=3)
    make.comparison(first=make.tool(name="Not reviewed"), second=make.tool())
    make.votes(on=Tool.objects.get(name="Not reviewed"), ship=9)
    not_compared = make.tool()
    make.review(of=not_compared, by=make.reviewer())
    make.votes(on=not_compared, ship=9)
    found = example()
    assert (found.tool, found.place, found.of) == (most, 2, 2)


def test_among_equals_the_example_ranks_first():
    judged(verdicts="-", name="Second", ship=2)
    first = judged(verdicts="+", name="First", ship=1, skip=1)
    assert example().tool == first


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_what_is_not_public_is_no_example(client, fields):
    judged(name="Shown", ship=1)
    before = client.get(URL).content
    judged(name="Hidden tool", ship=9, **fields)
    other = make.tool()
    make.review(of=other, by=make.reviewer())
    make.votes(on=other, ship=9)
    make.comparison(first=other, second=make.tool(), **fields)
    reviewed = make.tool()
    make.review(of=reviewed, by=make.reviewer(), **fields)
    make.votes(on=reviewed, ship=9)
    make.comparison(first=reviewed, second=make.tool(), published_at=make.PAST - timedelta(days=1))
    assert client.get(URL).content == before


def test_empty_site_has_the_interval_on_invented_votes(client):
    page = words_of(client)
    assert "so there is none, and the interval is worked through on invented votes" in page
    assert "Let us invent some: 18 of 31 say ship." in page
    assert "Where it ranks" not in page


def test_site_without_votes_says_so(client):
    judged(name="Alpha")
    page = words_of(client)
    assert "No votes yet on this tool, so its card shows —. Let us invent some: 18 of 31 say ship." in page
    assert "What the card says" not in page


def test_few_votes_show_no_percent(client):
    judged(name="Alpha", ship=7, skip=2)
    assert "fewer than 10 votes, so no percent is shown and the interval is only used for ranking" in words_of(client)


def test_words_follow_the_settings(client, settings):
    settings.COMMUNITY_EARLY_VOTES, settings.COMMUNITY_FULL_VOTES = 25, 200
    settings.STALE_AFTER_DAYS, settings.LIKE_FOR_LIKE_DAYS = 33, 44
    judged(name="Alpha", ship=12)
    page = words_of(client)
    for words in ("1–24 —", "25–199 percent", "200 and more", "percent (25 votes or more)", "After more than 33 days",
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
def test_ranges_of_votes(settings, early, full, votes):
    settings.COMMUNITY_EARLY_VOTES, settings.COMMUNITY_FULL_VOTES = early, full
    assert [row[0] for row in list_display_rules()] == votes


@pytest.mark.parametrize(("things", "queries"), [(0, 2), (1, 5), (3, 5)])
def test_queries(client, django_assert_num_queries, things, queries):
    for _ in range(things):
        make.plan(of=judged(ship=3))
    with django_assert_num_queries(queries):
        client.get(URL)


def test_disclosure_says_what_stands_behind_the_seats_in_their_order(client):
    make.reviewer(name="The Second", disclosure="A person & a half.", bio="A life.", lens="Why?", seat=902)
    make.reviewer(name="The First", disclosure="A persona.", seat=901)
    page = words_of(client, "/disclosure/")
    assert page.index("The First") < page.index("A persona.") < page.index("The Second")
    assert "What stands behind it: A person &amp; a half. A life." in page
    assert "Kept for 400 days" in page


def test_disclosure_names_the_cookies_that_a_vote_sets(client, form_client):
    tool = make.tool()
    for secure in (False, True):
        answer = form_client.post(f"/tools/{tool.slug}/vote/", {"choice": "ship"}, secure=secure)
        for name in answer.cookies:
            assert f"<code>{name}</code>" in client.get("/disclosure/").content.decode()


@pytest.mark.parametrize("seats", [0, 1, 3])
def test_disclosure_queries(client, django_assert_num_queries, seats):
    for _ in range(seats):
        make.reviewer()
    with django_assert_num_queries(1):
        page = words_of(client, "/disclosure/")
    assert ("Nobody has taken a seat yet." in page) == (seats == 0)
