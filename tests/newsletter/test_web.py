"""Issues on the web: archive, page, feed, and sitemap."""

from pathlib import Path

import pytest
from lxml import etree

from newsletter.models import Issue, IssueState
from tests import factories as make
from tests.comparisons.contents import make_site

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
ATOM = {"a": "http://www.w3.org/2005/Atom"}


def test_issue_is_on_the_web_once_its_sending_starts(client):
    make_site()
    issue = make.issue_of_everything()
    seen = {}
    for state in IssueState:
        issue.state = state
        issue.started_at = None if state in ("draft", "ready") else make.PAST
        issue.save()
        page, archive, feed = (client.get(url) for url in ("/newsletter/1/", "/newsletter/", "/feeds/newsletter.xml"))
        listed = issue.subject in archive.content.decode(), issue.subject in feed.content.decode()
        seen[state.value] = (page.status_code, *listed)
    hidden, shown = (404, False, False), (200, True, True)
    assert seen == {
        "draft": hidden,
        "ready": hidden,
        "sending": shown,
        "paused": shown,
        "sent": shown,
        "stopped": shown,
    }
    assert client.get("/newsletter/2/").status_code == 404


def test_page_leaves_out_withdrawn_content_and_counts_it(client):
    pair = make_site()
    make.issue_of_everything()
    page = client.get("/newsletter/1/").content.decode()
    assert (page.count('class="issue__top"'), page.count('class="issue__entry"')) == (1, 2)
    assert "withdrawn since" not in page
    pair.first.withdraw()
    page = client.get("/newsletter/1/").content.decode()
    assert "4 of the items that were mailed have been withdrawn since." in page
    for url in ("/newsletter/1/", "/newsletter/", "/feeds/newsletter.xml"):
        page = client.get(url).content.decode()
        assert ("Alpha 0" in page, "Issue 1" in page) == (False, True)
    # A subject that an editor wrote stays.
    Issue.objects.update(subject="Alpha 0 and more")
    for url in ("/newsletter/1/", "/newsletter/", "/feeds/newsletter.xml"):
        assert "Alpha 0 and more" in client.get(url).content.decode()


@pytest.mark.parametrize("url", ["/newsletter/", "/newsletter/1/", "/feeds/newsletter.xml", "/sitemaps/newsletter.xml"])
def test_pages_are_public_and_revalidated(client, url):
    make_site()
    make.issue_of_everything()
    response = client.get(url)
    assert response.headers["Cache-Control"] == "public, no-cache"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert client.get(url, headers={"if-none-match": response.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(("url", "queries"), [("/newsletter/1/", 4), ("/newsletter/", 4), ("/feeds/newsletter.xml", 7)])
def test_query_count_is_constant(client, django_assert_num_queries, url, queries):
    make_site()
    make.issue_of_everything()
    with django_assert_num_queries(queries):
        client.get(url)
    for number in (2, 3):
        make.issue(make.entry(), make.entry(), number=number, state="sent")
    with django_assert_num_queries(queries):
        client.get(url)


def test_feed_is_valid_atom_with_full_issues(client):
    make_site()
    make.issue_of_everything()
    make.issue(number=2, state="sent", subject="Second")
    document = etree.fromstring(client.get("/feeds/newsletter.xml").content)
    etree.RelaxNG(file=ROOT / "tests" / "schemas" / "atom.rng").assertValid(document)
    entries = document.xpath("a:entry", namespaces=ATOM)
    assert [entry.findtext("a:title", namespaces=ATOM) for entry in entries] == [
        "Second", "Alpha 0 or Beta 0? Beta 0 leads the panel, 1 to 0.",
    ]  # fmt: skip
    content = entries[1].findtext("a:content", namespaces=ATOM)
    assert content.count("<h3>") == 4
    assert 'href="http://127.0.0.1:8000/compare/alpha-vs-beta/"' in content
    assert '<a href="http://127.0.0.1:8000/tools/"' in content


def test_sitemap_is_valid_and_lists_sent_issues(client):
    make.issue(number=1, state="sent")
    make.issue(number=2)
    document = etree.fromstring(client.get("/sitemaps/newsletter.xml").content)
    etree.XMLSchema(file=ROOT / "tests" / "schemas" / "sitemap.xsd").assertValid(document)
    assert [entry[0].text.removeprefix("http://127.0.0.1:8000") for entry in document] == [
        "/newsletter/", "/newsletter/1/",
    ]  # fmt: skip
