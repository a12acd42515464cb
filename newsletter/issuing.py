"""What editors do with an issue: compose, send, pause, resume, and stop it, and decide about unknown deliveries."""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from newsletter import composing, pieces, sending
from newsletter.content import (
    NewsItem,
    adapt_subject,
    build_subject,
    has_news,
    parse_items,
    parse_pieces,
    select_public,
)
from newsletter.models import (
    GOING_OUT,
    MAX_REASON_LENGTH,
    Delivery,
    Issue,
    IssueState,
    Outbox,
    OutboxKind,
    SendState,
    Suppression,
)
from web import locks
from web.locks import Lock
from web.outages import PASSING_ERRORS

log = logging.getLogger(__name__)

MAX_DELAY = timedelta(hours=6)  # how long after its time a scheduled issue is still sent
TESTS_PER_EDITOR, TESTS_PER_ADDRESS = 20, 5  # per hour


class IssueActionError(Exception):
    """An action that is impossible in the present state of an issue. The message says why."""


@locks.limited_atomic()
def compose_issue(*, since: datetime | None = None) -> Issue | None:
    """Compose this week's issue as a draft and return it; return None if nothing is new.

    News counts from `since` on (default: when the last issue was composed). An existing draft is composed again and
    keeps its number, its lead, a subject that an editor wrote, and what editors did to its pieces. Raises
    IssueActionError while an issue is ready to be sent.
    """
    locks.hold(Lock.COMPOSING)
    ready = Issue.objects.filter(state=IssueState.READY).first()
    if ready is not None:
        raise IssueActionError(f"{ready} is ready to be sent. Send it first, or make it a draft again.")
    at = timezone.now()
    draft = Issue.objects.filter(state=IssueState.DRAFT).select_for_update(of=("self",), no_key=True).first()
    since = since or composing.find_start(at=at)
    items = composing.compose_items(since=since, at=at)
    if not items:
        return None
    if draft is None:
        draft = Issue(number=Issue.objects.next_number())
    before = parse_pieces(draft.content)
    if draft.since_at is None:  # written by hand so far: an editor chose its pieces, so they stay
        composed = {item.key for item in items}
        items += [piece for piece in before if piece.key not in composed]
    replace_pieces(draft, pieces.merge(before, items))
    draft.since_at, draft.composed_at = since, at
    draft.save()
    return draft


def replace_pieces(issue: Issue, new: Sequence[NewsItem]) -> None:
    """Replace the pieces of an issue, and with them its subject unless an editor wrote it. Nothing is saved."""
    is_composed = not issue.subject or issue.subject == build_subject(parse_items(issue.content))
    issue.content = [piece.record for piece in new]
    if is_composed:
        issue.subject = build_subject(parse_items(issue.content))


@locks.limited_atomic()
def start(*, issue: Issue, due_at: datetime | None = None) -> int:
    """Start sending an issue to everyone on the list now, and return how many subscribers that is.

    Content withdrawn since it was composed is left out, and so is the tool to watch if its votes are in doubt by now.
    Readers who got a piece with an earlier issue do not get it again. Raises IssueActionError unless it is ready and
    still has what it had to say; with `due_at`, also unless it is scheduled until then.
    """
    locks.hold(Lock.COMPOSING)  # against `reopen`, which must see what this issue tells
    found = _lock(issue, IssueState.READY)
    if due_at is not None and (found.scheduled_at is None or found.scheduled_at > due_at):
        raise IssueActionError(f"{found} is no longer scheduled for this time.")
    composed = parse_items(found.content)
    doubtful = composing.find_doubtful_tools(since=found.since_at or found.composed_at, at=timezone.now())
    left = [
        piece
        for piece in composing.note_told(select_public(parse_pieces(found.content)), by_others_than=found)
        if piece.kind != "watch" or piece.object not in doubtful
    ]
    items = parse_items(piece.record for piece in left)
    _refuse_while_told(items)
    if has_news(composed) and not has_news(items):
        raise IssueActionError("Everything new in it has been withdrawn. Compose it again.")
    if not items and not found.lead:
        raise IssueActionError("Nothing is left in it. Write a lead, or compose it again.")
    found.subject = adapt_subject(found.subject, composed, items, if_none=found.subject)
    found.content = [piece.record for piece in left]
    found.state, found.started_at = IssueState.SENDING, timezone.now()
    found.scheduled_at, found.trouble = None, ""
    found.save(update_fields=["subject", "content", "state", "started_at", "scheduled_at", "trouble"])
    return sending.queue(issue=found, categories=sorted({pk for item in items for pk in item.category_ids}))


