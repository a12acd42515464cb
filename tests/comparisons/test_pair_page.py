from datetime import timedelta
from inspect import unwrap

import pytest
from django.test import Client

from comparisons.models import Comparison
from comparisons.pages import pair_page
from comparisons.reading.pairs import find_pair
from comparisons.reading.tool_records import read_pair, read_tools
from tests import factories as make
from tests.conftest import SAME_ORIGIN
from tools.models import Tool
from votes.community import Community

pytestmark = pytest.mark.django_db


def text(client: Client, url: str, **extra) -> str:
    response = client.get(url, **extra)
    assert response.status_code == 200
    return response.content.decode()


def full_pair(things: int = 3) -> Comparison:
    """Make two tools of one category, with `things` reviews, plans, facts, predictions, and related comparisons."""
    category = make.category()
    first, second = make.tool(slug="alpha", category=category), make.tool(slug="beta", category=category)
    for _ in range(things):
        seat, attribute = make.reviewer(), make.attribute()
        for tool in (first, second):
            make.prediction(of=make.review(of=tool, by=seat))
            make.plan(of=tool)
            make.fact(of=tool, attribute=attribute)
            make.votes(on=tool, ship=3)
        make.comparison(first=first, second=make.tool(category=category))
        make.comparison(first=make.tool(category=category), second=make.tool(category=category))
    return make.comparison(first=second, second=first, introduction="Hello *you*.")


# -- The pair's address -------------------------------------------------------------------------------------


def test_editors_order_is_canonical_and_the_reverse_redirects(client):
    full_pair()
    assert client.get("/compare/beta-vs-alpha/").status_code == 200
    response = client.get("/compare/alpha-vs-beta/")
    assert (response.status_code, response.url) == (301, "/compare/beta-vs-alpha/")


@pytest.mark.parametrize("published_at", [None, make.FUTURE])
def test_unpublished_comparison_leaks_nothing(client, published_at):
    make.tool(slug="alpha"), make.tool(slug="beta")
    on_demand = text(client, "/compare/alpha-vs-beta/")
    first, second = Tool.objects.get(slug="beta"), Tool.objects.get(slug="alpha")
    make.comparison(first=first, second=second, published_at=published_at, introduction="A secret.")
    assert text(client, "/compare/alpha-vs-beta/") == on_demand
    assert '<meta name="robots" content="noindex">' in on_demand


def test_pair_without_a_comparison_has_a_page(client):
    make.tool(slug="alpha"), make.tool(slug="beta")
    assert "No editor has written about this pair yet" in text(client, "/compare/alpha-vs-beta/")
    assert client.get("/compare/beta-vs-alpha/").url == "/compare/alpha-vs-beta/"


def test_editorial_pair_is_indexable(client):
    full_pair()
    page = text(client, "/compare/beta-vs-alpha/")
    assert "noindex" not in page
    assert '<link rel="canonical" href="http://127.0.0.1:8000/compare/beta-vs-alpha/">' in page
    assert "<p>Hello <em>you</em>.</p>" in page


def test_same_tool_twice_redirects_to_the_tool(client):
    make.tool(slug="alpha")
    assert client.get("/compare/alpha-vs-alpha/").url == "/tools/alpha/"
    assert client.get("/compare/alpha-vs-alpha/?lens=a,b&seats=10").url == "/tools/alpha/?lens=a,b&seats=10"


def test_old_slugs_redirect_to_the_canonical_pair(client):
    full_pair()
    Tool.objects.filter(slug="alpha").update(slug="gamma")
    for address in ("/compare/alpha-vs-beta/", "/compare/beta-vs-alpha/"):
        response = client.get(address, follow=True)
        assert response.redirect_chain[-1] == ("/compare/beta-vs-gamma/", 301)
    assert client.get("/compare/alpha-vs-gamma/").url == "/tools/gamma/"
    assert client.get("/tools/alpha/").url == "/tools/gamma/"


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_unpublished_tool_returns_404_and_leaks_nothing(client, fields):
    shown = make.tool(slug="alpha")
    nowhere = client.get("/compare/alpha-vs-nothing/")
    hidden = make.tool(slug="beta", name="Hidden thing", category=shown.category, **fields)
    make.comparison(first=hidden, second=Tool.objects.get(slug="alpha"))
    answer = client.get("/compare/alpha-vs-beta/")
    assert (answer.status_code, answer.content) == (404, nowhere.content)
    assert client.get("/tools/beta/").content == client.get("/tools/nothing/").content
    for url in ("/", "/tools/alpha/", f"/categories/{hidden.category.slug}/"):
        assert "Hidden thing" not in text(client, url)


