"""The sitemap, robots.txt, and the manifest."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from lxml import etree

from catalog.actions import import_catalog
from comparisons.machines import sitemaps
from tests import factories as make
from tests.comparisons.contents import SECRET, add_hidden_content, make_site
from tools.models import Tool

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
SCHEMA = etree.XMLSchema(file=ROOT / "tests" / "schemas" / "sitemap.xsd")
NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
SITE = "http://127.0.0.1:8000"


def get_locations(client: Client, url: str) -> dict[str, str | None]:
    """Return the paths in a valid sitemap or index, each with its `lastmod`."""
    response = client.get(url)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/xml"
    document = etree.fromstring(response.content)
    SCHEMA.assertValid(document)
    found = {
        entry.findtext("s:loc", namespaces=NAMES): entry.findtext("s:lastmod", namespaces=NAMES) for entry in document
    }
    assert len(found) == len(document)
    assert all(location.startswith(SITE + "/") for location in found)
    return {location.removeprefix(SITE): changed for location, changed in found.items()}


def test_every_listed_page_exists_and_is_indexable(client):
    import_catalog(content=(ROOT / "demo" / "catalog.json").read_bytes())
    files = get_locations(client, "/sitemap.xml")
    assert list(files) == [
        f"/sitemaps/{kind}-1.xml" for kind in ("pages", "comparisons", "tools", "categories", "reviewers")
    ] + ["/sitemaps/newsletter.xml"]
    pages = [location for file in files for location in get_locations(client, file)]
    assert len(pages) == len(set(pages)) == 12 + 34 + 44 + 8 + 4 + 1
    for page in pages:
        response = client.get(page)
        assert response.status_code == 200
        assert 'content="noindex' not in response.content.decode()
        assert f'<link rel="canonical" href="{SITE}{page}">' in response.content.decode()


def test_empty_site_lists_its_pages(client):
    assert list(get_locations(client, "/sitemap.xml")) == ["/sitemaps/pages-1.xml", "/sitemaps/newsletter.xml"]
    pages = get_locations(client, "/sitemaps/pages-1.xml")
    assert pages["/"] is pages["/methodology/"] is None
    assert all(client.get(page).status_code == 200 for page in pages)


def test_lastmod_is_that_of_the_newest_review_or_tool(client):
    first = make.tool(slug="alpha", category=make.category(slug="things"))
    second = make.tool(slug="beta", published_at=make.PAST + timedelta(days=2))
    make.comparison(first=first, second=second, published_at=make.PAST - timedelta(days=9))
    for url, location, day in (
        ("comparisons", "/compare/alpha-vs-beta/", "07"),
        ("tools", "/tools/alpha/", "05"),
        ("categories", "/categories/things/", "05"),
    ):
        assert get_locations(client, f"/sitemaps/{url}-1.xml")[location] == f"2026-01-{day}T09:00:00+00:00"
    make.review(of=first, by=make.reviewer(), published_at=make.PAST + timedelta(days=3))
    for url, location in (
        ("comparisons", "/compare/alpha-vs-beta/"),
        ("tools", "/tools/alpha/"),
        ("categories", "/categories/things/"),
    ):
        assert get_locations(client, f"/sitemaps/{url}-1.xml")[location] == "2026-01-08T09:00:00+00:00"


def test_unpublished_content_is_not_listed(client):
    pair = make_site()
    make.category(slug="secret-category")
    add_hidden_content(pair)
    assert list(get_locations(client, "/sitemaps/comparisons-1.xml")) == ["/compare/alpha-vs-beta/"]
    tools = get_locations(client, "/sitemaps/tools-1.xml")
    assert sorted(tools) == ["/tools/alpha/", "/tools/beta/", *(f"/tools/shown-{number}/" for number in range(3))]
    assert set(tools.values()) == {"2026-01-05T09:00:00+00:00", "2026-01-06T09:00:00+00:00"}
    for kind in ("comparisons", "tools", "categories"):
        assert SECRET.lower() not in client.get(f"/sitemaps/{kind}-1.xml").content.decode()


def test_long_kinds_are_split_into_files(client, monkeypatch):
    """A file is a range of primary keys. One without a published tool is not listed and does not exist."""
    monkeypatch.setattr(sitemaps, "URLS_PER_FILE", 2)
    for key in (1, 2, 3, 4, 7, 8, 11):
        make.tool(pk=key, slug=f"tool{key}")
    Tool.objects.filter(pk__in=[3, 4]).update(withdrawn_at=make.PAST)
    files = [file for file in get_locations(client, "/sitemap.xml") if "tools" in file]
    assert files == [f"/sitemaps/tools-{number}.xml" for number in (1, 4, 6)]
    assert [list(get_locations(client, file)) for file in files] == [
        ["/tools/tool1/", "/tools/tool2/"],
        ["/tools/tool7/", "/tools/tool8/"],
        ["/tools/tool11/"],
    ]
    assert client.get("/sitemaps/tools-2.xml").status_code == 404


@pytest.mark.parametrize("name", ["tools-2", "tools-0", "pages-2", "comparisons-1", "others-1", "tools-" + "9" * 40])
def test_unknown_file_is_404(client, name):
    make.tool()
    assert client.get(f"/sitemaps/{name}.xml").status_code == 404


@pytest.mark.parametrize("things", [1, 3])
@pytest.mark.parametrize(
    ("url", "queries"),
    [
        ("/sitemap.xml", 9),
        ("/sitemaps/pages-1.xml", 0),
        ("/sitemaps/comparisons-1.xml", 1),
        ("/sitemaps/tools-1.xml", 1),
        ("/sitemaps/categories-1.xml", 1),
        ("/sitemaps/reviewers-1.xml", 1),
        ("/robots.txt", 0),
        ("/manifest.webmanifest", 0),
    ],
)
def test_query_counts_are_constant(client, django_assert_num_queries, things, url, queries):
    make_site(things)
    with django_assert_num_queries(queries):
        assert client.get(url).status_code == 200


@pytest.mark.parametrize("url", ["/sitemap.xml", "/sitemaps/tools-1.xml", "/robots.txt", "/manifest.webmanifest"])
def test_files_are_public_and_conditional(client, admin_client, url):
    make_site()
    first = client.get(url)
    assert (first.headers["Cache-Control"], first.headers["Vary"]) == ("public, no-cache", "Accept-Encoding")
    assert admin_client.get(url).content == first.content
    assert client.get(url, headers={"if-none-match": first.headers["ETag"]}).status_code == 304
    assert client.post(url).status_code == 405


def test_security_contact_is_the_address_of_the_operator(client, settings):
    settings.CONTACT_EMAIL = "ada+ships@example.com"
    response = client.get("/.well-known/security.txt")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    lines = dict(line.split(": ", 1) for line in response.text.splitlines())
    expires = datetime.fromisoformat(lines.pop("Expires"))
    assert timedelta(days=30) < expires - timezone.now() < timedelta(days=365)
    assert lines == {
        "Contact": "mailto:ada%2Bships@example.com",
        "Preferred-Languages": "en",
        "Canonical": f"{SITE}/.well-known/security.txt",
    }
    assert client.post("/.well-known/security.txt").status_code == 405
    settings.CONTACT_EMAIL = ""
    assert client.get("/.well-known/security.txt").status_code == 404


@pytest.mark.parametrize("url", ["/feed", "/feed/", "/rss", "/rss/"])
def test_guessed_addresses_lead_to_the_feed_that_pages_name_first(client, url):
    response = client.get(url)
    assert (response.status_code, response.url) == (301, "/feeds/comparisons.xml")
    first = re.search(r'type="application/atom\+xml"[^>]* href="([^"]+)"', client.get("/").text)
    assert first
    assert first[1] == response.url


def test_robots_names_the_sitemap_and_disallowed_paths(client):
    response = client.get("/robots.txt")
    assert response.headers["Content-Type"] == "text/plain"
    assert response.content.decode().split("\n") == [
        "User-agent: *",
        "Disallow: /account/",
        "Disallow: /admin/",
        "Disallow: /me/",
        "Disallow: /export/",
        "",
        f"Sitemap: {SITE}/sitemap.xml",
        "",
    ]


def test_manifest_names_existing_icons(client):
    response = client.get("/manifest.webmanifest")
    assert response.headers["Content-Type"] == "application/manifest+json"
    manifest = response.json()
    assert (manifest["short_name"], manifest["start_url"]) == ("Shipside", "/")
    assert [(icon["sizes"], icon["purpose"]) for icon in manifest["icons"]] == [
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    ]
    page = client.get("/").content.decode()
    assert '<link rel="manifest" href="/manifest.webmanifest">' in page
    touch_icon = re.search(r'<link rel="apple-touch-icon" href="([^"]+)">', page)[1]
    for address in (touch_icon, *(icon["src"] for icon in manifest["icons"])):
        icon = client.get(address)
        assert icon.headers["Content-Type"] == "image/png"
        icon.close()
