"""Made-up votes on the demo: real rows, the same each time, announced on every page, and removed without a trace."""

import uuid
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, connection
from django.db.models import Func
from django.test import Client

from catalog.actions import import_catalog
from catalog.demo_votes import cast_demo_votes
from newsletter.issuing import compose_issue
from tests import factories as make
from tests.addresses import PAGES, PAIR
from tests.database import content_of_module
from tools.models import ContentRevision, Tool
from votes import made_up
from votes.models import Listing, PairRank, PairTally, PairVote, RankedPair, Vote
from votes.verifying import verify_tally

pytestmark = pytest.mark.django_db
DEMO = Path(__file__).resolve().parents[2] / "demo" / "catalog.json"
DAY = date(2026, 11, 29)
LINE = "Votes on this demonstration are made up."
MACHINES = {
    "/feeds/comparisons.xml": LINE,
    "/feeds/changes.xml": LINE,
    "/feeds/tools/aider.xml": LINE,
    "/feeds/categories/speech.xml": LINE,
    "/feeds/newsletter.xml": LINE,
    "/feeds/moderation.xml": LINE,
    "/tools/aider.json": '"votes_are_made_up": true',
    f"{PAIR.rstrip('/')}.json": '"votes_are_made_up": true',
    "/tools/aider/badge.svg": "Votes are made up.</title>",
    "/tools/aider/badge.svg?size=large": ">Votes are made up</text>",
    "/export/votes.csv": "-votes-made-up-",
    "/export/pair-votes.csv": "-pair-votes-made-up-",
    "/export/moderation.csv": "-moderation-made-up-",
}
"""What machines read of votes, and how it says that they are made up."""
IMAGES = [f"/og{PAIR.rstrip('/')}.png", "/og/tools/aider.png"]


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """Import the demo once for all tests of this file."""
    with content_of_module(django_db_blocker, lambda: import_catalog(content=DEMO.read_bytes())):
        yield


@pytest.fixture(scope="module")
def cast(demo, django_db_blocker):
    """Cast the votes once, and return how many there are of each kind. Tests that start without any come first."""
    with content_of_module(django_db_blocker, lambda: cast_demo_votes(today=DAY)) as counts:
        yield counts


@pytest.fixture
def asking(monkeypatch):
    """Let every page that reads no revision ask whether there are made-up votes."""
    monkeypatch.setattr(made_up, "FRESH_SECONDS", -1)


def read_votes() -> tuple[list[tuple[object, ...]], ...]:
    fields = ("visitor", "choice", "state", "created_at")
    return tuple(list(kind.objects.order_by("pk").values_list(*fields)) for kind in (Vote, PairVote))


def test_votes_are_cast_only_where_there_are_none_and_never_on_a_public_site(demo, settings):
    make.votes(on=Tool.objects.get(slug="aider"), ship=1)
    with pytest.raises(CommandError, match="has votes"):
        call_command("cast_demo_votes")
    settings.HTTPS = True
    with pytest.raises(CommandError, match="public site"):
        call_command("cast_demo_votes")


def revalidate(client, address: str, page):
    return client.get(address, headers={"if-none-match": page.get("ETag", "")})


def read_all(response) -> str:
    """Return what a client gets, with the name of the file if it is a download."""
    return response.get("Content-Disposition", "") + response.getvalue().decode()


def test_every_page_says_so_as_long_as_they_are_there(demo, asking, client):
    make.issue_of_everything()
    addresses = [*PAGES, "/me/", "/nowhere/"]
    before = {address: client.get(address) for address in addresses}
    assert [address for address, page in before.items() if LINE in page.content.decode()] == []
    cast_demo_votes(today=DAY)
    during = {address: revalidate(client, address, before[address]) for address in addresses}
    assert [address for address, page in during.items() if page.content.decode().count(LINE) != 1] == []
    call_command("clear_demo_votes", verbosity=0)
    after = {address: revalidate(client, address, during[address]) for address in addresses}
    assert [address for address, page in after.items() if page.status_code == 304] == []
    assert [address for address, page in after.items() if LINE in page.content.decode()] == []


