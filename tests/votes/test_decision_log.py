"""The public log of moderators' decisions."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from lxml import etree

from tests import factories as make
from votes.deciding import decide, freeze, reopen
from votes.decision_log import COLUMNS
from votes.forms import ReasonForm
from votes.models import Action, Decision, VoteState
from votes.subjects import Subject

pytestmark = pytest.mark.django_db
HELD = {"state": VoteState.HELD, "held_for": "burst"}
SECRET = "Ask Mo Malone"


@pytest.fixture(autouse=True)
def _one_day(time_machine):
    time_machine.move_to("2026-11-03 12:00Z", tick=False)


def read_log(client, path="/moderation/", **query):
    """Return the entries of the log as text."""
    page = client.get(path, query).content.decode()
    entries = re.findall(r'<li id="decision-\d+">(.*?)</li>', page, re.S)
    return [" ".join(re.sub(r"<[^>]*>", " ", entry).split()).replace(" :", ":") for entry in entries]


def make_log():
    """Return two tools, and let a moderator decide about votes on both, and between them."""
    alpha, beta = make.tool(slug="alpha", name="Alpha"), make.tool(slug="beta", name="Beta")
    mo, now = make.user(username="mo-malone"), timezone.now()
    network = "12345678-1234-4234-8234-123456789abc"
    make.votes(on=alpha, ship=3, skip=1, network=network, created_at=now - timedelta(days=2), **HELD)
    make.votes(on=alpha, ship=2, created_at=now, **HELD)
    make.pair_votes(between=(alpha, beta), first=2, neither=1, created_at=now, **HELD)
    shared = {"groups": None, "until": now, "by": mo}
    decide(subject=Subject.of_tool(alpha), action=Action.REJECT, reason="flood", words="A script.", **shared)
    reopen(subject=Subject.of_tool(alpha), decision=Decision.objects.get(), words="Too early.", by=mo)
    freeze(tool=beta, frozen=True, reason="flood", words="A raid.", by=mo)
    decide(subject=Subject.of_pair(alpha, beta), action=Action.RELEASE, reason="crowd", words="A launch.", **shared)
    return alpha, beta


def test_log_says_what_was_decided_about_what_and_why(client):
    make_log()
    assert read_log(client) == [
        "Released No. 4, 12:00 UTC Alpha vs Beta: 3 votes, cast Nov 3, 2026: 2 for Alpha, 1 for neither"
        " or taken back Real visitors, many at once: “A launch.”",
        "Frozen No. 3, 12:00 UTC Beta Network flood: “A raid.”",
        "Back under review No. 2, 12:00 UTC Alpha: 6 votes from 1 network, cast Nov 1, 2026 to Nov 3, 2026: 5 ship,"
        " 1 skip Other: “Too early.” Takes back no. 1.",
        "Rejected No. 1, 12:00 UTC Alpha: 6 votes from 1 network, cast Nov 1, 2026 to Nov 3, 2026: 5 ship, 1 skip"
        " Network flood: “A script.”",
    ]
    assert len(read_log(client, tool="beta")) == 2
    assert client.get("/moderation/", {"tool": "gone"}).status_code == 404
    assert client.get("/moderation/", {"tool": "x" * 500}).status_code == 404
    assert '<a href="/moderation/?tool=alpha">' in client.get("/tools/alpha/votes/").content.decode()


def test_log_names_nobody_and_no_network(client):
    alpha, _ = make_log()
    make.decision(on=alpha, words=SECRET, has_public_words=False)
    for path in ("/moderation/", "/export/moderation.csv", "/feeds/moderation.xml"):
        body = client.get(path).getvalue().decode()
        assert "Alpha" in body or "alpha" in body
        for hidden in ("malone", SECRET, "12345678"):
            assert hidden not in body


def test_tool_that_is_not_public_is_not_named(client):
    alpha, _ = make_log()
    alpha.withdrawn_at = timezone.now()
    alpha.save()
    make.decision(on=None, first_id=10**9, second_id=10**9 + 1)  # tools that are gone
    log = read_log(client)
    assert [len(log), sum("Alpha" in entry for entry in log)] == [5, 0]
    assert "Two tools that are not both public: 3 votes, cast Nov 3, 2026: 2 for the first" in log[1]
    assert "A tool that is no longer public: 6 votes" in log[4]
    assert "lpha" not in client.get("/export/moderation.csv").getvalue().decode()
    assert "lpha" not in client.get("/feeds/moderation.xml").content.decode()


def test_csv_has_every_decision_with_numbers_that_never_change(client):
    make_log()
    rows = list(csv.DictReader(io.StringIO(client.get("/export/moderation.csv").getvalue().decode())))
    assert [row["number"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[1] == dict(zip(COLUMNS, (
        "2", "2026-11-03T12:00:00+00:00", "reopen", "other", "Too early.", "alpha", "", "", "6", "5", "1", "1",
        "2026-11-01", "2026-11-03", "1",
    ), strict=True))  # fmt: skip
    assert (rows[2]["tool"], rows[2]["votes"], rows[2]["cast_from"]) == ("beta", "0", "")
    assert (rows[3]["tool"], rows[3]["first"], rows[3]["second"]) == ("", "alpha", "beta")


def test_feed_is_valid_and_each_entry_leads_to_its_decision(client):
    schema = etree.RelaxNG(file=settings.BASE_DIR / "tests" / "schemas" / "atom.rng")
    schema.assertValid(etree.fromstring(client.get("/feeds/moderation.xml").content))
    make_log()
    feed = etree.fromstring(client.get("/feeds/moderation.xml").content)
    schema.assertValid(feed)
    entries = feed.findall("{*}entry")
    titles = ["Released: Alpha vs Beta", "Frozen: Beta", "Back under review: Alpha", "Rejected: Alpha"]
    assert [entry.findtext("{*}title") for entry in entries] == titles
    page = client.get("/moderation/").content.decode()
    anchors = re.findall(r'<li id="(decision-\d+)">', page)
    links = [entry.find("{*}link").get("href") for entry in entries]
    assert links == [f"{settings.SITE_URL}/moderation/#{anchor}" for anchor in anchors]


def test_log_is_paged(client, monkeypatch):
    monkeypatch.setattr("votes.views.log.DECISIONS_PER_PAGE", 3)
    make_log()
    assert [entry.split(",")[0] for entry in read_log(client, page=2)] == ["Rejected No. 1"]


@pytest.mark.parametrize(("words", "is_refused"), [
    ("See mo@example.com.", True), ("All from 198.51.100.7", True), ("All from 198.51.100.0/24", True),
    ("From 2001:db8:85a3:12::", True), ("Network 3f9a01bc did it", True), ("Twelve votes at 12:30, all alike.", False),
    ("One script, version 1.2.3, on 2026-11-03.", False), ("A dead beef, 12345678 times.", False),
])  # fmt: skip
def test_reason_that_readers_see_holds_no_address(words, is_refused):
    assert bool(ReasonForm({"words": words}).errors) == is_refused
