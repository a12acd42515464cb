"""Sending an issue: once to each reader, regardless of what happens in the meantime."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import OperationalError, connections
from django.utils import timezone

from newsletter import issuing, sending
from newsletter.actions import erase, save_preferences
from newsletter.issuing import IssueActionError
from newsletter.models import Delivery, Issue, IssueState, LeaveReason, Subscriber, Worker
from newsletter.transport import SendResult
from newsletter.worker import MailWorker
from tests import factories as make
from tests.comparisons.contents import make_site
from tests.newsletter.mailserver import mail_server

pytestmark = pytest.mark.django_db


def make_ready_issue() -> Issue:
    """Return an issue that is ready to be sent."""
    pair = make_site()
    issue = make.issue_of_everything()
    issue.state, issue.started_at = IssueState.READY, None
    issue.save()
    issue.refresh_from_db()
    assert issue.content[0]["category_ids"] == [pair.first.category_id]
    return issue


def start_issue(readers: int = 3) -> Issue:
    issue = make_ready_issue()
    for _ in range(readers):
        make.subscriber()
    assert issuing.start(issue=issue) == readers
    return issue


def work() -> None:
    MailWorker().run(until_empty=True)


def count_states() -> dict[str, int]:
    counts: dict[str, int] = {}
    for state in Delivery.objects.order_by("state").values_list("state", flat=True):
        counts[state] = counts.get(state, 0) + 1
    return counts


def get_issue_state() -> str:
    return Issue.objects.get().state


def test_issue_goes_to_confirmed_readers_of_its_categories():
    issue = make_ready_issue()
    about = Issue.objects.get().content[0]["category_ids"][0]
    everything, chosen, other = (make.subscriber(email=f"{name}@example.com") for name in ("all", "chosen", "other"))
    Subscriber.objects.exclude(pk=everything.pk).update(all_categories=False)
    chosen.categories.add(about)
    other.categories.add(make.category())
    make.subscriber(confirmed_at=None)
    make.subscriber(left_at=timezone.now(), left_reason="unsubscribed")
    assert issuing.start(issue=issue) == 2
    assert get_issue_state() == "sending"
    work()
    assert [message.to for message in mail.outbox] == [["all@example.com"], ["chosen@example.com"]]
    assert ["Choose categories" in message.body for message in mail.outbox] == [True, True]
    assert ["some categories" in message.body for message in mail.outbox] == [False, True]
    assert (count_states(), get_issue_state()) == ({"sent": 2}, "sent")


def test_reader_who_changes_categories_gets_no_empty_message():
    issue = make_ready_issue()
    reader, other = make.subscriber(), make.subscriber()
    issuing.start(issue=issue)
    save_preferences(subscriber=reader, everything=False, categories=[make.category()])
    work()
    assert [message.to for message in mail.outbox] == [[other.email]]
    assert list(Delivery.objects.order_by("pk").values_list("state", "reason")) == [
        ("left", "chose other categories before it was sent"), ("sent", ""),
    ]  # fmt: skip
    assert get_issue_state() == "sent"


def test_issue_that_cannot_be_built_waits_until_it_is_fixed(monkeypatch):
    issue = start_issue(3)
    content = Issue.objects.get(pk=issue.pk).content
    Issue.objects.update(content=[{"kind": "nonsense", "category_ids": []}])
    worker, troubles = MailWorker(), []

    def wait(seconds: float) -> None:
        worker._next_heartbeat = 0.0
        if len(troubles) == 2:
            Issue.objects.update(content=content)
        troubles.extend(Worker.objects.values_list("trouble", flat=True))

    monkeypatch.setattr(worker._stopping, "wait", wait)
    worker.run(until_empty=True)
    assert (len(mail.outbox), count_states(), get_issue_state()) == (3, {"sent": 3}, "sent")
    assert troubles[1].startswith("the message cannot be built: ")
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}


def test_subject_names_what_each_reader_gets():
    pair = make_site()
    other = make.comparison(first=make.tool(name="Cee"), second=make.tool(name="Dee"))
    for tool, mark in ((other.first, "ship"), (other.second, "skip")):
        make.review(of=tool, by=make.reviewer(), verdict=mark)
    verdict = "Alpha 0 or Beta 0? Beta 0 leads the panel, 1 to 0."
    issue = issuing.compose_issue(since=make.PAST - timedelta(days=1))
    assert issue.subject == "Cee or Dee? Cee leads the panel, 1 to 0."
    _, chosen = make.subscriber(), make.subscriber()
    save_preferences(subscriber=chosen, everything=False, categories=[pair.first.category])
    issuing.make_ready(issue=issue)
    issuing.start(issue=issue)
    work()
    assert [message.subject for message in mail.outbox] == [
        issue.subject, verdict,
    ]  # fmt: skip
    assert all(message.subject in message.body for message in mail.outbox)
    # A subject does not name what was withdrawn before sending either, unless an editor wrote it.
    for subject, expected in [(issue.subject, verdict), ("Cee wins", "Cee wins")]:
        Delivery.objects.all().delete()
        Issue.objects.update(state="ready", started_at=None, finished_at=None, subject=subject, content=issue.content)
        if subject == issue.subject:
            other.withdraw()
        issuing.start(issue=issue)
        assert Issue.objects.get().subject == expected


def test_each_message_has_its_reader_s_own_unsubscribe_link(client):
    start_issue(2)
    work()
    for message in mail.outbox:
        [link] = set(re.findall(r"http://127.0.0.1:8000(/newsletter/unsubscribe/\S+/)", message.body))
        assert message.extra_headers["List-Unsubscribe"] == f"<http://127.0.0.1:8000{link}>"
        client.post(link, {"List-Unsubscribe": "One-Click"})
        assert Subscriber.objects.get(email=message.to[0]).status == "Unsubscribed"


def test_starting_twice_or_too_early_is_refused():
    issue = start_issue()
    with pytest.raises(IssueActionError, match="not ready to send but being sent"):
        issuing.start(issue=issue)
    assert Delivery.objects.count() == 3
    with pytest.raises(IssueActionError, match="not ready to send but draft"):
        issuing.start(issue=make.issue())


def test_withdrawn_content_is_left_out_and_an_issue_without_news_is_not_sent():
    issue = make_ready_issue()
    flips = [record for record in issue.content if record["kind"] == "flip"]
    pair = issue.content[0]["object"]
    from comparisons.models import Comparison

    Comparison.objects.get(pk=pair).withdraw()
    issuing.start(issue=issue)
    left = Issue.objects.get().content
    assert [record["kind"] for record in left] == ["flip", "watch"]
    assert left[0] == flips[0]
    Issue.objects.update(state="ready", started_at=None)
    Comparison.objects.get(pk=pair).first.withdraw()
    with pytest.raises(IssueActionError, match="Everything new in it has been withdrawn"):
        issuing.start(issue=issue)


def test_reader_who_leaves_during_sending_gets_nothing(monkeypatch):
    start_issue(6)
    left, erased, bounced, *_ = Subscriber.objects.order_by("pk")
    Subscriber.objects.leave(left.pk)
    erase(subscriber=erased.pk)
    # Right before it is begun, when a worker has already claimed it:
    claim = sending.claim

    def claim_and_bounce(**kwargs):
        deliveries = claim(**kwargs)
        Subscriber.objects.filter(pk=bounced.pk).update(left_at=timezone.now(), left_reason=LeaveReason.BOUNCED)
        return deliveries

    monkeypatch.setattr(sending, "claim", claim_and_bounce)
    work()
    assert len(mail.outbox) == 3
    assert {left.email, erased.email, bounced.email} & {message.to[0] for message in mail.outbox} == set()
    assert (count_states(), get_issue_state()) == ({"left": 3, "sent": 3}, "sent")


def test_erasure_removes_the_address_from_replies_of_servers():
    start_issue(1)
    Delivery.objects.update(state="failed", reason="the server replied to RCPT TO: 550 <reader@x.example>")
    erase(subscriber=Subscriber.objects.get().pk)
    assert list(Delivery.objects.values_list("state", "reason", "subscriber")) == [
        ("failed", "erased on request", None)
    ]


def test_pause_takes_effect_before_the_next_message(monkeypatch):
    issue = start_issue(5)
    step = sending.step
    begun = []

    def step_and_pause(**kwargs):
        if kwargs["begin"]:
            begun.append(kwargs["begin"])
            if len(begun) == 3:
                issuing.pause(issue=issue)
        return step(**kwargs)

    monkeypatch.setattr(sending, "step", step_and_pause)
    work()
    assert (len(mail.outbox), count_states(), get_issue_state()) == (2, {"queued": 3, "sent": 2}, "paused")
    work()
    assert len(mail.outbox) == 2
    monkeypatch.setattr(sending, "step", step)
    issuing.resume(issue=issue)
    issuing.pause(issue=issue)
    issuing.resume(issue=issue)
    work()
    assert (count_states(), get_issue_state()) == ({"sent": 5}, "sent")


def test_stopped_issue_is_never_sent():
    issue = start_issue(2)
    with pytest.raises(IssueActionError):
        issuing.stop(issue=issue)
    issuing.pause(issue=issue)
    issuing.stop(issue=issue)
    work()
    assert (mail.outbox, count_states(), get_issue_state()) == ([], {"queued": 2}, "stopped")


def test_delivery_begun_by_a_killed_worker_is_unknown_and_the_rest_is_sent(settings):
    settings.NEWSLETTER_LEASE_SECONDS = 300
    start_issue(4)
    deliveries = sending.claim(worker="killed")
    assert sending.step(worker="killed", done=None, begin=deliveries[0]) is not None
    work()
    assert (mail.outbox, count_states()) == ([], {"queued": 3, "sending": 1})
    Delivery.objects.filter(leased_until_at__isnull=False).update(leased_until_at=timezone.now() - timedelta(seconds=1))
    work()
    assert len(mail.outbox) == 3
    assert (count_states(), get_issue_state()) == ({"sent": 3, "unknown": 1}, "sent")
    assert Delivery.objects.get(state="unknown").reason == (
        "worker killed stopped responding before it recorded the server’s reply"
    )
    # The worker was only slow: its result still counts.
    sending.step(worker="killed", done=(deliveries[0], SendResult("sent")), begin=None)
    assert count_states() == {"sent": 4}


def test_worker_with_an_expired_lease_begins_nothing():
    start_issue(2)
    [first, _] = sending.claim(worker="slow")
    Delivery.objects.update(leased_until_at=timezone.now() - timedelta(seconds=1))
    others = sending.claim(worker="other")
    assert sending.step(worker="slow", done=None, begin=first) is None
    sending.release(worker="slow", deliveries=[first])
    assert [sending.step(worker="other", done=None, begin=delivery) is not None for delivery in others] == [True, True]


def test_editors_resolve_unknown_deliveries():
    issue = start_issue(3)
    one, two, three = Delivery.objects.order_by("pk")
    Delivery.objects.update(state="unknown", reason="who knows")
    sending.complete_issues()
    assert get_issue_state() == "sent"
    assert issuing.count_as_sent(deliveries=[one.pk]) == 1
    assert issuing.send_again(deliveries=[one.pk, two.pk]) == 1
    assert get_issue_state() == "sending"
    work()
    assert [message.to[0] for message in mail.outbox] == [two.subscriber.email]
    assert (count_states(), get_issue_state()) == ({"sent": 2, "unknown": 1}, "sent")
    Issue.objects.filter(pk=issue.pk).update(state="stopped")
    assert issuing.send_again(deliveries=[three.pk]) == 0


def test_temporary_permanent_and_unknown_failures_end_in_the_right_state(settings):
    settings.NEWSLETTER_RETRY_SECONDS = 0
    start_issue(40)
    addresses = list(Subscriber.objects.order_by("pk").values_list("email", flat=True))
    later, gone, lost, spam = addresses[0], addresses[1], addresses[2], addresses[3]
    asked = []

    def rcpt(address):
        asked.append(address)
        if address == later and asked.count(later) < 3:
            return "451 later"
        return "550 gone" if address == gone else None

    with mail_server() as (server, mailers):
        settings.MAILERS = mailers
        server.replies |= {"rcpt": rcpt, "data": {lost: "drop-after", spam: "554 spam"}.get}
        work()
    assert (count_states(), get_issue_state()) == ({"failed": 2, "sent": 37, "unknown": 1}, "sent")
    assert server.recipients[later] == 1
    assert Delivery.objects.get(subscriber__email=later).attempts == 3
    assert Subscriber.objects.get(email=gone).status == "Mail bounced"
    assert Subscriber.objects.get(email=spam).status == "Confirmed"
    assert set(server.recipients.values()) == {1}
    ids = [message["Message-ID"] for message in server.messages]
    assert len(set(ids)) == len(ids) == 38


def test_temporary_failures_are_retried_up_to_the_limit(settings):
    settings.NEWSLETTER_RETRY_SECONDS, settings.NEWSLETTER_MAX_ATTEMPTS = 0, 4
    start_issue(1)
    with mail_server() as (server, mailers):
        settings.MAILERS = mailers
        server.replies["rcpt"] = lambda address: "451 later"
        work()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("failed", 4)
    assert delivery.reason == "the server replied to RCPT TO: 451 later"


def test_lost_database_connection_loses_no_message_and_sends_none_twice(monkeypatch):
    """The connection breaks before and after the statement that begins a delivery."""
    start_issue(6)
    step, broken = sending.step, []

    def break_off(**kwargs):
        if kwargs["begin"] and len(broken) < 4:
            broken.append(kwargs["begin"])
            if len(broken) % 2:
                step(**kwargs)
            raise OperationalError("the connection is lost")
        return step(**kwargs)

    worker = MailWorker()
    monkeypatch.setattr(sending, "step", break_off)
    monkeypatch.setattr(worker._stopping, "wait", lambda seconds: None)
    monkeypatch.setattr(connections["default"], "close", lambda: None)
    worker.run(until_empty=True)
    assert len({message.to[0] for message in mail.outbox}) == len(mail.outbox) == 6
    assert (count_states(), set(Delivery.objects.values_list("attempts", flat=True))) == ({"sent": 6}, {1})


def test_workers_share_one_rate_limit(settings):
    settings.NEWSLETTER_MAILS_PER_SECOND = 10
    waits = [sending.reserve_time(20) for _ in range(3)]
    assert waits == pytest.approx([0, 2, 4], abs=0.2)


def test_delivery_takes_one_statement(django_assert_num_queries):
    start_issue(30)
    deliveries = sending.claim(worker="one")
    assert len(deliveries) == 30
    done = None
    for number, current in enumerate(deliveries):
        with django_assert_num_queries(1):
            sending.step(worker="one", done=done, begin=current)
        done = (current, SendResult("sent"))
        assert number < 30
    assert count_states() == {"sending": 1, "sent": 29}


def test_stopping_worker_releases_what_it_has_claimed(monkeypatch):
    start_issue(5)
    worker = MailWorker()
    send = worker._transport.send
    monkeypatch.setattr(worker._transport, "send", lambda message: (worker.stop(), send(message))[1])
    worker.run()
    assert (len(mail.outbox), count_states()) == (1, {"queued": 4, "sent": 1})
    assert list(Delivery.objects.filter(state="queued").values_list("leased_until_at", "attempts")) == [(None, 0)] * 4


def test_test_message_goes_only_to_the_editor():
    issue = make_ready_issue()
    make.subscriber()
    issuing.queue_test(issue=issue, email="editor@example.com", by=1)
    work()
    [message] = mail.outbox
    assert (message.to, message.subject) == (["editor@example.com"], f"[Test] {issue.subject}")
    assert "List-Unsubscribe" not in message.extra_headers
    assert Delivery.objects.count() == 0
