"""Previews show the drafts of one object to anyone who has the link, and to nobody else."""

import re
from datetime import timedelta

import html5lib
import pytest
from django.core.signing import TimestampSigner
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from comparisons.models import Comparison
from comparisons.pages.pair_page import _cached_editorial, _cached_verdict
from comparisons.pages.tool_list import _index_facts, index_site
from desk.publishing import previews
from reviews.actions import publish_tool
from reviews.models import Review
from tests import factories as make
from tests.comparisons.contents import SECRET, add_hidden_content, make_site
from tools.models import Tool

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
PUBLIC = [
    "/",
    "/compare/",
    "/compare/alpha-vs-beta/",
    "/compare/alpha-vs-beta/?lens=seat-1",
    "/compare/alpha-vs-beta.json",
    "/compare/alpha-vs-shown-0/",
    "/compare/beta-vs-secret-0/",
    "/compare/secret-0-vs-beta.json",
    "/compare/custom/?t=alpha&t=beta&t=secret-0",
    "/tools/",
    "/tools/alpha/",
    "/tools/alpha.json",
    "/tools/secret-0/",
    "/tools/secret-0.json",
    "/tools/alpha/badge.svg",
    "/og/tools/alpha.png",
    "/og/tools/secret-0.png",
    "/og/compare/alpha-vs-beta.png",
    "/reviewers/",
    "/splits/",
    "/changes/",
    "/predictions/",
    "/search/?q=secret",
    "/feeds/comparisons.xml",
    "/feeds/changes.xml",
    "/sitemap.xml",
    "/sitemaps/tools-1.xml",
]


def read_preview(client, content) -> str:
    response = client.get(previews.preview_url(content))
    assert response.status_code == 200
    return response.content.decode()


def make_draft_tool(**fields):
    tool = make.tool(slug="gamma", name="Gamma", published_at=None, description="About *it*.", **fields)
    seats = [make.reviewer(name=name) for name in ("The Builder", "The Skeptic")]
    make.prediction(of=make.review(of=tool, by=seats[0], quote="Draft words.", published_at=None), claim="It will.")
    make.review(of=tool, by=seats[1], verdict="skip", quote="Scheduled words.", published_at=make.FUTURE)
    return tool


def test_draft_is_shown_as_its_page_will_be(client):
    tool = make_draft_tool()
    page = read_preview(client, tool)
    for words in ("Gamma", "About <em>it</em>.", "Draft words.", "Scheduled words.", "It will.", "1 of 2 ship"):
        assert words in page
    assert '<p class="draft__word">Draft</p>' in page
    assert '<meta name="robots" content="noindex">' in page


def test_preview_equals_the_published_page_without_voting(client):
    tool = make.tool(published_at=None, description="About *it*.")
    make.plan(of=tool)
    make.fact(of=tool)
    make.review(of=tool, by=make.reviewer(), published_at=None)
    before = re.search(r"<main.*</main>", read_preview(client, tool), re.S)[0]
    publish_tool(tool=tool)
    after = re.search(r"<main.*</main>", client.get(tool.get_absolute_url()).content.decode(), re.S)[0]
    for left_out in (
        r'<form class="ballot".*?</form>',
        r'<form class="beside".*?</form>',
        r'<details class="fold embed".*?</details>',
        r' · <a href="/feeds/.*?</a>',
        r'(?<=class="verdict") data-hx-get=[^>]*',
    ):
        after = re.sub(left_out, "", after, flags=re.S)
    before = before.replace('<p class="community__more">Nobody can vote in a preview.</p>', "")
    after = after.replace(f' data-tool="{tool.slug}"', "")
    assert before.split() == after.split()


def test_previews_are_strict_html(client):
    tool = make_draft_tool()
    links = [previews.preview_url(content) for content in (tool, make.comparison(first=tool, published_at=None))]
    for link in (*links, "/preview/cut-off/"):
        html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(client.get(link).content)


def test_preview_has_no_voting(client):
    assert '<form class="ballot"' not in read_preview(client, make_draft_tool())
    assert '<form class="ballot"' not in read_preview(client, make.comparison(published_at=None))


@pytest.mark.parametrize("make_content", [make_draft_tool, lambda: make.comparison(published_at=None)])
def test_no_cache_no_index_no_referrer_and_no_cookie(client, make_content):
    response = client.get(previews.preview_url(make_content()))
    wanted = {name: response.headers[name] for name in previews.HEADERS}
    assert wanted == {
        "Cache-Control": "private, no-store",
        "X-Robots-Tag": "noindex, nofollow",
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "SAMEORIGIN",
    }
    assert "frame-ancestors 'self'" in response.headers["Content-Security-Policy"]
    assert not response.cookies
    assert "ETag" not in response.headers
    page = response.content.decode()
    unwanted = ['rel="canonical"', "og:title", "ld+json", ".json", "/og/", "badge.svg"]
    assert [word for word in unwanted if word in page] == []


