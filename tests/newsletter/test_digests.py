"""Digests: what newly waits for somebody at the desk is mailed once per interval, if they want it."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from handovers import actions
from handovers.models import HandOver
from newsletter import digests, messages, outbox
from newsletter.models import Outbox
from newsletter.worker import MailWorker
from reviews.models import Review
from tests import factories as make
from tests.desk.pending import act as press
from tests.desk.pending import keep
from tests.desk.people import sign_in
from tests.locking import in_thread, other_connection, wait_until_blocked

pytestmark = pytest.mark.django_db
EDITOR = ("reviews.publish_review", "reviews.change_review", "reviews.view_review")
REVIEWER = ("reviews.change_review", "reviews.view_review")
HOUR = timedelta(hours=1)


def make_person(name: str, *permissions: str, **fields: Any) -> User:
    address = {"email": f"{name}@example.org"}
    return make.user(*permissions, **{"username": name, "first_name": name.title(), **address, **fields})


def make_draft(holder: User, name: str = "Acme") -> Review:
    seat = getattr(holder, "reviewer", None) or make.reviewer(name="Skeptic", held_by=holder)
    return make.review(of=make.tool(name=name), by=seat, published_at=None)


def deliver() -> list[tuple[list[str], str]]:
    """Queue what is due, send it, and return the addresses and subjects."""
    mail.outbox.clear()
    digests.queue_digests()
    MailWorker().run(until_empty=True)
    return [(message.to, message.subject) for message in mail.outbox]


def test_digest_goes_to_whom_something_new_waits_for_once_per_interval(settings, time_machine):
    settings.SITE_URL = "https://shipside.example"
    time_machine.move_to("2026-03-01T12:00Z", tick=False)
    ada, rob = make_person("ada", *EDITOR), make_person("rob", *REVIEWER)
    make_person("bob", *REVIEWER)
    assert deliver() == []
    draft, other = make_draft(rob), make_draft(rob, "Other")
    actions.hand_over(content=draft, by=rob, text="Is <b>it</b> fair?")
    assert deliver() == [(["ada@example.org"], "Skeptic on Acme: Rob handed it over")]
    [message] = mail.outbox
    page = f"https://shipside.example/admin/reviews/review/{draft.pk}/hand-over/"
    assert (message.body.count(page), message.alternatives[0].content.count(page)) == (1, 1)
    assert ("“Is <b>it</b> fair?”" in message.body, "<b>it</b>" in message.alternatives[0].content) == (True, False)
    assert "https://shipside.example/account/" in message.body
    assert draft.quote not in message.body + message.alternatives[0].content

    assert deliver() == []
    time_machine.shift(HOUR / 2)
    actions.hand_over(content=other, by=rob)
    assert deliver() == []  # new, but within the hour
    time_machine.shift(HOUR / 2)
    assert deliver() == [(["ada@example.org"], "2 things wait for you at the desk")]
    time_machine.shift(HOUR)
    assert deliver() == []  # nothing new
    actions.hand_back(
        content=draft, by=ada, text="@bob? @rob!", seen=actions.compute_stamp(HandOver.objects.get(review=draft))
    )
    assert deliver() == [(["rob@example.org"], "2 things wait for you at the desk")]


def test_digest_lists_a_limited_number_and_is_sent_for_what_it_does_not_list(monkeypatch, time_machine):
    monkeypatch.setattr(messages, "MAX_WAITING", 1)
    time_machine.move_to("2026-03-01T12:00Z", tick=False)
    make_person("ada", *EDITOR)
    rob = make_person("rob", *REVIEWER)
    actions.hand_over(content=make_draft(rob), by=rob)
    assert len(deliver()) == 1
    time_machine.shift(HOUR)
    actions.hand_over(content=make_draft(rob, "Other"), by=rob)
    assert deliver() == [(["ada@example.org"], "2 things wait for you at the desk")]
    assert ("Other" in mail.outbox[0].body, "And 1 more." in mail.outbox[0].body) == (False, True)


def test_nobody_gets_a_digest_who_does_not_want_one_or_may_not():
    rob = make_person("rob", *REVIEWER)
    make_person("off", *EDITOR, digest_interval="off")
    make_person("gone", *EDITOR, is_active=False)
    make_person("reader", *EDITOR, is_staff=False)
    make_person("none", *EDITOR, email="")
    actions.hand_over(content=make_draft(rob), by=rob)
    assert deliver() == []


def test_digest_about_a_pending_change_goes_to_editors_and_what_became_of_it_to_whom_it_came_from(time_machine):
    time_machine.move_to("2026-03-01T12:00Z", tick=False)
    writes = ("tools.view_tool", "tools.change_tool")
    ada, wes = make_person("ada", *writes, "tools.publish_tool"), make_person("wes", *writes)
    make_person("rob", *EDITOR)  # publishes reviews, and no tools
    tool = make.tool(name="Acme", tagline="Old.")
    for button, answer in (("publish", "published"), ("discard", "discarded")):
        keep(sign_in(wes), tool, tagline=f"New, before it is {answer}.")
        actions.hand_over(content=tool, by=wes, text="Is it fair?")
        assert deliver() == [(["ada@example.org"], "Acme: Wes handed over a pending change")]
        [message] = mail.outbox
        assert (message.body.count(f"/admin/tools/tool/{tool.pk}/hand-over/"), "“Is it fair?”" in message.body) == (
            1,
            True,
        )
        assert "New, before" not in message.body + message.alternatives[0].content
        press(sign_in(ada), tool, button)
        time_machine.shift(HOUR)
        assert deliver() == [(["wes@example.org"], f"Acme: Ada {answer} the pending change")]
        time_machine.shift(HOUR)
    assert deliver() == []


def test_digest_once_a_day_waits_for_a_day(time_machine):
    time_machine.move_to("2026-03-01T12:00Z", tick=False)
    make_person("ada", *EDITOR, digest_interval="daily")
    rob = make_person("rob", *REVIEWER)
    actions.hand_over(content=make_draft(rob), by=rob)
    assert len(deliver()) == 1
    time_machine.shift(23 * HOUR)
    actions.hand_over(content=make_draft(rob, "Other"), by=rob)
    assert deliver() == []
    time_machine.shift(HOUR)
    assert len(deliver()) == 1


def test_digest_is_not_sent_if_nothing_waits_anymore_or_it_was_switched_off():
    ada, rob = make_person("ada", *EDITOR), make_person("rob", *REVIEWER)
    draft = make_draft(rob)
    actions.hand_over(content=draft, by=rob)
    assert digests.queue_digests() == 1
    row = Outbox.objects.get()
    assert outbox.build_message(row) is not None
    ada.digest_interval = "off"
    ada.save()
    assert outbox.build_message(row) is None
    ada.digest_interval = "hourly"
    ada.save()
    actions.take_back(content=draft, by=rob)
    assert outbox.build_message(row) is None
    MailWorker().run(until_empty=True)
    assert [(row.state, row.reason) for row in Outbox.objects.all()] == [("failed", outbox.NOT_WANTED)]


def test_daily_work_queues_digests_too():
    make_person("ada", *EDITOR)
    rob = make_person("rob", *REVIEWER)
    actions.hand_over(content=make_draft(rob), by=rob)
    for _ in range(2):
        call_command("daily")
    assert [(row.kind, row.payload["email"]) for row in Outbox.objects.all()] == [("digest", "ada@example.org")]


@pytest.mark.django_db(transaction=True)
def test_two_workers_queue_one_digest():
    make_person("ada", *EDITOR)
    rob = make_person("rob", *REVIEWER)
    actions.hand_over(content=make_draft(rob), by=rob)
    with other_connection() as other:  # both have found her, and both wait
        other.execute("UPDATE tools_contentrevision SET number = number + 1")
        with in_thread(digests.queue_digests) as first, in_thread(digests.queue_digests) as second:
            wait_until_blocked(second, count=2)
            other.commit()
            assert first.result(timeout=10) + second.result(timeout=10) == 1
    assert Outbox.objects.count() == 1


def test_person_chooses_how_often_on_their_account_page():
    ada, client = make_person("ada", *EDITOR), Client()
    assert client.post("/account/mail/", {"digest_interval": "off"}).status_code == 302
    client.force_login(ada)
    assert client.get("/account/mail/").status_code == 405
    body = client.get("/account/").content.decode()
    assert '<option value="hourly" selected>' in body
    for typed, stored in (("off", "off"), ("often", "off"), ("daily", "daily")):
        assert client.post("/account/mail/", {"digest_interval": typed, "is_superuser": "on"}).status_code == 302
        ada.refresh_from_db()
        assert (ada.digest_interval, ada.is_superuser) == (stored, False)
