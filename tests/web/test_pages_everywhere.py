"""Rules that every page follows, checked on the demo content."""

import gzip
import json
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import html5lib
import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpResponse
from django.test import Client
from lxml import etree

from catalog.actions import import_catalog
from catalog.demo_votes import cast_demo_votes
from comparisons.models import Comparison
from tests import factories as make
from tests.addresses import PAGES
from tests.conftest import SAME_ORIGIN
from tests.database import content_of_module
from tools.choices import Meter

pytestmark = pytest.mark.django_db
DEMO = Path(__file__).resolve().parents[2] / "demo" / "catalog.json"
URLS = {
    **dict.fromkeys(PAGES, 200),
    "/tools/qdrant/vote/": 200,
    "/me/": 200,
    "/me/receipt/x/": 404,
    "/nowhere/": 404,
    "/tools/open-webuj/": 404,
    "/account/login/": 200,
    "/account/password/reset/": 200,
    "/account/password/reset/sent/": 200,
}
FILES = [
    "/export/votes.csv",
    "/export/pair-votes.csv",
    "/export/moderation.csv",
    "/export/prices.csv",
    "/export/facts.csv",
    "/export/verdicts.csv",
    "/export/predictions.csv",
    "/compare/vosk-vs-whisper.json",
    "/tools/qdrant.json",
    "/feeds/comparisons.xml",
    "/feeds/changes.xml",
    "/feeds/tools/qdrant.xml",
    "/feeds/categories/speech.xml",
    "/feeds/newsletter.xml",
    "/feeds/moderation.xml",
    "/sitemaps/newsletter.xml",
    "/sitemap.xml",
    "/sitemaps/tools-1.xml",
    "/robots.txt",
    "/manifest.webmanifest",
]


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Import the demo content once for all tests of this file."""
    with content_of_module(django_db_blocker, _create_demo):
        yield
        fetch.cache_clear()


def _create_demo() -> None:
    import_catalog(content=DEMO.read_bytes())
    make.issue_of_everything()


@cache
def fetch(url: str) -> HttpResponse:
    """Return a page's response. Each page of the demo is requested once for all tests that only read it."""
    response = Client().get(url)
    b"".join(response)  # a streamed response ends with that; `close()` would close the connection to the database, too
    return response


@pytest.mark.parametrize(("url", "status"), URLS.items())
def test_page_is_strict_html_without_inline_code_and_loads_nothing_from_other_sites(demo, url, status):
    response = fetch(url)
    assert response.status_code == status
    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(response.content)
    for element in document.iter():
        for name in ("src", "srcset", "data", "poster"):
            assert (element.attrib.get(name) or "/").startswith("/")
        if element.tag == "link" and element.attrib.get("rel") in ("stylesheet", "icon"):
            assert element.attrib["href"].startswith("/")
        assert not [name for name in map(str, element.attrib) if name.startswith(("on", "hx-")) or name == "style"]
        if element.tag == "script" and "src" not in element.attrib:
            # Data, which browsers do not execute.
            assert element.attrib["type"] in ("application/ld+json", "application/json")
            if element.attrib["type"] == "application/ld+json":
                assert json.loads(element.text)["@context"] == "https://schema.org"
        elif element.tag in ("script", "style"):
            assert element.attrib.get("src")
            assert not (element.text or "").strip()
    ids = [element.attrib["id"] for element in document.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    for select in document.iter("select"):
        assert len([option for option in select.iter("option") if "selected" in option.attrib]) <= 1


@pytest.mark.parametrize("url", [*URLS, *FILES])
def test_page_sends_security_headers(demo, url):
    headers = fetch(url).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert ("nonce-" in policy) == url.startswith("/admin/")
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"


def test_no_link_leads_to_a_redirect_or_an_error(demo):
    """Crawl the site. A page that only the reader's words make (search, filters) is not followed further."""
    seen, unread, wrong = set(), list(PAGES), {}
    while unread:
        url = unread.pop()
        response = fetch(url)
        if response.status_code != 200:
            wrong[url] = response.status_code
        if response.status_code == 200 and response.headers["Content-Type"].startswith("text/html"):
            links = {href.partition("#")[0] for href in etree.HTML(response.content).xpath("//a/@href")}
            new = {link for link in links if link.startswith("/") and "?" not in link} - seen
            seen |= new
            unread += sorted(new)
    assert (wrong, len(seen) > 100) == ({}, True)


@pytest.mark.parametrize("url", URLS)
def test_page_and_its_assets_stay_within_size_budgets(demo, client, url):
    compressed = client.get(url, headers={"accept-encoding": "gzip"})
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert len(compressed.content) <= 14 * 1024
    document = etree.HTML(gzip.decompress(compressed.content))
    sheets = document.xpath("//link[@rel='stylesheet']/@href")
    assert sum(map(_compressed_size, sheets)) <= 14 * 1024
    if not url.startswith("/account/"):  # signing in needs scripts of its own
        scripts = document.xpath("//script/@src")
        assert sum(map(_compressed_size, scripts)) <= 20 * 1024


def _compressed_size(address: str) -> int:
    """Return the size of a static file as sent, in bytes."""
    return Path(staticfiles_storage.path(address.removeprefix(settings.STATIC_URL) + ".br")).stat().st_size


@pytest.mark.parametrize(
    ("status", "words"),
    [(400, "could not read that request"), (403, "must be sent from a page of this site"), (404, "Page not found")],
)
def test_error_page_has_the_site_s_design(status, words):
    tool = make.tool()
    client = Client(headers=SAME_ORIGIN if status != 403 else {})
    url = "/nowhere/" if status == 404 else f"/tools/{tool.slug}/vote/"
    response = client.post(url, {"choice": "nonsense"})
    page = response.content.decode()
    assert response.status_code == status
    assert words in page
    assert 'class="top"' in page


def test_htmx_receives_only_the_error_message():
    response = Client(headers={"hx-request": "true"}).post(f"/tools/{make.tool().slug}/vote/", {"choice": "ship"})
    assert response.status_code == 403
    assert response.content.decode().startswith('<p class="lost__words">Your browser did not say where this came from.')


def test_server_error_page_has_the_site_s_design(client, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("on purpose")

    monkeypatch.setattr("comparisons.views.home.render", broken)
    client.raise_request_exception = False
    response = client.get("/")
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()
    assert "on purpose" not in response.content.decode()


@pytest.mark.parametrize("host", ["evil.example", "testserver:bad", "a b"])
def test_unknown_host_is_rejected(host):
    response = Client(headers={"host": host}).get("/nowhere/x")
    assert response.status_code == 400
    assert "could not read that request" in response.content.decode()


def test_every_comparison_stays_within_its_budget_with_votes_must_haves_and_costs(demo, client):
    cast_demo_votes(today=date(2026, 11, 20))
    used = "&".join(f"{meter}=10k" for meter in Meter.values)
    sizes = {}
    for comparison in Comparison.objects.published().select_related("first", "second"):
        address = comparison.get_absolute_url()
        for query in ("", f"?seats=3&{used}&need=self-hosting,open-source"):
            response = client.get(address + query, headers={"accept-encoding": "gzip"})
            sizes[address + query] = len(response.content)
    assert {address: size for address, size in sizes.items() if size > 14 * 1024} == {}
    assert len(sizes) > 60
