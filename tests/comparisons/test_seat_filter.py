"""The seat filter on comparisons and categories."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparisons.shaping.seat_filter import PanelSeat, SeatFilter, build_toggles, select_seats
from reviews.models import Reviewer
from tests import factories as make
from tests.comparisons.test_pair_page import text
from tools.models import Category, Tool

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
    assert "Beta leads the panel, 3 to 1." in whole
    assert "Counting only The Builder: ship Alpha, skip Beta." in filtered
    assert '<link rel="canonical" href="http://127.0.0.1:8000/compare/alpha-vs-beta/">' in filtered
    assert '<a href="/compare/alpha-vs-beta/">Back to the whole panel</a>' in filtered
    assert filtered.count("seat--aside") == 3
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
        page = text(client, f"{url}?{query}").split("<main")[1]
        assert "Counting only" not in page


def test_filter_ranks_a_category_by_its_seats(client):
    url = make_pair().get_absolute_url()

    def order(query: str) -> list[str]:
        page = text(client, url + query)
        return sorted(["/tools/alpha/", "/tools/beta/"], key=page.index)

    assert order("") == ["/tools/beta/", "/tools/alpha/"]
    assert order("?lens=builder") == ["/tools/alpha/", "/tools/beta/"]
    assert "1 of 1 ship" in text(client, url + "?lens=builder")
    assert "Sorted by what The Builder would ship" in text(client, url + "?lens=builder")


def test_lens_of_seats_that_judged_neither_tool_counts_nobody(client):
    make_pair()
    make.tool(slug="gamma", name="Gamma")
    for slug in ("late", "later"):
        make.reviewer(slug=slug, name=f"The {slug.title()}")
    page = text(client, "/compare/alpha-vs-beta/?lens=late,later&only=differences")
    assert "Counting only The Late and The Later: no review of Alpha or Beta." in page
    assert "Counting only The Late and The Later." in page
    assert page.count("Not reviewed by these seats") == 2
    assert page.count("seat--aside") == 4
    assert 'href="/compare/alpha-vs-beta/?lens=later&amp;only=differences" aria-current="true"' in page
    assert 'href="/compare/alpha-vs-beta/?lens=builder,late,later&amp;only=differences" rel="nofollow">' in page
    columns = text(client, "/compare/custom/?t=alpha&t=beta&t=gamma&lens=late")
    assert "Counting only The Late: no review of Alpha, Beta, or Gamma." in columns
    category = text(client, f"{Category.objects.get(tools__slug='alpha').get_absolute_url()}?lens=late")
    assert category.count("Not reviewed through this lens") == 2


def test_lens_of_one_seat_that_judged_and_one_that_did_not(client):
    make_pair()
    make.reviewer(slug="late", name="The Late")
    page = text(client, "/compare/alpha-vs-beta/?lens=late,builder")
    assert "Counting only The Builder and The Late: ship Alpha, skip Beta." in page


def test_lens_works_on_a_pair_without_reviews(client):
    for slug in ("alpha", "beta"):
        make.tool(slug=slug, name=slug.title())
    for name in ("The Late", "The Later"):
        make.reviewer(slug=name.removeprefix("The ").lower(), name=name)
    assert "Counting only The Late." in text(client, "/compare/alpha-vs-beta/?lens=late")


def test_renamed_seat_keeps_its_lens(client):
    category = make_pair()
    Reviewer.objects.filter(slug="builder").update(slug="maker", name="The Maker")
    for url in ("/compare/alpha-vs-beta/", category.get_absolute_url()):
        page = text(client, f"{url}?lens=builder")
        assert "Counting only The Maker." in page
        assert f'href="{url}?lens=maker,skeptic" rel="nofollow">' in page
    make.tool(slug="gamma")
    assert "Counting only The Maker." in text(client, "/compare/custom/?t=alpha&t=beta&t=gamma&lens=builder")


@pytest.mark.parametrize("query", ["", "?lens=skeptic,builder&only=differences", "?page=2&utm_source=%C3%A4%0A"])
def test_redirects_to_current_addresses_keep_the_query(client, query):
    category = make_pair()
    Category.objects.filter(pk=category.pk).update(slug="renamed")
    Tool.objects.filter(slug="beta").update(slug="gamma")
    for old, new in (
        ("/compare/gamma-vs-alpha/", "/compare/alpha-vs-gamma/"),
        ("/compare/alpha-vs-beta/", "/compare/alpha-vs-gamma/"),
        ("/compare/beta-vs-alpha.json", "/compare/alpha-vs-gamma.json"),
        ("/tools/beta/", "/tools/gamma/"),
        ("/tools/beta/votes/", "/tools/gamma/votes/"),
        (category.get_absolute_url(), "/categories/renamed/"),
    ):
        answer = client.get(old + query)
        assert (answer.status_code, answer.url) == (301, new + query)


def test_columns_of_two_tools_redirect_with_their_lens(client):
    make_pair()
    answer = client.get("/compare/custom/?t=beta&t=alpha&lens=skeptic,founder")
    assert answer.url == "/compare/alpha-vs-beta/?lens=skeptic,founder"


def test_renamed_category_still_filters_the_list(client):
    category = make_pair()
    make.tool(name="Elsewhere")
    Category.objects.filter(pk=category.pk).update(slug="renamed")
    page = text(client, f"/tools/?category={category.slug}")
    assert page.count("rows__name") == 2
    assert 'id="category-is-renamed" checked>' in page


def test_category_is_paged_and_ranks_continue(client, django_assert_num_queries):
    category = make.category()
    for number in range(56):
        make.tool(name=f"Tool {number:02}", category=category)
    first, second = (text(client, category.get_absolute_url() + query) for query in ("", "?page=2"))
    assert (first.count("rows__rank"), second.count("rows__rank")) == (50, 6)
    assert '<td class="rows__rank">51</td>' in second
    assert 'rel="canonical" href="http://127.0.0.1:8000' + category.get_absolute_url() + '?page=2"' in second
    for query in ("?page=99", "?page=x", "?page=-1", "?page=%00"):
        text(client, category.get_absolute_url() + query)
