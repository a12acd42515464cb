"""Headers of errors and of requests that other software sends: proxies, old browsers, feed readers, scripts."""

import re

import pytest
from django.test import Client

from newsletter.tokens import UNSUBSCRIBE
from tests import factories as make
from tests.comparisons.test_pair_page import full_pair
from tests.conftest import SAME_ORIGIN
from tests.database import content_of_module

pytestmark = pytest.mark.django_db
PAIR = "/compare/beta-vs-alpha/"
STATIC = "/static/css/base.css"


@pytest.fixture(scope="module")
def pair(django_db_setup, django_db_blocker):
    """Make the comparison of alpha and beta once for all tests of this file."""
    with content_of_module(django_db_blocker, full_pair):
        yield


def read(response) -> bytes:
    """Return the content. A streamed one ends with that; `close()` would close the connection to the database, too."""
    return b"".join(response)


def request_errors() -> dict[str, object]:
    """Return a response of each kind of error, by its name."""
    tool = make.tool(slug="aider")
    vote = f"/tools/{tool.slug}/vote/"
    form_client = Client(headers=SAME_ORIGIN)
    return {
        "400": form_client.post(vote, {"choice": "nonsense"}),
        "400 host": Client(headers={"host": "evil.example"}).get("/"),
        "403": Client().post(vote, {"choice": "ship"}),
        "404": Client().get("/nowhere/"),
        "404 missing file": Client().get("/static/nowhere.css"),
        "405": Client().delete("/"),
        "405 options": Client().options("/search/"),
        "413": form_client.post(vote, {"choice": "ship", "next": "/" + "x" * 1024 * 1024}),
    }


def test_every_error_page_has_the_security_headers_and_is_stored_nowhere():
    for name, response in request_errors().items():
        assert response.status_code == int(name[:3]), name
        assert "default-src 'none'" in response.headers["Content-Security-Policy"], name
        assert response.headers["X-Frame-Options"] == "DENY", name
        assert "no-store" in response.headers["Cache-Control"], name
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin", name
        assert "camera=()" in response.headers["Permissions-Policy"], name
        assert "HX-Request" in response.headers["Vary"], name
        assert b'class="top"' in response.content, name
        assert int(response.headers.get("Content-Length", len(response.content))) == len(response.content), name


@pytest.mark.parametrize("path", [
    "/", "/tools/", PAIR, "/tools/alpha/", "/search/", "/me/", "/me/votes/", "/export/votes.csv",
    "/export/pair-votes.csv", "/export/moderation.csv", "/export/prices.csv", "/export/facts.csv",
    "/export/verdicts.csv", "/export/predictions.csv", "/robots.txt", "/feeds/changes.xml",
])  # fmt: skip
def test_form_sent_to_a_page_that_takes_none_gets_our_405(pair, path):
    response = Client(enforce_csrf_checks=True).post(path, {"a": "b"})
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")
    assert b"does not work at this address" in response.content
    assert "no-store" in response.headers["Cache-Control"]


def test_too_many_votes_page_keeps_no_store_and_retry_after(settings):
    settings.VOTE_REQUESTS_PER_NETWORK = 1
    url = f"/tools/{make.tool().slug}/vote/"
    client = Client(headers=SAME_ORIGIN)
    client.post(url, {"choice": "ship"})
    response = client.post(url, {"choice": "ship"})
    assert response.status_code == 429
    assert response.headers["Cache-Control"] == "private, no-store"
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(("path", "policy"), [
    ("/", "same-origin"), (STATIC, "same-origin"), ("/og/compare/beta-vs-alpha.png", "cross-origin"),
    ("/tools/alpha/badge.svg", "cross-origin"), ("/feeds/comparisons.xml", "same-origin"),
])  # fmt: skip
def test_resource_policy_lets_other_sites_show_our_images_only(pair, client, path, policy):
    response = client.get(path)
    read(response)
    assert response.headers["Cross-Origin-Resource-Policy"] == policy
    assert "geolocation=()" in response.headers["Permissions-Policy"]


@pytest.mark.parametrize("path", [
    "/compare/nothing.json", "/compare/a-vs-b-vs-c.json", "/tools/x_x.json", "/tools/CLAUDE-CODE.json",
    "/compare/custom.json", "/tools/nothing-at-all.json", "/tools/alpha.json", "/compare/alpha-vs-beta.json",
])  # fmt: skip
def test_other_sites_may_read_every_answer_of_json_addresses(pair, client, path):
    for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE"):
        response = client.generic(method, path)
        assert response.headers["Access-Control-Allow-Origin"] == "*", (method, response.status_code)
    assert "Access-Control-Allow-Origin" not in client.get(path.removesuffix(".json") + "/").headers


@pytest.mark.parametrize(
    "cookie", ["sessionid=a", "csrftoken=b", 'sessionid=""', "sessionid=%00; csrftoken=" + "-" * 64]
)
@pytest.mark.parametrize("path", ["/", PAIR, "/compare/alpha-vs-beta/", "/nowhere/", "/export/votes.csv", STATIC])
def test_public_pages_set_no_cookie_whatever_the_client_sends(pair, path, cookie):
    response = Client(headers={"cookie": cookie}).get(path)
    read(response)
    assert response.cookies == {}
    assert "Cookie" not in response.headers.get("Vary", "")


