"""The history on the page of a tool: earlier editions, prices, and facts."""

import re
from datetime import date, timedelta

import pytest
from django.test import Client

from comparisons.reading.tool_history import read_history
from comparisons.shaping.verdict_timeline import build_timeline, format_first_day
from tests import factories as make
from tools.models import Tool

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def get_page(client: Client, tool: Tool) -> str:
    return client.get(tool.get_absolute_url()).content.decode()


def strip_tags(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def make_tool_with_a_flip() -> Tool:
    """Make a tool with two seats. One of them has flipped; its earlier edition has a prediction."""
    tool = make.tool(slug="alpha")
    seat = make.reviewer(name="The Builder")
    old = make.review(of=tool, by=seat, verdict="skip", quote="Old *words*.", flips_if="a license")
    make.prediction(of=old, claim="An old claim")
    make.review(of=tool, by=seat, verdict="ship", quote="New words.", published_at=make.PAST + 100 * DAY)
    make.review(of=tool, by=make.reviewer(name="The Skeptic"), quote="Calm words.", published_at=make.PAST + 50 * DAY)
    return tool


def test_each_edition_is_shown_in_full_at_its_anchor(client):
    tool = make_tool_with_a_flip()
    page = get_page(client, tool)
    for edition in tool.reviews.all():
        assert page.count(f'id="edition-{edition.pk}"') == 1
    shown = page.partition("<main")[2].partition("</main>")[0]
    for words in ("<p>Old <em>words</em>.</p>", "a license", "An old claim", "New words.", "Calm words."):
        assert shown.count(words) == 1
    history = strip_tags(page[page.index('id="history"') :])
    assert "One of two seats spoke more than once; one verdict flipped." in history
    assert "ship since Apr 15, 2026 Flipped from skip Read it in the scorecard" in history
    assert "skip Jan 5, 2026 to Apr 15, 2026 First verdict" in history
    assert "ship since Feb 24, 2026 First verdict" in history
    assert "No verdict has changed" not in page


def test_same_verdict_in_new_words_is_history_and_no_flip(client):
    tool, seat = make.tool(), make.reviewer()
    make.review(of=tool, by=seat)
    make.review(of=tool, by=seat, published_at=make.PAST + DAY)
    page = strip_tags(get_page(client, tool))
    assert "One of one seat spoke more than once; no verdicts flipped." in page
    assert "Still ship, in new words" in page


def test_tool_without_history_says_since_when(client):
    tool = make.tool()
    assert "No verdict has changed" not in get_page(client, tool)
    make.review(of=tool, by=make.reviewer(), published_at=make.PAST + 9 * DAY)
    make.review(of=tool, by=make.reviewer())
    page = get_page(client, tool)
    assert "No verdict has changed since the first one, on Jan 5, 2026." in page
    assert 'id="history"' not in page
    assert f'id="edition-{tool.reviews.first().pk}"' in page


def test_history_does_not_depend_on_unpublished_reviews(client):
    tool, seat = make.tool(), make.reviewer()
    make.review(of=tool, by=seat, quote="Standing words.", published_at=make.PAST + 2 * DAY)
    before = get_page(client, tool)
    make.review(of=tool, by=seat, quote="A draft.", published_at=None)
    make.review(of=tool, by=seat, quote="Scheduled.", published_at=make.FUTURE)
    make.review(of=tool, by=seat, quote="Taken back.", published_at=make.PAST, withdrawn_at=make.PAST + DAY)
    make.review(of=make.tool(), by=seat, quote="Of another tool.", published_at=make.PAST)
    assert get_page(client, tool) == before


def test_scheduled_edition_becomes_history_by_the_clock(client, time_machine):
    tool = make.tool()
    review = make.review(of=tool, by=make.reviewer(), quote="First words.")
    make.later_edition(of=review, verdict="skip", quote="Later words.", published_at=make.FUTURE)
    assert "Later words." not in get_page(client, tool)
    time_machine.move_to(make.FUTURE)
    page = get_page(client, tool)
    assert ("First words." in page, "Later words." in page, "Flipped from ship" in page) == (True, True, True)


def test_tool_without_editions_has_no_history():
    history = read_history(make.tool().pk)
    assert history == {"editions": None, "plans": None, "facts": None, "prices": None}
    assert (build_timeline([], today=date(2026, 11, 22)), format_first_day([])) == (None, "")


def test_superseded_price_and_fact_are_shown(client):
    tool, attribute = make.tool(slug="alpha"), make.attribute(name="License")
    make.tool(slug="beta")
    paid = {"name": "Pro", "kind": "paid", "currency": "USD", "period": "month"}
    make.plan(of=tool, amount=10, superseded_at=make.PAST + DAY, **paid)
    make.plan(of=tool, amount=20, superseded_at=make.PAST + 90 * DAY, **paid)
    make.plan(of=tool, amount=25, **paid)
    make.fact(of=tool, attribute=attribute, value="MIT", superseded_at=make.PAST + DAY)
    make.fact(of=tool, attribute=attribute, value="AGPL")
    page = get_page(client, tool)
    newest, oldest = "was $20/mo until Apr 5, 2026", "was $10/mo until Jan 6, 2026"
    assert [page.count(words) for words in (newest, oldest, "was MIT until Jan 6, 2026")] == [1, 1, 1]
    assert page.index(newest) < page.index(oldest)
    assert "No longer" not in page
    pair = client.get("/compare/alpha-vs-beta/").content.decode()
    assert [pair.count(words) for words in (newest, oldest, "was MIT until Jan 6, 2026")] == [1, 0, 1]


def test_plans_and_facts_without_successor_are_shown_as_gone(client):
    tool, other = make.tool(slug="alpha"), make.tool(slug="beta")
    make.plan(of=tool, name="Old plan", superseded_at=make.PAST + DAY)
    make.fact(of=tool, attribute=make.attribute(name="Old attribute"), value="Old value", superseded_at=make.PAST + DAY)
    make.plan(of=other, name="Plan of another")
    page = strip_tags(get_page(client, tool))
    assert "No price known. No longer offered Old plan was Free until Jan 6, 2026" in page
    assert "No facts verified. No longer stated Old attribute was Old value until Jan 6, 2026" in page
    assert "Plan of another" not in page
    assert "Entry" in page
    assert ">Free<" not in get_page(client, tool)
    pair = client.get("/compare/alpha-vs-beta/").content.decode()
    changed, rest = pair.split('id="changes"')[1].split("</section>", 1)
    assert "Old" not in pair.split('id="changes"')[0] + rest
    assert [name in changed for name in ("Old plan", "Old attribute", "Plan of another")] == [True, True, False]


def test_superseding_a_price_changes_the_etag_of_a_comparison(client):
    tool = make.tool(slug="alpha")
    make.tool(slug="beta")
    make.plan(of=tool, name="Pro")
    etag = client.get("/compare/alpha-vs-beta/").headers["ETag"]
    tool.plans.update(superseded_at=make.PAST + DAY)
    make.plan(of=tool, name="Pro", kind="contact")
    changed = client.get("/compare/alpha-vs-beta/", headers={"if-none-match": etag})
    assert (changed.status_code, "was Free until" in changed.content.decode()) == (200, True)


@pytest.mark.parametrize("editions", [1, 3])
def test_query_count_is_constant(client, django_assert_num_queries, editions):
    tool = make.tool()
    for _ in range(editions):
        seat, attribute = make.reviewer(), make.attribute()
        for n in range(editions):
            make.prediction(of=make.review(of=tool, by=seat, published_at=make.PAST + n * DAY))
            make.plan(of=tool, name=f"Plan {n}", superseded_at=make.PAST + seat.pk * DAY)
            make.fact(of=tool, attribute=attribute, superseded_at=make.PAST + n * DAY)
    with django_assert_num_queries(5):
        get_page(client, tool)
