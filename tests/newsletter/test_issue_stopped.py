"""What becomes of a stopped issue: its news is news again, its readers can be reached, and nobody gets it twice."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from newsletter import issuing, pieces, writing
from newsletter.content import parse_items, parse_pieces
from newsletter.models import Delivery, Issue
from newsletter.worker import MailWorker
from tests import factories as make
from tests.newsletter.editors import ALL, act, client_with, get_address, make_draft_issue

pytestmark = pytest.mark.django_db


def work() -> list[tuple[str, str]]:
    """Send what is queued, and return (reader, subject) of each message."""
    mail.outbox.clear()
    MailWorker().run(until_empty=True)
    return sorted((message.to[0], message.subject) for message in mail.outbox)


def send(issue: Issue) -> None:
    issuing.make_ready(issue=issue)
    issuing.start(issue=issue)


def stop_halfway() -> tuple[Issue, list[str]]:
    """Return an issue that reached the first two of five readers, the second one perhaps, and the readers."""
    issue = make_draft_issue()
    readers = [make.subscriber().email for _ in range(5)]
    send(issue)
    for delivery, state in zip(Delivery.objects.order_by("pk"), ("sent", "unknown"), strict=False):
        Delivery.objects.filter(pk=delivery.pk).update(state=state, reason="who knows", finished_at=timezone.now())
    issuing.pause(issue=issue)
    issuing.stop(issue=issue)
    return issue, readers


def test_news_of_a_stopped_issue_goes_to_those_who_have_not_got_it():
    stopped, readers = stop_halfway()
    composed = issuing.compose_issue()
    assert [item.key for item in parse_items(composed.content)] == [item.key for item in parse_items(stopped.content)]
    shown = client_with(*ALL).get(get_address(composed, "preview"), {"had": [stopped.pk]}).text
    assert "Such a reader gets no mail" in shown
    send(composed)
    subject = composed.subject
    assert work() == sorted((reader, subject) for reader in readers[2:])
    skipped = Delivery.objects.filter(issue=composed, state="left").values_list("subscriber__email", "reason")
    assert sorted(skipped) == sorted((reader, "got its news earlier") for reader in readers[:2])


def test_those_who_have_it_get_only_what_is_new_since():
    stopped, readers = stop_halfway()
    new = make.comparison(first=make.tool(name="Cee"), second=make.tool(name="Dee"), published_at=timezone.now())
    composed = issuing.compose_issue()
    shown = client_with(*ALL).get(get_address(composed, "preview"), {"had": [stopped.pk], "part": "text"}).text
    assert ("Cee vs Dee" in shown, "flipped" in shown, "Such a reader gets no mail" in shown) == (True, False, False)
    send(composed)
    assert work() == sorted(
        [(reader, "Cee vs Dee") for reader in readers[:2]] + [(reader, composed.subject) for reader in readers[2:]]
    )
    bodies = {message.to[0]: message.body for message in mail.outbox}
    address = f"{new.get_absolute_url()}"
    assert [("flipped" in bodies[reader], address in bodies[reader]) for reader in readers] == [
        (False, True), (False, True), (True, True), (True, True), (True, True),
    ]  # fmt: skip


def test_news_of_a_stopped_issue_counts_though_its_time_has_passed(time_machine):
    stopped, _ = stop_halfway()
    time_machine.move_to(timezone.now() + timedelta(days=30))
    assert issuing.compose_issue().since_at == stopped.since_at


def test_stopped_issue_is_sent_to_the_readers_it_has_not_reached_and_to_nobody_else():
    stopped, readers = stop_halfway()
    client = client_with(*ALL)
    form = client.get(get_address(stopped)).text
    assert f'?issue__id__exact={stopped.pk}&amp;state__exact=queued">3 readers</a>' in form
    listed = client.get(f"/admin/newsletter/delivery/?issue__id__exact={stopped.pk}&state__exact=queued").text
    assert [reader in listed for reader in readers] == [False, False, True, True, True]
    assert "3 readers it has not reached." in client.get(f"{get_address(stopped, 'reopen')}now/").text
    assert "It goes out to the readers it has not reached." in act(client, stopped, "reopen")
    assert work() == sorted((reader, stopped.subject) for reader in readers[2:])
    assert issuing.compose_issue() is None  # it is told now
    assert "is not stopped but sent" in act(client, stopped, "reopen")


def test_stopped_issue_stays_stopped_once_another_one_tells_its_news():
    stopped, _ = stop_halfway()
    send(issuing.compose_issue())
    page = act(client_with(*ALL), stopped, "reopen")
    assert "Issue 2 has its news for everyone who has not got them with Issue 1." in page
    stopped.refresh_from_db()
    assert stopped.state == "stopped"


def test_draft_with_the_news_of_a_stopped_issue_tells_nobody_twice_if_that_is_sent_after_all():
    stopped, readers = stop_halfway()
    draft = issuing.compose_issue()
    issuing.reopen(issue=stopped)
    assert [reader for reader, _ in work()] == sorted(readers[2:])
    late = make.subscriber()
    send(draft)
    assert work() == [(late.email, draft.subject)]


def test_copy_of_a_stopped_issue_goes_to_those_who_have_not_got_it():
    stopped, readers = stop_halfway()
    client = client_with(*ALL)
    client.post(get_address(stopped, "duplicate"))
    copy = Issue.objects.get(state="draft")
    assert [item.words for item in parse_items(copy.content)] == [item.words for item in parse_items(stopped.content)]
    issuing.edit(issue=copy, subject="Corrected", lead="We were wrong.")
    send(copy)
    assert work() == sorted((reader, "Corrected") for reader in readers[2:])


def test_copy_of_an_issue_waits_while_that_is_going_out_and_then_tells_nobody_twice():
    issue = make_draft_issue()
    first = make.subscriber()
    send(issue)
    copy = writing.duplicate(issue=issue)
    key = parse_pieces(copy.content)[0].key
    writing.change_pieces(issue=copy, how=lambda listed: pieces.put_back(listed, key))
    issuing.edit(issue=copy, subject="Again", lead="")
    issuing.make_ready(issue=copy)
    for state in ("sending", "paused"):
        Issue.objects.filter(pk=issue.pk).update(state=state)
        with pytest.raises(issuing.IssueActionError, match="Issue 1 is still going out with some of its news"):
            issuing.start(issue=copy)
    issuing.resume(issue=issue)
    assert [reader for reader, _ in work()] == [first.email]
    late = make.subscriber()
    issuing.start(issue=copy)
    # An editor lets the first one go to its reader again, which is in the queue when the copy is sent.
    Delivery.objects.filter(issue=issue).update(state="unknown", reason="who knows")
    issuing.send_again(deliveries=Delivery.objects.values_list("pk", flat=True).filter(issue=issue))
    assert work() == sorted([(first.email, issue.subject), (late.email, "Again")])


def test_form_shows_how_far_an_issue_has_come(time_machine):
    time_machine.move_to("2026-03-01T12:00Z", tick=False)
    issue = make_draft_issue()
    for _ in range(40):
        make.subscriber()
    send(issue)
    sent = Delivery.objects.filter(pk__in=Delivery.objects.order_by("pk")[:10])
    sent.update(state="sent", finished_at=timezone.now() - timedelta(seconds=30))
    client = client_with(*ALL)
    url = get_address(issue, "progress")
    page = client.get(get_address(issue)).text
    part = client.get(url, headers={"HX-Request": "true"}).text
    for shown in (page, part):
        assert "Sent 10 of 40 · failed 0 · unknown 0 · left before sending 0 · waiting 30" in shown
        assert "20 per minute, about two minutes left" in shown
        assert shown.count(f'hx-get="{url}"') == 1
        assert 'class="bars__sent" x="0.00" y="1" width="25.00"' in shown
    assert client.get(url).headers["Location"] == get_address(issue)
    assert Client().get(url, headers={"HX-Request": "true"}).status_code == 403  # not the sign-in page
    assert Client().get(url).status_code == 302
    issuing.pause(issue=issue)
    answer = client.get(url, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")
    assert "hx-get" not in client.get(get_address(issue)).text
