"""The ratios that `make bench-pages` prints and checks: of pages, and of lists with filters to those without."""

import pytest

from bench.addresses import FACTS, PAGES
from bench.pages import MeasuredFilters, MeasuredPage


def test_each_list_with_filters_by_facts_is_measured_beside_the_list_without():
    rows = [("speech", "license", "mit", "size", "size"), ("agents", "maker", "ada", "age", "age")]
    pairs = {page.name: page.pairs_of_addresses(lambda sql: rows, load=True) for page in PAGES if page.sql == FACTS}
    assert pairs == {
        "/tools/?category=…&…=…": [
            ("/tools/?category=speech&license=mit", "/tools/?category=speech"),
            ("/tools/?category=agents&maker=ada", "/tools/?category=agents"),
        ],
        "/tools/?category=…&…=…&….min=1&sort=…": [
            ("/tools/?category=speech&license=mit&size.min=1&sort=size", "/tools/?category=speech"),
            ("/tools/?category=agents&maker=ada&age.min=1&sort=age", "/tools/?category=agents"),
        ],
        "/categories/…/?…=…": [
            ("/categories/speech/?license=mit", "/categories/speech/"),
            ("/categories/agents/?maker=ada", "/categories/agents/"),
        ],
    }
    assert [page.name for page in PAGES if page.sql != FACTS and page.pairs_of_addresses(lambda sql: rows)] == []


@pytest.mark.parametrize(
    ("filtered", "plain", "ratio", "is_slow"),
    [([1.0, 9.0, 2.0], [2.0, 6.0, 4.0], 0.5, False), ([3.1, 3.1], [2.0, 2.0], 1.55, True), ([3.0], [2.0], 1.5, False)],
)
def test_ratio_is_the_median_of_the_ratios_within_rounds(filtered, plain, ratio, is_slow):
    measured = MeasuredFilters(PAGES[0], [("/a", "/b")], (filtered, plain))
    assert (round(measured.ratio, 9), measured.is_slow) == (ratio, is_slow)


@pytest.mark.parametrize(
    ("sizes", "first", "again", "is_slow"),
    [
        # It shows the same: compared with the demonstration, first and again, also with a single address.
        (([9], [9], [9]), ([1.0], [9.0], [1.5]), ([1.0], [9.0], [1.5]), False),
        (([9], [9], [9]), ([1.0], [9.0], [1.6]), ([1.0], [9.0], [1.0]), True),
        (([9], [9], [9]), ([1.0], [9.0], [1.0]), ([1.0], [9.0], [1.6]), True),
        # It lists more with the load: compared with the site whose lists are full, and not exempt.
        (([9], [20], [20]), ([1.0], [2.0], [3.0]), ([1.0], [2.0], [3.0]), False),
        (([9], [20], [20]), ([1.0], [2.0], [3.1]), ([1.0], [2.0], [2.0]), True),
        (([9], [20], [20]), ([1.0], [2.0], [2.0]), ([1.0], [2.0], [3.1]), True),
    ],
)
def test_every_page_is_checked_first_and_again(sizes, first, again, is_slow):
    measured = MeasuredPage(PAGES[0], ["/"], first, again, sizes)
    assert measured.is_slow == is_slow
