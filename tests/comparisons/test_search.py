"""Search, and the suggestions for what was typed so far."""

import re

import pytest
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from tests import factories as make
from tests.comparisons.test_picker import HIDDEN
from tools.models import Tool

pytestmark = pytest.mark.django_db


def get_page(client: Client, url: str, **query: str) -> str:
    response = client.get(url, query)
    assert response.status_code == 200
    return response.content.decode()


def titles(page: str) -> list[str]:
    """Return the titles of the results as text."""
    headings = re.findall(r'<h3 class="hit__title">(.*?)</h3>', page)
    return [re.sub(r"<[^>]+>", "", heading) for heading in headings]


def make_quills(things: int = 1) -> None:
    """Make tools that match "quill", each with a review and a comparison that match it too."""
    for n in range(things):
        tool = make.tool(
            slug=f"quill-{n}", name=f"Quill {n}", tagline="Writes", category=make.category(name=f"Ink {n}")
        )
        make.review(of=tool, by=make.reviewer(slug=f"poet-{n}", name=f"The Poet {n}"), quote="A **quill** of its own.")
        make.comparison(first=tool, second=make.tool(name=f"Pencil {n}"))


def test_results_are_grouped_ranked_and_highlighted(client):
    make_quills()
    page = get_page(client, "/search/", q="quills")
    assert titles(page) == ["Quill 0", "Quill 0 vs Pencil 0", "The Poet 0 on Quill 0"]
    assert '<a href="/tools/quill-0/"><bdi><mark>Quill</mark> 0</bdi></a>' in page
    assert '<a href="/tools/quill-0/#seat-poet-0">' in page
    assert "A <mark>quill</mark> of its own." in page
    assert '<link rel="canonical" href="http://127.0.0.1:8000/search/">' in page
    assert '<a href="/compare/?a=quill-0">Compare with…</a>' in page


def test_each_kind_is_paginated(client):
    make_quills(26)
    page = get_page(client, "/search/", q="quill")
    assert len(titles(page)) == 15
    assert 'href="/search/?q=quill&amp;kind=tools"' in page
    first = get_page(client, "/search/", q="quill", kind="tools")
    second = get_page(client, "/search/", q="quill", kind="tools", page="2")
    assert (len(titles(first)), len(titles(second))) == (20, 6)
    assert len({*titles(first), *titles(second)}) == 26
    assert 'href="/search/?q=quill&amp;kind=tools&amp;page=2" rel="next"' in first
    assert "Page 2 of 2" in second
    for beyond in ("3", "999999999999999999999", "9" * 5000):
        assert titles(get_page(client, "/search/", q="quill", kind="tools", page=beyond)) == titles(second)
    for nonsense in ("x", "1.5", ""):
        assert titles(get_page(client, "/search/", q="quill", kind="tools", page=nonsense)) == titles(first)


def test_two_names_find_their_comparison_and_link_the_picker(client):
    make_quills()
    for words in ("quill 0 vs pencil 0", "Pencil-0-vs-Quill-0"):
        page = get_page(client, "/search/", q=words, kind="comparisons")
        assert titles(page) == ["Quill 0 vs Pencil 0"]
        assert page.index('<ul class="boxes search__pair">') < page.index('<ol class="hits">')
    page = get_page(client, "/search/", q="Pencil-0-vs-zzzz")
    assert ('href="/compare/?a=Pencil-0&amp;b=zzzz"' in page, "search__pair" in page) == (True, False)
    assert sorted(titles(get_page(client, "/search/", q="quill vs pencil", kind="tools"))) == ["Pencil 0", "Quill 0"]


@pytest.mark.parametrize(
    ("typed", "meant", "name"),
    [
        ("mistrl", "mistral", "<mark>Mistral</mark> Medium"),
        ("claud haikuu", "claude haiku", "<mark>Claude</mark> <mark>Haiku</mark>"),
    ],
)
def test_mistyped_words_find_what_was_meant(client, typed, meant, name):
    for title in ("Mistral Medium", "Claude Haiku", "Piper"):
        make.tool(name=title)
    page = get_page(client, "/search/", q=typed)
    assert f"“<b>{meant}</b>”" in page
    assert f"<bdi>{name}</bdi>" in page
    assert len(titles(page)) == 1


