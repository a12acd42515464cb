"""One test per way to cheat, and per way in which honest voters could look like cheats."""

import re
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from comparisons.reading import popularity
from tests import factories as make
from tests.conftest import SAME_ORIGIN
from tests.votes.helpers import cast, get_counts, new_voter
from votes import casting, network
from votes.models import Action, Amount, Choice, Freeze, HeldFor, NetworkKey, Vote, VoteState
from votes.network import UNKNOWN, get_prefix
from votes.subjects import Subject

pytestmark = pytest.mark.django_db
NOON = datetime.fromisoformat("2026-12-01T12:00:00+00:00")


@pytest.fixture(autouse=True)
def _noon(time_machine):
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def no_bursts(settings):
    settings.BURST_VOTES = 1_000_000


def test_clearing_cookies_does_not_raise_the_network_limit():
    tool = make.tool()
    statuses = [cast(new_voter(), tool).status_code for _ in range(25)]
    assert statuses == [303] * 25
    assert get_counts(tool) == (10, 0, 15)
    assert set(Vote.objects.filter(state=VoteState.HELD).values_list("held_for", flat=True)) == {HeldFor.TOOL}


def test_a_flood_from_one_network_is_held_and_then_refused():
    """Calls the function behind the view, which is faster; the next test covers the response."""
    tool, refused = make.tool(), 0
    for n in range(1000):
        try:
            casting.cast(tool=tool, visitor=uuid4(), choice=Choice.SHIP, address=f"203.0.113.{n % 250}")
        except casting.TooManyRequestsError:
            refused += 1
    assert (refused, get_counts(tool), Vote.objects.count()) == (700, (10, 0, 290), 300)


def test_network_limit_per_hour_covers_all_tools(settings, time_machine):
    settings.VOTES_PER_NETWORK = 6
    tools = [make.tool() for _ in range(4)]
    for tool in tools:
        for _ in range(2):
            cast(new_voter(), tool)
    assert [get_counts(tool) for tool in tools] == [(2, 0, 0)] * 3 + [(0, 0, 2)]
    time_machine.move_to(NOON + timedelta(hours=1), tick=False)
    cast(new_voter(), tools[3])
    assert get_counts(tools[3]) == (1, 0, 2)


def test_refusal_says_when_to_retry(settings):
    settings.VOTE_REQUESTS_PER_NETWORK = 1
    tool, client = make.tool(), new_voter()
    cast(client, tool)
    page, fragment = cast(client, tool, "skip"), cast(client, tool, "skip", **{"hx-request": "true"})
    assert [answer.status_code for answer in (page, fragment)] == [429, 429]
    assert [answer.headers["Retry-After"] for answer in (page, fragment)] == ["3601", "3601"]
    assert '<p class="lost__words">You can vote again in 61 minutes.</p>' in page.content.decode()
    assert fragment.content.decode().strip() == '<p class="lost__words">You can vote again in 61 minutes.</p>'
    assert cast(new_voter(), tool, ip="192.0.2.1").status_code == 303
    assert get_counts(tool) == (2, 0, 0)


def test_other_networks_are_unaffected_by_a_flood():
    tool = make.tool()
    for _ in range(60):
        cast(new_voter(), tool, "skip", ip="203.0.113.9")
    cast(new_voter(), tool, ip="198.51.100.1")
    assert get_counts(tool) == (1, 10, 50)


def test_a_burst_from_many_networks_is_held(time_machine):
    tool, other = make.tool(), make.tool()
    for n in range(25):
        cast(new_voter(), tool, ip=f"10.0.{n}.1")
    cast(new_voter(), other, ip="10.1.0.1")
    assert (get_counts(tool), get_counts(other)) == ((20, 0, 5), (1, 0, 0))
    assert set(Vote.objects.filter(state=VoteState.HELD).values_list("held_for", flat=True)) == {HeldFor.BURST}
    time_machine.move_to(NOON + timedelta(hours=1), tick=False)
    cast(new_voter(), tool, ip="10.2.0.1")
    assert get_counts(tool) == (21, 0, 5)


