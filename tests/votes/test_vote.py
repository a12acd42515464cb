import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from tests import factories as make
from tests.conftest import SAME_ORIGIN
from tools.models import Tool
from votes.models import Choice, Tally, Vote
from votes.verifying import verify_tally

pytestmark = pytest.mark.django_db


def get_numbers(tool: Tool) -> tuple[int, int]:
    community = Tool.objects.with_community().get(pk=tool.pk).community or {"ship": 0, "skip": 0}
    return community["ship"], community["skip"]


def cast(client: Client, tool: Tool, choice: str, **extra):
    return client.post(f"/tools/{tool.slug}/vote/", {"choice": choice}, **extra)


def test_vote_is_cast_changed_and_taken_back(form_client):
    tool = make.tool()
    assert [
        (cast(form_client, tool, choice).status_code, get_numbers(tool)) for choice in ("ship", "skip", "none")
    ] == [
        (303, (1, 0)),
        (303, (0, 1)),
        (303, (0, 0)),
    ]
    assert verify_tally() == []


def test_repeated_vote_counts_once(form_client):
    tool = make.tool()
    for _ in range(3):
        cast(form_client, tool, "ship")
    assert (get_numbers(tool), Vote.objects.count()) == ((1, 0), 1)


def test_two_browsers_are_two_visitors():
    tool = make.tool()
    for _ in range(2):
        cast(Client(headers=SAME_ORIGIN), tool, "ship")
    assert get_numbers(tool) == (2, 0)


def test_form_without_htmx_lands_on_the_result(form_client):
    tool = make.tool(name="Fab <b>Tool</b>")
    response = form_client.post(
        f"/tools/{tool.slug}/vote/", {"choice": "ship", "next": "/compare/a-vs-b/"}, follow=True
    )
    page = response.content.decode()
    assert response.redirect_chain == [(f"/tools/{tool.slug}/vote/?next=%2Fcompare%2Fa-vs-b%2F", 303)]
    assert "Your ship vote for Fab &lt;b&gt;Tool&lt;/b&gt; counts. 1 ship, 0 skip." in " ".join(page.split())
    assert '<a href="/compare/a-vs-b/">' in page
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil", "/\\evil"]
)
def test_next_never_leads_to_another_site(form_client, elsewhere):
    tool = make.tool()
    response = form_client.get(f"/tools/{tool.slug}/vote/", {"next": elsewhere})
    assert f'<a href="/tools/{tool.slug}/">' in response.content.decode()


def test_htmx_gets_the_block_and_the_announcement(form_client):
    tool = make.tool()
    response = cast(form_client, tool, "skip", headers={"hx-request": "true"})
    page = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in page
    assert f'id="community-{tool.slug}"' in page
    assert f"Your skip vote for {tool.name} counts. 0 ship, 1 skip." in " ".join(page.split())
    assert response.headers["HX-Trigger"] == '{"voted": {}}'


def test_only_a_vote_sets_cookies(form_client):
    tool = make.tool()
    form_client.get(f"/tools/{tool.slug}/")
    form_client.get(f"/tools/{tool.slug}/vote/")
    assert dict(form_client.cookies) == {}
    cast(form_client, tool, "none")
    assert dict(form_client.cookies) == {}
    cast(form_client, tool, "ship")
    assert set(form_client.cookies) == {"visitor", "voted"}
    cookie = form_client.cookies["visitor"]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"], cookie["path"]) == (True, "Lax", "", "/")


def test_cookie_is_host_only_over_https():
    client, tool = Client(headers=SAME_ORIGIN), make.tool()
    client.post(f"/tools/{tool.slug}/vote/", {"choice": "ship"}, secure=True)
    cookie = client.cookies["__Host-visitor"]
    assert (cookie["httponly"], cookie["secure"], cookie["domain"], cookie["path"]) == (True, True, "", "/")


