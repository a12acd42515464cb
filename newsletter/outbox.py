"""Sending what waits in the outbox: a few mails at a time, each of them at least once."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from newsletter import letters
from newsletter.actions import suppress
from newsletter.letters import Letter
from newsletter.models import Issue, Kind, Leaving, Outbox, State, Subscriber, Suppression
from newsletter.outgoing import MessageParcel
from newsletter.transport import Outcome, retry_at

BATCH = 10


def reclaim() -> int:
    """Put back what a worker was sending when it was killed. How many there were."""
    lapsed = Outbox.objects.filter(state=State.SENDING, leased_until_at__lt=timezone.now())
    return lapsed.update(state=State.QUEUED, leased_until_at=None, next_attempt_at=timezone.now())


def claim(*, worker: str) -> list[Outbox]:
    """Take a few mails that are due, so that no other worker does."""
    now = timezone.now()
    due = Outbox.objects.filter(state=State.QUEUED, next_attempt_at__lte=now).order_by("next_attempt_at", "pk")
    with transaction.atomic():
        mails = list(due.select_for_update(skip_locked=True, of=("self",))[:BATCH])
        Outbox.objects.filter(pk__in=[mail.pk for mail in mails]).update(
            state=State.SENDING,
            worker=worker,
            attempts=F("attempts") + 1,
            leased_until_at=now + timedelta(seconds=settings.NEWSLETTER_LEASE_SECONDS),
        )
    return mails


def parcel_of(mail: Outbox) -> MessageParcel | None:
    """The mail as it stands now; None when it is not wanted any more."""
    found = Outbox.objects.select_related("subscriber").filter(pk=mail.pk).first()
    if found is None:  # its subscriber was erased a moment ago, and it went along
        return None
    mail = found
    if mail.kind == Kind.SIGN_UP and mail.subscriber is not None:
        if Suppression.objects.of(mail.subscriber.email).filter(reason=Leaving.COMPLAINED).exists():
            return None
        return _parcel(mail, letters.answer(mail.subscriber), mail.subscriber.email)
    if mail.kind == Kind.TEST:
        issue = Issue.objects.filter(pk=mail.payload["issue"]).first()
        return _parcel(mail, letters.test_letter(issue), mail.payload["email"]) if issue else None
    return None


def _parcel(mail: Outbox, letter: Letter, email: str) -> MessageParcel:
    """A letter with an id of its own: the same if it is ever sent twice, so that mailboxes can tell."""
    message_id = f"<{mail.kind}-{mail.pk}@{letters.mail_host()}>"
    return MessageParcel(replace(letter, headers={**letter.headers, "Message-ID": message_id}).to(email))


def finish(mail: Outbox, outcome: Outcome | None) -> None:
    """Note what came of a claimed mail; None: it was not wanted."""
    attempts = mail.attempts + (0 if outcome and outcome.is_our_trouble else 1)
    state = outcome.state if outcome else State.FAILED
    if state == State.UNKNOWN:
        state = State.QUEUED  # at least once
    if state == State.QUEUED and attempts >= settings.NEWSLETTER_MAX_ATTEMPTS:
        state = State.FAILED
    now = timezone.now()
    Outbox.objects.filter(pk=mail.pk).update(
        state=state,
        attempts=attempts,
        leased_until_at=None,
        reason=outcome.reason if outcome else "not wanted any more",
        next_attempt_at=now + retry_at(max(attempts, 1)),
        finished_at=None if state == State.QUEUED else now,
    )
    if outcome and outcome.is_address_dead and mail.kind == Kind.SIGN_UP:
        for subscriber in Subscriber.objects.filter(pk__in=[mail.subscriber_id]):  # none, if it was erased meanwhile
            suppress(email=subscriber.email, reason=Leaving.BOUNCED)


def release(mails: Iterable[Outbox]) -> None:
    """Give claimed mails back that were not begun."""
    for mail in mails:
        Outbox.objects.filter(pk=mail.pk, state=State.SENDING).update(
            state=State.QUEUED, attempts=mail.attempts, leased_until_at=None
        )