def test_a_tool_popular_for_days_has_no_burst(settings, time_machine):
    settings.BURST_VOTES, settings.BURST_TIMES = 2, 3
    tool = make.tool()
    for hour in range(1, 86):  # 85 of 168 hours have two votes: that is the median
        make.votes(on=tool, ship=2, created_at=NOON - timedelta(hours=hour))
    for n in range(8):
        cast(new_voter(), tool, "skip", ip=f"10.0.{n}.1")
    assert get_counts(tool) == (170, 6, 2)


@pytest.mark.parametrize(("hours", "usual"), [(83, 0), (84, 1), (85, 2), (168, 2)])
def test_usual_votes_is_the_median_hour(hours, usual):
    tool = make.tool()
    for hour in range(1, hours + 1):
        make.votes(on=tool, skip=2, created_at=NOON - timedelta(hours=hour))
    make.votes(on=tool, skip=9, created_at=NOON)
    with connection.cursor() as cursor:
        cursor.execute("SELECT usual_votes(%s, %s)", [tool.pk, NOON])
        assert cursor.fetchone() == (usual,)


def test_changing_a_vote_uses_no_amount(form_client):
    tool = make.tool()
    for n in range(40):
        cast(form_client, tool, ("ship", "skip", "none")[n % 3])
    cast(new_voter(), tool, "skip")
    assert get_counts(tool) == (1, 1, 0)
    assert dict(Amount.objects.values_list("kind", "number")) == {"asked": 41, "network": 2, "tool": 2, "burst": 2}


def test_a_held_vote_stays_held():
    """Regardless of changing it, of taking it back and casting it again, and of the network."""
    tool = make.tool()
    for _ in range(10):
        cast(new_voter(), tool)
    client = new_voter()
    for choice in ("skip", "skip", "ship", "none", "skip"):
        cast(client, tool, choice, ip="192.0.2.55" if choice == "ship" else "198.51.100.7")
    assert get_counts(tool) == (10, 0, 1)


def test_a_counted_vote_stays_counted_during_a_flood():
    tool, client = make.tool(), new_voter()
    cast(client, tool)
    for _ in range(20):
        cast(new_voter(), tool)
    cast(client, tool, "none")
    cast(client, tool, "skip")
    assert get_counts(tool) == (9, 1, 11)


def test_a_rejected_vote_stays_rejected():
    tool, client = make.tool(), new_voter()
    cast(client, tool)
    Vote.objects.update(state=VoteState.REJECTED, rejected_for="script")
    page = client.get(f"/tools/{tool.slug}/vote/").content.decode()
    assert "A moderator decided that it does not count." in page
    for choice in ("skip", "none", "ship"):
        cast(client, tool, choice)
    assert (get_counts(tool), Vote.objects.get().choice) == ((0, 0, 0), "ship")


def test_taking_back_a_missing_vote_stores_nothing():
    tool = make.tool()
    client = new_voter()
    assert cast(client, tool, "none").status_code == 303
    assert (Vote.objects.count(), dict(client.cookies)) == (0, {})


def test_frozen_tool_holds_new_votes_and_its_pages_say_so(client):
    tool, early = make.tool(slug="alpha"), new_voter()
    make.tool(slug="beta")
    cast(early, tool)
    Freeze.objects.create(tool=tool)
    cast(early, tool, "skip")
    cast(new_voter(), tool)
    assert get_counts(tool) == (0, 1, 1)
    assert Vote.objects.get(state=VoteState.HELD).held_for == HeldFor.FREEZE
    for url in ("/tools/alpha/", "/tools/alpha/vote/", "/tools/alpha/votes/", "/compare/alpha-vs-beta/"):
        page = client.get(url).content.decode()
        assert page.count("Votes are frozen: new ones wait for a review.") == 1
        assert page.count("1 vote under review") == 1


