from typing import Self

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def enlist(self, *, email: str) -> None:
        """Note an address as pending. One that is known already, in whatever state, stays as it is."""
        self.bulk_create([self.model(email=normalised(email))], ignore_conflicts=True)

    def pending(self) -> Self:
        return self.filter(confirmed_at__isnull=True)


def normalised(email: str) -> str:
    """An address as it is stored: trimmed, with the domain in small letters. The part before the @ is its owner's."""
    local, _, domain = email.strip().rpartition("@")
    return f"{local}@{domain.lower()}"


class Subscriber(models.Model):
    """An address that asked for the weekly verdicts. Nothing is sent to it before its owner has confirmed."""

    email = models.EmailField(max_length=254)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="newsletter_subscriber_once")]

    def __str__(self) -> str:
        return self.email
