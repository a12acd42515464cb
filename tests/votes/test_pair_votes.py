"""Votes between two tools."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests import factories as make
from tests.conftest import SAME_ORIGIN
from tools.models import Tool
from votes.casting import cast_pair
from votes.models import Freeze, PairChoice, PairTally, PairVote, VoteState
from votes.preference import Preference
from votes.verifying import verify_tally

pytestmark = pytest.mark.django_db
PAIR = "/compare/alpha-vs-beta/"


@pytest.fixture
def two():
    return make.tool(slug="alpha", name="Alpha"), make.tool(slug="beta", name="Beta")


def send_vote(client, choice: str, url: str = PAIR, **headers):
    return client.post(f"{url}vote/", {"choice": choice, "next": url}, **headers)


def get_tally(two) -> tuple[int, int, int]:
    numbers = PairTally.objects.read_numbers(shown=two)
    return (numbers["yes"], numbers["no"], numbers["neither"]) if numbers else (0, 0, 0)


def count_votes() -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT first_id, second_id, count(*) FILTER (WHERE choice = 'first'),"
            " count(*) FILTER (WHERE choice = 'second'), count(*) FILTER (WHERE choice = 'neither')"
            " FROM votes_pairvote GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return cursor.fetchall()


def test_vote_sets_and_does_not_toggle(form_client, two):
    for choice, counted in [
        ("first", (1, 0, 0)), ("first", (1, 0, 0)), ("second", (0, 1, 0)), ("neither", (0, 0, 1)),
        ("none", (0, 0, 0)), ("none", (0, 0, 0)), ("second", (0, 1, 0)),
    ]:  # fmt: skip
        response = send_vote(form_client, choice)
        assert (response.status_code, get_tally(two)) == (303, counted)
    assert PairVote.objects.count() == 1


def test_both_orders_are_one_pair(form_client, two):
    send_vote(form_client, "first")
    send_vote(form_client, "first", "/compare/beta-vs-alpha/")
    vote = PairVote.objects.get()
    assert (get_tally(two), get_tally(two[::-1])) == ((0, 1, 0), (1, 0, 0))
    assert vote.shown_first == two[1]
    assert PairVote.objects.get_choice(vote.visitor, shown=two) == (PairChoice.SECOND, "counted")
    assert PairVote.objects.get_choice(vote.visitor, shown=two[::-1]) == (PairChoice.FIRST, "counted")
    assert PairVote.objects.get_choice(uuid4(), shown=two) == (PairChoice.NONE, None)


def test_cast_returns_the_state_and_the_numbers_in_the_order_shown(two):
    make.pair_votes(between=two, first=3, second=1, neither=2)
    turned = two[::-1]
    held = PairVote.objects.cast(shown=turned, visitor=uuid4(), choice=PairChoice.FIRST, held_for="burst")
    assert (held.state, held.numbers) == (VoteState.HELD, Preference(1, 3, 25, 5, 70, neither=2, held=1))
    assert held.numbers == Preference.of(PairTally.objects.read_numbers(shown=turned))
    nothing = PairVote.objects.cast(shown=two, visitor=uuid4(), choice=PairChoice.NONE)
    assert (nothing.state, nothing.numbers.figures, nothing.numbers.first) == (None, ("—", "—"), 3)


def test_taking_back_a_missing_vote_stores_nothing(form_client, two):
    response = send_vote(form_client, "none")
    assert (response.status_code, PairVote.objects.count(), response.cookies.keys()) == (303, 0, set())


def test_pair_votes_never_touch_tool_votes(form_client, two):
    before = form_client.get("/tools/alpha.json").json()["community"]
    send_vote(form_client, "first")
    assert form_client.get("/tools/alpha.json").json()["community"] == before


def test_page_and_its_etag_follow_votes(form_client, two):
    def etag_and_words():
        response = form_client.get(PAIR)
        return response.headers["ETag"], form_client.get(f"{PAIR[:-1]}.json").json()["pair_votes"]["words"]

    (first, none), _ = etag_and_words(), send_vote(form_client, "first")
    second, one = etag_and_words()
    assert (none, one, first == second) == ("No votes yet", "1 to 0 so far", False)
    assert form_client.get(PAIR, headers={"If-None-Match": second}).status_code == 304


def test_page_makes_one_query_regardless_of_votes(client, two, django_assert_num_queries):
    make.pair_votes(between=two, first=3, second=9, neither=1)
    client.get(PAIR)
    with django_assert_num_queries(1):
        page = client.get(PAIR).content.decode()
    assert "3 to 9 so far" not in page  # twelve votes are enough for a number
    assert "12 votes, early: 9–53% for the first; 1 would ship with neither" in page


def test_numbers_follow_the_order_shown(client, two):
    make.pair_votes(between=two, first=3, second=1)
    make.comparison(first=two[1], second=two[0])
    assert "1 to 3 so far" in client.get("/compare/beta-vs-alpha/").content.decode()


def test_htmx_gets_the_block_and_the_announcement(form_client, two):
    response = send_vote(form_client, "second", headers={"hx-request": "true"})
    page = response.content.decode()
    names = [template.name for template in response.templates if template.name and template.name.startswith("votes/")]
    assert names[0] == "votes/_pair_counted.html"
    assert "Counted: you would ship with Beta. 0 for Alpha, 1 for Beta, 0 for neither." in page
    assert response.headers["Cache-Control"] == "private, no-store"


def test_page_and_answer_call_tools_briefly_unless_both_have_the_same_brief_name(form_client, two):
    for names, buttons in (
        (("Alpha (72B)", "Beta"), ["Alpha", "Beta"]),
        (("Alpha (72B)", "Alpha (8B)"), ["Alpha (72B)", "Alpha (8B)"]),
    ):
        for tool, name in zip(two, names, strict=True):
            Tool.objects.filter(pk=tool.pk).update(name=name)
        for answer in (form_client.get(PAIR), send_vote(form_client, "first", headers={"hx-request": "true"})):
            assert re.findall(r'<bdi class="clamp">(.*?)</bdi></button>', answer.content.decode()) == buttons


def test_form_without_htmx_lands_on_the_result(form_client, two):
    page = form_client.get(send_vote(form_client, "neither").url).content.decode()
    assert "Counted: you would ship with neither. 0 for Alpha, 0 for Beta, 1 for neither." in page


def test_my_votes_lists_choices(form_client, two):
    send_vote(form_client, "second")
    assert form_client.get("/me/votes/").json() == {"votes": {}, "pairs": [["alpha", "beta", "beta"]]}
    send_vote(form_client, "neither")
    assert form_client.get("/me/votes/").json() == {"votes": {}, "pairs": [["alpha", "beta", None]]}
    send_vote(form_client, "none")
    assert form_client.get("/me/votes/").json() == {"votes": {}, "pairs": []}


@pytest.mark.parametrize("choice", ["", "alpha", "ship", "FIRST", "first ", "0", "<script>"])
def test_other_choices_are_refused(form_client, two, choice):
    assert (send_vote(form_client, choice).status_code, PairVote.objects.count()) == (400, 0)


@pytest.mark.parametrize(
    "pair", ["/compare/alpha-vs-alpha/", "/compare/alpha-vs-draft/", "/compare/alpha-vs-nothing/", "/compare/alpha/"]
)
def test_unknown_pairs_are_404(form_client, two, pair):
    make.tool(slug="draft", published_at=None)
    assert (send_vote(form_client, "first", pair).status_code, PairVote.objects.count()) == (404, 0)


@pytest.mark.parametrize(
    "headers",
    [{}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}],
)
def test_other_sites_cannot_vote(two, headers):
    assert (send_vote(Client(headers=headers), "first").status_code, PairVote.objects.count()) == (403, 0)


def test_former_slugs_work(two):
    two[0].slug = "renamed"
    two[0].save()
    assert send_vote(Client(headers=SAME_ORIGIN), "first").status_code == 303
    assert get_tally(two) == (1, 0, 0)


@pytest.mark.parametrize("fields", [{"choice": "both"}, {"turned": True}, {"shown_first": None}, {"same": True}])
def test_database_refuses_invalid_votes(two, fields):
    first, second = two
    values = {"first": first, "second": second, "choice": "first", "shown_first": first}
    if fields.pop("turned", False):
        values |= {"first": second, "second": first}
    if fields.pop("same", False):
        values |= {"second": first}
    if "shown_first" in fields:
        fields["shown_first"] = make.tool()
    with pytest.raises(IntegrityError), transaction.atomic():
        PairVote.objects.create(visitor="00000000-0000-4000-8000-000000000001", **{**values, **fields})


def test_tally_follows_statements_of_any_size(two):
    other = make.tool()
    make.pair_votes(between=two, first=4, second=2, neither=1)
    make.pair_votes(between=(two[0], other), second=3)
    PairVote.objects.filter(choice="second").update(choice="first")
    PairVote.objects.filter(choice="neither").delete()
    stored = PairTally.objects.order_by("first", "second").values_list(
        "first", "second", "for_first", "for_second", "neither"
    )
    assert list(stored) == count_votes() == [(two[0].pk, two[1].pk, 6, 0, 0), (two[0].pk, other.pk, 3, 0, 0)]


class RandomVotes(TestCase):
    @classmethod
    def setUpTestData(cls):
        """Create what every example starts with, once. Each example is rolled back."""
        for _ in range(4):
            make.tool()

    @given(
        st.lists(
            st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 3), st.sampled_from(PairChoice)), max_size=12
        )
    )
    def test_tally_equals_a_fresh_count(self, votes):
        tools = list(Tool.objects.order_by("pk"))
        assert len(tools) == 4
        last = {}
        for one, two, visitor, choice in votes:
            if one == two:
                continue
            PairVote.objects.cast(
                shown=(tools[one], tools[two]), visitor=f"00000000-0000-4000-8000-00000000000{visitor}", choice=choice
            )
            last[min(one, two), max(one, two), visitor] = choice if one < two else choice.swapped
        stored = PairTally.objects.order_by("first", "second").values_list(
            "first", "second", "for_first", "for_second", "neither"
        )
        assert [row for row in stored if any(row[2:])] == [row for row in count_votes() if any(row[2:])]
        counts = {choice: list(last.values()).count(choice) for choice in PairChoice}
        sums = [sum(row[n] for row in stored) for n in (2, 3, 4)]
        assert sums == [counts[PairChoice.FIRST], counts[PairChoice.SECOND], counts[PairChoice.NEITHER]]


@pytest.mark.parametrize(
    ("numbers", "neither", "figures", "words"),
    [
        ((0, 0, None, None, None), 0, ("—", "—"), "No votes yet"),
        ((0, 0, None, None, None), 2, ("—", "—"), "Nobody has chosen yet; 2 would ship with neither"),
        ((7, 2, 78, 45, 94), 0, ("—", "—"), "7 to 2 so far"),
        ((7, 3, 70, 40, 89), 1, ("70%", "30%"), "10 votes, early: 40–89% for the first; 1 would ship with neither"),
        ((1000, 234, 81, 79, 83), 0, ("81%", "19%"), "1,234 votes"),
    ],
)
def test_figures_and_words_depend_on_the_number_of_votes(numbers, neither, figures, words):
    preference = Preference(*numbers, neither=neither)
    assert (preference.figures, preference.words) == (figures, words)


# -- Within limits ------------------------------------------------------------------------------------------


def cast_vote(two, *, choice=PairChoice.FIRST, visitor=None, address="192.0.2.7"):
    cast_pair(shown=two, visitor=visitor or uuid4(), choice=choice, address=address)


def test_votes_of_one_network_above_the_limit_are_held(two, client, settings):
    settings.VOTES_PER_NETWORK_AND_TOOL = 3
    for _ in range(5):
        cast_vote(two)
    cast_vote(two[::-1], address="192.0.2.200")  # the same network, the same pair
    cast_vote(two, address="192.0.3.1")
    assert get_tally(two) == (4, 0, 0)
    assert PairTally.objects.get().held == 3
    page = client.get(PAIR).content.decode()
    assert ("4 to 0 so far" in page, "3 votes under review" in page) == (True, True)


def test_a_held_vote_stays_held(two, settings):
    settings.VOTES_PER_NETWORK_AND_TOOL = 0
    visitor = uuid4()
    cast_vote(two, visitor=visitor)
    settings.VOTES_PER_NETWORK_AND_TOOL = 10
    for choice in (PairChoice.NONE, PairChoice.SECOND, PairChoice.FIRST):
        cast_vote(two, visitor=visitor, choice=choice, address="198.51.100.1")
    assert (get_tally(two), PairTally.objects.get().held) == ((0, 0, 0), 1)


def test_a_counted_vote_stays_counted_when_it_changes_above_the_limit(two, settings):
    visitor = uuid4()
    cast_vote(two, visitor=visitor)
    settings.VOTES_PER_NETWORK_AND_TOOL = settings.VOTES_PER_NETWORK = 0
    cast_vote(two, visitor=visitor, choice=PairChoice.SECOND)
    assert get_tally(two) == (0, 1, 0)


def test_both_kinds_share_the_network_limit_per_hour(two, settings, form_client):
    settings.VOTES_PER_NETWORK = 1
    form_client.post("/tools/alpha/vote/", {"choice": "ship"})
    send_vote(Client(headers=SAME_ORIGIN), "first")
    assert (get_tally(two), PairTally.objects.get().held) == ((0, 0, 0), 1)


def test_a_burst_from_many_networks_is_held(two, settings):
    settings.BURST_VOTES = 3
    for n in range(5):
        cast_vote(two, address=f"10.0.{n}.1")
    cast_vote((two[0], make.tool()), address="10.1.0.1")
    assert (get_tally(two), PairTally.objects.get(first=two[0], second=two[1]).held) == ((3, 0, 0), 2)
    assert set(PairVote.objects.filter(state="held").values_list("held_for", flat=True)) == {"burst"}


@pytest.mark.parametrize(("hours", "usual"), [(83, 0), (84, 1), (85, 2)])
def test_usual_pair_votes_is_the_median_hour(two, hours, usual):
    now = timezone.now()
    make.pair_votes(between=two, first=2 * hours)
    for n, vote in enumerate(PairVote.objects.all()):
        vote.created_at = now - timedelta(hours=1 + n // 2)
        vote.save()
    with connection.cursor() as cursor:
        cursor.execute("SELECT usual_pair_votes(%s, %s, %s)", [two[0].pk, two[1].pk, now])
        assert cursor.fetchone() == (usual,)


@pytest.mark.parametrize("frozen", [0, 1])
def test_a_freeze_of_either_tool_holds_new_votes(two, frozen):
    early = uuid4()
    cast_vote(two, visitor=early)
    Freeze.objects.create(tool=two[frozen])
    cast_vote(two)
    cast_vote(two, visitor=early, choice=PairChoice.SECOND)
    assert (get_tally(two), PairTally.objects.get().held) == ((0, 1, 0), 1)
    assert PairVote.objects.get(state="held").held_for == "freeze"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "held", "held_for": "pair"}, "Noted: you would ship with Alpha. It is under review and does not"),
        ({"state": "rejected"}, "Noted: you would ship with Alpha. A moderator decided that it does not count."),
    ],
)
def test_held_and_rejected_votes_are_not_called_counted(form_client, two, fields, words):
    send_vote(form_client, "second")
    PairVote.objects.update(**fields)
    answers = [send_vote(form_client, "first", headers={"hx-request": "true"}), form_client.get(f"{PAIR}vote/")]
    assert [words in answer.content.decode() for answer in answers] == [True, True]
    assert ["Counted:" in answer.content.decode() for answer in answers] == [False, False]


def test_replayed_vote_writes_nothing(form_client, two):
    send_vote(form_client, "first")
    before = PairVote.objects.values().get()
    send_vote(form_client, "first")
    assert PairVote.objects.values().get() == before


def test_refused_request_changes_nothing(two, settings, form_client):
    settings.VOTE_REQUESTS_PER_NETWORK = 2
    send_vote(form_client, "first")
    send_vote(form_client, "second")
    refused = send_vote(form_client, "first")
    assert (refused.status_code, 1 <= int(refused.headers["Retry-After"]) <= 3600, get_tally(two)) == (
        429,
        True,
        (0, 1, 0),
    )


def test_verify_tally_repairs_pairs(two):
    other = two[0], make.tool()
    make.pair_votes(between=two, first=3, second=2, neither=1)
    make.pair_votes(between=two, second=4, state="held")
    make.pair_votes(between=two, second=5, state="rejected")
    make.pair_votes(between=other, first=1)
    assert verify_tally() == []
    PairTally.objects.filter(second=two[1]).update(for_first=7, held=0)
    PairTally.objects.filter(second=other[1]).delete()
    wrong = [
        f"tools {two[0].pk} and {two[1].pk}: the tally says 7 first, 2 second, 1 neither, 0 held; "
        "the votes say 3 first, 2 second, 1 neither, 4 held",
        f"tools {two[0].pk} and {other[1].pk}: the tally says 0 first, 0 second, 0 neither, 0 held; "
        "the votes say 1 first, 0 second, 0 neither, 0 held",
    ]
    with pytest.raises(CommandError, match="differs from the votes in 2 places"):
        call_command("verify_tally")
    assert [str(difference) for difference in verify_tally(repair=True)] == wrong
    assert verify_tally() == []
    assert get_tally(two) == (3, 2, 1)
