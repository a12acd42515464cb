"""What is wrong with the newsletter: issues that were stopped or paused, and mails that failed or do not move."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Q

from desk.front.front_list import FrontList, Viewer, link_to_form, link_to_list, pluralize
from desk.items import DeskItem
from newsletter.models import Delivery, Issue, IssueState, Outbox, SendState, Worker
from newsletter.outbox import NOT_WANTED
from newsletter.statistics import DeliveryCounts, count_deliveries
from web.words import format_day

PERIOD = timedelta(days=30)
LATE_AFTER = timedelta(minutes=15)  # for a message that is due


def list_newsletter_troubles(viewer: Viewer) -> FrontList | None:
    """Return the troubles for users who may act on them. Five queries."""
    if not viewer.may("newsletter.change_issue", "newsletter.view_outbox"):
        return None
    recent = Q(state__in=[IssueState.SENDING, IssueState.PAUSED]) | Q(started_at__gte=viewer.now - PERIOD)
    issues = list(Issue.objects.filter(recent | ~Q(trouble="")).order_by("-number"))
    items = [item for counts in count_deliveries(issues) for item in _list_of_issue(counts)]
    items += [*_list_of_outbox(viewer), *_list_of_workers(viewer)]
    return FrontList(
        slug="newsletter-troubles",
        title="Newsletter troubles",
        items=items,
        total=len(items),
        empty="Nothing is wrong with the newsletter.",
    )


def _list_of_issue(counts: DeliveryCounts) -> Iterator[DeskItem]:
    issue = counts.issue
    if issue.trouble:
        yield DeskItem(f"{issue} was not sent at its time", link_to_form(issue), issue.trouble)
    unreached = f"{pluralize(counts.waiting, 'reader', 'readers')} did not get it"
    if issue.state == IssueState.STOPPED:
        day = f"on {format_day(issue.finished_at.date())}" if issue.finished_at else ""
        yield DeskItem(f"{issue} was stopped {day}".rstrip(), link_to_form(issue), unreached if counts.waiting else "")
    if issue.state == IssueState.PAUSED:
        waiting = pluralize(counts.waiting, "reader waits", "readers wait")
        yield DeskItem(f"{issue} is paused", link_to_form(issue), waiting)
    for state, number in ((SendState.UNKNOWN, counts.unknown), (SendState.FAILED, counts.failed)):
        if number:
            verb = "failed" if state == SendState.FAILED else "may or may not have arrived"
            url = link_to_list(Delivery, issue__id__exact=issue.pk, state__exact=state.value)
            yield DeskItem(f"{issue}: {pluralize(number, 'mail', 'mails')} {verb}", url)


def _list_of_outbox(viewer: Viewer) -> Iterator[DeskItem]:
    failed = Outbox.objects.filter(state=SendState.FAILED).exclude(reason=NOT_WANTED).count()
    if failed:
        url = link_to_list(Outbox, state__exact=SendState.FAILED.value)
        yield DeskItem(f"{pluralize(failed, 'single message', 'single messages')} failed", url, "the outbox says why")
    late = Outbox.objects.filter(
        state=SendState.QUEUED, attempts=0, next_attempt_at__lt=viewer.now - LATE_AFTER
    ).count()
    if late:
        url = link_to_list(Outbox, state__exact=SendState.QUEUED.value)
        yield DeskItem(pluralize(late, "single message waits", "single messages wait"), url, "is a worker running?")


def _list_of_workers(viewer: Viewer) -> Iterator[DeskItem]:
    for worker in Worker.objects.exclude(trouble="").order_by("-beat_at")[:3]:
        if not worker.is_silent(now=viewer.now):
            yield DeskItem(f"{worker.name} cannot send", link_to_list(Worker), worker.trouble)