def test_result_shows_the_alias_that_matched(client):
    make.tool(name="Quill", short_name="Plume", aliases=["Feather"])
    assert "Also called Plume, <mark>Feather</mark>" in get_page(client, "/search/", q="feather")
    assert "Also called <mark>Plume</mark>, Feather" in get_page(client, "/search/", q="plume")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("apache-2.0", "License: Apache-2.0, MIT"),
        ("self-hosted", "Self-hosting: Partly"),
        ("128k context", "Context window: 128,000 tokens (128k)"),
        ("128,000 tokens", "Context window: 128,000 tokens (128k)"),
        ("128000", "Context window: 128000 tokens (128k)"),
        ("scriptorium", "Plans: Scribe, Scriptorium"),
    ],
)
def test_result_shows_the_fact_or_plan_that_matched(client, words, line):
    make_facts(of=make.tool(name="Quill", tagline="Writes for poets in context"))
    page = get_page(client, "/search/", q=words)
    assert titles(page) == ["Quill"]
    [shown] = re.findall(r'<p class="hit__excerpt">(.*?)</p>', page)
    assert re.sub("</?mark>", "", shown) == line
    assert "<mark>" in shown


@pytest.mark.parametrize("words", ["quill", "poets", "apache poets license"])
def test_result_shows_no_fact_if_its_own_texts_matched_as_well(client, words):
    make_facts(of=make.tool(name="Quill", tagline="Writes for poets", description="Its license is Apache."))
    page = get_page(client, "/search/", q=words)
    assert (titles(page), "License:" in page) == (["Quill"], False)


@pytest.mark.parametrize("fields", HIDDEN)
def test_facts_and_plans_of_unpublished_tools_are_not_found(client, fields):
    make_facts(of=make.tool(name="Quill", **fields))
    for words in ("apache-2.0", "scriptorium", "self-hosted"):
        assert titles(get_page(client, "/search/", q=words)) == []


def make_facts(*, of: Tool) -> None:
    """Give a tool a fact of each kind that can be found, and two plans."""
    licenses = [{"slug": "apache-2.0", "name": "Apache-2.0"}, {"slug": "mit", "name": "MIT"}]
    values = [
        (make.attribute(name="License", kind="choice", choices=licenses, several=True), "apache-2.0, mit"),
        (make.attribute(name="Self-hosting", kind="grade"), "partly"),
        (make.attribute(name="Context window", kind="number", unit="tokens"), "128000"),
    ]
    for attribute, value in values:
        make.fact(of=of, attribute=attribute, value=value)
    for plan in ("Scribe", "Scriptorium"):
        make.plan(of=of, name=plan)


def test_search_without_results_offers_other_pages(client):
    make_quills()
    make.tool(name="Xyzzy")
    page = get_page(client, "/search/", q="nothing of the kind")
    for words in ("Nothing found", "Ink 0", "Newest comparisons", 'href="/compare/quill-0-vs-'):
        assert words in page
    assert titles(page) == []


def test_empty_search_offers_other_pages(client):
    make_quills()
    for query in ("", "   ", "\u200b\u202e"):
        page = get_page(client, "/search/", q=query)
        assert ("Nothing found" in page, "Ink 0" in page, "Newest comparisons" in page) == (False, True, True)


def test_hostile_words_are_escaped(client):
    make.tool(name="<script>alert(1)</script> quill", tagline="quill <img src=x onerror=alert(1)>")
    page = get_page(client, "/search/", q='quill "><script>alert(2)</script>') + get_page(client, "/search/", q="quill")
    for piece in ("<script>alert", "<img"):
        assert piece not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; <mark>quill</mark>" in page


