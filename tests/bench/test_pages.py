"""The ratio of a list with filters to the same list without them, as `make bench-pages` prints and checks it."""

import pytest

from bench.addresses import FACTS, PAGES
from bench.pages import MeasuredFilters


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
