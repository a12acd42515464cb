"""Subscribers, suppressed addresses, and limits on sign-ups."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from newsletter.addresses import MAX_ADDRESS_LENGTH, compute_digests
from tools.models import Category


class LeaveReason(models.TextChoices):
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    ERASED = "erased", "Erased on request"
    BOUNCED = "bounced", "Mail bounced"
    COMPLAINED = "complained", "Called our mail spam"


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def pending(self) -> Self:
        """Keep subscribers who have neither confirmed nor left."""
        return self.filter(confirmed_at__isnull=True, left_at__isnull=True)

    def never_confirmed(self) -> Self:
        """Keep subscribers who never confirmed, whether or not they have left."""
        return self.filter(confirmed_at__isnull=True)

    def confirmed(self) -> Self:
        """Keep subscribers who get issues."""
        return self.filter(confirmed_at__isnull=False, left_at__isnull=True)

    def confirm(self, pk: int) -> bool:
        """Put a subscriber on the list, or back on it. Return False if it no longer exists. Idempotent."""
        self.filter(Q(confirmed_at__isnull=True) | Q(left_at__isnull=False), pk=pk).update(
            confirmed_at=timezone.now(), left_at=None, left_reason=""
        )
        return self.filter(pk=pk).exists()

    def leave(self, pk: int, *, reason: LeaveReason = LeaveReason.UNSUBSCRIBED) -> None:
        """Take a subscriber off the list. One who has already left keeps the first reason."""
        self.filter(pk=pk, left_at__isnull=True).update(left_at=timezone.now(), left_reason=reason)


class Subscriber(models.Model):
    """An address that signed up for the newsletter. Until its owner confirms, it gets only the request to do so."""

    email = models.EmailField(max_length=MAX_ADDRESS_LENGTH)
    created_at = models.DateTimeField(default=timezone.now, editable=False, help_text="When it last signed up.")
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    left_at = models.DateTimeField(null=True, blank=True, editable=False)
    left_reason = models.CharField(max_length=12, choices=LeaveReason, blank=True, editable=False)
    all_categories = models.BooleanField(default=True, db_default=True)
    categories = models.ManyToManyField(
        Category, blank=True, related_name="+", help_text="Sent unless all categories are chosen."
    )

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="newsletter_subscriber_once"),
            models.CheckConstraint(
                name="newsletter_subscriber_left_for_a_reason",
                condition=Q(left_at__isnull=True, left_reason="")
                | Q(left_at__isnull=False, left_reason__in=LeaveReason.values),
            ),
        ]

    def __str__(self) -> str:
        """Return a name without the address: the admin logs it, and an erased address must not be in any log."""
        return f"Subscriber {self.pk}"

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None and self.left_at is None

    @property
    def status(self) -> str:
        """Why it left, or whether it has confirmed."""
        if self.left_at:
            return LeaveReason(self.left_reason).label
        return "Confirmed" if self.confirmed_at else "Pending"


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def for_email(self, email: str) -> Self:
        return self.filter(digest__in=compute_digests(email))

    def record(self, email: str, reason: LeaveReason) -> None:
        """Suppress an address. A complaint replaces an earlier reason; other reasons do not."""
        is_complaint = reason == LeaveReason.COMPLAINED
        self.bulk_create(
            [self.model(digest=compute_digests(email)[0], reason=reason)],
            ignore_conflicts=not is_complaint,
            update_conflicts=is_complaint,
            unique_fields=["digest"] if is_complaint else None,
            update_fields=["reason"] if is_complaint else None,
        )


class Suppression(models.Model):
    """An address that must get no mail, as a keyed hash. Of an erased address, nothing else is left."""

    digest = models.CharField(max_length=64, unique=True)
    reason = models.CharField(max_length=12, choices=LeaveReason)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SuppressionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.digest[:12]}… ({self.get_reason_display()})"


class CooldownQuerySet(models.QuerySet["Cooldown"]):
    def expired(self, *, before: datetime) -> Self:
        """Keep the ones that started before an instant."""
        return self.filter(starts_at__lt=before)


class Cooldown(models.Model):
    """How much of a limit has been used since `starts_at`. Only the statement of `newsletter.signing_up` writes it."""

    pk = models.CompositePrimaryKey("scope", "key")
    scope = models.CharField(max_length=12)
    key = models.CharField(max_length=64)
    starts_at = models.DateTimeField()
    taken = models.PositiveIntegerField()

    objects = CooldownQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["starts_at"], name="newsletter_cooldown_starts")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key[:12]}: {self.taken}"
