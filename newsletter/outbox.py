"""Sending what waits in the outbox: a few messages at a time, each at least once."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from newsletter import messages
from newsletter.actions import suppress
from newsletter.messages import Message
from newsletter.models import Issue, LeaveReason, Outbox, OutboxKind, SendState, Subscriber, Suppression
from newsletter.outgoing import SingleMessage
from newsletter.transport import SendResult, get_retry_delay

BATCH_SIZE = 10
NOT_WANTED = "no longer wanted"  # why a message was not sent


def reclaim() -> int:
    """Queue rows again whose worker was killed while sending them, and return how many."""
    lapsed = Outbox.objects.filter(state=SendState.SENDING, leased_until_at__lt=timezone.now())
    return lapsed.update(state=SendState.QUEUED, leased_until_at=None, next_attempt_at=timezone.now())


def claim(*, worker: str) -> list[Outbox]:
    """Lease a few rows that are due, so that no other worker sends them, and return them."""
    now = timezone.now()
    due = Outbox.objects.filter(state=SendState.QUEUED, next_attempt_at__lte=now).order_by("next_attempt_at", "pk")
    with transaction.atomic():
        rows = list(due.select_for_update(skip_locked=True, of=("self",), no_key=True)[:BATCH_SIZE])
        Outbox.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=SendState.SENDING,
            worker=worker,
            attempts=F("attempts") + 1,
            leased_until_at=now + timedelta(seconds=settings.NEWSLETTER_LEASE_SECONDS),
        )
    return rows


def renew(row: Outbox, *, worker: str) -> bool:
    """Renew the lease of a row before it is sent, because the rows before it may have taken long.

    Return whether it still belongs to this worker.
    """
    ours = Outbox.objects.filter(pk=row.pk, state=SendState.SENDING, worker=worker)
    until = timezone.now() + timedelta(seconds=settings.NEWSLETTER_LEASE_SECONDS)
    return bool(ours.update(leased_until_at=until))


def build_message(row: Outbox) -> SingleMessage | None:
    """Return the message of a row as of now; None if it is no longer wanted."""
    found = Outbox.objects.select_related("subscriber").filter(pk=row.pk).first()
    if found is None:  # its subscriber was just erased, which deletes the row too
        return None
    row = found
    if row.kind == OutboxKind.SIGN_UP and row.subscriber is not None:
        if Suppression.objects.for_email(row.subscriber.email).filter(reason=LeaveReason.COMPLAINED).exists():
            return None
        return _identify(row, messages.build_sign_up_reply(row.subscriber), row.subscriber.email)
    if row.kind == OutboxKind.TEST:
        issue = Issue.objects.filter(pk=row.payload["issue"]).first()
        return _identify(row, messages.build_test_message(issue), row.payload["email"]) if issue else None
    if row.kind == OutboxKind.DIGEST:
        user = User.objects.wants_digest().filter(pk=row.payload["user"]).first()
        message = messages.build_digest(user, now=timezone.now()) if user else None
        return _identify(row, message, user.email) if user and message else None
    return None


def _identify(row: Outbox, message: Message, address: str) -> SingleMessage:
    """Return a message with an id that stays the same if it is ever sent twice, so that mailboxes can tell."""
    message_id = f"<{row.kind}-{row.pk}@{messages.get_mail_host()}>"
    return SingleMessage(replace(message, headers={**message.headers, "Message-ID": message_id}).to_email(address))


def finish(row: Outbox, result: SendResult | None) -> None:
    """Record the result of a claimed row; None means that it was no longer wanted."""
    attempts = row.attempts + (0 if result and result.is_our_fault else 1)
    state = result.state if result else SendState.FAILED
    if state == SendState.UNKNOWN:
        state = SendState.QUEUED  # at least once
    if state == SendState.QUEUED and attempts >= settings.NEWSLETTER_MAX_ATTEMPTS:
        state = SendState.FAILED
    now = timezone.now()
    Outbox.objects.filter(pk=row.pk).update(
        state=state,
        attempts=attempts,
        leased_until_at=None,
        reason=result.reason if result else NOT_WANTED,
        next_attempt_at=now + get_retry_delay(max(attempts, 1)),
        finished_at=None if state == SendState.QUEUED else now,
    )
    if result and result.is_address_dead and row.kind == OutboxKind.SIGN_UP:
        for subscriber in Subscriber.objects.filter(pk__in=[row.subscriber_id]):  # none if it was just erased
            suppress(email=subscriber.email, reason=LeaveReason.BOUNCED)


def release(rows: Iterable[Outbox]) -> None:
    """Queue claimed rows again that were not sent."""
    for row in rows:
        Outbox.objects.filter(pk=row.pk, state=SendState.SENDING).update(
            state=SendState.QUEUED, attempts=row.attempts, leased_until_at=None
        )