def test_comparison_counts_only_the_drafts_of_its_tools(client):
    pair = make_site()
    add_hidden_content(pair)
    one = make_draft_tool()
    make.review(of=pair.first, by=one.reviews.first().reviewer, quote="Another draft.", published_at=None)
    comparison = make.comparison(first=one, second=pair.first, introduction="Who *chooses*.", published_at=None)
    address = previews.preview_url(comparison)
    page = client.get(address).content.decode()
    for words in ("Who <em>chooses</em>.", "Draft words.", "Scheduled words.", "Another draft.", "Hello"):
        assert (words in page) == (words != "Hello")
    assert "secret-" not in page  # links to tools and comparisons that are drafts
    assert f'href="{address}?lens=' in page
    through = client.get(address, {"lens": one.reviews.first().reviewer.slug, "only": "differences"})
    assert "Counting only The Builder" in through.content.decode()


def test_review_is_shown_on_its_tool_without_other_drafts(client):
    tool = make_draft_tool()
    first, second = tool.reviews.order_by("pk")
    page = read_preview(client, first)
    assert ("Draft words." in page, "Scheduled words." in page) == (True, False)
    page = read_preview(client, second)
    assert ("Draft words." in page, "Scheduled words." in page) == (False, True)


def test_new_edition_is_shown_above_the_one_it_supersedes(client):
    tool, seat = make.tool(), make.reviewer()
    make.review(of=tool, by=seat, verdict="ship", quote="First words.")
    edition = make.review(of=tool, by=seat, verdict="skip", quote="New words.", published_at=None)
    page = read_preview(client, edition)
    assert "Flipped from ship" in page
    assert page.index("New words.") < page.index("First words.")
    assert "0 of 1 ship" in page


def test_previews_only_read_and_cache_nothing(client, django_assert_num_queries):
    tool = make_draft_tool()
    comparison = make.comparison(first=tool, published_at=None)
    sizes = [cache.cache_info().currsize for cache in (_cached_editorial, _cached_verdict, index_site, _index_facts)]
    for content, number in ((tool, 6), (comparison, 6), (tool.reviews.first(), 6)):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get(previews.preview_url(content))
        assert len(asked) == number
        assert {query["sql"].lstrip().split()[0] for query in asked} <= {"SELECT", "WITH"}
    assert [
        cache.cache_info().currsize for cache in (_cached_editorial, _cached_verdict, index_site, _index_facts)
    ] == sizes


def test_previews_leave_nothing_on_public_pages(client):
    pair = make_site()
    add_hidden_content(pair)

    def public() -> list[tuple[int, bytes]]:
        return [(response.status_code, response.content) for response in map(client.get, PUBLIC)]

    before = public()
    addresses = [
        previews.preview_url(content)
        for model in (Tool, Review, Comparison)
        for content in model.objects.order_by("pk")
        if previews.is_previewable(content)
    ]
    for address in addresses:
        assert SECRET in client.get(address).content.decode()
    assert len(addresses) == 14
    after = public()
    assert after == before
    assert [address for address, (_, content) in zip(PUBLIC, after, strict=True) if SECRET.encode() in content] == []


def test_link_expires_after_72_hours(client, time_machine):
    now = timezone.now()
    tool = make_draft_tool()
    address = previews.preview_url(tool)
    time_machine.move_to(now + 72 * HOUR - timedelta(minutes=1))
    assert client.get(address).status_code == 200
    time_machine.move_to(now + 72 * HOUR + timedelta(minutes=1))
    response = client.get(address)
    assert response.status_code == 410
    assert "This preview has expired" in response.content.decode()
    assert response.headers["Cache-Control"] == "private, no-store"


def damage(token: str) -> list[str]:
    value, _, _ = token.partition(":")
    other = TimestampSigner(salt="another")
    return [
        token[:-1],
        token.rpartition(":")[0],
        token + "x",
        value,
        token.replace("tool-", "tool-1"),
        token.replace("tool-", "review-"),
        other.sign(value),
        previews.signer.sign("tool-x"),
        previews.signer.sign("user-1"),
        "::",
        "a:b:c",
        "%F0%9F%8D%95",
    ]


@pytest.mark.parametrize("number", range(12))
def test_damaged_or_forged_link_is_reported(client, number):
    address = previews.preview_url(make_draft_tool())
    token = damage(address.removeprefix("/preview/").rstrip("/"))[number]
    response = client.get(f"/preview/{token}/")
    assert response.status_code == 404
    page = response.content.decode()
    assert "No preview stands at this address" in page
    assert "Gamma" not in page
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_preview_redirects_once_the_content_is_public(client):
    tool = make_draft_tool()
    review = tool.reviews.get(published_at=None)
    comparison = make.comparison(first=tool, published_at=None)
    links = [previews.preview_url(content) for content in (tool, review, comparison)]
    publish_tool(tool=tool)
    comparison.publish()
    assert [client.get(link).headers["Location"] for link in links] == [
        tool.get_absolute_url(),
        tool.get_absolute_url(),
        comparison.get_absolute_url(),
    ]


def test_preview_is_gone_once_the_content_is_withdrawn_or_deleted(client):
    tool, seat = make.tool(), make.reviewer()
    review = make.review(of=tool, by=seat, published_at=None)
    comparison = make.comparison(first=tool, published_at=None)
    gone = make.tool(published_at=None)
    links = [previews.preview_url(content) for content in (review, comparison, gone)]
    tool.withdraw()
    gone.delete()
    for link in links:
        response = client.get(link)
        assert response.status_code == 410
        assert "nothing to preview any more" in response.content.decode()


def test_preview_refuses_post(client):
    address = previews.preview_url(make_draft_tool())
    assert client.post(address).status_code == 405
    assert client.head(address).status_code == 200
