"""Moderating votes on tools at the desk."""

import re
import uuid
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests import factories as make
from tests.desk.moderating import get_words, send_decision
from tests.votes.helpers import get_counts
from votes.models import Decision, Freeze, HeldFor, Vote, VoteState
from votes.verifying import verify_tally

pytestmark = pytest.mark.django_db
QUEUE = "/admin/votes/vote/"
HELD = {"state": VoteState.HELD, "held_for": HeldFor.TOOL}
NOON = datetime.fromisoformat("2026-11-01T12:00:00+00:00")


@pytest.fixture
def moderator() -> Client:
    client = Client()
    client.force_login(make.user("votes.moderate_vote", "votes.freeze_tool", username="mo"))
    return client


def get_path(tool) -> str:
    return f"{QUEUE}tool/{tool.pk}/"


def decide(client: Client, tool, action: str = "release", **fields):
    return send_decision(client, get_path(tool), action, **fields)


def test_queue_orders_by_held_votes(moderator):
    few, many, calm, frozen = (make.tool(name=name) for name in ("Few", "Many", "Calm", "Frozen"))
    make.votes(on=few, ship=1, skip=1, **HELD)
    make.votes(on=many, ship=3, **HELD)
    make.votes(on=calm, ship=3)
    Freeze.objects.create(tool=frozen)
    rows = re.findall(
        r'<tr><th scope="row"><a href="[^"]*">(.*?)</a></th><td class="number">(\d+)<',
        moderator.get(QUEUE).content.decode(),
    )
    assert rows == [("Many", "3"), ("Few", "2"), ("Frozen", "0")]
    assert "Calm" in get_words(moderator.get(QUEUE, {"q": "cal"}))


def test_queue_without_held_votes(moderator):
    assert "No votes are held, and no tool is frozen." in get_words(moderator.get(QUEUE))


def test_held_votes_are_grouped_by_hour_and_network(moderator):
    tool, network = make.tool(name="Alpha"), uuid.uuid4()
    make.votes(on=tool, ship=4, skip=1, network=network, created_at=NOON, **HELD)
    make.votes(on=tool, ship=2, network=network, created_at=NOON + timedelta(hours=1), **HELD)
    page = moderator.get(get_path(tool)).content.decode()
    assert re.findall(r'<th scope="rowgroup" colspan="6">(.*?)</th>', page) == [
        "Nov 1, 2026, 13:00 UTC",
        "Nov 1, 2026, 12:00 UTC",
    ]
    assert page.count(f"<code>{network.hex[:8]}</code>") == 2
    assert HeldFor.TOOL.label in page
    assert re.findall(r'value="([0-9a-f.]+)" id="group-', page) == [
        f"{int(NOON.timestamp()) + 3600 * n}.{network.hex}" for n in (1, 0)
    ]


def test_chart_and_table_show_votes_over_time(moderator):
    tool = make.tool()
    make.votes(on=tool, ship=3, created_at=timezone.now() - timedelta(hours=2))
    make.votes(on=tool, ship=1, created_at=timezone.now() - timedelta(hours=2), **HELD)
    make.votes(on=tool, ship=9, created_at=timezone.now() - timedelta(days=2))
    page = moderator.get(get_path(tool), {"days": "1"}).content.decode()
    assert page.count('<rect class="bars__') == 3 + 2
    assert 'viewBox="0 0 240 100"' in page
    assert "up to 4 per hour" in page
    assert page.count('</th><td class="number">3</td><td class="number">0</td><td class="number">1</td>') == 1
    assert moderator.get(get_path(tool), {"days": "99"}).content.decode().count('viewBox="0 0 1680 100"') == 1