def _refuse_while_told(items: Sequence[NewsItem]) -> None:
    """Raise IssueActionError if an issue that tells some of the items is still going out."""
    earlier = Issue.objects.filter(pk__in={pk for item in items for pk in item.told_in}, state__in=GOING_OUT).first()
    if earlier is not None:
        raise IssueActionError(f"{earlier} is still going out with some of its news. Wait for it, or stop it.")


@locks.limited_atomic()
def schedule(*, issue: Issue, at: datetime) -> None:
    """Let a worker start to send a ready issue at a time. Raises IssueActionError if it is not ready."""
    _lock(issue, IssueState.READY)
    Issue.objects.filter(pk=issue.pk).update(scheduled_at=at, trouble="")


def unschedule(*, issue: Issue) -> None:
    """End the schedule of a ready issue, which stays ready."""
    _change_state(issue, IssueState.READY, IssueState.READY, scheduled_at=None)


def start_due() -> None:
    """Start the scheduled issue whose time has come, if there is one.

    If it cannot be sent, or if no worker ran for long after its time, its schedule ends, and it says why.
    """
    now = timezone.now()
    for issue in Issue.objects.filter(state=IssueState.READY, scheduled_at__lte=now):
        trouble = "No worker was running at its time, so it was not sent. Send it, or schedule it again."
        if issue.scheduled_at is not None and issue.scheduled_at >= now - MAX_DELAY:
            trouble = _start_if_possible(issue, due_at=now)
        if trouble:
            still_due = Issue.objects.filter(pk=issue.pk, scheduled_at=issue.scheduled_at)
            still_due.update(scheduled_at=None, trouble=trouble[:MAX_REASON_LENGTH])


def _start_if_possible(issue: Issue, *, due_at: datetime) -> str:
    """Start an issue, and return why that is impossible; "" if it is started."""
    try:
        start(issue=issue, due_at=due_at)
    except PASSING_ERRORS:
        raise
    except IssueActionError as error:
        return str(error)
    except Exception as error:
        log.exception("%s cannot be sent at its time.", issue)
        return f"It was not sent at its time, because of an error: {error}"
    return ""


@locks.limited_atomic()
def edit(*, issue: Issue, subject: str, lead: str) -> None:
    """Change the words of an issue that is not out yet. Raises IssueActionError if it is."""
    found = Issue.objects.select_for_update(of=("self",), no_key=True).get(pk=issue.pk)
    if found.is_out:
        raise IssueActionError(f"{found} is already being sent. Its text can no longer change.")
    found.subject, found.lead = subject, lead
    found.save(update_fields=["subject", "lead"])


@locks.limited_atomic()
def make_ready(*, issue: Issue) -> None:
    """Mark a draft as ready to be sent. Raises IssueActionError if it is not a draft, or has nothing to say."""
    found = _lock(issue, IssueState.DRAFT)
    _refuse_second(found, IssueState.READY)
    if not found.subject:
        raise IssueActionError("Write a subject first.")
    if not found.lead and not parse_items(found.content):
        raise IssueActionError("Write a lead first, or put a piece into it.")
    found.state, found.trouble = IssueState.READY, ""
    found.save(update_fields=["state", "trouble"])


@locks.limited_atomic()
def make_draft(*, issue: Issue) -> None:
    """Make a ready issue a draft again, which ends its schedule. Raises IssueActionError if it is not ready, or if
    another one is a draft.
    """
    _refuse_second(_lock(issue, IssueState.READY), IssueState.DRAFT)
    _change_state(issue, IssueState.READY, IssueState.DRAFT, scheduled_at=None)


def _refuse_second(issue: Issue, state: IssueState) -> None:
    """Raise IssueActionError if another issue than this one is in a state that only one can be in."""
    other = Issue.objects.filter(state=state).exclude(pk=issue.pk).first()
    if other is not None:
        now = "a draft" if state == IssueState.DRAFT else "ready to send"
        raise IssueActionError(f"{other} is {now} already. Send or delete that one first.")


