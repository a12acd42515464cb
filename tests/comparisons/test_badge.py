from xml.etree import ElementTree as ET

import html5lib
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from comparisons.pictures.badge import build_snippets, clean_name, truncate
from tests import factories as make
from tools.models import Tool

pytestmark = pytest.mark.django_db
SVG = "{http://www.w3.org/2000/svg}"
URLS = ["/tools/alpha/badge.svg", "/tools/alpha/badge.svg?size=large"]


def read_badge(client: Client, url: str) -> str:
    """Return the texts of a badge, title first."""
    root = ET.fromstring(client.get(url).content)  # noqa: S314 # our own
    return " | ".join(text for element in root.iter() if (text := (element.text or "").strip()))


def make_full_tool(things: int = 4, **fields) -> Tool:
    tool = make.tool(**{"slug": "alpha", "name": "Alpha", **fields})
    seats = [make.reviewer() for _ in range(things)]
    make.panel(of=tool, seats=seats, verdicts="+" * (things - 1) + "-")
    make.votes(on=tool, ship=8, skip=4)
    return tool


def test_badge_says_what_the_page_says(client):
    make_full_tool()
    title = "Shipside on Alpha. Panel: 75%, 3 of 4 ship. Community: 67%, 12 votes, early: 39–86%."
    assert read_badge(client, URLS[0]) == f"{title} | Shipside | | | 75% | 3 of 4 ship"
    assert (
        read_badge(client, URLS[1])
        == f"{title} | Shipside | Alpha | 75% | Panel | 3 of 4 ship | 67% | Community | 12 votes, early: 39–86%"
    )


def test_badge_without_numbers_says_so(client):
    make.tool(slug="alpha", name="Alpha")
    assert read_badge(client, URLS[0]).endswith("| Shipside | | | — | Not reviewed yet")
    assert read_badge(client, URLS[1]).endswith("Alpha | — | Panel | Not reviewed yet | — | Community | No votes yet")


@pytest.mark.parametrize("query", ["", "?size=", "?size=small", "?size=huge", "?size=%00", "?x=1"])
def test_small_is_the_default_size(client, query):
    make_full_tool()
    assert client.get(f"/tools/alpha/badge.svg{query}").content == client.get(URLS[0]).content


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "name", ["\"'<script>alert(1)</script>&amp;]]>", "a\x01\x0b\ufffe\u202eb", "{{ 7|add:7 }}", "W" * 300, "通" * 300]
)
def test_badge_is_xml_for_any_name(client, url, name):
    make_full_tool(name=name)
    root = ET.fromstring(client.get(url).content)  # noqa: S314 # our own
    assert root.get("role") == "img"
    title = root.find(f"{SVG}title").text
    assert title == root.get("aria-label")
    assert clean_name(name) in title
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "rect", "path", "text", "tspan", "circle", "g",
    }  # fmt: skip
    assert not [key for element in root.iter() for key in element.attrib if key == "style" or key.startswith("on")]


@pytest.mark.parametrize("url", URLS)
def test_other_sites_may_embed_it(client, url):
    make_full_tool()
    headers = client.get(url).headers
    assert headers["Content-Type"] == "image/svg+xml"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["Cache-Control"] == "public, no-cache"
    assert headers["Vary"] == "Accept-Encoding"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("url", URLS)
def test_unchanged_badge_is_304(client, url):
    tool = make_full_tool()
    etag = client.get(url).headers["ETag"]
    make.review(of=tool, by=make.reviewer(), published_at=make.FUTURE)
    make.review(of=tool, by=make.reviewer(), published_at=None)
    response = client.get(url, headers={"if-none-match": etag})
    assert (response.status_code, response.headers["ETag"]) == (304, etag)
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    make.votes(on=tool, ship=1)
    assert client.get(url, headers={"if-none-match": etag}).status_code == 200


@pytest.mark.parametrize("things", [1, 3])
@pytest.mark.parametrize("url", URLS)
def test_queries(client, django_assert_num_queries, things, url):
    make_full_tool(things)
    with django_assert_num_queries(1):
        client.get(url)


def test_old_slug_redirects_to_the_badge_of_the_same_size(client):
    make_full_tool()
    Tool.objects.filter(slug="alpha").update(slug="gamma")
    response = client.get(URLS[1])
    assert (response.status_code, response.url) == (301, "/tools/gamma/badge.svg?size=large")


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_unpublished_tool_has_no_badge(client, fields):
    make_full_tool(**fields)
    answer = client.get(URLS[0])
    assert (answer.status_code, answer.content) == (404, client.get("/tools/nothing/badge.svg").content)


@given(st.text(max_size=300))
def test_clean_name_is_valid_in_xml(text):
    ET.fromstring(f"<x>{clean_name(text).replace('&', '').replace('<', '').replace('>', '')}</x>")  # noqa: S314


@given(st.text(max_size=300))
def test_truncated_text_is_a_prefix(text):
    short = truncate(text, 10)
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


# -- The lines that embed it --------------------------------------------------------------------------------


def test_snippets_are_escaped_for_html_and_markdown():
    small, large = build_snippets("https://shipside.example", "Shipside", "alpha", "A](x) *b* \"><script>'")
    assert small.html == (
        '<a href="https://shipside.example/tools/alpha/">'
        '<img src="https://shipside.example/tools/alpha/badge.svg?size=small" '
        'alt="What Shipside says of A](x) *b* &quot;&gt;&lt;script&gt;&#x27;" width="240" height="32"></a>'
    )
    assert large.markdown == (
        r"[![What Shipside says of A\]\(x\) \*b\* \"\>\<script\>'](https://shipside.example/tools/alpha/badge.svg?size=large)]"
        "(https://shipside.example/tools/alpha/)"
    ).replace(r"\"", '"')


def test_tool_page_shows_how_to_embed_its_badge(client):
    name = "</textarea><script>alert(1)</script>&amp;"
    make_full_tool(name=name)
    document = html5lib.parse(client.get("/tools/alpha/").content, namespaceHTMLElements=False)
    codes = [element.text for element in document.iter("textarea")]
    made = build_snippets("http://127.0.0.1:8000", "Shipside", "alpha", name)
    assert codes == [code for snippet in made for code in (snippet.html, snippet.markdown)]
    inner = html5lib.parseFragment(codes[0], namespaceHTMLElements=False)
    assert inner.find("a/img").get("alt") == f"What Shipside says of {name}"
    for image in document.iter("img"):
        assert client.get(image.get("src")).headers["Content-Type"] == "image/svg+xml"
