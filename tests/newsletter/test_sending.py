"""An issue goes out: once to each who is to have it, whatever happens meanwhile."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import OperationalError, connections
from django.utils import timezone

from newsletter import issuing, sending
from newsletter.actions import erase, prefer
from newsletter.issuing import NotNowError
from newsletter.models import Delivery, Issue, IssueState, Leaving, Subscriber, Worker
from newsletter.transport import Outcome
from newsletter.worker import Post
from tests import factories as make
from tests.comparisons.contents import make_site
from tests.newsletter.mailserver import mail_server

pytestmark = pytest.mark.django_db


def ready(**fields) -> Issue:
    """An issue that can go out, about two categories."""
    pair = make_site()
    issue = make.issue_of_everything()
    issue.state, issue.started_at = IssueState.READY, None
    issue.save()
    issue.refresh_from_db()
    assert issue.content[0]["category_ids"] == [pair.first.category_id]
    return issue


def started(readers: int = 3) -> Issue:
    issue = ready()
    for _ in range(readers):
        make.subscriber()
    assert issuing.start(issue=issue) == readers
    return issue


def work() -> None:
    Post().run(until_empty=True)


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Delivery.objects.order_by("state").values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def issue_state() -> str:
    return Issue.objects.get().state


def test_issue_goes_to_everybody_who_is_to_have_it():
    issue = ready()
    about = Issue.objects.get().content[0]["category_ids"][0]
    everything, chosen, other = (make.subscriber(email=f"{name}@example.com") for name in ("all", "chosen", "other"))
    Subscriber.objects.exclude(pk=everything.pk).update(all_categories=False)
    chosen.categories.add(about)
    other.categories.add(make.category())
    make.subscriber(confirmed_at=None)
    make.subscriber(left_at=timezone.now(), left_reason="unsubscribed")
    assert issuing.start(issue=issue) == 2
    assert issue_state() == "sending"
    work()
    assert [message.to for message in mail.outbox] == [["all@example.com"], ["chosen@example.com"]]
    assert ["Choose categories" in message.body for message in mail.outbox] == [True, True]
    assert ["some categories" in message.body for message in mail.outbox] == [False, True]
    assert (states(), issue_state()) == ({"sent": 2}, "sent")


def test_reader_who_chooses_anew_meanwhile_gets_no_empty_mail():
    issue = ready()
    reader, other = make.subscriber(), make.subscriber()
    issuing.start(issue=issue)
    prefer(subscriber=reader, everything=False, categories=[make.category()])
    work()
    assert [message.to for message in mail.outbox] == [[other.email]]
    assert list(Delivery.objects.order_by("pk").values_list("state", "reason")) == [
        ("left", "chose other categories before it was sent"), ("sent", ""),
    ]  # fmt: skip
    assert issue_state() == "sent"


def test_issue_that_cannot_be_written_waits_for_somebody_who_mends_it(monkeypatch):
    issue = started(3)
    content = Issue.objects.get(pk=issue.pk).content
    Issue.objects.update(content=[{"kind": "nonsense", "category_ids": []}])
    post, said = Post(), []

    def wait(seconds: float) -> None:
        post._next_beat = 0.0
        if len(said) == 2:
            Issue.objects.update(content=content)
        said.extend(Worker.objects.values_list("trouble", flat=True))

    monkeypatch.setattr(post._stopping, "wait", wait)
    post.run(until_empty=True)
    assert (len(mail.outbox), states(), issue_state()) == (3, {"sent": 3}, "sent")
    assert said[1].startswith("it cannot be written: ")
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}


def test_issue_is_called_after_what_is_in_it_for_each_reader():
    pair = make_site()
    other = make.comparison(first=make.tool(name="Cee"), second=make.tool(name="Dee"))
    issue = issuing.compose_issue(since=make.PAST - timedelta(days=1))
    assert issue.subject == "Cee vs Dee, and two more verdicts"
    _, chosen = make.subscriber(), make.subscriber()
    prefer(subscriber=chosen, everything=False, categories=[pair.first.category])
    issuing.make_ready(issue=issue)
    issuing.start(issue=issue)
    work()
    assert [message.subject for message in mail.outbox] == [
        issue.subject, "Alpha 0 vs Beta 0, and one more verdict",
    ]  # fmt: skip
    assert all(message.subject in message.body for message in mail.outbox)
    # What is withdrawn before it goes out is not in its name either; an editor's own words stay.
    for said, called in [(issue.subject, "Alpha 0 vs Beta 0, and one more verdict"), ("Cee wins", "Cee wins")]:
        Delivery.objects.all().delete()
        Issue.objects.update(state="ready", started_at=None, finished_at=None, subject=said, content=issue.content)
        if said == issue.subject:
            other.withdraw()
        issuing.start(issue=issue)
        assert Issue.objects.get().subject == called


def test_each_mail_has_its_reader_s_own_way_out(client):
    started(2)
    work()
    for message in mail.outbox:
        [link] = set(re.findall(r"http://127.0.0.1:8000(/newsletter/unsubscribe/\S+/)", message.body))
        assert message.extra_headers["List-Unsubscribe"] == f"<http://127.0.0.1:8000{link}>"
        client.post(link, {"List-Unsubscribe": "One-Click"})
        assert Subscriber.objects.get(email=message.to[0]).standing == "Unsubscribed"


def test_starting_twice_or_too_early_is_refused():
    issue = started()
    with pytest.raises(NotNowError, match="not ready to send but being sent"):
        issuing.start(issue=issue)
    assert Delivery.objects.count() == 3
    with pytest.raises(NotNowError, match="not ready to send but draft"):
        issuing.start(issue=make.issue())


def test_what_was_withdrawn_is_left_out_and_without_news_nothing_goes():
    issue = ready()
    kept = [record for record in issue.content if record["kind"] == "flip"]
    pair = issue.content[0]["object"]
    from comparisons.models import Comparison

    Comparison.objects.get(pk=pair).withdraw()
    issuing.start(issue=issue)
    left = Issue.objects.get().content
    assert [record["kind"] for record in left] == ["flip", "watch"]
    assert left[0] == kept[0]
    Issue.objects.update(state="ready", started_at=None)
    Comparison.objects.get(pk=pair).first.withdraw()
    with pytest.raises(NotNowError, match="Everything new in it has been withdrawn"):
        issuing.start(issue=issue)


def test_who_leaves_meanwhile_gets_nothing(monkeypatch):
    started(6)
    left, erased, bounced, *_ = Subscriber.objects.order_by("pk")
    Subscriber.objects.leave(left.pk)
    erase(subscriber=erased.pk)
    # And right before it is begun, when it is in hand already:
    claim = sending.claim

    def claimed(**kwargs):
        found = claim(**kwargs)
        Subscriber.objects.filter(pk=bounced.pk).update(left_at=timezone.now(), left_reason=Leaving.BOUNCED)
        return found

    monkeypatch.setattr(sending, "claim", claimed)
    work()
    assert len(mail.outbox) == 3
    assert {left.email, erased.email, bounced.email} & {message.to[0] for message in mail.outbox} == set()
    assert (states(), issue_state()) == ({"left": 3, "sent": 3}, "sent")


def test_erasure_takes_the_address_out_of_what_servers_said():
    started(1)
    Delivery.objects.update(state="failed", reason="the server said: 550 <reader@x.example>")
    erase(subscriber=Subscriber.objects.get().pk)
    assert list(Delivery.objects.values_list("state", "reason", "subscriber")) == [
        ("failed", "erased on request", None)
    ]


def test_pause_holds_from_the_next_mail_on_and_stop_is_for_good(monkeypatch):
    issue = started(5)
    step = sending.step
    begun = []

    def stepping(**kwargs):
        if kwargs["begin"]:
            begun.append(kwargs["begin"])
            if len(begun) == 3:
                issuing.pause(issue=issue)
        return step(**kwargs)

    monkeypatch.setattr(sending, "step", stepping)
    work()
    assert (len(mail.outbox), states(), issue_state()) == (2, {"queued": 3, "sent": 2}, "paused")
    work()
    assert len(mail.outbox) == 2
    monkeypatch.setattr(sending, "step", step)
    issuing.resume(issue=issue)
    issuing.pause(issue=issue)
    issuing.resume(issue=issue)
    work()
    assert (states(), issue_state()) == ({"sent": 5}, "sent")


def test_stopped_issue_never_goes_on():
    issue = started(2)
    with pytest.raises(NotNowError):
        issuing.stop(issue=issue)
    issuing.pause(issue=issue)
    issuing.stop(issue=issue)
    work()
    assert (mail.outbox, states(), issue_state()) == ([], {"queued": 2}, "stopped")


def test_what_a_killed_worker_had_begun_is_unknown_and_the_rest_goes_on(settings):
    settings.NEWSLETTER_LEASE_SECONDS = 300
    started(4)
    mails = sending.claim(worker="killed")
    assert sending.step(worker="killed", done=None, begin=mails[0]) is not None
    work()
    assert (mail.outbox, states()) == ([], {"queued": 3, "sending": 1})
    Delivery.objects.filter(leased_until_at__isnull=False).update(leased_until_at=timezone.now() - timedelta(seconds=1))
    work()
    assert len(mail.outbox) == 3
    assert (states(), issue_state()) == ({"sent": 3, "unknown": 1}, "sent")
    assert Delivery.objects.get(state="unknown").reason == (
        "worker killed fell silent before it noted the server’s answer"
    )
    # It was only slow: what it knows counts.
    sending.step(worker="killed", done=(mails[0], Outcome("sent")), begin=None)
    assert states() == {"sent": 4}


def test_worker_whose_lease_ran_out_begins_nothing():
    started(2)
    [first, _] = sending.claim(worker="slow")
    Delivery.objects.update(leased_until_at=timezone.now() - timedelta(seconds=1))
    others = sending.claim(worker="other")
    assert sending.step(worker="slow", done=None, begin=first) is None
    sending.release(worker="slow", mails=[first])
    assert [sending.step(worker="other", done=None, begin=mail) is not None for mail in others] == [True, True]


def test_editors_decide_what_nobody_can_know():
    issue = started(3)
    one, two, three = Delivery.objects.order_by("pk")
    Delivery.objects.update(state="unknown", reason="who knows")
    sending.complete()
    assert issue_state() == "sent"
    assert issuing.count_as_sent(deliveries=[one.pk]) == 1
    assert issuing.send_again(deliveries=[one.pk, two.pk]) == 1
    assert issue_state() == "sending"
    work()
    assert [message.to[0] for message in mail.outbox] == [two.subscriber.email]
    assert (states(), issue_state()) == ({"sent": 2, "unknown": 1}, "sent")
    Issue.objects.filter(pk=issue.pk).update(state="stopped")
    assert issuing.send_again(deliveries=[three.pk]) == 0


def test_temporary_permanent_and_unknown_answers(settings):
    settings.NEWSLETTER_RETRY_SECONDS = 0
    started(40)
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
    assert (states(), issue_state()) == ({"failed": 2, "sent": 37, "unknown": 1}, "sent")
    assert server.recipients[later] == 1
    assert Delivery.objects.get(subscriber__email=later).attempts == 3
    assert Subscriber.objects.get(email=gone).standing == "Mail bounced"
    assert Subscriber.objects.get(email=spam).standing == "Confirmed"
    assert set(server.recipients.values()) == {1}
    ids = [message["Message-ID"] for message in server.messages]
    assert len(set(ids)) == len(ids) == 38


def test_temporary_failures_end(settings):
    settings.NEWSLETTER_RETRY_SECONDS, settings.NEWSLETTER_MAX_ATTEMPTS = 0, 4
    started(1)
    with mail_server() as (server, mailers):
        settings.MAILERS = mailers
        server.replies["rcpt"] = lambda address: "451 later"
        work()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("failed", 4)
    assert delivery.reason == "the server said to the address: 451 later"


def test_database_that_goes_away_costs_no_mail_and_sends_none_twice(monkeypatch):
    """It breaks off before and after the statement that begins a mail."""
    started(6)
    step, broken = sending.step, []

    def breaking(**kwargs):
        if kwargs["begin"] and len(broken) < 4:
            broken.append(kwargs["begin"])
            if len(broken) % 2:
                step(**kwargs)
            raise OperationalError("the connection is lost")
        return step(**kwargs)

    post = Post()
    monkeypatch.setattr(sending, "step", breaking)
    monkeypatch.setattr(post._stopping, "wait", lambda seconds: None)
    monkeypatch.setattr(connections["default"], "close", lambda: None)
    post.run(until_empty=True)
    assert len({message.to[0] for message in mail.outbox}) == len(mail.outbox) == 6
    assert (states(), set(Delivery.objects.values_list("attempts", flat=True))) == ({"sent": 6}, {1})


def test_rate_is_one_for_all_workers(settings):
    settings.NEWSLETTER_MAILS_PER_SECOND = 10
    waits = [sending.reserve(20) for _ in range(3)]
    assert waits == pytest.approx([0, 2, 4], abs=0.2)


def test_mail_costs_one_statement(django_assert_num_queries):
    started(30)
    mails = sending.claim(worker="one")
    assert len(mails) == 30
    done = None
    for number, current in enumerate(mails):
        with django_assert_num_queries(1):
            sending.step(worker="one", done=done, begin=current)
        done = (current, Outcome("sent"))
        assert number < 30
    assert states() == {"sending": 1, "sent": 29}


def test_worker_that_is_told_to_stop_gives_back_what_it_has(monkeypatch):
    started(5)
    post = Post()
    send = post._transport.send
    monkeypatch.setattr(post._transport, "send", lambda parcel: (post.stop(), send(parcel))[1])
    post.run()
    assert (len(mail.outbox), states()) == (1, {"queued": 4, "sent": 1})
    assert list(Delivery.objects.filter(state="queued").values_list("leased_until_at", "attempts")) == [(None, 0)] * 4


def test_test_mail_goes_to_the_editor_alone():
    issue = ready()
    make.subscriber()
    issuing.test(issue=issue, email="editor@example.com")
    work()
    [message] = mail.outbox
    assert (message.to, message.subject) == (["editor@example.com"], f"[Test] {issue.subject}")
    assert "List-Unsubscribe" not in message.extra_headers
    assert Delivery.objects.count() == 0
