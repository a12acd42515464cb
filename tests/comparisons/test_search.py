"""Search, and the suggestions for what was typed so far."""

import re

import pytest
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from tests import factories as make
from tests.comparisons.test_picker import HIDDEN
from tools.models import Attribute, Tool

pytestmark = pytest.mark.django_db


def get_page(client: Client, url: str, **query: str) -> str:
    response = client.get(url, query)
    assert response.status_code == 200
    return response.content.decode()


def titles(page: str) -> list[str]:
    """Return the titles of the results as text: names of tools in tables, and headings."""
    headings = re.findall(r'<h3 class="hit__title">(.*?)</h3>|<a class="clamp" href="/tools/[^>]*>(.*?)</a>', page)
    headings = ["".join(found) for found in headings]
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
    assert '<a class="clamp" href="/tools/quill-0/"><bdi><mark>Quill</mark> 0</bdi></a>' in page
    assert '<a href="/tools/quill-0/#seat-poet-0">' in page
    assert "A <mark>quill</mark> of its own." in page
    assert '<link rel="canonical" href="http://127.0.0.1:8000/search/">' in page
    assert '<input type="checkbox" name="t" value="quill-0">' in page


def test_each_kind_is_paginated(client):
    make_quills(26)
    page = get_page(client, "/search/", q="quill")
    assert len(titles(page)) == 18
    assert ">All 26 tools</a>" in page
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
        assert page.index('<article class="lead">') < page.index('<ol class="hits">')
    page = get_page(client, "/search/", q="Pencil-0-vs-zzzz")
    assert ('href="/compare/?a=Pencil-0&amp;b=zzzz"' in page, 'class="lead"' in page) == (True, False)
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
    [shown] = re.findall(r'<span class="rows__why">(.*?)</span>', page)
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


def test_excerpt_in_a_row_begins_near_the_match(client):
    make.tool(
        name="Quill",
        description="It writes for poets who have not yet found the words that their verse requires today.",
    )
    page = get_page(client, "/search/", q="requires")
    assert '<span class="rows__why">… the words that their verse <mark>requires</mark> today.</span>' in page


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
        ("/search/?q=quill", 11),  # 7, the revision, and 3 for the transaction with custom plans
        ("/search/?q=quill&kind=reviews", 6),
        ("/search/?q=quil", 16),  # nothing as typed, one for similar names, one for the words meant, everything again
        ("/search/?q=zzzz", 11),
        ("/search/?q=free+ink+0", 9),
        ("/search/?q=quill+0+vs+pencil+0", 17),
        ("/search/suggest/?q=quil", 2),
        ("/search/suggest/?a=quil", 1),
        ("/search/suggest/?q=qiull", 3),
        ("/search/suggest/?q=quill+0+vs", 3),
        ("/search/suggest/?q=quill+0+vs+pen", 4),
        ("/search/suggest/?q=", 0),
    ],
)
def test_query_counts_are_constant(client, django_assert_num_queries, things, url, queries):
    make_quills(things)
    client.get("/tools/")  # what lists filter by is cached per revision
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


def suggested(client: Client, words: str, field: str = "q") -> list[tuple[str, str]]:
    """Return the names that are suggested for what was typed, each with why."""
    fragment = get_page(client, "/search/suggest/", **{field: words})
    return re.findall("<bdi>(.*?)</bdi> <small>(.*?)</small>", fragment)


def test_suggestions_say_why(client):
    ink = make.category(name="Ink Makers", aliases=["dye works"])
    make.tool(name="Quill", aliases=["Feather"], category=ink)
    make.tool(name="Inkwell", category=ink)
    assert suggested(client, "feath") == [("Quill", "Ink Makers · also called Feather")]
    assert suggested(client, "quilll") == [("Quill", "Ink Makers · similar spelling")]
    assert suggested(client, "ink") == [("Ink Makers", "Category, 2 tools"), ("Inkwell", "Ink Makers")]
    assert suggested(client, "dye") == [("Ink Makers", "Category, 2 tools · also called dye works")]
    assert suggested(client, "ink", "a") == [("Inkwell", "Ink Makers")]