@pytest.mark.parametrize(
    "forge", [lambda value: value[:-1] + "x", lambda value: value[:10], lambda value: "", lambda value: "é:1:2"]
)
def test_forged_cookie_is_ignored(form_client, forge):
    tool = make.tool()
    cast(form_client, tool, "ship")
    stranger = Client(headers=SAME_ORIGIN)
    stranger.cookies["visitor"] = forge(form_client.cookies["visitor"].value)
    assert stranger.get("/me/votes/").json() == {"votes": {}, "pairs": []}
    cast(stranger, tool, "skip")
    assert get_numbers(tool) == (1, 1)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://testserver"}, 403),
        ({"origin": "http://testserver"}, 303),
        ({"origin": "https://testserver"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_only_same_origin_requests_can_vote(headers, status):
    tool = make.tool()
    response = cast(Client(enforce_csrf_checks=True), tool, "ship", headers=headers)
    assert (response.status_code, Vote.objects.count()) == (status, int(status == 303))


@pytest.mark.parametrize("choice", ["", "SHIP", "yes", "ship\x00", "ship,skip", "0", "💥", "x" * 10_000])
def test_other_choices_are_refused(form_client, choice):
    response = cast(form_client, make.tool(), choice)
    assert (response.status_code, Vote.objects.count()) == (400, 0)
    assert "<h1" in response.content.decode()


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_unpublished_tools_cannot_be_voted_on(form_client, fields):
    response = cast(form_client, make.tool(**fields), "ship")
    unknown = form_client.post("/tools/unknown/vote/", {"choice": "ship"})
    assert (response.status_code, response.content) == (404, unknown.content)
    assert Vote.objects.count() == 0


def test_former_slug_counts_for_the_tool(form_client):
    tool = make.tool(slug="before")
    Tool.objects.filter(pk=tool.pk).update(slug="after")
    assert form_client.post("/tools/before/vote/", {"choice": "ship"}).status_code == 303
    assert get_numbers(tool) == (1, 0)


def test_my_votes_lists_only_own_votes(form_client):
    ship, skip = make.tool(), make.tool()
    cast(form_client, ship, "ship")
    cast(form_client, skip, "skip")
    response = form_client.get("/me/votes/")
    assert response.json() == {"votes": {ship.slug: "ship", skip.slug: "skip"}, "pairs": []}
    assert response.headers["Cache-Control"] == "private, no-store"
    assert Client().get("/me/votes/").json() == {"votes": {}, "pairs": []}


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused_with_a_page(form_client, method):
    response = getattr(form_client, method)(f"/tools/{make.tool().slug}/vote/")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, POST"
    assert "does not work at this address" in response.content.decode()


def test_vote_queries_are_constant(form_client, django_assert_num_queries):
    tool = make.tool()
    cast(form_client, tool, "ship")
    with django_assert_num_queries(4):  # tool, limits, vote with numbers, listing
        cast(form_client, tool, "skip", headers={"hx-request": "true"})


# -- The tally ---------------------------------------------------------------------------------------------


def test_tally_follows_bulk_updates_moves_and_deletes():
    first, second = make.tool(), make.tool()
    make.votes(on=first, ship=40, skip=20)
    assert get_numbers(first) == (40, 20)
    Vote.objects.filter(choice="ship").update(choice="skip")
    assert get_numbers(first) == (0, 60)
    Vote.objects.update(tool=second, choice="ship")
    assert (get_numbers(first), get_numbers(second)) == ((0, 0), (60, 0))
    Vote.objects.filter(tool=second).delete()
    assert (get_numbers(second), verify_tally()) == ((0, 0), [])


def test_tally_uses_eight_slots():
    tool = make.tool()
    make.votes(on=tool, ship=160)
    assert Tally.objects.filter(tool=tool).count() == Tally.SLOTS


def test_tally_refuses_negative_numbers():
    tool = make.tool()
    make.votes(on=tool, ship=1)
    Tally.objects.update(ship=0)
    with pytest.raises(IntegrityError, match="votes_tally_not_negative"), transaction.atomic():
        Vote.objects.all().delete()
    verify_tally(repair=True)


def test_one_row_per_visitor_and_tool():
    tool, visitor = make.tool(), uuid.uuid4()
    Vote.objects.create(tool=tool, visitor=visitor, choice="ship")
    with pytest.raises(IntegrityError, match="votes_vote_one_per_visitor"), transaction.atomic():
        Vote.objects.create(tool=tool, visitor=visitor, choice="skip")


def test_verify_tally_repairs(capsys):
    from django.core.management import CommandError, call_command

    tool = make.tool()
    make.votes(on=tool, ship=3, skip=2)
    call_command("verify_tally")
    Tally.objects.filter(tool=tool).update(ship=7)
    with pytest.raises(CommandError, match="differs from the votes"):
        call_command("verify_tally")
    call_command("verify_tally", repair=True)
    assert (get_numbers(tool), verify_tally()) == ((3, 2), [])


@pytest.mark.django_db(transaction=True)
def test_concurrent_votes_count_once_per_visitor():
    tool, other = make.tool(), make.tool()
    visitors = [uuid.uuid4() for _ in range(40)]

    def vote(n: int) -> None:
        visitor, choice = visitors[n % 40], (Choice.SHIP, Choice.SKIP, Choice.NONE)[n // 40 % 3]
        Vote.objects.cast(tool=tool if n % 2 else other, visitor=visitor, choice=choice)
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(vote, range(400)))
        assert verify_tally() == []
        # Every visitor votes ship on one tool, five times each, from eight threads.
        list(
            pool.map(
                lambda n: (
                    Vote.objects.cast(tool=tool, visitor=visitors[n % 40], choice=Choice.SHIP),
                    connection.close(),
                ),
                range(200),
            )
        )
    assert (get_numbers(tool), verify_tally()) == ((40, 0), [])


@pytest.mark.django_db(transaction=True)
def test_bulk_changes_in_opposite_orders_do_not_deadlock():
    """Each thread changes its own votes, so threads share nothing but the tallies."""
    tools = [make.tool() for _ in range(6)]
    shares = []
    for order in (tools, tools[::-1]) * 2:
        known = set(Vote.objects.values_list("pk", flat=True))
        for tool in order:
            make.votes(on=tool, ship=30)
        shares.append(list(Vote.objects.exclude(pk__in=known).values_list("pk", flat=True)))

    def flip(share: list[int]) -> None:
        for choice in ("skip", "ship") * 6:
            Vote.objects.filter(pk__in=share).update(choice=choice)
        connection.close()

    with ThreadPoolExecutor(len(shares)) as pool:
        list(pool.map(flip, shares))
    assert ([get_numbers(tool) for tool in tools], verify_tally()) == ([(120, 0)] * 6, [])
