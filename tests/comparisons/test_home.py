"""The front page: what is new on it, the tiles of categories, and the newest issue."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from newsletter.models import Issue
from tests import factories as make
from tests.comparisons.test_pair_page import text

pytestmark = pytest.mark.django_db


def test_empty_site_has_one_sentence_and_no_sections(client):
    page = text(client, "/")
    assert page.count("No comparison is published yet. The first one is being written.") == 1
    assert re.findall("<h2.*?>(.*?)</h2>", page) == ["Weekly AI Tool Verdicts"]


def test_categories_are_tiles_the_largest_first(client):
    seat, other = make.reviewer(), make.reviewer()
    ink, paper, wax = (make.category(slug=name.lower(), name=name) for name in ("Ink", "Paper", "Wax"))
    make.tool(name="Alone", category=ink)
    for name, verdicts in {"Ash": "+-", "Birch": "++", "Cedar": "--"}.items():
        make.panel(of=make.tool(name=name, category=paper), seats=[seat, other], verdicts=verdicts)
    make.panel(of=make.tool(name="Example", category=paper, example=True), seats=[seat, other], verdicts="++")
    make.tool(name="Draft", category=wax, published_at=None)
    page = text(client, "/")
    tiles = re.findall(r'<li class="box category-box">(.*?)</li>', page, re.DOTALL)
    assert [" ".join(re.sub("<.*?>", " ", tile).split()) for tile in tiles] == [
        f"Paper 4 tools Birch leads Newest verdict {newest_day(page)}",
        "Ink 1 tool No tool is judged yet.",
    ]


def newest_day(page: str) -> str:
    return re.findall(r"Newest verdict <time.*?>(.*?)</time>", page)[0]


def test_newest_issue_that_is_out_stands_on_the_front_page_only(client):
    before = timezone.now() - timedelta(days=9)
    for number, state, subject in ((1, "sent", "Alpha news"), (2, "sending", "Beta news"), (3, "draft", "Gamma news")):
        started = None if state == "draft" else before + timedelta(days=number)
        Issue.objects.create(number=number, state=state, subject=subject, since_at=before, started_at=started)
    page = text(client, "/")
    assert '<a href="/newsletter/2/">Beta news</a>' in page
    assert ("Alpha news" in page, "Gamma news" in page) == (False, False)
    assert "Beta news" not in text(client, "/compare/")


def test_changes_of_this_week_stand_alone_if_there_are_several(client, time_machine):
    reviews = [make.review(of=make.tool(name=name), by=make.reviewer()) for name in ("Ash", "Birch")]
    make.later_edition(of=reviews[0])
    assert ("This week" in text(client, "/"), "What changed" in text(client, "/")) == (False, True)
    make.later_edition(of=reviews[1])
    page = text(client, "/")
    assert ('<h2 id="changes">This week</h2>' in page, "New tool" in page) == (True, False)
    time_machine.move_to(timezone.now() + timedelta(days=8))
    page = text(client, "/")
    assert ('<h2 id="changes">What changed</h2>' in page, "New tool" in page) == (True, True)


def test_map_of_verdicts_can_be_filtered_by_seat(client):
    make.panel(of=make.tool(), seats=[make.reviewer(name="The Wary")], verdicts="+")
    assert "map-filter" not in text(client, "/")
    make.reviewer(name="The Keen")
    labels = re.findall(
        '<label class="chip"><input(.*?)type="radio" name="ships"( checked)?>(.*?)</label>', text(client, "/")
    )
    assert labels == [
        (" ", " checked", " All verdicts"),
        (' class="map-filter__1" ', "", " The Wary ships"),
        (' class="map-filter__2" ', "", " The Keen ships"),
    ]


def test_panel_of_one_says_what_panels_of_several_say(client):
    make.review(of=make.tool(), by=make.reviewer())
    assert "One reviewer says ship or skip, with reasons." in text(client, "/")
    make.reviewer()
    assert "Two reviewers say ship or skip, with reasons." in text(client, "/")