@pytest.mark.parametrize("fields", HIDDEN)
@pytest.mark.parametrize("words", ["secretword", "secretwrod", "vs secretword", "secretw"])
def test_search_does_not_depend_on_unpublished_content(client, fields, words):
    make.tool(name="Quill", category=make.category(name="Ink"))
    urls = [f"/search/?q={words}", f"/search/suggest/?q={words}", *(f"/search/?q={words}&kind={k}" for k in KINDS)]
    before = [client.get(url).content for url in urls]
    tool = make.tool(
        name="Secretword", aliases=["Secretwords"], tagline="secretword", description="secretword", **fields
    )
    make.review(of=tool, by=make.reviewer(), quote="A secretword.")
    make.comparison(first=tool, second=Tool.objects.get(name="Quill"), introduction="A secretword.")
    make.review(of=Tool.objects.get(name="Quill"), by=make.reviewer(), quote="A secretword.", **fields)
    assert [client.get(url).content for url in urls] == before


KINDS = ["tools", "comparisons", "reviews"]


def test_superseded_reviews_are_not_found(client):
    make_quills()
    review = Tool.objects.get(slug="quill-0").reviews.get()
    make.later_edition(of=review, verdict="skip", quote="Other words.")
    assert titles(get_page(client, "/search/", q="own", kind="reviews")) == []
    assert titles(get_page(client, "/search/", q="other words")) == ["The Poet 0 on Quill 0"]


@given(st.text(max_size=300), st.sampled_from(["", *KINDS, "cats"]))
@example("\0", "")
@example("'\"\\", "tools")
@example("!&|()<->:*", "")
@example("- - -", "reviews")
@example("a" * 10_000, "")
@example("\u202eright\u200f to left", "")
@example("or or or", "")
@example("vs vs vs", "comparisons")
@example('"unclosed', "")
@example("%00%ff%", "")
def test_any_text_is_answered(text, kind):
    client = Client()
    for url in ("/search/", "/search/suggest/", "/compare/"):
        response = client.get(url, {"q": text, "a": text, "b": "quill", "kind": kind, "page": text})
        assert response.status_code in (200, 302)


@pytest.mark.parametrize("things", [1, 3])
@pytest.mark.parametrize(
    ("url", "queries"),
    [
        ("/search/", 2),
        ("/search/?q=quill", 9),  # 6, and 3 for the transaction with custom plans
        ("/search/?q=quill&kind=reviews", 5),
        ("/search/?q=quil", 14),  # nothing as typed, one for similar names, one for the words meant, everything again
        ("/search/?q=zzzz", 9),
        ("/search/suggest/?q=quil", 1),
        ("/search/suggest/?q=qiull", 2),
        ("/search/suggest/?q=", 0),
    ],
)
def test_query_counts_are_constant(client, django_assert_num_queries, things, url, queries):
    make_quills(things)
    with django_assert_num_queries(queries):
        assert client.get(url).status_code == 200


@pytest.mark.parametrize("url", ["/search/?q=quill", "/search/suggest/?q=quill", "/compare/?a=quill"])
def test_pages_are_public_and_conditional(client, admin_client, url):
    make_quills()
    first, other = client.get(url), admin_client.get(url)
    assert first.content == other.content
    assert first.headers["Cache-Control"] == "public, no-cache"
    assert first.headers["Vary"] == "Accept-Encoding"
    assert not first.cookies
    assert not other.cookies
    assert client.get(url, headers={"if-none-match": first.headers["ETag"]}).status_code == 304


def test_suggestions_list_tools_with_their_categories(client):
    make_quills(12)
    response = client.get("/search/suggest/?q=quil")
    fragment = response.content.decode()
    assert fragment.count('role="option"') == 8
    assert 'data-url="/tools/quill-0/" data-value="Quill 0"><bdi>Quill 0</bdi> <small>Ink 0</small>' in fragment
    assert response.headers["X-Robots-Tag"] == "noindex"


def test_tools_with_the_same_name_are_suggested_by_slug(client):
    make.tool(slug="one", name="Quill")
    make.tool(slug="two", name="quill")
    assert re.findall('data-value="(.*?)"', get_page(client, "/search/suggest/", q="q")) == ["one", "two"]


def test_no_suggestions_are_an_empty_fragment(client):
    for query in ("", "zzzz", "'"):
        assert get_page(client, "/search/suggest/", q=query).strip() == ""


@pytest.mark.parametrize("url", ["/search/", "/search/suggest/", "/compare/"])
def test_pages_only_read(client, url):
    assert client.post(url).status_code == 405