def test_so_does_everything_that_machines_read(demo, asking, client):
    before = {address: client.get(address) for address in [*MACHINES, *IMAGES]}
    assert [address for address, words in MACHINES.items() if words in read_all(before[address])] == []
    cast_demo_votes(today=DAY)
    during = {address: revalidate(client, address, before[address]) for address in before}
    assert [address for address, words in MACHINES.items() if read_all(during[address]).count(words) != 1] == []
    rated = [f"{PAIR}?lens=skeptic", "/tools/mistral-medium-3/"]  # with enough votes for a percent
    assert [address for address in rated if "aggregateRating" in client.get(address).content.decode()] == []
    Vote.objects.update(visitor=Func(function="gen_random_uuid"))  # as if visitors had cast them
    PairVote.objects.update(visitor=Func(function="gen_random_uuid"))
    after = {address: revalidate(client, address, during[address]) for address in before}
    assert [address for address, words in MACHINES.items() if words in read_all(after[address])] == []
    assert [address for address in IMAGES if after[address].content == during[address].content] == []
    assert [address for address in rated if "aggregateRating" not in client.get(address).content.decode()] == []


def test_votes_are_the_same_each_time_and_of_every_size(cast):
    first = read_votes()
    assert cast == (len(first[0]), len(first[1]))
    call_command("clear_demo_votes", verbosity=0)
    assert read_votes() == ([], [])
    cast_demo_votes(today=DAY)
    assert read_votes() == first
    assert verify_tally() == []
    listings = Listing.objects.at().values_list("community_ship", "community_skip")
    sizes = sorted(ship + skip for ship, skip in listings)
    assert (sizes[0], 0 < sizes[len(sizes) // 3] < 50, sizes[-1] > 300) == (0, True, True)
    assert Vote.objects.filter(state="held").count() > 5
    assert PairVote.objects.filter(state="held").count() > 5
    assert PairVote.objects.filter(choice="neither").exists()
    assert PairRank.objects.exists()
    assert not any(at.date() >= DAY for *_, at in first[0])


def test_clearing_leaves_the_votes_of_visitors(cast, form_client):
    aider, cline = Tool.objects.get(slug="aider"), Tool.objects.get(slug="cline")
    form_client.post("/tools/aider/vote/", {"choice": "skip"})
    form_client.post("/compare/aider-vs-cline/vote/", {"choice": "first"})
    make.votes(on=cline, ship=3, state="held", held_for="burst")
    Vote.objects.filter(visitor=made_up.FIRST).update(choice="none")  # as if its voter had taken it back
    call_command("clear_demo_votes", verbosity=0)
    assert sorted(Vote.objects.values_list("tool__slug", "choice", "state")) == [
        ("aider", "skip", "counted"), ("cline", "ship", "held"), ("cline", "ship", "held"), ("cline", "ship", "held"),
    ]  # fmt: skip
    assert PairVote.objects.count() == 1
    assert verify_tally() == []
    assert "taken back" not in Client().get("/tools/vllm/votes/").content.decode().split("are not listed")[1]
    [tally] = PairTally.objects.exclude(for_first=0, for_second=0)
    assert (tally.for_first + tally.for_second, tally.neither, tally.held) == (1, 0, 0)
    assert (PairRank.objects.count(), RankedPair.objects.count()) == (0, 0)
    assert [row.tool_id for row in Listing.objects.at().exclude(community_ship=0, community_skip=0)] == [aider.pk]
    export = Client().get("/export/votes.csv")
    assert len(b"".join(export).splitlines()) == 3  # the head, and a line for each of the two


@pytest.mark.parametrize("kind", [Vote, PairVote])
def test_content_revision_rises_when_made_up_votes_appear_or_go_and_not_for_visitors(kind):
    first, second = make.tool(), make.tool()
    on = {"tool": first} if kind is Vote else {"first": first, "second": second, "shown_first": first}
    choice = "ship" if kind is Vote else "first"

    def do(write) -> bool:
        before = ContentRevision.objects.get().number
        write()
        return ContentRevision.objects.get().number > before

    def truncate() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"TRUNCATE {kind._meta.db_table}")

    visitor, made = uuid.uuid4(), made_up.make_visitor(7)
    assert not do(lambda: kind.objects.create(**on, visitor=visitor, choice=choice))
    assert not do(lambda: kind.objects.filter(visitor=visitor).update(choice="none"))
    assert do(lambda: kind.objects.create(**on, visitor=made, choice=choice))
    assert not do(lambda: kind.objects.filter(visitor=made).update(choice="none"))
    assert not do(lambda: kind.objects.filter(visitor=visitor).delete())
    assert do(lambda: kind.objects.filter(visitor=made).update(visitor=visitor))
    assert do(lambda: kind.objects.filter(visitor=visitor).update(visitor=made))
    assert do(lambda: kind.objects.filter(visitor=made).delete())
    assert do(truncate)


def test_database_and_python_agree_on_who_is_made_up():
    first, last = made_up.FIRST.int, made_up.LAST.int
    visitors = {number: str(uuid.UUID(int=number)) for number in (first - 1, first, last, last + 1)}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT visitor FROM unnest(%s::uuid[]) AS visitor WHERE is_made_up(visitor)", [[*visitors.values()]]
        )
        assert {visitor.int for (visitor,) in cursor} == {first, last}


