"""Tools described for demonstration: readers are told, and search engines and the front page leave them out."""

import csv
import io
import json

import pytest

from comparisons.shaping import sentences
from tests import factories as make
from tests.comparisons.contents import make_site
from tests.comparisons.test_sitemaps import get_locations
from tests.comparisons.test_tool_columns import make_column

pytestmark = pytest.mark.django_db
NOINDEX = '<meta name="robots" content="noindex">'
VERIFIED = {"source": "https://example.com/", "verified_on": make.PAST.date()}


@pytest.fixture
def pair():
    """Alpha, an example with a verified price and fact, and Beta, which is none."""
    pair = make_site()
    for row in (*pair.first.plans.all(), *pair.first.facts.all(), *pair.second.plans.all()):
        for name, value in VERIFIED.items():
            setattr(row, name, value)
        row.save()
    pair.first.example = True
    pair.first.save()
    return pair


def test_pages_of_an_example_say_so_and_are_not_indexed(client, pair):
    notice = "Alpha 0 is an example, described for demonstration. None of its facts and prices is verified."
    for path in ("/tools/alpha/", "/compare/alpha-vs-beta/"):
        page = client.get(path).content.decode()
        assert (notice in page, NOINDEX in page) == (True, True)
    page = client.get("/tools/beta/").content.decode()
    assert ("example, described" in page, NOINDEX in page) == (False, False)


def test_nothing_about_an_example_counts_as_verified(client, pair):
    assert "verified Jan\u00a05, 2026" not in client.get("/tools/alpha/").content.decode()
    assert "verified Jan\u00a05, 2026" in client.get("/tools/beta/").content.decode()
    example, other = json.loads(client.get("/compare/alpha-vs-beta.json").content)["tools"]
    assert (example["example"], other["example"]) == (True, False)
    assert {row["verified_on"] for row in (*example["plans"], *example["facts"])} == {None}
    assert {row["verified_on"] for row in other["plans"]} == {"2026-01-05"}
    rows = csv.DictReader(io.StringIO(b"".join(client.get("/export/prices.csv").streaming_content).decode()))
    assert {row["tool"]: row["verified_on"] for row in rows} == {"alpha": "", "beta": "2026-01-05"}


def test_examples_are_in_no_sitemap_and_never_on_the_front_page(client, pair):
    listed = list(get_locations(client, "/sitemap.xml"))
    paths = {path for file in listed for path in get_locations(client, file)}
    assert {path for path in paths if "alpha" in path} == set()
    assert "/tools/beta/" in paths
    home = client.get("/").content.decode()
    assert ("/tools/beta/" in home, "alpha" in home) == (True, False)


def test_several_examples_are_named_together():
    columns = [make_column(name=name, example=name != "Beta") for name in ("Alpha", "Beta", "Gamma")]
    assert sentences.write_example_notice(*columns) == (
        "Alpha and Gamma are examples, described for demonstration. None of their facts and prices is verified."
    )
    assert sentences.write_example_notice(columns[1]) == ""
