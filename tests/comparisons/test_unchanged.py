"""Unchanged pages, and only those, return 304."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from comparisons.models import Comparison
from comparisons.reading import popularity
from tests import factories as make
from tests.comparisons.test_pair_page import URLS, full_pair
from tests.conftest import BROWSER
from tests.wsgi import SiteServer
from tools.models import ContentRevision, Tool

pytestmark = pytest.mark.django_db
PAIR = "/compare/beta-vs-alpha/"


@pytest.mark.parametrize("url", URLS)
def test_unchanged_page_returns_304(client, url):
    full_pair()
    etag = client.get(url).headers["ETag"]
    for tag in (etag, f"W/{etag}", f'"other", {etag}'):
        response = client.get(url, headers={"if-none-match": tag})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["ETag"] == etag
        assert response.headers["Cache-Control"] == "public, no-cache"
    assert client.get(url, headers={"if-none-match": '"other"'}).status_code == 200


def test_page_from_memory_stops_when_the_address_redirects():
    pair, server = full_pair(), SiteServer()
    asked = {"HTTP_IF_NONE_MATCH": server.ask(PAIR).headers["ETag"]}
    assert [server.ask(PAIR, **asked).status, server.ask(PAIR, method="HEAD", **asked).status] == [304, 304]
    assert server.ask(PAIR, method="POST", **asked).status == 405
    Tool.objects.filter(slug="alpha").update(slug="omega")
    moved = server.ask(PAIR, **asked)
    assert (moved.status, moved.headers["Location"]) == (301, "/compare/beta-vs-omega/")
    pair.first.withdraw()
    assert server.ask(PAIR, **asked).status == 404


def test_page_from_memory_counts_as_a_read():
    pair, server = full_pair(), SiteServer()
    agent = {"HTTP_USER_AGENT": BROWSER["user-agent"]}
    etag = server.ask(PAIR, **agent).headers["ETag"]
    assert popularity._pending == {pair.pk: 1}
    server.ask(PAIR, **agent)
    assert server.ask(PAIR, HTTP_IF_NONE_MATCH=etag, **agent).status == 304
    assert popularity._pending == {pair.pk: 3}
    server.ask(PAIR, HTTP_USER_AGENT="curl/8.5.0"), server.ask(PAIR, method="HEAD", **agent)
    assert popularity._pending == {pair.pk: 3}
    make.votes(on=pair.first, ship=1)
    assert server.ask(PAIR, HTTP_IF_NONE_MATCH=etag, **agent).status == 200
    assert popularity._pending == {pair.pk: 4}


def test_etag_changes_with_everything_on_the_page(client):
    pair = full_pair()
    alpha, beta = pair.second, pair.first
    review = alpha.reviews.first()
    other = make.tool(category=alpha.category)

    def etag(known: str = "") -> str:
        response = client.get(PAIR, headers={"if-none-match": known})
        assert response.status_code == 200
        return response.headers["ETag"]

    before = etag()
    for change in (
        lambda: make.votes(on=alpha, ship=1),
        lambda: make.votes(on=beta, skip=1),
        lambda: make.later_edition(of=review, verdict="skip", quote="It changed."),
        lambda: make.prediction(of=beta.reviews.first(), claim="New"),
        lambda: make.plan(of=beta),
        lambda: alpha.plans.update(superseded_at=make.PAST),
        lambda: alpha.facts.update(value="changed"),
        lambda: alpha.facts.update(source="https://example.com/"),
        lambda: type(review.reviewer).objects.filter(pk=review.reviewer.pk).update(lens="Other?"),
        lambda: Tool.objects.filter(pk=alpha.pk).update(tagline="New"),
        lambda: type(alpha.category).objects.update(name="Renamed"),
        lambda: Comparison.objects.filter(pk=pair.pk).update(introduction="Other"),
        lambda: make.comparison(first=alpha, second=other, published_at=timezone.now()),
        lambda: Tool.objects.filter(pk=other.pk).update(name="Neighbour renamed"),
        lambda: other.withdraw(),
    ):
        change()
        assert etag(before) != before
        before = etag()


def test_etag_stays_when_nothing_on_the_page_changes(client):
    full_pair()
    etag = client.get(PAIR).headers["ETag"]
    make.review(of=make.tool(), by=make.reviewer())
    make.votes(on=make.tool(), ship=3)
    make.review(of=Tool.objects.get(slug="alpha"), by=make.reviewer(), published_at=None)
    assert client.get(PAIR).headers["ETag"] == etag
    assert client.get(PAIR, headers={"if-none-match": etag}).status_code == 304


@pytest.mark.parametrize("what", ["review", "comparison", "stale", "due"])
def test_etag_changes_by_the_clock_alone(client, time_machine, what):
    time_machine.move_to("2026-11-22 12:00Z", tick=False)
    pair, soon = full_pair(), timezone.now() + timedelta(minutes=1)
    alpha, until = pair.second, timedelta(minutes=2)
    match what:
        case "review":
            make.review(of=alpha, by=make.reviewer(), published_at=soon)
        case "comparison":
            make.comparison(first=alpha, published_at=soon)
        case "stale":
            make.fact(of=alpha, verified_on=date(2026, 8, 24))
            until = timedelta(days=1)
        case "due":
            make.prediction(of=alpha.reviews.first(), due_on=date(2026, 11, 23))
            until = timedelta(days=1)
    etag = client.get(PAIR).headers["ETag"]
    assert client.get(PAIR, headers={"if-none-match": etag}).status_code == 304
    time_machine.shift(until)
    changed = client.get(PAIR, headers={"if-none-match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag


def test_compressed_page_is_small_and_keeps_its_etag(client):
    full_pair(4)
    response = client.get(PAIR, headers={"accept-encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    again = client.get(PAIR, headers={"accept-encoding": "gzip", "if-none-match": response.headers["ETag"]})
    assert again.status_code == 304


def test_page_is_fresh_when_edits_follow_a_restored_backup(client):
    full_pair()
    backup = ContentRevision.objects.get().number
    Tool.objects.filter(slug="alpha").update(tagline="A bad import")
    assert "A bad import" in client.get(PAIR).content.decode()
    with connection.cursor() as cursor:  # what pg_restore does: rows as they were, and no triggers
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE tools_tool SET tagline = '' WHERE slug = 'alpha'")
        cursor.execute("UPDATE tools_contentrevision SET number = %s", [backup])
        cursor.execute("SET LOCAL session_replication_role = origin")
    Tool.objects.filter(slug="alpha").update(tagline="Good words")
    page = client.get(PAIR).content.decode()
    assert ("A bad import" in page, "Good words" in page) == (False, True)


def test_revision_number_never_recurs_after_a_restore(client):
    tool = make.tool()
    numbers = []
    for _ in range(3):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE tools_contentrevision SET number = 7")
        for tagline in ("One", "Two"):
            Tool.objects.filter(pk=tool.pk).update(tagline=tagline)
            numbers.append(ContentRevision.objects.get().number)
    assert numbers == sorted(set(numbers))


def test_revision_number_rises_even_if_the_clock_is_behind():
    tool = make.tool()
    ahead = 2**53
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tools_contentrevision SET number = %s", [ahead])
    Tool.objects.filter(pk=tool.pk).update(tagline="New")
    assert ContentRevision.objects.get().number == ahead + 1
