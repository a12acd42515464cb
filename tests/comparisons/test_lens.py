"""The panel through some of its eyes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparisons.shaping.seat_filter import Eye, Lens, lens_of, toggles
from tests import factories as make
from tests.comparisons.test_pages import text

pytestmark = pytest.mark.django_db
EYES = [Eye(number, f"seat-{number}", f"Seat {number}") for number in range(1, 5)]


@given(st.lists(st.sampled_from([eye.slug for eye in EYES] + ["nobody", "", "seat-1 "])))
def test_lens_counts_known_seats_in_their_order(asked):
    lens = lens_of(EYES, asked)
    known = {slug for slug in asked if slug in {eye.slug for eye in EYES}}
    assert [eye.slug for eye in lens.eyes] == ([] if len(known) == 4 else sorted(known))
    assert lens_of(EYES, lens.query.removeprefix("lens=").split(",")) == lens


def test_toggles_take_in_and_leave_out():
    urls = [(link.url, link.is_on) for link in toggles(EYES, lens_of(EYES, ["seat-2"]), here="/x/", also="only=a")]
    assert urls == [
        ("/x/?lens=seat-1,seat-2&only=a", False),
        ("/x/?only=a", True),
        ("/x/?lens=seat-2,seat-3&only=a", False),
        ("/x/?lens=seat-2,seat-4&only=a", False),
    ]
    assert toggles(EYES, Lens(), here="/x/")[0].url == "/x/?lens=seat-1"


def pair():
    seats = [
        make.reviewer(slug=slug, name=f"The {slug.title()}") for slug in ("builder", "skeptic", "futurist", "founder")
    ]
    category = make.category()
    for slug, verdicts in {"alpha": "+---", "beta": "-+++"}.items():
        make.panel(of=make.tool(slug=slug, name=slug.title(), category=category), seats=seats, verdicts=verdicts)
    return category


def test_lens_recounts_the_comparison(client):
    pair()
    whole, through = (text(client, "/compare/alpha-vs-beta/" + query) for query in ("", "?lens=builder,nobody"))
    assert "Beta leads with the panel by two seats: 3 of 4 ship it, against 1 of 4 for Alpha." in whole
    assert "Through the eyes of The Builder alone: Alpha leads" in through
    assert "1 of 1 ship it, against 0 of 1 for Beta" in through
    assert '<link rel="canonical" href="http://127.0.0.1:8000/compare/alpha-vs-beta/">' in through
    assert '<a href="/compare/alpha-vs-beta/">Back to the whole panel</a>' in through
    assert through.count("Not counted through this lens") == 3
    assert "/compare/alpha-vs-beta/?lens=builder#facts" not in whole


def test_lens_and_differences_go_together(client):
    pair()
    page = text(client, "/compare/alpha-vs-beta/?only=differences&lens=skeptic,founder")
    assert '<a href="/compare/alpha-vs-beta/?lens=skeptic,founder#facts">Show all facts</a>' in page
    assert '<a href="/compare/alpha-vs-beta/?only=differences">Back to the whole panel</a>' in page
    assert 'data-hx-get="/compare/alpha-vs-beta/?lens=skeptic,founder&amp;only=differences"' in page


EVERYBODY = "lens=builder,skeptic,futurist,founder"


@pytest.mark.parametrize("query", ["lens=", "lens=nobody", "lens=,,", EVERYBODY, "lens=%00", "lens=" + "x" * 5000])
def test_lens_of_nobody_or_everybody_is_the_whole_panel(client, query):
    category = pair()
    for url in ("/compare/alpha-vs-beta/", category.get_absolute_url()):
        assert "alone" not in text(client, f"{url}?{query}").split("<main")[1].split("lens__words")[0]


def test_lens_ranks_a_category_anew(client):
    url = pair().get_absolute_url()

    def order(query: str) -> list[str]:
        page = text(client, url + query)
        return sorted(["/tools/alpha/", "/tools/beta/"], key=page.index)

    assert order("") == ["/tools/beta/", "/tools/alpha/"]
    assert order("?lens=builder") == ["/tools/alpha/", "/tools/beta/"]
    assert "1 of 1 ship" in text(client, url + "?lens=builder")
    assert "By what The Builder would ship" in text(client, url + "?lens=builder")


def test_seat_without_a_review_here_is_no_lens_of_a_comparison(client):
    pair()
    make.reviewer(slug="late")
    assert "Back to the whole panel" not in text(client, "/compare/alpha-vs-beta/?lens=late")


def test_category_is_paged_and_the_rank_goes_on(client, django_assert_num_queries):
    category = make.category()
    for number in range(30):
        make.tool(name=f"Tool {number:02}", category=category)
    first, second = (text(client, category.get_absolute_url() + query) for query in ("", "?page=2"))
    assert (first.count("tool-card__rank"), second.count("tool-card__rank")) == (24, 6)
    assert '<span class="tool-card__rank">25.</span>' in second
    assert 'rel="canonical" href="http://127.0.0.1:8000' + category.get_absolute_url() + '?page=2"' in second
    for query in ("?page=99", "?page=x", "?page=-1", "?page=%00"):
        text(client, category.get_absolute_url() + query)