def test_freezing_and_holding_change_the_etag(client):
    alpha, url = make.tool(slug="alpha"), "/compare/alpha-vs-beta/"
    make.tool(slug="beta")
    tags = [client.get(url).headers["ETag"]]
    Freeze.objects.create(tool=alpha)
    tags.append(client.get(url).headers["ETag"])
    make.votes(on=alpha, ship=1, state=VoteState.HELD, held_for=HeldFor.BURST)
    tags.append(client.get(url).headers["ETag"])
    assert client.get(url, headers={"if-none-match": tags[-1]}).status_code == 304
    assert len(set(tags)) == 3


def test_a_shared_office_can_be_released(time_machine):
    """Forty people behind one address vote on three tools each within an hour, and a moderator releases them."""
    from votes.deciding import decide

    tools, people = [make.tool() for _ in range(3)], [new_voter() for _ in range(40)]
    moderator = make.user()
    for n, person in enumerate(people):
        time_machine.move_to(NOON + timedelta(seconds=80 * n), tick=False)
        for tool in tools:
            assert cast(person, tool, "ship" if n % 4 else "skip").status_code == 303
    # At most sixty count per hour, ten of them per tool. The others are held.
    assert [sum(get_counts(tool)) for tool in tools] == [40, 40, 40]
    assert [get_counts(tool)[2] for tool in tools] == [30, 30, 30]
    for tool in tools:
        moved = decide(
            subject=Subject.of_tool(tool), action=Action.RELEASE, groups=None, until=timezone.now(),
            reason="office", words="The whole office of a customer.", by=moderator,
        )  # fmt: skip
        assert moved == 30
    assert [get_counts(tool) for tool in tools] == [(30, 10, 0)] * 3


# -- Networks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("192.0.2.1", "192.0.2.254", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("::ffff:192.0.2.1", "192.0.2.200", True),
        ("2001:db8:0:1::1", "2001:db8:0:ff:ffff::9", True),
        ("2001:db8:0:1::1", "2001:db8:0:100::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("", "not an address", True),
        ("::", "192.0.2.1", False),
    ],
)
def test_prefix_is_a_24_or_a_56(one, other, alike):
    assert (get_prefix(one) == get_prefix(other)) is alike


def test_invalid_addresses_share_one_network():
    assert {get_prefix(text) for text in ("", "unknown", "1.2.3", "::g", "💥", "1" * 500)} == {UNKNOWN}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "networks"),
    [
        (0, "203.0.113.{n}, 10.9.{n}.1", 1),  # the header is ignored without proxies
        (1, "10.9.{n}.1, 203.0.113.5", 1),  # entries left of our proxy's can be forged
        (1, "10.9.{n}.1", 12),
        (2, "10.9.{n}.1, 203.0.113.5", 12),
    ],
)
def test_forged_forwarding_is_ignored(settings, proxies, forwarded, networks):
    settings.TRUSTED_PROXY_COUNT = proxies
    tool = make.tool()
    for n in range(12):
        cast(new_voter(), tool, **{"x-forwarded-for": forwarded.format(n=n)})
    assert Vote.objects.values("network").distinct().count() == networks
    assert get_counts(tool) == ((10, 0, 2) if networks == 1 else (12, 0, 0))


def test_no_address_is_stored_and_keys_expire_after_two_days(time_machine):
    tool = make.tool()
    for days in range(4):
        time_machine.move_to(NOON + timedelta(days=days), tick=False)
        cast(new_voter(), tool, ip="198.51.100.77")
    assert [key.day_on.day for key in NetworkKey.objects.order_by("day_on")] == [3, 4]
    assert min(Amount.objects.values_list("starts_at", flat=True)) >= NOON - timedelta(hours=12) + timedelta(days=2)
    assert Vote.objects.values("network").distinct().count() == 4  # the same address has another hash each day
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" AS row WHERE row::text LIKE %s', ["%198.51.100%"])  # noqa: S608
            assert (table, cursor.fetchone()) == (table, (0,))