@pytest.mark.parametrize(("accepted", "coding"), [
    ("gzip", "gzip"), ("gzip;q=0", None), ("identity, gzip; q=0", None), ("gzip;q=0.0, br", "br"),
    ("gzip;q=0.5", "gzip"), ("x-gzip", "gzip"), ("GZIP;Q=0", None),
])  # fmt: skip
def test_page_is_not_compressed_for_a_client_that_refuses_it(client, accepted, coding):
    response = client.get("/methodology/", headers={"accept-encoding": accepted})
    assert response.headers.get("Content-Encoding") == coding


@pytest.mark.parametrize(("accepted", "coding"), [
    ("br, gzip", "br"), ("br;q=0, gzip;q=0", None), ("br;q=0, gzip", "gzip"), ("gzip;q=0, br", "br"),
])  # fmt: skip
def test_static_file_is_not_compressed_for_a_client_that_refuses_it(client, accepted, coding):
    response = client.get(STATIC, headers={"accept-encoding": accepted})
    read(response)
    assert response.headers.get("Content-Encoding") == coding


@pytest.mark.parametrize(("asked", "status", "slice_"), [
    ("bytes=0-0", 206, slice(0, 1)), ("bytes=-1", 206, slice(-1, None)), ("bytes=3-3", 206, slice(3, 4)),
    ("bytes=2-5", 206, slice(2, 6)), ("bytes=5-", 206, slice(5, None)), ("bytes=5-2", 200, slice(None)),
    ("bytes=99999999-", 416, slice(0, 0)), ("bytes=-0", 416, slice(0, 0)), ("lines=0-0", 200, slice(None)),
])  # fmt: skip
def test_static_file_sends_the_range_asked_for(client, asked, status, slice_):
    def fetch(**headers: str) -> tuple[int, bytes]:
        response = client.get(STATIC, headers=headers)
        return response.status_code, read(response)

    whole = fetch()[1]
    assert fetch(range=asked) == (status, whole[slice_])


@pytest.mark.parametrize("path", [PAIR, "/", "/tools/", "/methodology/", "/tools/alpha.json", "/feeds/comparisons.xml"])
@pytest.mark.parametrize("accepted", ["identity", "gzip"])
def test_head_has_the_headers_of_get(pair, client, path, accepted):
    get, head = (getattr(client, method)(path, headers={"accept-encoding": accepted}) for method in ("get", "head"))
    if accepted == "gzip":  # random padding
        del get.headers["Content-Length"], head.headers["Content-Length"]
    assert dict(head.headers) == dict(get.headers)
    assert head.headers["ETag"]
    again = client.head(path, headers={"accept-encoding": accepted, "if-none-match": head.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(("host", "origin", "status"), [
    ("localhost", "http://localhost", 303), ("localhost:80", "http://localhost", 303),
    ("LocalHost", "http://localhost", 303), ("localhost:8000", "http://localhost:8000", 303),
    ("localhost:8000", "http://localhost", 403), ("localhost:443", "http://localhost", 403),
    ("localhost", "https://localhost", 403), ("localhost", "null", 403),
])  # fmt: skip
def test_form_of_our_own_page_is_accepted_with_the_default_port_in_host(host, origin, status):
    url = f"/tools/{make.tool().slug}/vote/"
    response = Client(headers={"host": host, "origin": origin}).post(url, {"choice": "ship"})
    assert response.status_code == status


def test_forms_with_a_csrf_token_are_accepted_with_the_default_port_in_host():
    client = Client(enforce_csrf_checks=True, headers={"host": "LocalHost:80", "origin": "http://localhost"})
    page = client.get("/account/login/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    form = {"login": "nobody", "password": "nothing at all", "csrfmiddlewaretoken": token}
    assert client.post("/account/login/", form).status_code == 200  # the form again, with its error
    assert client.post("/account/login/", form, headers={"origin": "http://localhost:8000"}).status_code == 403


def test_mail_link_works_without_its_last_slash(client):
    subscriber = make.subscriber()
    url = UNSUBSCRIBE.build_path(subscriber.pk).removesuffix("/")
    response = client.post(url, {"List-Unsubscribe": "One-Click"})
    assert (response.status_code, response.content) == (200, b"Unsubscribed.\n")
    subscriber.refresh_from_db()
    assert subscriber.left_at is not None


def test_form_sent_without_the_last_slash_keeps_its_method(form_client):
    tool = make.tool()
    response = form_client.post(f"/tools/{tool.slug}/vote", {"choice": "ship"})
    assert (response.status_code, response.headers["Location"]) == (308, f"/tools/{tool.slug}/vote/")
    assert form_client.get(f"/tools/{tool.slug}").status_code == 301


@pytest.mark.parametrize("next_", ["/me/?fbclid=" + "x" * 1000, "/\x00", "//evil.example/", "nonsense", "/a\nb"])
@pytest.mark.parametrize("is_pair", [False, True])
def test_vote_counts_whatever_page_it_names_to_return_to(pair, form_client, next_, is_pair):
    url, choice = ("/compare/beta-vs-alpha/vote/", "first") if is_pair else ("/tools/alpha/vote/", "ship")
    response = form_client.post(url, {"choice": choice, "next": next_})
    assert response.status_code == 303
    assert "evil" not in response.headers["Location"]


def test_export_has_a_name_in_every_browser_if_the_site_has_a_name_that_is_not_ascii(client, settings, time_machine):
    time_machine.move_to("2026-12-15T12:00Z")
    for name, header in (
        ("船 Ship", "attachment; filename*=utf-8''%E8%88%B9-ship-votes-2026-12-15.csv"),
        ('a"b/c', 'attachment; filename="a\\"b-c-votes-2026-12-15.csv"'),
    ):
        settings.SITE_NAME = name
        assert client.get("/export/votes.csv").headers["Content-Disposition"] == header