def test_release_and_reject_in_bulk(moderator):
    tool = make.tool(name="Alpha")
    make.votes(on=tool, ship=4, skip=2, **HELD)
    assert "Released: 6 votes on Alpha." in get_words(decide(moderator, tool, reason="office"))
    make.votes(on=tool, ship=5, **HELD)
    assert "Rejected: 5 votes on Alpha." in get_words(decide(moderator, tool, "reject", reason="flood"))
    assert get_counts(tool) == (4, 2, 0)
    assert list(Decision.objects.values_list("action", "reason", "votes", "by_name")) == [
        ("reject", "flood", 5, "mo"),
        ("release", "office", 6, "mo"),
    ]
    assert "Nothing left to decide" in get_words(decide(moderator, tool))
    assert verify_tally() == []


def test_only_selected_groups_are_decided(moderator):
    tool = make.tool()
    for n in range(3):
        make.votes(on=tool, ship=1, created_at=NOON + timedelta(hours=n), **HELD)
    key = f"{int(NOON.timestamp())}."
    decide(moderator, tool, scope="chosen", groups=[key])
    assert get_counts(tool) == (1, 0, 2)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"words": ""}, "This field is required."),
        ({"words": "x" * 501}, "at most 500 characters"),
        ({"action": "delete"}, "Select a valid choice."),
        ({"action": "reject", "reason": "office"}, "Votes can be rejected for: Network flood, Script"),
        ({"action": "release", "reason": "flood"}, "Votes can be released for: Shared office"),
        ({"scope": "chosen"}, "Select the groups to decide, or choose all."),
        ({"scope": "chosen", "groups": ["nonsense"]}, "An unknown group was selected."),
        ({"until": "yesterday"}, "Enter a valid date/time."),
    ],
)
def test_invalid_decision_moves_nothing(moderator, fields, message):
    tool = make.tool()
    make.votes(on=tool, ship=1, **HELD)
    response = decide(moderator, tool, **fields)
    assert (response.status_code, get_counts(tool), Decision.objects.count()) == (422, (0, 0, 1), 0)
    assert message in get_words(response)


def test_selection_survives_an_invalid_form(moderator):
    tool, key = make.tool(), f"{int(NOON.timestamp())}."
    make.votes(on=tool, ship=1, created_at=NOON, **HELD)
    page = decide(moderator, tool, scope="chosen", groups=[key], words="").content.decode()
    assert f'value="{key}" id="group-1" checked' in page


def test_decision_can_be_taken_back(moderator):
    tool = make.tool()
    make.votes(on=tool, ship=2, **HELD)
    decide(moderator, tool, "reject")
    path = f"{get_path(tool)}reopen/{Decision.objects.get().pk}/"
    assert path in moderator.get(get_path(tool)).content.decode()
    assert "Give a reason in one sentence" in get_words(moderator.post(path, {"words": ""}, follow=True))
    assert "Back under review: 2 votes." in get_words(moderator.post(path, {"words": "A mistake."}, follow=True))
    assert get_counts(tool) == (0, 0, 2)
    assert path not in moderator.get(get_path(tool)).content.decode()


def test_no_reason_of_a_freeze_is_preselected(moderator):
    tool = make.tool()
    page = moderator.get(get_path(tool)).content.decode()
    assert re.findall(r'<option value="([^"]*)" selected>|<option value="([^"]*)">Choose one', page) == [("", "")]
    response = moderator.post(f"{get_path(tool)}freeze/", {"frozen": "1", "reason": "", "words": "A flood."})
    assert (response.status_code, Decision.objects.count()) == (422, 0)


def test_freeze_and_unfreeze(moderator):
    tool = make.tool(name="Alpha")
    path = f"{get_path(tool)}freeze/"
    assert moderator.post(path, {"frozen": "1", "reason": "flood", "words": ""}).status_code == 422
    responses = [
        get_words(moderator.post(path, {"frozen": frozen, "reason": "flood", "words": "A flood."}, follow=True))
        for frozen in "1100"
    ]
    messages = [
        "Frozen: new votes on Alpha are held, and its pages say so.",
        "No change: voting was already frozen.",
        "New votes on Alpha count again. Votes held during the freeze are listed below.",
        "No change: voting was already open.",
    ]
    assert [message in response for message, response in zip(messages, responses, strict=True)] == [True] * 4
    assert list(Decision.objects.values_list("action", flat=True)) == ["thaw", "freeze"]