def test_address_never_reaches_the_database(django_assert_max_num_queries):
    tool = make.tool()
    with django_assert_max_num_queries(20) as queries:
        cast(new_voter(), tool, ip="198.51.100.77")
    assert [query["sql"] for query in queries if "198.51" in query["sql"] or "c63364" in query["sql"]] == []


def test_command_deletes_old_keys(time_machine):
    from django.core.management import call_command

    cast(new_voter(), make.tool())
    call_command("verify_tally")
    assert NetworkKey.objects.count() == 1
    time_machine.move_to(NOON + timedelta(days=2), tick=False)
    call_command("verify_tally")
    assert (NetworkKey.objects.count(), Amount.objects.count()) == (0, 0)


def test_server_process_deletes_old_keys_on_a_site_where_nobody_votes(time_machine):
    cast(new_voter(), make.tool(slug="alpha"))
    time_machine.move_to(NOON + timedelta(days=2), tick=False)
    popularity.work_off()
    assert (NetworkKey.objects.count(), Amount.objects.count(), network._cached_key) == (0, 0, None)


def test_limits_recover_from_a_crash_that_empties_unlogged_tables():
    tool = make.tool()
    cast(new_voter(), tool)
    NetworkKey.objects.all().delete()
    Amount.objects.all().delete()
    cast(new_voter(), tool)
    assert (get_counts(tool), NetworkKey.objects.count()) == ((2, 0, 0), 1)
    assert Vote.objects.values("network").distinct().count() == 2
    assert network._cached_key is not None


def test_only_disposable_tables_are_unlogged():
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relpersistence = 'u' AND relkind = 'r' ORDER BY 1")
        assert [name for (name,) in cursor.fetchall()] == ["votes_amount", "votes_networkkey"]


# -- Visitors ---------------------------------------------------------------------------------------------------

PAGE = {"page-load": "0123456789abcdef" * 2}


def test_concurrent_first_votes_of_one_page_load_are_one_visitor():
    """Both are sent without a cookie: the second leaves before the first is answered."""
    tool, other = make.tool(), make.tool()
    votes = [(tool, "ship"), (other, "ship"), (tool, "skip")]
    answers = [cast(new_voter(), one, choice, **PAGE) for one, choice in votes]
    ids = {re.split(":", answer.cookies["visitor"].value)[0] for answer in answers}
    assert (len(ids), Vote.objects.values("visitor").distinct().count()) == (1, 1)
    assert (get_counts(tool), get_counts(other)) == ((0, 1, 0), (1, 0, 0))


def test_cookie_takes_precedence_over_page_load():
    tool, client = make.tool(), new_voter()
    cast(client, tool)
    cast(client, tool, "skip", **PAGE)
    assert get_counts(tool) == (0, 1, 0)


@pytest.mark.parametrize("page_load", ["", "0" * 31, "0" * 33, "G" * 32, "A" * 32, "0" * 32 + "\n", "é" * 32])
def test_malformed_page_load_is_ignored(page_load):
    tool = make.tool()
    for _ in range(2):
        cast(new_voter(), tool, **{"page-load": page_load})
    assert get_counts(tool) == (2, 0, 0)


def test_page_load_id_depends_on_the_secret(settings):
    tool = make.tool()
    cast(new_voter(), tool, **PAGE)
    settings.SECRET_KEY = "another"
    cast(new_voter(), tool, **PAGE)
    assert Vote.objects.count() == 2


def test_replayed_request_changes_nothing():
    tool, client = make.tool(), new_voter()
    cast(client, tool)
    for _ in range(5):
        replay = Client(headers=SAME_ORIGIN)
        replay.cookies["visitor"] = client.cookies["visitor"].value
        cast(replay, tool)
    assert (get_counts(tool), Vote.objects.count()) == ((1, 0, 0), 1)
    assert Vote.objects.get().updated_at == Vote.objects.get().created_at
