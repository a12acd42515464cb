"""Issues that are sent at a time, and what happens to them until then."""

from datetime import timedelta

import pytest
from django.utils import timezone

from newsletter import issuing
from newsletter.models import Delivery, Issue
from newsletter.worker import MailWorker
from tests import factories as make
from tests.locking import in_thread
from tests.newsletter.editors import ALL, act, client_with, get_address, make_ready_issue
from tools.models import Tool

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def issue(time_machine) -> Issue:
    """A ready issue with one reader, at noon."""
    found = make_ready_issue()
    make.subscriber()
    time_machine.move_to("2026-03-01T12:00Z", tick=False)
    return found


def schedule(issue: Issue, at: str, *, client=None) -> str:
    return (client or client_with(*ALL)).post(get_address(issue, "schedule"), {"at": at}, follow=True).text


def work(issue: Issue) -> tuple[str, int, str]:
    MailWorker().run(until_empty=True)
    issue.refresh_from_db()
    return issue.state, Delivery.objects.filter(state="sent").count(), issue.trouble


def test_scheduled_issue_goes_out_at_its_time_and_once(issue, time_machine):
    assert "It goes out on Mar 1, 2026, 13:00 UTC." in schedule(issue, "2026-03-01T13:00")
    time_machine.shift(HOUR - timedelta(seconds=1))
    assert work(issue) == ("ready", 0, "")
    time_machine.shift(timedelta(seconds=1))
    assert work(issue) == ("sent", 1, "")
    assert issue.scheduled_at is None
    assert work(issue) == ("sent", 1, "")


def test_no_second_issue_is_begun_or_made_ready_beside_one_that_is_ready(issue):
    client = client_with(*ALL)
    page = client.post("/admin/newsletter/issue/write/", follow=True)
    assert "Issue 1 is ready to be sent already. Send it first." in page.text
    draft = make.issue(make.entry(), number=2, lead="Mine.")  # as a deleted one that was restored
    assert "Issue 1 is ready to send already." in act(client, draft, "ready")
    assert "Issue 2 is a draft already." in act(client, issue, "draft")
    assert set(Issue.objects.values_list("number", "state")) == {(1, "ready"), (2, "draft")}


@pytest.mark.django_db(transaction=True)
def test_two_workers_start_a_scheduled_issue_once():
    issue = make_ready_issue()
    for _ in range(3):
        make.subscriber()
    Issue.objects.update(scheduled_at=timezone.now())
    with in_thread(issuing.start_due) as other:
        issuing.start_due()
        other.result()
    issue.refresh_from_db()
    assert (issue.state, issue.trouble, Delivery.objects.count()) == ("sending", "", 3)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-03-01T11:59", "That time has passed."),
        ("tomorrow", "Enter a valid date/time."),
        ("", "This field is required."),
        ("3026-03-01T12:00", "year"),
    ],
)
def test_time_that_is_past_or_none_is_refused(issue, at, words):
    assert words in schedule(issue, at)
    issue.refresh_from_db()
    assert issue.scheduled_at is None


def test_issue_is_not_sent_at_its_time_once_it_is_unscheduled_or_a_draft_again(issue, time_machine):
    client = client_with(*ALL)
    schedule(issue, "2026-03-01T13:00", client=client)
    assert "It is no longer scheduled." in act(client, issue, "unschedule")
    time_machine.shift(2 * HOUR)
    assert work(issue)[0] == "ready"
    schedule(issue, "2026-03-01T15:00", client=client)
    assert "It is a draft again." in act(client, issue, "draft")
    time_machine.shift(2 * HOUR)
    assert (*work(issue), issue.scheduled_at) == ("draft", 0, "", None)
    assert "is not ready to send but draft" in schedule(issue, "2026-03-01T20:00", client=client)


def test_issue_whose_time_passed_long_ago_without_a_worker_waits_and_says_so(issue, time_machine):
    schedule(issue, "2026-03-01T13:00")
    time_machine.shift(HOUR + issuing.MAX_DELAY)
    Issue.objects.update(scheduled_at=timezone.now() - issuing.MAX_DELAY - timedelta(seconds=1))
    state, sent, trouble = work(issue)
    assert (state, sent) == ("ready", 0)
    assert trouble == "No worker was running at its time, so it was not sent. Send it, or schedule it again."
    client = client_with(*ALL)
    assert trouble in client.get(get_address(issue)).text
    act(client, issue, "send")
    assert work(issue) == ("sent", 1, "")


def test_worker_that_comes_back_soon_still_sends_it(issue, time_machine):
    schedule(issue, "2026-03-01T13:00")
    time_machine.shift(HOUR + issuing.MAX_DELAY)
    assert work(issue) == ("sent", 1, "")


def test_issue_whose_news_is_withdrawn_before_its_time_waits_and_says_so(issue, time_machine):
    schedule(issue, "2026-03-01T13:00")
    for tool in Tool.objects.all():
        tool.withdraw()
    time_machine.shift(HOUR)
    assert work(issue) == ("ready", 0, "Everything new in it has been withdrawn. Compose it again.")
    assert issue.scheduled_at is None


def test_unexpected_error_ends_the_schedule_and_not_the_worker(issue, time_machine):
    schedule(issue, "2026-03-01T13:00")
    Issue.objects.update(content=[{"kind": "nonsense"}])
    time_machine.shift(HOUR)
    state, _, trouble = work(issue)
    assert (state, trouble.startswith("It was not sent at its time, because of an error: ")) == ("ready", True)


def test_issue_moved_to_a_later_time_in_the_last_moment_is_not_sent(issue, time_machine):
    schedule(issue, "2026-03-01T13:00")
    time_machine.shift(HOUR)
    due_at = timezone.now()
    schedule(issue, "2026-03-01T18:00")
    with pytest.raises(issuing.IssueActionError, match="no longer scheduled for this time"):
        issuing.start(issue=issue, due_at=due_at)


@pytest.mark.parametrize(("permissions", "state"), [(ALL, "ready"), (["view_issue", "change_issue"], "draft")])
def test_change_by_someone_who_may_not_send_makes_a_ready_issue_a_draft_again(issue, permissions, state):
    schedule(issue, "2026-03-01T13:00")
    client = client_with(*permissions)
    page = client.post(get_address(issue), {"subject": "Other", "lead": ""}, follow=True)
    issue.refresh_from_db()
    assert (issue.state, issue.subject) == (state, "Other")
    assert ("It is a draft again, because it changed." in page.text) == (state == "draft")
    assert (issue.scheduled_at is None) == (state == "draft")