def test_no_visitor_is_taken_for_a_made_up_one():
    assert all(not made_up.FIRST <= uuid.uuid4() <= made_up.LAST for _ in range(1000))
    assert (made_up.FIRST.version, made_up.FIRST.variant, made_up.LAST.version) == (8, uuid.RFC_4122, 8)
    assert made_up.make_visitor(7) == uuid.UUID("64656d6f-0000-8000-8000-000000000007")


def test_pages_with_a_revision_need_no_query_more(cast, client, django_assert_num_queries):
    client.get(PAIR)
    with django_assert_num_queries(1):
        assert LINE in client.get(f"{PAIR}?only=differences").content.decode()
    with django_assert_num_queries(1):  # the seats; the pair has told this process about the votes
        assert LINE in client.get("/disclosure/").content.decode()


def test_what_a_process_knows_is_used_for_some_seconds_only(cast, monkeypatch, django_assert_num_queries):
    assert made_up.are_there() is False  # as noted before
    monkeypatch.setattr(made_up, "FRESH_SECONDS", -1)
    with django_assert_num_queries(1):
        assert made_up.are_there() is True
    monkeypatch.setattr(made_up, "FRESH_SECONDS", 60)
    with django_assert_num_queries(0):
        assert made_up.are_there() is True


def test_outage_leaves_what_was_known(monkeypatch):
    class Broken:
        def cursor(self):
            raise Error

    made_up.note(are_there=True)
    monkeypatch.setattr(made_up, "FRESH_SECONDS", -1)
    monkeypatch.setattr(made_up, "connection", Broken())
    assert made_up.are_there() is True
    made_up._clear()
    assert made_up.are_there() is False


def test_newsletter_names_no_tool_to_watch_and_no_visitors(cast, asking):
    issue = compose_issue(since=make.PAST)
    assert "watch" not in [item["kind"] for item in issue.content]
    assert "isitors" not in str(issue.content)
    call_command("clear_demo_votes", verbosity=0)
    make.votes(on=Tool.objects.get(slug="aider"), ship=100)  # the panel is split on it
    issue.delete()
    content = compose_issue(since=make.PAST).content
    assert "watch" in [item["kind"] for item in content]
    assert "Visitors break the tie on Aider" in str(content)


def test_made_up_votes_are_looked_up_in_an_index(cast):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN SELECT {made_up.MARK_SQL}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert plan.count("Index") >= 2
    assert "Seq Scan" not in plan
