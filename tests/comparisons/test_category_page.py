"""A category: its leader, the drawing of panel and visitors, places by pair votes; and the page of all categories."""

import re

import pytest

from comparisons.shaping.leaders import place_ranks
from reviews.models import Reviewer
from tests import factories as make
from tests.comparisons.test_pair_page import text
from tools.models import Tool
from votes.models import PairRank

pytestmark = pytest.mark.django_db


@pytest.fixture
def code() -> None:
    """Make a category of two judged tools, of which panel and visitors differ about one, and one that is not judged."""
    category = make.category(slug="code", name="Code")
    seats = [make.reviewer(slug=slug, name=f"The {slug.title()}") for slug in ("builder", "skeptic")]
    for name, verdicts, ship, skip in (("Ada", "++", 90, 10), ("Bob", "--", 80, 20)):
        tool = make.tool(name=name, slug=name.lower(), category=category)
        make.panel(of=tool, seats=seats, verdicts=verdicts)
        make.votes(on=tool, ship=ship, skip=skip)
    make.tool(name="Cyd", category=category)


@pytest.mark.usefixtures("code")
def test_category_draws_its_leader_and_where_visitors_stand(client):
    page = text(client, "/categories/code/")
    assert "unanimous" in page
    assert "All two reviewers ship it" not in page
    assert "Both reviewers ship it, and so do 90% of 100 visitors." in page
    assert "On opposite sides: Bob (80% ship it, 0 of 2 ship)." in page
    label = "Ada: panel 2 of 2, visitors 90%, between 83 and 94%; Bob: panel 0 of 2, visitors 80%, between 71 and 87%"
    assert f'aria-label="{label}"' in page
    assert "<bdi>Bob</bdi></th><td>0 of 2</td><td>80%</td><td>71–87%</td>" in page
    assert "<small>80% (71–87%)</small></td>" in page


@pytest.mark.usefixtures("code")
@pytest.mark.parametrize("query", ["?sort=name", "?sort=seat.builder"])
def test_only_a_ranking_has_a_leader(client, query):
    assert "leader__name" in text(client, "/categories/code/")
    assert "leader__name" not in text(client, f"/categories/code/{query}")


@pytest.mark.usefixtures("code")
@pytest.mark.parametrize("path", ["/categories/code/", "/tools/", "/tools/?category=code"])
def test_order_by_a_renamed_seat_is_the_order_by_its_new_name(client, path):
    seat = Reviewer.objects.get(slug="builder")
    seat.slug = "maker"
    seat.save()
    address = f"{path}{'&' if '?' in path else '?'}sort=seat."
    former, current, unknown, broken = (
        re.search("<main.*", text(client, address + slug), re.DOTALL)[0]
        for slug in ("builder", "maker", "nobody", "%00builder")
    )
    assert "What The Builder would ship first" in former
    assert former.replace("seat.builder", "seat.maker") == current
    assert ["would ship first" in page for page in (unknown, broken)] == [False, False]


def test_category_that_nobody_would_ship_has_no_leader(client):
    category = make.category(slug="code", name="Code")
    make.review(of=make.tool(category=category), by=make.reviewer(), verdict="skip")
    page = text(client, "/categories/code/")
    assert ("leader__name" in page, "scatter" in page) == (False, False)


@pytest.mark.usefixtures("code")
def test_all_categories_name_their_leaders(client, django_assert_num_queries):
    make.tool(category=make.category(name="Speech"))
    page = text(client, "/categories/")
    assert re.findall(r"<h2.*?>([^<]+)</a></h2>", page) == ["Code", "Speech"]
    assert ("<bdi>Ada</bdi> leads" in page, "No tool is judged yet." in page, "3 tools" in page) == (True, True, True)
    make.tool(category=make.category(name="Zoology"))
    text(client, "/categories/")
    with django_assert_num_queries(2):  # the seats, and the categories with their leaders
        text(client, "/categories/")


def test_page_of_all_categories_says_that_there_are_none(client):
    assert "No tool is published yet." in text(client, "/categories/")


@pytest.mark.parametrize(
    ("intervals", "places"),
    [
        ([(0.6, 0.8), (0.5, 0.7), (0.1, 0.2)], ["1–2", "1–2", "3"]),
        ([(0.6, 0.8), (0.4, 0.65), (0.1, 0.5)], ["1–2", "1–3", "2–3"]),
        ([(0.3, 0.4)], ["1"]),
    ],
)
def test_places_are_ranges_where_intervals_overlap(intervals, places):
    ranks = [PairRank(tool=Tool(), low_share=low, high_share=high) for low, high in intervals]
    assert [row.places for row in place_ranks(ranks)] == places
