"""Titles, descriptions, and what a shared link shows."""

import html
import re

import pytest
from django.test import Client

from tests import factories as make
from tests.comparisons.contents import make_site

pytestmark = pytest.mark.django_db
SITE = "http://127.0.0.1:8000"


def get_head(client: Client, url: str) -> dict[str, str]:
    """Return the title and the meta elements of a page by name or property."""
    page = client.get(url).content.decode()
    found = {"title": re.search(r"<title>(.*)</title>", page)[1]}
    for name, content in re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)"', page):
        assert name not in found or name == "theme-color"
        found[name] = content
    return {name: html.unescape(content) for name, content in found.items()}


@pytest.mark.parametrize(
    ("names", "verdicts", "title"),
    [
        (("vLLM", "Ollama"), ("++++", "+---"), "vLLM vs Ollama: vLLM leads by three seats · Shipside"),
        (("vLLM", "Ollama"), ("+---", "++--"), "vLLM vs Ollama: Ollama leads by one seat · Shipside"),
        (("vLLM", "Ollama"), ("++--", "--++"), "vLLM vs Ollama: a tie at 50% ship · Shipside"),
        (("vLLM", "Ollama"), ("++++", "+"), "vLLM vs Ollama: a tie at 100% ship · Shipside"),
        (("vLLM", "Ollama"), ("+++-", "+"), "vLLM vs Ollama: Ollama leads · Shipside"),
        (("vLLM", "Ollama"), ("++++", ""), "vLLM vs Ollama: which one to ship with · Shipside"),
        (("Mistral Medium 3", "Claude Haiku"), ("+", "-"), "Mistral Medium 3 vs Claude Haiku: ship or skip?"),
        (("M" * 25, "N" * 28), ("+", "-"), f"{'M' * 25} vs {'N' * 28}"),
        (("M" * 200, "N" * 28), ("+", "-"), f"{'M' * 59}…"),
    ],
)
def test_comparison_title_names_the_leader_if_it_fits(client, names, verdicts, title):
    seats = [make.reviewer() for _ in range(4)]
    for slug, name, signs in zip(("alpha", "beta"), names, verdicts, strict=True):
        make.panel(of=make.tool(slug=slug, name=name), seats=seats[: len(signs)], verdicts=signs)
    shown = get_head(client, "/compare/alpha-vs-beta/")["title"]
    assert shown == title
    assert len(shown) <= 60


def test_description_is_the_verdict_cut_between_words(client):
    pair = make_site()
    make.votes(on=pair.first, ship=80, skip=20)
    sentence = client.get("/compare/alpha-vs-beta.json").json()["sentence"]
    assert len(sentence) > 160
    shown = get_head(client, "/compare/alpha-vs-beta/")["description"]
    assert len(shown) <= 160
    assert shown.endswith("…")
    assert re.match(re.escape(shown.removesuffix("…")) + r"\W", sentence)
    assert get_head(client, "/")["description"].startswith("Newest: Alpha 0 vs Beta 0. Beta 0 leads with the panel")


def test_titles_of_tool_and_category_have_their_numbers(client):
    pair = make_site()
    tool, category = get_head(client, "/tools/beta/"), get_head(client, pair.first.category.get_absolute_url())
    assert tool["title"] == "Beta 0: 1 of 1 ship, entry Free · Shipside"
    assert tool["description"] == "Panel: 1 of 1 ship. Community: 58% of 12 votes, early: 32–81%. Entry: Free."
    assert category["title"] == f"{pair.first.category.name} ranked: Beta 0 first of 2 · Shipside"
    assert category["description"] == "By panel ship: Beta 0 (1 of 1 ship), Alpha 0 (0 of 1 ship)."


def test_empty_site_has_titles(client):
    tool = make.tool(slug="alpha", name="Alpha", category=make.category(name="Things", description="All things."))
    assert get_head(client, "/tools/alpha/")["title"] == "Alpha: prices, facts and votes · Shipside"
    category = get_head(client, tool.category.get_absolute_url())
    assert (category["title"], category["description"]) == (
        "Things: one tool ranked by what to ship · Shipside",
        "All things.",
    )
    assert (
        get_head(client, "/")["description"]
        == "Two AI tools side by side, a panel of reviewers, and a plain answer: ship or skip."
    )


@pytest.mark.parametrize(
    ("url", "image"),
    [("/compare/alpha-vs-beta/", "/og/compare/alpha-vs-beta.png"), ("/tools/alpha/", "/og/tools/alpha.png")],
)
def test_shared_link_shows_the_image_of_the_page(client, url, image):
    make_site()
    head = get_head(client, url + "?only=differences")
    assert head["og:title"] == head["title"]
    assert head["og:description"] == head["og:image:alt"] == head["description"]
    assert (head["og:url"], head["og:image"]) == (SITE + url, SITE + image)
    assert (head["og:image:width"], head["og:image:height"]) == ("1200", "630")
    assert (head["og:type"], head["og:site_name"], head["twitter:card"]) == (
        "article",
        "Shipside",
        "summary_large_image",
    )


@pytest.mark.parametrize("url", ["/", "/newsletter/"])
def test_other_pages_show_the_image_of_the_site(client, url):
    head = get_head(client, url)
    assert (head["og:title"], head["og:description"]) == (head["title"], head["description"])
    assert (head["og:type"], head["og:url"], head["twitter:card"]) == ("website", SITE + url, "summary")
    image = client.get(head["og:image"].removeprefix(SITE))
    assert image.headers["Content-Type"] == "image/png"
    image.close()


def test_error_page_has_no_share_image(client):
    assert "og:" not in client.get("/nowhere/").content.decode()


def test_hostile_name_cannot_leave_its_attribute(client):
    name = "\"><script>alert(1)</script>' \u202e"
    make.tool(slug="alpha", name=name)
    assert get_head(client, "/tools/alpha/")["og:title"].startswith(f"\u2068{name}\u2069: prices")
    assert "<script>alert" not in client.get("/tools/alpha/").content.decode()
