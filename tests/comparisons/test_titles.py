"""Titles, descriptions, and what a shared link shows."""

import html
import re

import pytest
from django.test import Client

from tests import factories as make
from tests.comparisons.contents import make_site
from tools.models import Tool

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
        (("vLLM", "Ollama"), ("++++", "+---"), "vLLM vs Ollama: vLLM leads 4 to 1 · Shipside"),
        (("vLLM", "Ollama"), ("+---", "++--"), "vLLM vs Ollama: Ollama leads 2 to 1 · Shipside"),
        (("vLLM", "Ollama"), ("++--", "--++"), "vLLM vs Ollama: the panel ties 2 of 4 · Shipside"),
        (("vLLM", "Ollama"), ("++++", "+"), "vLLM vs Ollama: the panel ties at 100% · Shipside"),
        (("vLLM", "Ollama"), ("+++-", "+"), "vLLM vs Ollama: Ollama leads 100% to 75% · Shipside"),
        (("vLLM", "Ollama"), ("++++", ""), "vLLM vs Ollama: which one to ship with · Shipside"),
        (
            ("Mistral Medium 3", "Claude Haiku"),
            ("+", "-"),
            "Mistral Medium 3 vs Claude Haiku: Mistral Medium 3 leads 1 to 0",
        ),
        (
            ("Mistral Medium 3 (72B Instruct)", "Claude (open weights)"),
            ("-", "+"),
            "Mistral Medium 3 vs Claude: Claude leads 1 to 0 · Shipside",
        ),
        (("M" * 19, "N" * 19), ("-", "+"), f"{'M' * 19} vs {'N' * 19}: 0 to 1 on the panel"),
        (("M" * 23, "N" * 23), ("+", "-"), f"{'M' * 23} vs {'N' * 23}: ship or skip?"),
        (("M" * 28, "N" * 28), ("+", "-"), f"{'M' * 28} vs {'N' * 28}"),
        (("M" * 200, "N" * 28), ("+", "-"), f"{'M' * 59}… vs…"),
    ],
)
def test_comparison_title_names_the_leader_if_it_fits(client, names, verdicts, title):
    seats = [make.reviewer() for _ in range(4)]
    for slug, name, signs in zip(("alpha", "beta"), names, verdicts, strict=True):
        make.panel(of=make.tool(slug=slug, name=name), seats=seats[: len(signs)], verdicts=signs)
    shown = get_head(client, "/compare/alpha-vs-beta/")["title"]
    assert shown == title
    assert len(shown) <= 65


def test_description_is_the_verdict_cut_between_sentences(client):
    pair = make_site()
    make.votes(on=pair.first, ship=80, skip=20)
    seat = pair.first.reviews.first().reviewer
    Tool.objects.filter(pk=pair.second_id).update(name=f"Beta {'x' * 30}")
    document = client.get("/compare/alpha-vs-beta.json").json()
    assert document["sentence"] == f"{document['headline']} {document['reason']}"
    shown = get_head(client, "/compare/alpha-vs-beta/")["description"]
    assert document["reason"].startswith(f"{seat.name} ships Beta {'x' * 30} and skips Alpha 0. ")
    assert shown == document["headline"] == f"Beta {'x' * 30} leads the panel, 1 to 0. Visitors disagree on Alpha 0."
    assert get_head(client, "/")["description"] == (
        f"Newest: Alpha 0 vs Beta {'x' * 30}. Beta {'x' * 30} leads the panel, 1 to 0. Visitors disagree on Alpha 0."
    )
    Tool.objects.filter(pk=pair.second_id).update(short_name="Beta")
    assert get_head(client, "/compare/alpha-vs-beta/")["description"] == (
        "Beta leads the panel, 1 to 0. Visitors disagree on Alpha 0. "
        f"{seat.name} ships Beta and skips Alpha 0. 78% of visitors would ship Alpha 0."
    )


def test_titles_of_tool_and_category_have_their_numbers(client):
    pair = make_site()
    tool, category = get_head(client, "/tools/beta/"), get_head(client, pair.first.category.get_absolute_url())
    assert tool["title"] == "Beta 0: 1 of 1 ship, entry Free · Shipside"
    assert tool["description"] == "Panel: 1 of 1 ship. Community: 58% of 12 votes, early: 32–81%. Entry: Free."
    assert category["title"] == f"{pair.first.category.name} ranked: Beta 0 first of 2 · Shipside"
    assert category["description"] == "By panel ship: Beta 0 (1 of 1 ship), Alpha 0 (0 of 1 ship)."


def test_empty_site_has_titles(client):
    tool = make.tool(slug="alpha", name="Alpha", category=make.category(name="Things", description="All things."))
    assert get_head(client, "/tools/alpha/")["title"] == "Alpha: prices, facts, and votes · Shipside"
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
