"""What editors do with an issue: compose it, send it, pause, resume and stop it, and decide what nobody can know."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from newsletter import composing, sending
from newsletter.content import entries_of, has_news, public, subject_for, subject_of
from newsletter.models import Delivery, Issue, IssueState, Kind, Outbox, State


class NotNowError(Exception):
    """What was asked cannot be done with an issue as it stands; the message says why."""


@transaction.atomic
def compose_issue(*, since: datetime | None = None) -> Issue | None:
    """Compose this week's issue as a draft, and return it; None when nothing is new.

    News count from `since` on (default: from when the last issue was composed). A draft that is there is composed anew
    and keeps its number and its lead. Raises NotNowError while an issue is ready to be sent.
    """
    ready = Issue.objects.filter(state=IssueState.READY).first()
    if ready is not None:
        raise NotNowError(f"{ready} is ready to be sent. Send it first, or make it a draft again.")
    at = timezone.now()
    draft = Issue.objects.select_for_update().filter(state=IssueState.DRAFT).first()
    since = since or composing.since(at=at)
    entries = composing.composed(since=since, at=at)
    if not entries:
        return None
    if draft is None:
        draft = Issue(number=Issue.objects.next_number())
    draft.subject = subject_of(entries)
    draft.since_at, draft.composed_at = since, at
    draft.content = [entry.record for entry in entries]
    draft.save()
    return draft


@transaction.atomic
def start(*, issue: Issue) -> int:
    """Let an issue go out to everybody who is on the list now, and return how many that are.

    What has been withdrawn since it was composed is left out. Raises NotNowError unless it is ready and has news left.
    """
    found = _locked(issue, IssueState.READY)
    composed = entries_of(found.content)
    entries = public(composed)
    if not has_news(entries):
        raise NotNowError("Everything new in it has been withdrawn. Compose it anew.")
    found.subject = subject_for(found.subject, composed, entries, if_none=found.subject)
    found.content = [entry.record for entry in entries]
    found.state, found.started_at = IssueState.SENDING, timezone.now()
    found.save(update_fields=["subject", "content", "state", "started_at"])
    return sending.queue(issue=found, categories=sorted({pk for entry in entries for pk in entry.category_ids}))


def make_ready(*, issue: Issue) -> None:
    """Say that a draft can go out as it is. Raises NotNowError for any other."""
    _turn(issue, IssueState.DRAFT, IssueState.READY)


def make_draft(*, issue: Issue) -> None:
    """Take that back."""
    _turn(issue, IssueState.READY, IssueState.DRAFT)


def pause(*, issue: Issue) -> None:
    """Begin no more mails of an issue until it is resumed. Those that workers are just sending go out."""
    _turn(issue, IssueState.SENDING, IssueState.PAUSED)


def resume(*, issue: Issue) -> None:
    """Go on with a paused issue."""
    _turn(issue, IssueState.PAUSED, IssueState.SENDING)


def stop(*, issue: Issue) -> None:
    """Never send the rest of an issue."""
    _turn(issue, IssueState.PAUSED, IssueState.STOPPED, finished_at=timezone.now())


def test(*, issue: Issue, email: str) -> None:
    """Put an issue as everybody would get it into the outbox, for one address."""
    Outbox.objects.create(kind=Kind.TEST, payload={"issue": issue.pk, "email": email})


@transaction.atomic
def send_again(*, deliveries: Collection[int]) -> int:
    """Queue unknown and failed deliveries anew, and return how many. Those of stopped issues stay as they are."""
    chosen = Delivery.objects.filter(
        pk__in=deliveries, state__in=[State.UNKNOWN, State.FAILED], subscriber__isnull=False
    ).exclude(issue__state=IssueState.STOPPED)
    Issue.objects.filter(pk__in=chosen.values("issue"), state=IssueState.SENT).update(
        state=IssueState.SENDING, finished_at=None
    )
    return chosen.update(
        state=State.QUEUED,
        attempts=0,
        next_attempt_at=timezone.now(),
        leased_until_at=None,
        finished_at=None,
        worker="",
    )


def count_as_sent(*, deliveries: Collection[int]) -> int:
    """Count unknown deliveries as sent, because an editor says so, and return how many."""
    chosen = Delivery.objects.unknown().filter(pk__in=deliveries)
    return chosen.update(state=State.SENT, reason="an editor counts it as sent")


def _locked(issue: Issue, state: IssueState) -> Issue:
    found = Issue.objects.select_for_update().get(pk=issue.pk)
    if found.state != state:
        raise NotNowError(f"{found} is not {state.label.lower()} but {found.get_state_display().lower()}.")
    return found


def _turn(issue: Issue, before: IssueState, after: IssueState, **fields: object) -> None:
    with transaction.atomic():
        found = _locked(issue, before)
        Issue.objects.filter(pk=found.pk).update(state=after, **fields)