def pause(*, issue: Issue) -> None:
    """Begin no more deliveries of an issue until it is resumed. Those that workers have begun are finished."""
    _change_state(issue, IssueState.SENDING, IssueState.PAUSED)


def resume(*, issue: Issue) -> None:
    """Continue to send a paused issue."""
    _change_state(issue, IssueState.PAUSED, IssueState.SENDING)


def stop(*, issue: Issue) -> None:
    """Stop a paused issue: nothing more is delivered, and its news is still new for readers who did not get it."""
    _change_state(issue, IssueState.PAUSED, IssueState.STOPPED, finished_at=timezone.now())


@locks.limited_atomic()
def reopen(*, issue: Issue) -> None:
    """Send a stopped issue to the readers whom it has not reached.

    Raises IssueActionError if it has reached everyone, or if a later issue tells them the same news.
    """
    locks.hold(Lock.COMPOSING)
    found = _lock(issue, IssueState.STOPPED)
    later = Issue.objects.exclude(state=IssueState.DRAFT).filter(content__contains=[{"told_in": [found.pk]}]).first()
    if later is not None:
        raise IssueActionError(f"{later} has its news for everyone who has not got them with {found}.")
    if not found.deliveries.waiting().exists():
        raise IssueActionError(f"{found} has reached everyone.")
    Issue.objects.filter(pk=found.pk).update(state=IssueState.SENDING, finished_at=None)


@locks.limited_atomic()
def queue_test(*, issue: Issue, email: str, by: int) -> None:
    """Queue a test of an issue to one address, as a reader of all categories would get it, for the user `by`.

    Raises IssueActionError if the address wants no mail, or if too many tests were sent within the last hour.
    """
    Issue.objects.select_for_update(of=("self",), no_key=True).get(pk=issue.pk)  # one after the other, to be counted
    if Suppression.objects.for_email(email).exists():
        raise IssueActionError(f"{email} wants no mail from us, or does not take it.")
    tests = Outbox.objects.filter(kind=OutboxKind.TEST, created_at__gt=timezone.now() - timedelta(hours=1))
    if tests.filter(payload__by=by).count() >= TESTS_PER_EDITOR:
        raise IssueActionError(f"You have sent {TESTS_PER_EDITOR} tests within an hour. Wait a little.")
    if tests.filter(payload__email__iexact=email).count() >= TESTS_PER_ADDRESS:
        raise IssueActionError(f"{email} has got {TESTS_PER_ADDRESS} tests within an hour. Wait a little.")
    Outbox.objects.create(kind=OutboxKind.TEST, payload={"issue": issue.pk, "email": email, "by": by})


@locks.limited_atomic()
def send_again(*, deliveries: Collection[int]) -> int:
    """Queue unknown and failed deliveries again, and return how many. Those of stopped issues are left alone."""
    chosen = Delivery.objects.filter(
        pk__in=deliveries, state__in=[SendState.UNKNOWN, SendState.FAILED], subscriber__isnull=False
    ).exclude(issue__state=IssueState.STOPPED)
    Issue.objects.filter(pk__in=chosen.values("issue"), state=IssueState.SENT).update(
        state=IssueState.SENDING, finished_at=None
    )
    return chosen.update(
        state=SendState.QUEUED,
        attempts=0,
        next_attempt_at=timezone.now(),
        leased_until_at=None,
        finished_at=None,
        worker="",
    )


@locks.limited_atomic()
def count_as_sent(*, deliveries: Collection[int]) -> int:
    """Count unknown deliveries as sent, because an editor decided so, and return how many."""
    chosen = Delivery.objects.unknown().filter(pk__in=deliveries)
    return chosen.update(state=SendState.SENT, reason="an editor counts it as sent")


def _lock(issue: Issue, state: IssueState) -> Issue:
    """Lock an issue and return it fresh. Raises IssueActionError unless it is in `state`."""
    found = Issue.objects.select_for_update(of=("self",), no_key=True).get(pk=issue.pk)
    if found.state != state:
        raise IssueActionError(f"{found} is not {state.label.lower()} but {found.get_state_display().lower()}.")
    return found


def _change_state(issue: Issue, before: IssueState, after: IssueState, **fields: object) -> None:
    with locks.limited_atomic():
        found = _lock(issue, before)
        Issue.objects.filter(pk=found.pk).update(state=after, **fields)
