"""The JSON documents of comparisons and tools, and their description in docs/json.md."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalog.actions import import_catalog
from tests import factories as make
from tests.comparisons.contents import DAY, SECRET, add_hidden_content, make_site
from tools.models import Tool
from votes.models import Vote

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "json.md").read_text()
MAX_TEXT_LENGTH = 100  # characters of a text in the document
ONLY_OF_TOOLS = {
    "schema", "votes_are_made_up", "comparisons", "peers", "published_at", "editions",
    "discontinued_plans", "discontinued_facts",
}  # fmt: skip
PAIR = "/compare/claude-haiku-open-weights-vs-mistral-medium-3.json"


def get_json(client: Client, url: str) -> Any:
    response = client.get(url)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    return response.json()


def find_key_paths(value: Any, path: str = "") -> set[str]:
    """Return every key in a JSON value as `tools[].plans[].name`."""
    match value:
        case dict():
            return {f"{path}.{key}".lstrip(".") for key in value}.union(
                *(find_key_paths(inner, f"{path}.{key}".lstrip(".")) for key, inner in value.items())
            )
        case list():
            return set().union(*(find_key_paths(inner, f"{path}[]") for inner in value))
    return set()


def abridge(value: Any) -> Any:
    """Return a JSON value as docs/json.md shows it: lists cut to their first item, and long texts shortened."""
    match value:
        case dict():
            return {key: abridge(inner) for key, inner in value.items()}
        case list():
            return [abridge(inner) for inner in value[:1]]
        case str() if len(value) > MAX_TEXT_LENGTH:
            return value[: MAX_TEXT_LENGTH - 1] + "…"
    return value


# -- The document -------------------------------------------------------------------------------------------


@pytest.fixture
def demo(settings, time_machine):
    settings.SITE_URL = "https://shipside.example"
    time_machine.move_to("2026-12-01 12:00Z", tick=False)
    import_catalog(content=(ROOT / "demo" / "catalog.json").read_bytes())
    make.votes(on=Tool.objects.get(slug="claude-haiku-open-weights"), ship=18, skip=13)
    rate = {"meter": "request", "amount": "0.04", "per": 1, "included": 0, "beyond": "costs"}
    hosted = make.tool(slug="hosted", category=Tool.objects.get(slug="vllm").category)
    make.plan(of=hosted, name="API", kind="paid", currency="USD", period="usage", rates=[rate])
    make.plan(of=hosted, name="Team", kind="paid", currency="USD", period="month", amount=19, per_seat=True)
    make.fact(of=hosted, value="Closed", superseded_at=make.PAST + DAY)
    make.correction(
        of=Tool.objects.get(slug="qdrant"),
        note="We gave the license as MIT. It is Apache-2.0.",
        made_at=datetime(2026, 11, 24, 10, tzinfo=UTC),
    )


def test_docs_list_exactly_the_keys(demo, client):
    documented = {
        section: set(re.findall(r"^\| `([^`]+)` \|", text, re.M)) for section, text in read_sections().items()
    }
    tools = [get_json(client, f"/tools/{slug}.json") for slug in Tool.objects.values_list("slug", flat=True)]
    tools.append(get_json(client, "/tools/hosted.json?seats=2&request=5"))
    assert set().union(*map(find_key_paths, tools)) == documented["A tool"]
    of_pair = {path for path in find_key_paths(get_json(client, PAIR)) if not path.startswith("tools[]")}
    assert of_pair == documented["A comparison"]
    assert get_json(client, PAIR)["tools"][0].keys() == tools[0].keys() - ONLY_OF_TOOLS


def test_examples_in_docs_equal_the_responses(demo, client):
    comparison, tool = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOCUMENT, re.S))
    assert comparison == abridge(get_json(client, PAIR))
    assert tool == abridge(get_json(client, "/tools/qdrant.json"))


def read_sections() -> dict[str, str]:
    titles_and_texts = re.split(r"^## (.+)$", DOCUMENT, flags=re.M)[1:]
    return dict(zip(titles_and_texts[::2], titles_and_texts[1::2], strict=True))


# -- What they say ------------------------------------------------------------------------------------------


def test_comparison_equals_its_page(client):
    make_site()
    document, page = (
        get_json(client, "/compare/alpha-vs-beta.json"),
        client.get("/compare/alpha-vs-beta/").content.decode().replace("\u00a0", " "),  # which binds numbers
    )
    assert document["schema"] == "shipside-comparison/1"
    assert document["url"] == "http://127.0.0.1:8000/compare/alpha-vs-beta/"
    assert document["image"] == "http://127.0.0.1:8000/og/compare/alpha-vs-beta.png"
    assert (document["is_editorial"], document["introduction"]) == (True, "Hello *you*.")
    assert [tool["slug"] for tool in document["tools"]] == ["alpha", "beta"]
    for words in (document["headline"], document["reason"], document["pricing_read"], document["split"]["sentence"]):
        assert f">{words}<" in page
    assert document["sentence"] == f"{document['headline']} {document['reason']}"
    assert [seat["name"] in page for seat in document["split"]["seats"]] == [True]


def test_tool_equals_its_column_in_a_comparison(client):
    make_site()
    tool = get_json(client, "/tools/alpha.json")
    assert (tool.pop("schema"), tool.pop("peers")) == ("shipside-tool/1", [])
    assert tool.pop("comparisons") == [
        {
            "first": "Alpha 0",
            "second": "Beta 0",
            "url": "http://127.0.0.1:8000/compare/alpha-vs-beta/",
            "json": "http://127.0.0.1:8000/compare/alpha-vs-beta.json",
        }
    ]
    assert [(one["reviewer"]["slug"], one["verdict"]) for one in tool["editions"]] == [
        (tool["reviews"][0]["reviewer"]["slug"], verdict) for verdict in ("ship", "skip")
    ]
    column = {key: value for key, value in tool.items() if key not in ONLY_OF_TOOLS}
    assert column == get_json(client, "/compare/alpha-vs-beta.json")["tools"][0]


def test_tool_has_what_it_no_longer_states(client):
    tool = make.tool(slug="alpha")
    make.plan(of=tool, name="Old", superseded_at=make.PAST)  # never public
    make.plan(of=tool, name="Gone", superseded_at=make.PAST + DAY)
    make.fact(of=tool, value="SSPL", attribute=make.attribute(name="License"), superseded_at=make.PAST + DAY)
    document, until = get_json(client, "/tools/alpha.json"), (make.PAST + DAY).isoformat()
    assert document["published_at"] == make.PAST.isoformat()
    assert document["discontinued_plans"] == [
        {"name": "Gone", "was": [{"words": "Free", "until": until, "correction": False}]}
    ]
    assert document["discontinued_facts"] == [
        {"name": "License", "was": [{"words": "SSPL", "until": until, "correction": False}]}
    ]


@pytest.mark.parametrize(
    ("ship", "skip", "shown"),
    [
        (0, 0, {"percent": None, "low": None, "high": None, "words": "No votes yet"}),
        (7, 2, {"percent": None, "low": None, "high": None, "words": "7 ship, 2 skip so far"}),
        (7, 3, {"percent": 70, "low": 40, "high": 89, "words": "10 votes, early: 40–89%"}),
        (30, 20, {"percent": 60, "low": 46, "high": 72, "words": "50 votes"}),
    ],
)
def test_community_percent_needs_enough_votes(client, ship, skip, shown):
    make.votes(on=make.tool(slug="alpha"), ship=ship, skip=skip)
    expected = {"votes": ship + skip, "ship": ship, "skip": skip, "held": 0, "frozen": False, **shown}
    assert get_json(client, "/tools/alpha.json")["community"] == expected


def test_empty_tool_has_every_key(client):
    make.tool(slug="alpha")
    document = get_json(client, "/tools/alpha.json")
    assert document["panel"] == {"ship": 0, "seats": 0, "percent": None, "words": "Not reviewed yet"}
    assert (document["entry"], document["plans"], document["facts"], document["reviews"]) == ("—", [], [], [])


def test_prices_are_exact_and_flag_staleness(client, time_machine):
    time_machine.move_to("2026-11-22 12:00Z", tick=False)
    tool = make.tool(slug="alpha")
    for amount, verified_on in (("20.00", "2026-11-01"), ("0.000125", "2026-08-01"), ("1000", None)):
        make.plan(of=tool, kind="paid", amount=amount, currency="USD", period="month", verified_on=verified_on)
    plans = get_json(client, "/tools/alpha.json")["plans"]
    assert [(plan["amount"], plan["verified_on"], plan["stale"]) for plan in plans] == [
        ("20", "2026-11-01", False),
        ("0.000125", "2026-08-01", True),
        ("1000", None, None),
    ]


# -- Addresses, headers, cost -------------------------------------------------------------------------------


def test_urls_redirect_like_those_of_the_pages(client):
    make_site()
    assert client.get("/compare/beta-vs-alpha.json").url == "/compare/alpha-vs-beta.json"
    assert client.get("/compare/alpha-vs-alpha.json").url == "/tools/alpha.json"
    Tool.objects.filter(slug="alpha").update(slug="gamma")
    moved = client.get("/compare/alpha-vs-beta.json")
    assert (moved.status_code, moved.url) == (301, "/compare/gamma-vs-beta.json")
    assert client.get("/tools/alpha.json").url == "/tools/gamma.json"


def test_json_does_not_depend_on_unpublished_content(client):
    site = make_site()
    urls = [
        *(f"/tools/secret-{number}.json" for number in range(3)),
        *(f"/compare/alpha-vs-secret-{number}.json" for number in range(3)),
        "/compare/secret-0-vs-secret-0.json",
    ]
    nowhere = {url: client.get(url).content for url in urls}
    add_hidden_content(site)
    for url in urls:
        answer = client.get(url)
        assert (answer.status_code, answer.content) == (404, nowhere[url])
    for url in (
        "/tools/alpha.json",
        "/tools/beta.json",
        "/compare/alpha-vs-beta.json",
        "/compare/alpha-vs-shown-0.json",
    ):
        assert SECRET.lower() not in client.get(url).content.decode().lower()
    assert get_json(client, "/compare/alpha-vs-shown-0.json")["is_editorial"] is False


@pytest.mark.parametrize("url", ["/compare/alpha-vs-beta.json", "/tools/alpha.json"])
def test_json_is_public_and_readable_across_origins(client, admin_client, form_client, url):
    make_site()
    form_client.post("/tools/alpha/vote/", {"choice": "ship"})
    first = client.get(url)
    assert first.headers["Cache-Control"] == "public, no-cache"
    assert first.headers["Vary"] == "Accept-Encoding"
    for other in (admin_client, form_client):
        again = other.get(url)
        assert (again.content, again.headers["ETag"], bool(again.cookies)) == (
            first.content,
            first.headers["ETag"],
            False,
        )
    unchanged = client.get(url, headers={"if-none-match": first.headers["ETag"]})
    moved, missing = client.get("/compare/beta-vs-alpha.json"), client.get("/tools/nothing.json")
    assert [answer.status_code for answer in (unchanged, moved, missing)] == [304, 301, 404]
    for answer in (first, moved, missing):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert client.post(url).status_code == 405


def test_pages_are_not_readable_across_origins(client):
    make_site()
    assert "Access-Control-Allow-Origin" not in client.get("/tools/alpha/").headers


@pytest.mark.parametrize("url", ["/compare/alpha-vs-beta.json", "/tools/alpha.json"])
def test_etag_changes_with_the_content(client, url):
    pair = make_site()
    etag = client.get(url).headers["ETag"]
    for change in (
        lambda: make.votes(on=pair.first, ship=1),
        lambda: Vote.objects.filter(tool=pair.first).first().delete(),
        lambda: make.fact(of=pair.first),
        lambda: Tool.objects.filter(pk=pair.first.pk).update(name="New"),
    ):
        change()
        before, etag = etag, client.get(url).headers["ETag"]
        assert etag != before


@pytest.mark.parametrize("things", [1, 3])
@pytest.mark.parametrize(("url", "queries"), [("/compare/alpha-vs-beta.json", 3), ("/tools/alpha.json", 4)])
def test_query_counts_are_constant(client, django_assert_num_queries, things, url, queries):
    pair = make_site(things)
    for _ in range(things):
        seat = make.reviewer()
        make.prediction(of=make.review(of=pair.first, by=seat))
        make.plan(of=pair.first)
        make.comparison(first=pair.first)
    with django_assert_num_queries(queries):
        get_json(client, url)


@pytest.mark.parametrize(
    ("url", "json_address"),
    [("/compare/alpha-vs-beta/", "/compare/alpha-vs-beta.json"), ("/tools/alpha/", "/tools/alpha.json")],
)
def test_page_links_its_json(client, url, json_address):
    make_site()
    assert f'<link rel="alternate" type="application/json" href="{json_address}">' in client.get(url).content.decode()
