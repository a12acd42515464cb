"""The seat filter on comparisons and categories."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparisons.shaping.seat_filter import PanelSeat, SeatFilter, build_toggles, select_seats
from tests import factories as make
from tests.comparisons.test_pair_page import text
from tools.models import Category

pytestmark = pytest.mark.django_db
SEATS = [PanelSeat(number, f"seat-{number}", f"Seat {number}") for number in range(1, 5)]


@given(st.lists(st.sampled_from([seat.slug for seat in SEATS] + ["nobody", "", "seat-1 "])))
def test_filter_selects_known_seats_in_their_order(slugs):
    seat_filter = select_seats(SEATS, slugs)
    known = {slug for slug in slugs if slug in {seat.slug for seat in SEATS}}
    assert [seat.slug for seat in seat_filter.seats] == ([] if len(known) == 4 else sorted(known))
    assert select_seats(SEATS, seat_filter.query.removeprefix("lens=").split(",")) == seat_filter


def test_toggles_add_and_remove_a_seat():
    urls = [
        (link.url, link.is_on)
        for link in build_toggles(SEATS, select_seats(SEATS, ["seat-2"]), here="/x/", also="only=a")
    ]
    assert urls == [
        ("/x/?lens=seat-1,seat-2&only=a", False),
        ("/x/?only=a", True),
        ("/x/?lens=seat-2,seat-3&only=a", False),
        ("/x/?lens=seat-2,seat-4&only=a", False),
    ]
    assert build_toggles(SEATS, SeatFilter(), here="/x/")[0].url == "/x/?lens=seat-1"


def make_pair() -> Category:
    seats = [
        make.reviewer(slug=slug, name=f"The {slug.title()}") for slug in ("builder", "skeptic", "futurist", "founder")
    ]
    category = make.category()
    for slug, verdicts in {"alpha": "+---", "beta": "-+++"}.items():
        make.panel(of=make.tool(slug=slug, name=slug.title(), category=category), seats=seats, verdicts=verdicts)
    return category


def test_filter_recounts_the_comparison(client):
    make_pair()
    whole, filtered = (text(client, "/compare/alpha-vs-beta/" + query) for query in ("", "?lens=builder,nobody"))
    assert "Beta leads with the panel by two seats: 3 of 4 ship it, against 1 of 4 for Alpha." in whole
    assert "Through the eyes of The Builder alone: Alpha leads" in filtered
    assert "1 of 1 ship it, against 0 of 1 for Beta" in filtered
    assert '<link rel="canonical" href="http://127.0.0.1:8000/compare/alpha-vs-beta/">' in filtered
    assert '<a href="/compare/alpha-vs-beta/">Back to the whole panel</a>' in filtered
    assert filtered.count("Not counted through this lens") == 3
    assert "/compare/alpha-vs-beta/?lens=builder#facts" not in whole


def test_filter_combines_with_differences_only(client):
    make_pair()
    page = text(client, "/compare/alpha-vs-beta/?only=differences&lens=skeptic,founder")
    assert '<a href="/compare/alpha-vs-beta/?lens=skeptic,founder#facts">Show all facts</a>' in page
    assert '<a href="/compare/alpha-vs-beta/?only=differences">Back to the whole panel</a>' in page
    assert 'data-hx-get="/compare/alpha-vs-beta/?lens=skeptic,founder&amp;only=differences"' in page


EVERY_SEAT = "lens=builder,skeptic,futurist,founder"


@pytest.mark.parametrize("query", ["lens=", "lens=nobody", "lens=,,", EVERY_SEAT, "lens=%00", "lens=" + "x" * 5000])
def test_filter_of_no_seat_or_every_seat_is_the_whole_panel(client, query):
    category = make_pair()
    for url in ("/compare/alpha-vs-beta/", category.get_absolute_url()):
        assert "alone" not in text(client, f"{url}?{query}").split("<main")[1].split("lens__words")[0]


def test_filter_ranks_a_category_by_its_seats(client):
    url = make_pair().get_absolute_url()

    def order(query: str) -> list[str]:
        page = text(client, url + query)
        return sorted(["/tools/alpha/", "/tools/beta/"], key=page.index)

    assert order("") == ["/tools/beta/", "/tools/alpha/"]
    assert order("?lens=builder") == ["/tools/alpha/", "/tools/beta/"]
    assert "1 of 1 ship" in text(client, url + "?lens=builder")
    assert "By what The Builder would ship" in text(client, url + "?lens=builder")


def test_seat_without_a_review_cannot_be_selected_on_a_comparison(client):
    make_pair()
    make.reviewer(slug="late")
    assert "Back to the whole panel" not in text(client, "/compare/alpha-vs-beta/?lens=late")


def test_category_is_paged_and_ranks_continue(client, django_assert_num_queries):
    category = make.category()
    for number in range(30):
        make.tool(name=f"Tool {number:02}", category=category)
    first, second = (text(client, category.get_absolute_url() + query) for query in ("", "?page=2"))
    assert (first.count("tool-card__rank"), second.count("tool-card__rank")) == (24, 6)
    assert '<span class="tool-card__rank">25.</span>' in second
    assert 'rel="canonical" href="http://127.0.0.1:8000' + category.get_absolute_url() + '?page=2"' in second
    for query in ("?page=99", "?page=x", "?page=-1", "?page=%00"):
        text(client, category.get_absolute_url() + query)
