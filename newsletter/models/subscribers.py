"""Who asked for the newsletter, who must not be written to, and how often anybody may ask."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from newsletter.addresses import digests
from tools.models import Category


class Leaving(models.TextChoices):
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    ERASED = "erased", "Erased on request"
    BOUNCED = "bounced", "Mail bounced"
    COMPLAINED = "complained", "Called our mail spam"


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def pending(self) -> Self:
        """Those who asked and have not confirmed."""
        return self.filter(confirmed_at__isnull=True, left_at__isnull=True)

    def never_confirmed(self) -> Self:
        """Those who asked and never confirmed, whether they left meanwhile or not."""
        return self.filter(confirmed_at__isnull=True)

    def confirmed(self) -> Self:
        """Those to whom issues go."""
        return self.filter(confirmed_at__isnull=False, left_at__isnull=True)

    def confirm(self, pk: int) -> bool:
        """Put one on the list, or back on it. False when it is not known any more. Confirming twice changes nothing."""
        self.filter(Q(confirmed_at__isnull=True) | Q(left_at__isnull=False), pk=pk).update(
            confirmed_at=timezone.now(), left_at=None, left_reason=""
        )
        return self.filter(pk=pk).exists()

    def leave(self, pk: int, *, reason: Leaving = Leaving.UNSUBSCRIBED) -> None:
        """Take one off the list. Whoever left before has left for the first reason."""
        self.filter(pk=pk, left_at__isnull=True).update(left_at=timezone.now(), left_reason=reason)


class Subscriber(models.Model):
    """An address that asked for the weekly verdicts. Nothing is sent to it before its owner has confirmed but the mail
    that asks for it.
    """

    email = models.EmailField(max_length=254)
    created_at = models.DateTimeField(default=timezone.now, editable=False, help_text="When it was last asked for.")
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    left_at = models.DateTimeField(null=True, blank=True, editable=False)
    left_reason = models.CharField(max_length=12, choices=Leaving, blank=True, editable=False)
    all_categories = models.BooleanField(default=True, db_default=True)
    categories = models.ManyToManyField(
        Category, blank=True, related_name="+", help_text="What is sent unless it is everything."
    )

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="newsletter_subscriber_once"),
            models.CheckConstraint(
                name="newsletter_subscriber_left_for_a_reason",
                condition=Q(left_at__isnull=True, left_reason="")
                | Q(left_at__isnull=False, left_reason__in=Leaving.values),
            ),
        ]

    def __str__(self) -> str:
        """Without the address: the desk's log keeps this, and an address that is erased is to be in no log."""
        return f"Subscriber {self.pk}"

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None and self.left_at is None

    @property
    def standing(self) -> str:
        """Where it stands, in a word."""
        if self.left_at:
            return Leaving(self.left_reason).label
        return "Confirmed" if self.confirmed_at else "Pending"


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def of(self, email: str) -> Self:
        return self.filter(digest__in=digests(email))

    def note(self, email: str, reason: Leaving) -> None:
        """Write to an address no more. A complaint outweighs what was noted before."""
        complaint = reason == Leaving.COMPLAINED
        self.bulk_create(
            [self.model(digest=digests(email)[0], reason=reason)],
            ignore_conflicts=not complaint,
            update_conflicts=complaint,
            unique_fields=["digest"] if complaint else None,
            update_fields=["reason"] if complaint else None,
        )


class Suppression(models.Model):
    """An address that must not be written to, as a keyed hash: all that is left of one that was erased."""

    digest = models.CharField(max_length=64, unique=True)
    reason = models.CharField(max_length=12, choices=Leaving)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SuppressionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.digest[:12]}… ({self.get_reason_display()})"


class CooldownQuerySet(models.QuerySet["Cooldown"]):
    def over(self, *, before: datetime) -> Self:
        """Those that began before an instant."""
        return self.filter(starts_at__lt=before)


class Cooldown(models.Model):
    """How often something was asked for since a time. Only `newsletter.signing_up` writes it, in one statement."""

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
