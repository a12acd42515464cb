"""Guesses at what was meant: the suggestions of the 404 page, and corrected search words."""

import re

import pytest
from django.db import OperationalError
from django.test import Client

from comparisons.reading.nearest import find_nearest_tools, guess_words
from comparisons.views import errors
from tests import factories as make
from tools.models import Tool

pytestmark = pytest.mark.django_db
NOT_PUBLIC = [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}]


def get_suggestions(client: Client, path: str, **extra) -> list[str]:
    """Return the URLs that a 404 page suggests."""
    response = client.get(path, **extra)
    assert response.status_code == 404
    page = response.content.decode()
    return re.findall(r'<li><a href="([^"]*)"><bdi>', page)


@pytest.mark.parametrize(
    "path",
    [
        "/tools/open-webui-2/",
        "/tools/open-web/",
        "/tools/Open-WebUI/",
        "/tools/openwebui/",
        "/tools/open-wbeui.json",
        "/tools/open-webi/vote/",
        "/open-webui/",
        "/Open%20WebUI",
        "/old/tools/open-webui/",
        "/compare/open-webui-vs-nothing/",
        "/compare/nothing-vs-open-webui/",
        "/compare/open-webi-vs-nothing/",
        "/tools/opne-webui/",
        "/tools/open-webui-for-teams-and-their-private-models/",
    ],
)
def test_404_suggests_the_nearest_tool(client, path):
    tool = make.tool(slug="open-webui", name="Open WebUI")
    make.tool(slug="ollama", name="Ollama")
    assert get_suggestions(client, path) == [tool.get_absolute_url()]


@pytest.mark.parametrize(
    "path", ["/tools/x/", "/favicon.gif", "/tools/open/vs/", "/%00/", "/" + "long-" * 500, "/💥/", "/-vs-/", "/.."]
)
def test_404_suggests_nothing_for_a_path_like_no_tool(client, path):
    make.tool(slug="zebra", name="Zebra")
    assert get_suggestions(client, path) == []


def test_nearest_tools_are_ranked_and_limited():
    for slug in ("llama-index", "llama-cpp", "llama-stack", "llama-factory", "llama"):
        make.tool(slug=slug, name=slug.replace("-", " ").title())
    assert [tool.slug for tool in find_nearest_tools("/tools/llama-cp/")] == ["llama-cpp", "llama", "llama-index"]


def test_nearest_tools_of_a_pair_include_both_halves():
    for slug in ("alpha", "ollama"):
        make.tool(slug=slug, name=slug)
    assert [tool.slug for tool in find_nearest_tools("/compare/ollma-vs-alphas/")] == ["alpha", "ollama"]


def test_nearest_tools_know_former_slugs():
    tool = make.tool(slug="first-name")
    Tool.objects.filter(pk=tool.pk).update(slug="other")
    assert find_nearest_tools("/compare/first-name-vs-nothing/") == [tool]


def test_nearest_tools_know_aliases():
    tool = make.tool(slug="quill", name="Quill", aliases=["Feather"])
    assert find_nearest_tools("/tools/feathre/") == [tool]


def test_404_suggests_comparisons_of_the_known_half(client):
    tool = make.tool(slug="alpha", name="Alpha & more")
    pair = make.comparison(first=make.tool(slug="beta"), second=tool)
    make.comparison(first=make.tool(), second=make.tool())
    make.comparison(first=tool, second=make.tool(), published_at=None)
    assert get_suggestions(client, "/compare/alpha-vs-nothing/") == ["/tools/alpha/", pair.get_absolute_url()]
    assert "Alpha &amp; more" in client.get("/compare/alpha-vs-nothing/").content.decode()


@pytest.mark.parametrize("fields", NOT_PUBLIC)
@pytest.mark.parametrize(
    "path", ["/tools/secret-tool/", "/compare/secret-tool-vs-alpha/", "/tools/secret-tool/vote/", "/tools/secret-too/"]
)
def test_404_does_not_depend_on_unpublished_tools(client, fields, path):
    make.tool(slug="secret-thing", name="Secret Thing"), make.tool(slug="alpha", name="Alpha")
    before = client.get(path)
    hidden = make.tool(slug="former-secret", name="Secret Tool", aliases=["Former Secret"], **fields)
    Tool.objects.filter(pk=hidden.pk).update(slug="secret-tool")
    make.comparison(first=hidden, second=Tool.objects.get(slug="alpha"))
    make.comparison(first=Tool.objects.get(slug="secret-thing"), second=hidden)
    after = client.get(path)
    assert (after.status_code, after.content, after.headers) == (404, before.content, before.headers)
    assert client.get("/compare/former-secret-vs-zzz/").content == client.get("/compare/formed-secret-vs-zzz/").content


def test_404_for_htmx_has_the_message_and_the_suggestion(client):
    make.tool(slug="alpha", name="Alpha")
    response = client.get("/tools/alpa/", headers={"hx-request": "true"})
    assert response.status_code == 404
    page = response.content.decode()
    assert page.startswith('<p class="lost__words">')
    assert '<a href="/tools/alpha/">' in page


def test_404_survives_a_database_error(client, monkeypatch, caplog):
    def fail(path):
        raise OperationalError("on purpose")

    monkeypatch.setattr(errors, "find_nearest_tools", fail)
    assert get_suggestions(client, "/tools/alpha/") == []
    assert "no suggestions" in caplog.text


@pytest.mark.parametrize("tools", [1, 3])
def test_404_query_count_is_constant(client, django_assert_num_queries, tools):
    for n in range(tools):
        make.comparison(first=make.tool(slug=f"alpha-{n}", name=f"Alpha {n}"))
    for path, queries in {"/alphb/": 4, "/compare/alpha-0-vs-zzz/": 7, "/zzz/": 3}.items():
        with django_assert_num_queries(queries):
            client.get(path)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mistrl", "mistral"),
        ("claud haiku", "claude haiku"),
        ("openwebui", "open webui"),
        ("zzz haiuk", "haiku"),
        ("haiuk mistrl haiuk", "haiku mistral haiku"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_mistyped_words_are_replaced_by_the_words_meant(typed, meant):
    assert guess_words(typed, ["Mistral Medium 3", "Claude Haiku", "Open WebUI"]) == meant


def test_words_meant_are_found_in_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert guess_words("claud haikuu", ["Claude Haiku"]) == "claude haiku"
    with django_assert_num_queries(0):
        assert (guess_words("claud", []), guess_words("…", ["Claude"])) == ("", "")
