"""What changed about a tool: earlier editions, prices and facts."""

import re
from datetime import date, timedelta

import pytest
from django.test import Client

from comparisons.reading.superseded import read_history
from comparisons.shaping.verdict_timeline import timeline, unchanged_since
from tests import factories as make
from tools.models import Tool

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def page_of(client: Client, tool: Tool) -> str:
    return client.get(tool.get_absolute_url()).content.decode()


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def spoken_twice() -> Tool:
    """A tool of two seats, one of which has flipped; its earlier words carry a prediction."""
    tool = make.tool(slug="alpha")
    seat = make.reviewer(name="The Builder")
    old = make.review(of=tool, by=seat, verdict="skip", quote="Old *words*.", flips_if="a licence")
    make.prediction(of=old, claim="An old claim")
    make.review(of=tool, by=seat, verdict="ship", quote="New words.", published_at=make.PAST + 100 * DAY)
    make.review(of=tool, by=make.reviewer(name="The Skeptic"), quote="Calm words.", published_at=make.PAST + 50 * DAY)
    return tool


def test_each_edition_can_be_read_in_full_at_its_anchor(client):
    tool = spoken_twice()
    page = page_of(client, tool)
    for edition in tool.reviews.all():
        assert page.count(f'id="edition-{edition.pk}"') == 1
    shown = page.partition("<main")[2].partition("</main>")[0]
    for words in ("<p>Old <em>words</em>.</p>", "a licence", "An old claim", "New words.", "Calm words."):
        assert shown.count(words) == 1
    history = text_of(page[page.index('id="history"') :])
    assert "One of two seats spoke more than once; one verdict flipped." in history
    assert "ship since 15 Apr 2026 Flipped from skip Read it in the scorecard" in history
    assert "skip 5 Jan 2026 to 15 Apr 2026 First verdict" in history
    assert "ship since 24 Feb 2026 First verdict" in history
    assert "No verdict has changed" not in page


def test_new_words_with_the_same_verdict_are_history_and_no_flip(client):
    tool, seat = make.tool(), make.reviewer()
    make.review(of=tool, by=seat)
    make.review(of=tool, by=seat, published_at=make.PAST + DAY)
    page = text_of(page_of(client, tool))
    assert "One of one seat spoke more than once; no verdicts flipped." in page
    assert "Still ship, in new words" in page


def test_without_history_a_sentence_says_since_when(client):
    tool = make.tool()
    assert "No verdict has changed" not in page_of(client, tool)
    make.review(of=tool, by=make.reviewer(), published_at=make.PAST + 9 * DAY)
    make.review(of=tool, by=make.reviewer())
    page = page_of(client, tool)
    assert "No verdict has changed since the first one, on 5 Jan 2026." in page
    assert 'id="history"' not in page
    assert f'id="edition-{tool.reviews.first().pk}"' in page


def test_history_keeps_what_is_not_public_to_itself(client):
    tool, seat = make.tool(), make.reviewer()
    make.review(of=tool, by=seat, quote="Standing words.", published_at=make.PAST + 2 * DAY)
    before = page_of(client, tool)
    make.review(of=tool, by=seat, quote="A draft.", published_at=None)
    make.review(of=tool, by=seat, quote="Scheduled.", published_at=make.FUTURE)
    make.review(of=tool, by=seat, quote="Taken back.", published_at=make.PAST, withdrawn_at=make.PAST + DAY)
    make.review(of=make.tool(), by=seat, quote="Of another tool.", published_at=make.PAST)
    assert page_of(client, tool) == before


def test_scheduled_edition_makes_history_by_itself(client, time_machine):
    tool = make.tool()
    review = make.review(of=tool, by=make.reviewer(), quote="First words.")
    make.later_edition(of=review, verdict="skip", quote="Later words.", published_at=make.FUTURE)
    assert "Later words." not in page_of(client, tool)
    time_machine.move_to(make.FUTURE)
    page = page_of(client, tool)
    assert ("First words." in page, "Later words." in page, "Flipped from ship" in page) == (True, True, True)