@pytest.mark.parametrize(
    "address", ["/compare/a/", "/compare/a-vs-b-vs-c/", "/compare/A-vs-b/", "/tools/A/", "/compare/a-vs-%00/"]
)
def test_invalid_addresses_return_404(client, address):
    response = client.get(address)
    assert response.status_code == 404
    assert "Page not found" in response.content.decode()


@pytest.mark.parametrize("query", ["?only=differences", "?only=other", "?only=&x=1", "?utm_source=a%00b"])
def test_unknown_query_strings_are_ignored(client, query):
    full_pair()
    assert "Facts side by side" in text(client, "/compare/beta-vs-alpha/" + query)


def test_only_differences(client):
    first, second = make.tool(slug="alpha"), make.tool(slug="beta")
    for name, values in {"Self-hosting": ("yes", "yes"), "Commercial use": ("partly", "no")}.items():
        attribute = make.attribute(name=name, kind="grade", explanation=f"About {name}.", heading="Terms")
        for tool, value in zip((first, second), values, strict=True):
            make.fact(of=tool, attribute=attribute, value=value)
    page = text(client, "/compare/alpha-vs-beta/?only=differences")
    assert [name in page for name in ("Terms", "About Commercial use.", "Partly", "About Self-hosting.", "Yes")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert '<link rel="canonical" href="http://127.0.0.1:8000/compare/alpha-vs-beta/">' in page


# -- What it shows ------------------------------------------------------------------------------------------


def test_tools_without_content_say_so(client):
    make.tool(slug="alpha"), make.tool(slug="beta")
    page = text(client, "/compare/alpha-vs-beta/")
    for words in ("Not reviewed yet", "No votes yet", "No facts verified yet", "No price known yet"):
        assert words in page


def test_scheduled_review_is_not_shown_before_its_time(client, time_machine):
    full_pair()
    make.review(
        of=Tool.objects.get(slug="alpha"),
        by=make.reviewer(name="The Late"),
        quote="Later words",
        published_at=make.FUTURE,
    )
    assert "Later words" not in text(client, "/compare/beta-vs-alpha/")
    assert "The Late" not in text(client, "/tools/alpha/")
    time_machine.move_to(make.FUTURE)
    assert "Later words" in text(client, "/compare/beta-vs-alpha/")


def test_related_lists_comparisons_of_either_tool_then_of_the_first_tools_category():
    home, abroad = make.category(), make.category()
    first, second = make.tool(category=home), make.tool(category=abroad)
    neighbours = [make.tool(category=home, slug=f"neighbour-{n}") for n in range(3)]
    strangers = [make.tool(category=abroad, slug=f"stranger-{n}") for n in range(2)]
    make.comparison(first=first, second=second)
    make.comparison(first=neighbours[0], second=neighbours[1], published_at=make.PAST + timedelta(days=9))
    make.comparison(first=neighbours[1], second=neighbours[2], published_at=make.PAST + timedelta(days=8))
    make.comparison(first=neighbours[2], second=neighbours[0], published_at=make.FUTURE)
    make.comparison(first=strangers[0], second=strangers[1])
    make.comparison(first=strangers[0], second=second)
    make.comparison(first=first, second=strangers[1], published_at=make.PAST + timedelta(days=1))
    make.comparison(first=first, second=make.tool(published_at=None))
    for related, expected in ((6, 4), (3, 3)):
        _, links = read_pair((first.pk, second.pk), related=related)
        assert [(link["first_slug"], link["second_slug"]) for link in links] == [
            (first.slug, "stranger-1"), ("stranger-0", second.slug),
            ("neighbour-0", "neighbour-1"), ("neighbour-1", "neighbour-2"),
        ][:expected]  # fmt: skip


def test_hostile_names_are_escaped(client):
    name = "\"'<script>alert(1)</script>&amp;{{ 7|add:7 }} Ümläut 💥 " + "x" * 240
    make.tool(slug="alpha", name=name, description="<img src=x onerror=alert(1)> [x](javascript:alert(1))")
    make.tool(slug="beta")
    for url in ("/compare/alpha-vs-beta/", "/tools/alpha/"):
        page = text(client, url)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript' not in page
        assert "{{ 7|add:7 }}" in page


def test_numbers_equal_those_of_the_lists():
    """The statements of the page and the querysets of the lists return the same numbers."""
    full_pair()
    tool, other = make.tool(slug="a"), make.tool(slug="b")
    seats = [make.reviewer() for _ in range(3)]
    make.panel(of=tool, seats=seats, verdicts="+-+")
    make.review(of=tool, by=seats[0], verdict="skip", published_at=make.PAST + timedelta(days=3))
    make.votes(on=tool, ship=7, skip=30)
    by_pk = {tool.pk: tool for tool in Tool.objects.with_numbers()}
    for record in read_tools(list(by_pk)):
        panel = by_pk[record["id"]].panel
        assert (record["ship"], record["seats"], record["percent"]) == (
            (panel["ship"], panel["seats"], panel["percent"]) if panel else (0, 0, None)
        )
        assert [(review["name"], review["verdict"]) for review in record["reviews"] or []] == [
            (mark["name"], mark["verdict"]) for mark in (panel["marks"] if panel else [])
        ]
    pair = find_pair("b", "a")
    assert pair.ids == (tool.pk, other.pk)
    assert pair.communities == [Community.of(by_pk[pk].community) for pk in pair.ids]


def test_content_is_read_once_per_request_where_it_is_not_cached(client, django_assert_num_queries, monkeypatch):
    full_pair()
    monkeypatch.setattr(pair_page, "_cached_editorial", unwrap(pair_page._cached_editorial))
    with django_assert_num_queries(4):
        client.get("/compare/beta-vs-alpha/?one=1")


def test_first_request_costs_four_queries_then_one_and_two_after_a_vote(client, django_assert_num_queries):
    full_pair()
    for queries in (4, 1, 2, 1):
        with django_assert_num_queries(queries):
            text(client, "/compare/beta-vs-alpha/")
        if queries == 1:
            make.votes(on=Tool.objects.get(slug="alpha"), ship=1)


# -- Rules of public pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("things", [1, 3])
@pytest.mark.parametrize(
    ("url", "queries"),
    [
        ("/compare/beta-vs-alpha/", 4),
        ("/compare/beta-vs-alpha/?only=differences", 4),
        ("/tools/alpha/", 5),
        ("/", 16),
        ("/categories/{category}/", 16),
        ("/newsletter/", 1),
    ],
)
def test_queries(client, django_assert_num_queries, things, url, queries):
    category = full_pair(things).first.category
    with django_assert_num_queries(queries):
        text(client, url.format(category=category.slug))


URLS = [
    "/",
    "/compare/beta-vs-alpha/",
    "/tools/alpha/",
    "/methodology/",
    "/disclosure/",
    "/newsletter/",
    "/newsletter/noted/",
]


@pytest.mark.parametrize("url", URLS)
def test_public_pages_are_the_same_for_everyone(client, admin_client, form_client, url):
    full_pair()
    form_client.post("/tools/alpha/vote/", {"choice": "ship"})
    first = client.get(url)
    assert first.headers["Cache-Control"] == "public, no-cache"
    assert first.headers["Vary"] == "Accept-Encoding"
    assert not first.cookies
    for other in (client, admin_client, form_client):
        again = other.get(url)
        assert (again.content, again.headers["ETag"]) == (first.content, first.headers["ETag"])
        assert not again.cookies


@pytest.mark.parametrize("url", ["/", "/compare/beta-vs-alpha/", "/tools/alpha/"])
def test_public_pages_reject_post(url):
    full_pair()
    response = Client(headers=SAME_ORIGIN).post(url)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")


def test_votes_change_the_numbers(client, form_client):
    full_pair()
    make.votes(on=Tool.objects.get(slug="alpha"), skip=50)
    before = text(client, "/compare/beta-vs-alpha/")
    form_client.post("/tools/alpha/vote/", {"choice": "ship"})
    after = text(client, "/compare/beta-vs-alpha/")
    assert ("59 votes" in before, "60 votes" in before) == (True, False)
    assert ("59 votes" in after, "60 votes" in after) == (False, True)


def test_what_is_the_same_for_both_folds_into_one_line_that_names_it(client):
    category, choices = make.category(), [{"slug": slug, "name": slug.upper()} for slug in "ab"]
    license_, offline, context = (
        make.attribute(name=name, slug=name.lower(), kind="choice", choices=choices)
        for name in ("License", "Offline", "Context")
    )
    first, second = (make.tool(slug=slug, category=category) for slug in ("alpha", "beta"))
    for attribute, values in ((license_, "aa"), (offline, "bb"), (context, "ab")):
        attribute.categories.add(category)
        for tool, value in zip((first, second), values, strict=True):
            make.fact(of=tool, attribute=attribute, value=value)
    page = text(client, "/compare/alpha-vs-beta/")
    fold = page[page.index('<details class="fold">') :]
    assert "<summary><b>Same for both:</b> License, Offline</summary>" in fold
    assert [f'id="fact-{name}"' in fold.split("</details>")[0] for name in ("license", "offline", "context")] == [
        True,
        True,
        False,
    ]
    assert 'id="fact-context"' in page