def test_suggestions_after_vs_are_pairs_and_comparisons_come_first(client):
    ink = make.category(name="Ink")
    aider, brush, cline, draft = (
        make.tool(slug=name.lower(), name=name, category=ink, **fields)
        for name, fields in (("Aider", {}), ("Brush", {}), ("Cline", {}), ("Cedar", {"published_at": None}))
    )
    make.comparison(first=cline, second=aider)
    make.comparison(first=brush, second=aider, published_at=None)
    make.comparison(first=draft, second=aider)
    assert suggested(client, "aider vs") == [("Aider vs Cline", "Comparison"), ("Aider vs Brush", "Side by side")]
    assert suggested(client, "aider versus c") == [("Aider vs Cline", "Comparison")]
    assert suggested(client, "zzzz vs") == suggested(client, "vs") == []
    fragment = get_page(client, "/search/suggest/", q="aider vs")
    assert re.findall('data-url="(.*?)"', fragment) == ["/compare/cline-vs-aider/", "/compare/aider-vs-brush/"]


@pytest.mark.parametrize(
    "words",
    [
        "aider vs cline",
        "cline versus aider",
        "compare aider with cline",
        "aider or cline",
        "Cline Aider",
        "aiderr vs clinee",
    ],
)
def test_pair_that_is_named_comes_first_with_its_verdict(client, words):
    aider, cline, brush = (make.tool(slug=name.lower(), name=name) for name in ("Aider", "Cline", "Brush"))
    make.review(of=aider, by=(seat := make.reviewer()), verdict="ship")
    make.review(of=cline, by=seat, verdict="skip")
    make.comparison(first=cline, second=aider)
    make.comparison(first=aider, second=brush)
    page = get_page(client, "/search/", q=words)
    assert '<a href="/compare/cline-vs-aider/"><bdi>Cline</bdi>' in page
    assert (
        page.index("Aider leads the panel, 1 to 0.")
        < page.index("<h2>Also compared</h2>")
        < page.index("/aider-vs-brush/")
    )
    assert titles(page) == ["Aider", "Cline"]


def test_pair_without_a_comparison_has_its_own_page(client):
    make.tool(slug="aider", name="Aider")
    make.tool(slug="cline", name="Cline", aliases=["Claude Dev"])
    page = get_page(client, "/search/", q="claude dev vs aider")
    assert ('<a href="/compare/aider-vs-cline/">' in page, "Also compared" in page) == (True, False)
    assert 'class="lead"' not in get_page(client, "/search/", q="aider vs aider")


def test_more_than_two_names_lead_to_the_page_of_columns(client):
    page = get_page(client, "/search/", q="a vs b vs c")
    assert 'href="/compare/custom/?t=a&amp;t=b&amp;t=c">Compare all three</a>' in page
    assert "Compare all" not in get_page(client, "/search/", q="a vs b vs c vs d vs e")


def make_inks() -> None:
    """Make a category with a free tool, one that costs $15 a month, and one that costs $30 and is not open."""
    ink = make.category(slug="ink", name="Ink Makers", aliases=["dye works"])
    attribute = make.attribute(slug="open-source", name="Open source", kind="grade")
    attribute.categories.add(ink)
    for name, price, is_open in (("Aider", None, "yes"), ("Brush", 15, "yes"), ("Cline", 30, "no")):
        tool = make.tool(slug=name.lower(), name=name, category=ink)
        make.plan(of=tool, **({"kind": "free"} if price is None else {"kind": "paid", "amount": price} | MONTHLY))
        make.fact(of=tool, attribute=attribute, value=is_open)
    make.review(of=Tool.objects.get(name="Brush"), by=make.reviewer(), verdict="ship")


MONTHLY = {"currency": "USD", "period": "month"}


