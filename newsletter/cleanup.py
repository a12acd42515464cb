"""Deletion of rows that have served their purpose. Any worker does it, once per hour."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import Presence
from newsletter.models import Cooldown, Outbox, Subscriber, Worker
from votes.network import delete_old_keys

PENDING_DAYS = 30  # until an unconfirmed address is deleted
OUTBOX_DAYS = 7
COOLDOWN_DAYS = 31  # more than the longest limit


def delete_expired() -> None:
    """Delete expired rows, and the expired keys that networks were hashed with."""
    now = timezone.now()
    delete_old_keys(today=now.date())
    Subscriber.objects.never_confirmed().filter(created_at__lt=now - timedelta(days=PENDING_DAYS)).delete()
    Outbox.objects.filter(finished_at__lt=now - timedelta(days=OUTBOX_DAYS)).delete()
    Cooldown.objects.expired(before=now - timedelta(days=COOLDOWN_DAYS)).delete()
    Worker.objects.filter(beat_at__lt=now - timedelta(days=1)).delete()
    Presence.objects.expired(before=now - timedelta(hours=1)).delete()
