"""The Atom feeds."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from lxml import etree

from catalog.actions import import_catalog
from comparisons.models import Comparison
from tests import factories as make
from tests.comparisons.contents import SECRET, add_hidden_content, make_site
from tools.models import Tool

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
SCHEMA = etree.RelaxNG(file=ROOT / "tests" / "schemas" / "atom.rng")
ATOM = {"a": "http://www.w3.org/2005/Atom"}
VERDICTS = "/feeds/changes.xml?kind=verdicts"
FEEDS = ["/feeds/comparisons.xml", VERDICTS]


def get_feed(client: Client, url: str) -> etree._Element:
    """Return a feed, validated against the RFC, as an XML document."""
    response = client.get(url)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    document = etree.fromstring(response.content)
    SCHEMA.assertValid(document)
    ids = find_texts(document, "//a:id")
    assert len(ids) == len(set(ids))
    assert sorted(find_texts(document, "/a:feed/a:link/@rel")) == ["alternate", "self"]
    return document


def find_texts(document: etree._Element, path: str) -> list[str]:
    """Return the texts or attributes that an XPath matches."""
    return [found if isinstance(found, str) else found.text for found in document.xpath(path, namespaces=ATOM)]


@pytest.mark.parametrize("url", FEEDS)
def test_feed_of_the_demo_is_valid(client, settings, url):
    settings.SITE_URL = "https://shipside.example"
    import_catalog(content=(ROOT / "demo" / "catalog.json").read_bytes())
    document = get_feed(client, url)
    assert len(find_texts(document, "//a:entry")) > 3
    assert find_texts(document, "/a:feed/a:link[@rel='self']/@href") == [settings.SITE_URL + url]
    assert all(name.startswith("tag:shipside.example,2026:") for name in find_texts(document, "//a:id"))
    for address in find_texts(document, "//a:entry/a:link/@href"):
        assert client.get(address.removeprefix(settings.SITE_URL)).status_code == 200
    assert find_texts(document, "/a:feed/a:updated") == [max(find_texts(document, "//a:entry/a:updated"))]


@pytest.mark.parametrize("url", FEEDS)
def test_empty_feed_is_valid_and_unchanged(client, url):
    first = client.get(url)
    assert not find_texts(get_feed(client, url), "//a:entry")
    assert client.get(url, headers={"if-none-match": first.headers["ETag"]}).status_code == 304


def test_comparison_entry_has_verdict_and_introduction(client):
    pair = make_site()
    [entry] = get_feed(client, "/feeds/comparisons.xml").xpath("a:entry", namespaces=ATOM)
    assert find_texts(entry, "a:title") == ["Alpha 0 vs Beta 0"]
    assert find_texts(entry, "a:id") == [f"tag:127.0.0.1,2026:comparison/{pair.pk}"]
    assert find_texts(entry, "a:link/@href") == ["http://127.0.0.1:8000/compare/alpha-vs-beta/"]
    assert find_texts(entry, "a:category/@term") == [pair.first.category.name]
    assert find_texts(entry, "a:published") == ["2026-01-05T09:00:00+00:00"]
    assert find_texts(entry, "a:updated") == ["2026-01-06T09:00:00+00:00"]  # the newest review of either
    page = client.get("/compare/alpha-vs-beta/").content.decode().replace("\u00a0", " ")  # which binds numbers
    headline, reason, introduction = find_texts(entry, "a:content")[0].strip().splitlines()
    assert headline == "<p>Beta 0 leads the panel, 1 to 0.</p>"
    assert headline.removeprefix("<p>") in page
    assert reason.removeprefix("<p>").removesuffix("</p>") in page  # which goes on with what nobody tried
    assert introduction == "<p>Hello <em>you</em>.</p>"


def test_verdict_in_the_feed_equals_the_page_with_any_panels(client):
    first, second = make.tool(slug="alpha"), make.tool(slug="beta")
    seats = [make.reviewer() for _ in range(4)]
    for tool, verdicts in ((first, {0: "ship", 2: "skip", 3: "ship"}), (second, {1: "ship", 2: "ship", 3: "skip"})):
        for place, verdict in verdicts.items():
            make.review(of=tool, by=seats[place], verdict=verdict)
    make.comparison(first=first, second=second)
    [content] = find_texts(get_feed(client, "/feeds/comparisons.xml"), "//a:entry/a:content")
    page = client.get("/compare/alpha-vs-beta/").content.decode().replace("\u00a0", " ")  # which binds numbers
    headline, reason = content.strip().splitlines()
    assert headline.replace("<p>", '<p class="verdict__headline">') in page
    assert reason.replace("<p>", '<p class="verdict__reason">').removesuffix("</p>") in page


def test_votes_change_no_byte_of_a_feed(client):
    """Readers compare contents: an entry that changes without news is marked as unread again."""
    pair = make_site()
    before = [client.get(url) for url in FEEDS]
    make.votes(on=pair.first, ship=2, skip=300)
    make.votes(on=pair.second, ship=70)
    make.pair_votes(between=(pair.first, pair.second), first=19)
    assert "Made to choose, " in client.get("/compare/alpha-vs-beta/").content.decode()
    for url, earlier in zip(FEEDS, before, strict=True):
        assert client.get(url).content == earlier.content
        assert client.get(url, headers={"if-none-match": earlier.headers["ETag"]}).status_code == 304


def test_withdrawn_review_changes_an_entry_and_its_time(client):
    pair = make_site()
    [before] = find_texts(get_feed(client, FEEDS[0]), "//a:entry/a:content")
    with time_machine.travel(make.PAST + timedelta(days=100), tick=False):
        pair.second.reviews.first().withdraw()
    document = get_feed(client, FEEDS[0])
    [after] = find_texts(document, "//a:entry/a:content")
    assert before != after
    withdrawn_at = pair.second.reviews.get(withdrawn_at__isnull=False).withdrawn_at
    assert find_texts(document, "//a:entry/a:updated") == [withdrawn_at.isoformat()]


def test_new_words_change_the_time_of_an_entry(client):
    """Readers show an entry again only if `updated` is newer."""
    pair = make_site()
    seat = pair.first.reviews.first().reviewer
    first, second = (make.PAST + timedelta(days=100), make.PAST + timedelta(days=200))
    before = [find_texts(get_feed(client, url), "//a:entry/a:updated") for url in FEEDS]
    with time_machine.travel(first, tick=False):
        pair.save()  # without a change
        pair.introduction = "Other words."
        pair.save()
        seat.bio = "No entry shows it."
        seat.save()
    assert [find_texts(get_feed(client, url), "//a:entry/a:updated") for url in FEEDS] == [
        [first.isoformat()],
        before[1],
    ]
    with time_machine.travel(second, tick=False):
        pair.first.name = "Gamma"
        pair.first.save()
    for url in FEEDS:
        document = get_feed(client, url)
        assert "Gamma" in find_texts(document, "//a:entry/a:title")[0]
        assert find_texts(document, "//a:updated") == [second.isoformat()] * 2


def test_links_in_entries_are_complete(client):
    links = "[a](/tools/qdrant/) [b](../methodology/) [c](#plans) [d](https://x.example/)"
    pair = make_site()
    Comparison.objects.update(introduction=links)
    seat = make.reviewer()
    make.review(of=pair.first, by=seat, quote=links)
    make.review(of=pair.first, by=seat, verdict="skip", quote=links, published_at=make.PAST + timedelta(1))
    site = "http://127.0.0.1:8000"
    for url, page in ((FEEDS[0], "/compare/alpha-vs-beta/"), (FEEDS[1], "/tools/alpha/")):
        content = " ".join(find_texts(get_feed(client, url), "//a:entry/a:content"))
        assert set(re.findall('href="([^"]*)"', content)) == {
            f"{site}/tools/qdrant/",
            f"{site}{page.rsplit('/', 2)[0]}/methodology/",
            f"{site}{page}#plans",
            "https://x.example/",
        }


def test_flip_entry_has_both_editions(client):
    pair = make_site()
    seat = pair.first.reviews.first().reviewer
    [entry] = get_feed(client, VERDICTS).xpath("a:entry", namespaces=ATOM)
    assert find_texts(entry, "a:title") == [f"{seat.name} now skips Alpha 0"]
    edition = pair.first.reviews.get(verdict="skip")
    assert find_texts(entry, "a:link/@href") == [f"http://127.0.0.1:8000/tools/alpha/#edition-{edition.pk}"]
    assert find_texts(entry, "a:category/@term") == [pair.first.category.name, "Verdict"]
    assert find_texts(entry, "a:updated") == find_texts(entry, "a:published") == ["2026-01-06T09:00:00+00:00"]
    [content] = find_texts(entry, "a:content")
    assert content.index("It <em>changed</em>.") < content.index(f"Reasons of {seat.name}.")
    assert f'id="edition-{edition.pk}"' in client.get("/tools/alpha/").content.decode()


def test_ids_survive_renaming_a_tool(client):
    make_site()
    before = [find_texts(get_feed(client, url), "//a:id") for url in FEEDS]
    Tool.objects.filter(slug="alpha").update(slug="gamma", name="Gamma")
    assert [find_texts(get_feed(client, url), "//a:id") for url in FEEDS] == before
    assert "/compare/gamma-vs-beta/" in find_texts(get_feed(client, FEEDS[0]), "//a:entry/a:link/@href")[0]


@pytest.mark.parametrize("url", FEEDS)
def test_feed_has_thirty_entries_newest_first(client, url):
    category, seat = make.category(), make.reviewer()
    for number in range(32):
        tool, at = make.tool(category=category), make.PAST + timedelta(days=number)
        make.review(of=tool, by=seat, published_at=at)
        make.review(of=tool, by=seat, verdict="skip", published_at=at + timedelta(hours=1))
        make.comparison(first=tool, second=make.tool(category=category), published_at=at)
    published = find_texts(get_feed(client, url), "//a:entry/a:published")
    assert (len(published), published) == (30, sorted(published, reverse=True))
    assert published[0].startswith("2026-02-05")


def test_unpublished_content_is_in_no_feed(client):
    pair = make_site()
    before = [client.get(url).content for url in FEEDS]
    add_hidden_content(pair)
    assert [client.get(url).content for url in FEEDS] == before
    assert SECRET.lower() not in b"".join(before).decode().lower()


@pytest.mark.parametrize("url", FEEDS)
def test_hostile_characters_do_not_break_the_feed(client, url):
    hostile = "A\x01\x0b\x1f\ufffe\uffff]]> & <script>\"' \u202e💥"
    category = make.category(name=hostile + "c")
    first = make.tool(slug="alpha", name=hostile, category=category)
    seat = make.reviewer(name=hostile)
    make.review(of=first, by=seat, quote=hostile)
    make.review(of=first, by=seat, verdict="skip", quote=hostile, published_at=make.PAST + timedelta(1))
    make.comparison(first=first, introduction=hostile)
    [title] = find_texts(get_feed(client, url), "//a:entry/a:title")
    assert "A]]> & <script>\"' \u202e💥" in title
    assert "<script>" not in find_texts(get_feed(client, url), "//a:entry/a:content")[0]


@pytest.mark.parametrize("things", [1, 3])
@pytest.mark.parametrize(("url", "queries"), [("/feeds/comparisons.xml", 5), ("/feeds/changes.xml?kind=verdicts", 1)])
def test_query_counts_are_constant(client, django_assert_num_queries, things, url, queries):
    make_site(things)
    with django_assert_num_queries(queries):
        assert len(find_texts(get_feed(client, url), "//a:entry")) == things


@pytest.mark.parametrize("url", FEEDS)
def test_feed_is_public_and_conditional(client, admin_client, url):
    make_site()
    first = client.get(url)
    assert (first.headers["Cache-Control"], first.headers["Vary"]) == ("public, no-cache", "Accept-Encoding")
    assert admin_client.get(url).content == first.content
    assert client.get(url, headers={"host": "localhost"}).content == first.content
    assert client.get(url, headers={"if-none-match": first.headers["ETag"]}).status_code == 304
    assert client.post(url).status_code == 405


@pytest.mark.parametrize("url", ["/feeds/comparisons.xml", "/feeds/changes.xml"])
def test_every_page_links_the_feeds(client, url):
    link = f'<link rel="alternate" type="application/atom[+]xml" title="[^"]+" href="{url}">'
    make.tool(slug="alpha")
    for page in ("/", "/tools/alpha/", "/nowhere/"):
        assert len(re.findall(link, client.get(page).content.decode())) == 1