@pytest.mark.parametrize(
    ("words", "heading", "names", "address"),
    [
        ("ink makers", "Ink Makers 3 tools", ["Brush", "Aider", "Cline"], "/categories/ink/"),
        ("dye works", "Ink Makers 3 tools", ["Brush", "Aider", "Cline"], "/categories/ink/"),
        ("ink makrs", "Ink Makers 3 tools", ["Brush", "Aider", "Cline"], "/categories/ink/"),
        ("free ink makrs", "Ink Makers 1 of 3 fit", ["Aider"], "/tools/?category=ink&amp;price=free"),
        ("free ink maker", "Ink Makers 1 of 3 fit", ["Aider"], "/tools/?category=ink&amp;price=free"),
        ("cheap ink makers", "Ink Makers 2 of 3 fit", ["Brush", "Aider"], "/tools/?category=ink&amp;budget=20"),
        (
            "paid ink makers under $20",
            "Ink Makers 1 of 3 fit",
            ["Brush"],
            "/tools/?category=ink&amp;price=paid&amp;budget=20",
        ),
        (
            "open source ink makers",
            "Ink Makers 2 of 3 fit",
            ["Brush", "Aider"],
            "/tools/?category=ink&amp;open-source=yes",
        ),
        ("under $9.99", "Tools 1 of 3 fit", ["Aider"], "/tools/?budget=9.99"),
    ],
)
def test_category_price_and_facts_come_first(client, words, heading, names, address):
    make_inks()
    page = get_page(client, "/search/", q=words)
    [found] = re.findall('<h2 id="wish">(.*?)</h2>', page)
    assert (re.sub("<.*?>", "", found), titles(page)) == (heading, names)
    assert f'href="{address}"' in page
    listed = get_page(client, address.replace("&amp;", "&"))
    assert set(titles(listed)) == set(names)


def test_facts_of_several_categories_become_must_haves(client):
    make_inks()
    paper = make.category(slug="paper", name="Paper")
    is_open = Attribute.objects.get()
    is_open.categories.add(paper)
    Attribute.objects.update(aliases=["FOSS"])
    make.plan(of=make.tool(name="Unknown", category=paper), kind="free")
    page = get_page(client, "/search/", q="FOSS under $10")
    assert ('Tools <span class="hits__count">2 of 4 fit' in page, titles(page)) == (True, ["Aider", "Unknown"])
    assert 'href="/tools/?budget=10&amp;need=open-source"' in page
    assert set(titles(get_page(client, "/tools/?budget=10&need=open-source"))) == {"Aider", "Unknown"}


def test_number_of_a_search_is_a_bound(client):
    models = make.category(slug="models", name="Models")
    context = make.attribute(slug="context", name="Context window", kind="number", unit="tokens", better="higher")
    Attribute.objects.update(aliases=["context"])
    context.categories.add(models)
    for name, tokens in (("Short", 8000), ("Long", 128_000), ("Longer", 1_000_000)):
        make.fact(of=make.tool(name=name, category=models), attribute=context, value=str(tokens))
    page = get_page(client, "/search/", q="128k context")
    address = "/tools/?category=models&amp;context.min=128000"
    assert (f'href="{address}"' in page, titles(page)) == (True, ["Long", "Longer"])
    assert titles(get_page(client, address.replace("&amp;", "&"))) == ["Long", "Longer"]


def test_category_in_a_longer_search_comes_last(client):
    make_inks()
    make.tool(name="Dipper", tagline="Ink makers adore it")
    page = get_page(client, "/search/", q="ink makers adore")
    assert page.index("Dipper") < page.index('<h2 id="wish">')
    assert titles(page) == ["Dipper"]


def test_nothing_fits(client):
    make_inks()
    page = get_page(client, "/search/", q="paid ink makers that are open source under $1")
    assert ("0 of 3 fit" in page, "None that we know of." in page, titles(page)) == (True, True, [])


def test_search_field_of_the_header_stays(client):
    for words in ("", "quill"):
        page = get_page(client, "/search/", q=words)
        assert ('id="site-search"' in page, 'id="search"' in page) == (True, True)


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
