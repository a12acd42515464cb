"""The picker of two tools to compare."""

import re

import pytest
from django.test import Client

from tests import factories as make
from tools.models import Tool

pytestmark = pytest.mark.django_db

HIDDEN = [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}]


@pytest.fixture
def _tools():
    category = make.category(name="Writing")
    make.tool(slug="quill", name="The Quill", aliases=["Feather"], category=category)
    make.tool(slug="pencil", name="Pencil", category=category)
    make.tool(slug="pen-one", name="Pen", category=category)
    make.tool(slug="pen-two", name="Pen", category=category)


def get_page(client: Client, **query: str) -> str:
    response = client.get("/compare/", query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.usefixtures("_tools")
@pytest.mark.parametrize("a", ["quill", "QUILL", "the quill", "Feather", "  feather ", "feathr", "the qui"])
@pytest.mark.parametrize("b", ["pencil", "penc"])
def test_two_tools_redirect_to_their_comparison(client, a, b):
    for query in ({"a": a, "b": b}, {"a": b, "b": a}):
        response = client.get("/compare/", query)
        assert (response.status_code, response.url) == (302, "/compare/pencil-vs-quill/")


@pytest.mark.usefixtures("_tools")
def test_redirect_uses_the_order_of_the_editors(client):
    make.comparison(first=Tool.objects.get(slug="quill"), second=Tool.objects.get(slug="pencil"))
    assert client.get("/compare/?a=pencil&b=quill").url == "/compare/quill-vs-pencil/"


@pytest.mark.usefixtures("_tools")
def test_redirect_keeps_what_else_was_asked(client):
    asked = client.get("/compare/?a=pencil&lens=builder,skeptic&b=quill&need=hosting&need=license:mit")
    assert asked.url == "/compare/pencil-vs-quill/?lens=builder,skeptic&need=hosting&need=license%3Amit"


@pytest.mark.usefixtures("_tools")
def test_former_slug_is_accepted(client):
    Tool.objects.filter(slug="quill").update(slug="goose")
    assert client.get("/compare/?a=quill&b=pencil").url == "/compare/goose-vs-pencil/"


@pytest.mark.usefixtures("_tools")
def test_same_tool_twice_is_reported(client):
    words = get_page(client, a="quill", b="Feather")
    assert "That’s the same tool twice" in words
    assert 'value="The Quill"' in words
    assert 'value="Feather"' in words


@pytest.mark.usefixtures("_tools")
def test_ambiguous_name_lists_candidates_and_keeps_the_other_field(client):
    words = get_page(client, a="Pen", b="pencil")
    assert "“Pen” may be one of these" in words
    for slug in ("pen-one", "pen-two"):
        assert f'href="/compare/?a={slug}&amp;b=Pencil"' in words
    assert 'name="b" type="search" value="Pencil"' in words
    assert client.get("/compare/?a=pen-two&b=Pencil").url == "/compare/pen-two-vs-pencil/"


@pytest.mark.usefixtures("_tools")
def test_unknown_name_is_reported_and_keeps_the_other_field(client):
    words = get_page(client, a="zzzz", b="pen-one")
    assert "No tool here goes by “zzzz”" in words
    assert 'value="zzzz" maxlength="200"' in words
    assert 'aria-describedby="pick-a-message" aria-invalid="true"' in words
    assert 'value="pen-one"' in words  # its name would not say which of the two


@pytest.mark.usefixtures("_tools")
def test_one_tool_shows_its_comparisons_and_rivals(client):
    quill = Tool.objects.get(slug="quill")
    make.comparison(first=quill, second=make.tool(slug="chalk", name="Chalk"))
    for query in ({"a": "quill"}, {"b": "quill"}, {"a": "quill", "b": " "}):
        words = get_page(client, **query)
        assert 'value="The Quill"' in words
        assert '<a href="/compare/pencil-vs-quill/"><bdi>Pencil</bdi> <small>automatic</small></a>' in words
        assert "Existing comparisons" in words
        assert "aria-invalid" not in words
        assert '<meta name="robots" content="noindex">' in words
        assert '<link rel="canonical" href="http://127.0.0.1:8000/compare/">' in words


@pytest.mark.usefixtures("_tools")
def test_empty_picker_is_indexable_and_lists_the_newest_pairs(client):
    make.comparison(first=Tool.objects.get(slug="quill"), second=Tool.objects.get(slug="pencil"))
    words = get_page(client)
    assert "noindex" not in words
    assert 'href="/compare/quill-vs-pencil/"' in words


@pytest.mark.usefixtures("_tools")
@pytest.mark.parametrize("fields", HIDDEN)
def test_picker_does_not_depend_on_unpublished_tools(client, fields):
    urls = [
        "/compare/",
        "/compare/?a=secret",
        "/compare/?a=Hidden+thing",
        "/compare/?a=hiden&b=pencil",
        "/compare/?a=quill",
    ]
    before = [client.get(url).content for url in urls]
    hidden = make.tool(slug="secret", name="Hidden thing", category=Tool.objects.get(slug="quill").category, **fields)
    make.comparison(first=hidden, second=Tool.objects.get(slug="quill"))
    assert [client.get(url).content for url in urls] == before


@pytest.mark.usefixtures("_tools")
@pytest.mark.parametrize("things", [1, 3])
@pytest.mark.parametrize(
    ("query", "queries"),
    [
        ("", 2),
        ("?a=quill", 6),
        ("?a=quill&b=pencil", 5),
        ("?a=feather&b=penc", 8),
        ("?a=zzzz&b=zzzy", 12),
    ],
)
def test_query_counts_are_constant(client, django_assert_num_queries, things, query, queries):
    for n in range(things):
        make.comparison(first=Tool.objects.get(slug="quill"), second=make.tool(name=f"Chalk {n}"))
    with django_assert_num_queries(queries):
        client.get(f"/compare/{query}")


@pytest.mark.parametrize("name", ["Cafe\u0301 Re\u0301sume\u0301 Writer", "Café Résumé Writer"])
def test_picker_accepts_its_own_suggestion(client, name):
    make.tool(slug="cafe", name=name)
    make.tool(slug="pencil", name="Pencil")
    suggestions = client.get("/search/suggest/", {"a": "cafe res"}).content.decode()
    [suggested] = re.findall(r'data-value="([^"]*)"', suggestions)
    for typed in (suggested, "café résumé writer", "cafe resume writer"):
        assert client.get("/compare/", {"a": typed, "b": "pencil"}).url == "/compare/cafe-vs-pencil/"


@pytest.mark.usefixtures("_tools")
def test_tool_withdrawn_while_the_picker_looks_it_up_leads_to_an_address_of_slugs(client, monkeypatch):
    monkeypatch.setattr("comparisons.views.search.find_pair", lambda *_: None)
    response = client.get("/compare/", {"a": "The Quill", "b": "penc"})
    assert (response.status_code, response.url) == (302, "/compare/quill-vs-pencil/")


def test_suggestions_that_differ_only_in_accents_fill_in_their_slugs(client):
    """Names are found regardless of accents, so the name of either would not tell which is meant."""
    for slug, name in (("naive-1", "Naïve"), ("naive-2", "Naive")):
        make.tool(slug=slug, name=name)
    make.tool(slug="pencil", name="Pencil")
    suggestions = client.get("/search/suggest/", {"a": "naiv"}).content.decode()
    assert sorted(re.findall(r'data-value="([^"]*)"', suggestions)) == ["naive-1", "naive-2"]
    assert client.get("/compare/", {"a": "naive-2", "b": "pencil"}).url == "/compare/naive-2-vs-pencil/"
