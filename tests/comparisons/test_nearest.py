"""What the 404 page suggests."""

import re

import pytest
from django.db import OperationalError
from django.test import Client

from comparisons.reading.nearest import nearest_tools
from comparisons.views import errors
from tests import factories as make
from tools.models import Tool

pytestmark = pytest.mark.django_db
NOT_PUBLIC = [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}]


def suggested(client: Client, path: str, **extra) -> list[str]:
    """The addresses that a 404 page suggests."""
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
    ],
)
def test_nearest_tool_is_suggested(client, path):
    tool = make.tool(slug="open-webui")
    make.tool(slug="ollama")
    assert suggested(client, path) == [tool.get_absolute_url()]


@pytest.mark.parametrize(
    "path", ["/tools/x/", "/favicon.gif", "/tools/open/vs/", "/%00/", "/" + "long-" * 500, "/💥/", "/-vs-/", "/.."]
)
def test_what_resembles_nothing_gets_no_suggestion(client, path):
    make.tool(slug="zebra")
    assert suggested(client, path) == []


def test_nearest_comes_first_and_there_are_few():
    for slug in ("llama-index", "llama-cpp", "llama-stack", "llama-factory", "llama"):
        make.tool(slug=slug)
    assert [tool.slug for tool in nearest_tools("/tools/llama-cp/")] == ["llama-cpp", "llama", "llama-stack"]


def test_both_halves_of_a_pair_count():
    for slug in ("alpha", "ollama"):
        make.tool(slug=slug)
    assert [tool.slug for tool in nearest_tools("/compare/ollma-vs-alphas/")] == ["alpha", "ollama"]


def test_former_slug_leads_to_the_tool_of_today():
    tool = make.tool(slug="first-name")
    Tool.objects.filter(pk=tool.pk).update(slug="other")
    assert nearest_tools("/compare/first-name-vs-nothing/") == [tool]


def test_comparisons_of_the_known_half_are_suggested(client):
    tool = make.tool(slug="alpha", name="Alpha & more")
    pair = make.comparison(first=make.tool(slug="beta"), second=tool)
    make.comparison(first=make.tool(), second=make.tool())
    make.comparison(first=tool, second=make.tool(), published_at=None)
    assert suggested(client, "/compare/alpha-vs-nothing/") == ["/tools/alpha/", pair.get_absolute_url()]
    assert "Alpha &amp; more" in client.get("/compare/alpha-vs-nothing/").content.decode()


@pytest.mark.parametrize("fields", NOT_PUBLIC)
@pytest.mark.parametrize(
    "path", ["/tools/secret-tool/", "/compare/secret-tool-vs-alpha/", "/tools/secret-tool/vote/", "/tools/secret-too/"]
)
def test_tool_that_is_not_public_changes_nothing(client, fields, path):
    make.tool(slug="secret-thing"), make.tool(slug="alpha")
    before = client.get(path)
    hidden = make.tool(slug="former-secret", name="Hidden", **fields)
    Tool.objects.filter(pk=hidden.pk).update(slug="secret-tool")
    make.comparison(first=hidden, second=Tool.objects.get(slug="alpha"))
    make.comparison(first=Tool.objects.get(slug="secret-thing"), second=hidden)
    after = client.get(path)
    assert (after.status_code, after.content, after.headers) == (404, before.content, before.headers)
    assert client.get("/compare/former-secret-vs-zzz/").content == client.get("/compare/formed-secret-vs-zzz/").content


def test_htmx_gets_the_suggestion_with_the_message(client):
    make.tool(slug="alpha")
    response = client.post(
        "/tools/alpa/vote/", {"choice": "ship"}, headers={"hx-request": "true", "sec-fetch-site": "same-origin"}
    )
    assert response.status_code == 404
    page = response.content.decode()
    assert page.startswith('<p class="standfirst">')
    assert '<a href="/tools/alpha/">' in page


def test_page_stands_without_its_suggestions(client, monkeypatch, caplog):
    def fail(path):
        raise OperationalError("on purpose")

    monkeypatch.setattr(errors, "nearest_tools", fail)
    assert suggested(client, "/tools/alpha/") == []
    assert "no suggestions" in caplog.text


@pytest.mark.parametrize("tools", [1, 3])
def test_queries(client, django_assert_num_queries, tools):
    for n in range(tools):
        make.comparison(first=make.tool(slug=f"alpha-{n}"))
    for path, queries in {"/alphb/": 5, "/compare/alpha-0-vs-zzz/": 7, "/zzz/": 3}.items():
        with django_assert_num_queries(queries):
            client.get(path)