@pytest.mark.parametrize(
    ("permissions", "statuses"),
    [
        ((), [403, 403, 403, 403, 403, 403]),
        (("votes.moderate_vote",), [200, 200, 302, 403, 302, 200]),
        (("votes.freeze_tool",), [200, 200, 403, 302, 403, 200]),
        (("tools.publish_tool",), [403, 403, 403, 403, 403, 403]),
    ],
)
def test_permissions(permissions, statuses):
    client, tool = Client(), make.tool()
    client.force_login(make.user(*permissions))
    make.votes(on=tool, ship=1, **HELD)
    decision = Decision.objects.create(
        tool=tool, tool_name="x", action="reject", reason="other", words="x", made_at=timezone.now(),
        votes=0, yes=0, no=0, networks=0,
    )  # fmt: skip
    form = {"action": "release", "scope": "all", "reason": "other", "words": "x", "until": timezone.now().isoformat()}
    answers = [
        client.get(QUEUE),
        client.get(get_path(tool)),
        client.post(f"{get_path(tool)}decide/", form),
        client.post(f"{get_path(tool)}freeze/", {"frozen": "1", "reason": "other", "words": "x"}),
        client.post(f"{get_path(tool)}reopen/{decision.pk}/", {"words": "x"}),
        client.get("/admin/votes/decision/"),
    ]
    assert [answer.status_code for answer in answers] == statuses


def test_anonymous_users_are_sent_to_sign_in(client):
    tool = make.tool()
    for path in (QUEUE, get_path(tool), "/admin/votes/decision/"):
        assert client.get(path).headers["Location"].startswith("/admin/login/")


def test_log_is_read_only(moderator):
    for path in ("/admin/votes/decision/add/", "/admin/votes/vote/add/"):
        assert moderator.get(path).status_code in (403, 404)
    assert moderator.get("/admin/votes/decision/").status_code == 200


def test_unknown_tool_is_404(moderator):
    assert moderator.get(f"{QUEUE}tool/999999/").status_code == 404
    assert moderator.post(f"{get_path(make.tool())}reopen/999999/", {"words": "x"}).status_code == 404


@pytest.mark.parametrize("things", [1, 3])
def test_queries_are_constant(moderator, things, django_assert_num_queries):
    tools = [make.tool() for _ in range(things)]
    for tool in tools:
        for n in range(things):
            make.votes(on=tool, ship=1, created_at=timezone.now() - timedelta(hours=n), network=uuid.uuid4(), **HELD)
    for _ in range(things):
        Decision.objects.create(
            tool=tools[0], tool_name="x", action="reject", reason="other", words="x", made_at=timezone.now(),
            votes=0, yes=0, no=0, networks=0,
        )  # fmt: skip
    with django_assert_num_queries(7):
        moderator.get(QUEUE)
    with django_assert_num_queries(9):
        moderator.get(get_path(tools[0]))


def test_groups_are_paged(moderator, monkeypatch):
    monkeypatch.setattr("desk.admin.held_votes.GROUPS_PER_PAGE", 2)
    tool = make.tool()
    for n in range(3):
        make.votes(on=tool, ship=1, created_at=NOON - timedelta(hours=n), **HELD)
    pages = [moderator.get(get_path(tool), {"page": page}).content.decode() for page in (1, 2)]
    assert [page.count('id="group-') for page in pages] == [2, 1]


def test_public_pages_follow_decisions(client, moderator):
    tool = make.tool(slug="alpha")
    make.votes(on=tool, ship=3, **HELD)
    assert "3 votes under review" in client.get("/tools/alpha/").content.decode()
    assert client.get("/tools/alpha.json").json()["community"]["held"] == 3
    decide(moderator, tool, "reject", reason="script")
    assert "under review" not in get_words(client.get("/tools/alpha/"))
    assert Vote.objects.filter(state=VoteState.REJECTED).count() == 3