def test_picture_puts_the_editions_on_one_scale():
    tool = spoken_twice()
    drawn = timeline(read_history(tool.pk)["editions"], today=date(2026, 11, 22))
    assert (drawn["first"], drawn["newest"]) == ("5 Jan 2026", "15 Apr 2026")
    assert [seat["marks"] for seat in drawn["seats"]] == [
        [{"verdict": "skip", "x": "0.0%", "until": "92.0%"}, {"verdict": "ship", "x": "92.0%", "until": "100%"}],
        [{"verdict": "ship", "x": "46.0%", "until": "100%"}],
    ]


def test_no_editions_no_history():
    said = read_history(make.tool().pk)
    assert said == {"editions": None, "plans": None, "facts": None}
    assert (timeline([], today=date(2026, 11, 22)), unchanged_since([])) == (None, "")


def test_superseded_price_and_fact_show_what_they_were(client):
    tool, attribute = make.tool(slug="alpha"), make.attribute(name="Licence")
    make.tool(slug="beta")
    paid = {"name": "Pro", "kind": "paid", "currency": "USD", "period": "month"}
    make.plan(of=tool, amount=10, superseded_at=make.PAST, **paid)
    make.plan(of=tool, amount=20, superseded_at=make.PAST + 90 * DAY, **paid)
    make.plan(of=tool, amount=25, **paid)
    make.fact(of=tool, attribute=attribute, value="MIT", superseded_at=make.PAST)
    make.fact(of=tool, attribute=attribute, value="AGPL")
    page = page_of(client, tool)
    newest, oldest = "was $20/mo until 5 Apr 2026", "was $10/mo until 5 Jan 2026"
    assert [page.count(words) for words in (newest, oldest, "was MIT until 5 Jan 2026")] == [1, 1, 1]
    assert page.index(newest) < page.index(oldest)
    assert "No longer" not in page
    pair = client.get("/compare/alpha-vs-beta/").content.decode()
    assert [pair.count(words) for words in (newest, oldest, "was MIT until 5 Jan 2026")] == [1, 0, 1]


def test_what_nothing_follows_is_said_to_be_gone(client):
    tool, other = make.tool(slug="alpha"), make.tool(slug="beta")
    make.plan(of=tool, name="Old plan", superseded_at=make.PAST)
    make.fact(of=tool, attribute=make.attribute(name="Old attribute"), value="Old value", superseded_at=make.PAST)
    make.plan(of=other, name="Plan of another")
    page = text_of(page_of(client, tool))
    assert "— No price known. No longer offered Old plan was Free until 5 Jan 2026" in page
    assert "— No facts verified. No longer stated Old attribute was Old value until 5 Jan 2026" in page
    assert "Plan of another" not in page
    assert "Entry" in page
    assert ">Free<" not in page_of(client, tool)
    assert "Old" not in client.get("/compare/alpha-vs-beta/").content.decode()


def test_superseding_a_price_changes_the_etag_of_a_comparison(client):
    tool = make.tool(slug="alpha")
    make.tool(slug="beta")
    make.plan(of=tool, name="Pro")
    etag = client.get("/compare/alpha-vs-beta/").headers["ETag"]
    tool.plans.update(superseded_at=make.PAST)
    make.plan(of=tool, name="Pro", kind="contact")
    changed = client.get("/compare/alpha-vs-beta/", headers={"if-none-match": etag})
    assert (changed.status_code, "was Free until" in changed.content.decode()) == (200, True)


@pytest.mark.parametrize("editions", [1, 3])
def test_queries(client, django_assert_num_queries, editions):
    tool = make.tool()
    for _ in range(editions):
        seat, attribute = make.reviewer(), make.attribute()
        for n in range(editions):
            make.prediction(of=make.review(of=tool, by=seat, published_at=make.PAST + n * DAY))
            make.plan(of=tool, name=f"Plan {n}", superseded_at=make.PAST + seat.pk * DAY)
            make.fact(of=tool, attribute=attribute, superseded_at=make.PAST + n * DAY)
    with django_assert_num_queries(5):
        page_of(client, tool)
