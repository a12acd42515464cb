"""Sending what waits in the outbox: a few mails at a time, each of them at least once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.policy import SMTP
from functools import cached_property

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from newsletter import letters
from newsletter.actions import suppress
from newsletter.models import Kind, Leaving, Outbox, State, Suppression
from newsletter.transport import Outcome

BATCH = 10


@dataclass(frozen=True)
class MessageParcel:
    """A message of Django's that is on its own."""

    message: EmailMultiAlternatives

    @property
    def sender(self) -> str:
        return envelope_address(self.message.from_email)

    @property
    def recipient(self) -> str:
        return self.message.to[0]

    @cached_property
    def _bytes(self) -> bytes:
        return self.message.message(policy=SMTP).as_bytes()

    def as_bytes(self) -> bytes:
        return self._bytes

    def as_message(self) -> EmailMessage:
        return self.message


def envelope_address(sender: str) -> str:
    """The bare address of `Shipside <hello@shipside.example>`."""
    return sender.rpartition("<")[2].rstrip(">").strip()


def retry_at(attempts: int) -> timedelta:
    """How long to wait after so many attempts: four times longer each time, up to half a day."""
    return timedelta(seconds=min(settings.NEWSLETTER_RETRY_SECONDS * 4 ** (attempts - 1), 12 * 3600))


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
    mail = Outbox.objects.select_related("subscriber").filter(pk=mail.pk).first() or mail
    if mail.kind == Kind.SIGN_UP and mail.subscriber is not None:
        if Suppression.objects.of(mail.subscriber.email).filter(reason=Leaving.COMPLAINED).exists():
            return None
        return MessageParcel(letters.answer(mail.subscriber).to(mail.subscriber.email))
    return None


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
    if outcome and outcome.is_address_dead and mail.subscriber is not None:
        suppress(email=mail.subscriber.email, reason=Leaving.BOUNCED)


def release(mails: Iterator[Outbox] | list[Outbox]) -> None:
    """Give claimed mails back that were not begun."""
    for mail in mails:
        Outbox.objects.filter(pk=mail.pk, state=State.SENDING).update(
            state=State.QUEUED, attempts=mail.attempts, leased_until_at=None
        )
