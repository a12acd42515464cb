"""What a month of the calendar shows, each kind of it to the users who may act on it."""

from calendar import Calendar
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from comparisons.models import Comparison
from desk.content import Content
from desk.front.front_list import link_to_form, link_to_list
from desk.models import PendingChange
from desk.permissions import AnyUser, writes_own_drafts_only
from handovers.waiting import name_content
from newsletter.models import UNSENT, Issue
from reviews.models import Prediction, Review
from tools.models import Tool
from web import clock

MAX_PER_KIND = 400  # per month
MAX_PER_DAY = 12
_KINDS: tuple[tuple[str, type[Content], tuple[str, ...]], ...] = (
    ("tools.change_tool", Tool, ()),
    ("reviews.publish_review", Review, ("tool", "reviewer")),
    ("comparisons.change_comparison", Comparison, ("first", "second")),
)


@dataclass(frozen=True, slots=True)
class CalendarItem:
    """Something that happens on a day: what, at which time (None for some time of the day), and where to work on it."""

    kind: str
    text: str
    url: str
    day: date
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar. `more` is how many of its items are not listed."""

    on: date
    items: list[CalendarItem]
    more: int
    is_in_month: bool
    is_today: bool


def read_month(user: AnyUser, first: date) -> list[list[Day]]:
    """Return the weeks of a month, Monday first, with what its user may act on. A constant number of queries."""
    weeks = Calendar().monthdatescalendar(first.year, first.month)
    start, end = weeks[0][0], weeks[-1][-1] + timedelta(days=1)
    by_day: dict[date, list[CalendarItem]] = defaultdict(list)
    for item in _list_items(user, start, end):
        by_day[item.day].append(item)
    return [[_build_day(on, by_day[on], first) for on in week] for week in weeks]


def list_undated(user: AnyUser) -> list[CalendarItem]:
    """Return the issue that still has to be sent or scheduled, if any. It has no day yet. One query."""
    if not user.has_perm("newsletter.change_issue"):
        return []
    rows = Issue.objects.filter(state__in=UNSENT, scheduled_at=None).order_by("number")
    return [
        CalendarItem("issue", f"{row} is {row.get_state_display().lower()}", link_to_form(row), row.composed_at.date())
        for row in rows
    ]


def find_overdue_predictions(user: AnyUser) -> tuple[int, str]:
    """Return how many predictions should have been judged before today, and the address of their list."""
    if not _may_judge(user):
        return 0, ""
    rows = Prediction.objects.on_record(at=timezone.now()).due_soonest().filter(due_on__lt=clock.today())
    return rows.count(), link_to_list(Prediction, due="due")


def _build_day(on: date, items: list[CalendarItem], first: date) -> Day:
    midnight = clock.start_of(on)
    ordered = sorted(items, key=lambda item: (item.at is None, item.at or midnight, item.kind))
    more = max(0, len(ordered) - MAX_PER_DAY)
    return Day(on, ordered[:MAX_PER_DAY], more, on.month == first.month, on == clock.today())


def _list_items(user: AnyUser, start: date, end: date) -> Iterator[CalendarItem]:
    since, until = (clock.start_of(day) for day in (start, end))
    for permission, model, related in _KINDS:
        if user.has_perm(permission):
            rows: QuerySet[Content] = model.objects.filter(withdrawn_at__isnull=True)
            rows = rows.filter(published_at__gt=max(since, timezone.now()), published_at__lt=until)
            yield from _list_scheduled(rows.select_related(*related) if related else rows)
    yield from _list_pending(user, since, until)
    if user.has_perm("newsletter.change_issue"):
        issues = Issue.objects.annotate(goes_out_at=Coalesce("started_at", "scheduled_at"))
        for issue in issues.filter(goes_out_at__gte=since, goes_out_at__lt=until).order_by("goes_out_at"):
            state = "scheduled" if issue.scheduled_at else issue.get_state_display().lower()
            at = issue.goes_out_at
            yield CalendarItem("issue", f"{issue}: {state}", link_to_form(issue), at.date(), at)
    if _may_judge(user):
        due = Prediction.objects.on_record(at=timezone.now()).due_soonest()
        due = due.filter(due_on__gte=start, due_on__lt=end).select_related("review__tool", "review__reviewer")
        for row in due[:MAX_PER_KIND]:
            yield CalendarItem(
                "prediction due", f"{name_content(row.review)}: {row.claim}", link_to_form(row), row.due_on
            )


def _list_scheduled(rows: QuerySet[Content]) -> Iterator[CalendarItem]:
    for row in rows.order_by("published_at", "pk")[:MAX_PER_KIND]:
        if at := row.published_at:
            yield CalendarItem(str(row._meta.verbose_name), name_content(row), link_to_form(row), at.date(), at)


def _list_pending(user: AnyUser, since: datetime, until: datetime) -> Iterator[CalendarItem]:
    """Return the pending changes of what is public that a worker will publish."""
    rows = PendingChange.objects.filter(publish_at__gte=max(since, timezone.now()), publish_at__lt=until)
    rows = rows.select_related("tool", "comparison__first", "comparison__second").order_by("publish_at", "pk")
    for row in rows[:MAX_PER_KIND]:
        meta, at = row.content._meta, row.publish_at
        if at and user.has_perm(f"{meta.app_label}.change_{meta.model_name}"):
            url = reverse(f"admin:{meta.app_label}_{meta.model_name}_pending", args=[row.content.pk])
            yield CalendarItem("pending change", name_content(row.content), url, at.date(), at)


def _may_judge(user: AnyUser) -> bool:
    return user.has_perm("reviews.change_prediction") and not writes_own_drafts_only(user)
