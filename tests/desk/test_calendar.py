"""The calendar: what comes out in a month, each kind of it to the users who may act on it."""

from datetime import UTC, date, datetime

import pytest
from django.http import QueryDict
from django.test import Client

from accounts.models import User
from desk.calendar import items
from desk.models import PendingChange
from newsletter.models import IssueState
from tests import factories as make

pytestmark = pytest.mark.django_db
EDITOR = (
    "tools.change_tool", "reviews.publish_review", "reviews.change_prediction", "comparisons.change_comparison",
    "newsletter.change_issue",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _on_the_tenth(time_machine):
    time_machine.move_to("2026-03-10T12:00Z", tick=False)


def at(day: int, hour: int = 9, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def read(user: User, first: date = date(2026, 3, 1)) -> dict[date, list[tuple[str, str]]]:
    weeks = items.read_month(user, first)
    return {day.on: [(item.kind, item.text) for item in day.items] for week in weeks for day in week if day.items}


def make_month() -> None:
    tool, seat = make.tool(name="Out"), make.reviewer(name="Seat")
    make.tool(name="Later", published_at=at(20, 14))
    make.tool(name="Sooner", published_at=at(20, 8))
    make.tool(name="Withdrawn", published_at=at(20), withdrawn_at=at(1))
    make.tool(name="Draft", published_at=None)
    make.tool(name="Published", published_at=at(2))
    make.comparison(first=tool, second=make.tool(name="Other"), published_at=at(1, month=4))
    review = make.review(of=tool, by=seat)
    make.prediction(of=review, claim="It is free.", due_on=date(2026, 3, 20))
    make.prediction(of=review, claim="Judged.", due_on=date(2026, 3, 20), outcome="right")
    make.prediction(of=review, claim="Overdue.", due_on=date(2026, 2, 1))
    hidden = make.review(of=make.tool(name="Unseen", published_at=None), by=seat, published_at=None)
    make.prediction(of=hidden, claim="Draft.", due_on=date(2026, 3, 20))
    make.issue(state=IssueState.SENT, number=4, started_at=at(4))
    make.issue(number=5)
    pending = PendingChange.keep(tool, posted=QueryDict("name=Secret"), differences=[], author=None)
    pending.schedule(at=at(21), by=None)


def test_month_has_what_comes_out_by_day_and_time():
    make_month()
    assert read(make.user(*EDITOR)) == {
        date(2026, 3, 4): [("issue", "Issue 4: sent")],
        date(2026, 3, 20): [
            ("tool", "Sooner"),
            ("tool", "Later"),
            ("prediction due", "Seat on Out: It is free."),
        ],
        date(2026, 3, 21): [("pending change", "Out")],
        date(2026, 4, 1): [("comparison", "Out vs Other")],  # in the last week of March
    }


def test_scheduled_issue_is_on_its_day_and_no_longer_undated():
    user = make.user(*EDITOR)
    issue = make.issue(number=5, state=IssueState.READY)
    assert [item.text for item in items.list_undated(user)] == ["Issue 5 is ready to send"]
    issue.scheduled_at = at(12)
    issue.save()
    assert items.list_undated(user) == []
    assert read(user) == {date(2026, 3, 12): [("issue", "Issue 5: scheduled")]}


def test_users_see_only_what_they_may_act_on():
    make_month()
    reviewer = make.user("tools.view_tool", "reviews.change_review", "reviews.change_prediction")
    make.reviewer(held_by=reviewer)
    client = Client()
    client.force_login(reviewer)
    page = client.get("/admin/calendar/").content.decode()
    assert read(reviewer) == {}
    assert [name in page for name in ("Later", "It is free.", "Issue 5", "should have been judged")] == [False] * 4
    assert "Nothing comes out in this month yet." in page


def test_page_shows_the_month_of_its_address_and_leads_to_the_others():
    make_month()
    client = Client()
    client.force_login(make.user(is_superuser=True))
    page = client.get("/admin/calendar/").content.decode()
    assert [
        words in page for words in ("March 2026", "?month=2026-02", "?month=2026-04", "Issue 5", "1 prediction")
    ] == [True] * 5
    assert page.count('aria-current="date"') == 1
    assert "April 2026</caption>" in client.get("/admin/calendar/?month=2026-04").content.decode()
    assert "?month=1999-12" not in client.get("/admin/calendar/?month=2000-01").content.decode()
    for month in ("2026-13", "0001-01", "9999-12", "March", "2026-03-01"):
        assert client.get("/admin/calendar/", {"month": month}).status_code == 400


def test_calendar_makes_a_constant_number_of_queries(django_assert_num_queries):
    user = make.user(*EDITOR)
    user.has_perm("any")
    for _ in range(2):
        make.tool(published_at=at(20))
        make.comparison(published_at=at(21))
        review = make.review(of=make.tool(), by=make.reviewer())
        make.review(of=make.tool(), by=make.reviewer(), published_at=at(22))
        make.prediction(of=review, due_on=date(2026, 3, 23))
        with django_assert_num_queries(6):
            read(user)


def test_day_lists_a_limited_number_and_counts_the_rest(monkeypatch):
    monkeypatch.setattr(items, "MAX_PER_DAY", 1)
    for hour in (9, 10, 11):
        make.tool(name=f"At {hour}", published_at=at(20, hour))
    weeks = items.read_month(make.user(*EDITOR), date(2026, 3, 1))
    [(texts, more)] = [([one.text for one in day.items], day.more) for week in weeks for day in week if day.items]
    assert (texts, more) == (["At 9"], 2)
