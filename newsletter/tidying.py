"""What is kept no longer than it is needed. Any worker does it, once an hour."""

from datetime import timedelta

from django.utils import timezone

from newsletter.models import Cooldown, Outbox, Subscriber, Worker
from votes.network import delete_old_keys

PENDING_DAYS = 30  # an address that nobody confirmed is deleted
OUTBOX_DAYS = 7
COOLDOWN_DAYS = 31  # longer than the longest of them


def tidy() -> None:
    """Delete what is over; the keys by which networks are hashed are, too."""
    now = timezone.now()
    delete_old_keys(today=now.date())
    Subscriber.objects.never_confirmed().filter(created_at__lt=now - timedelta(days=PENDING_DAYS)).delete()
    Outbox.objects.filter(finished_at__lt=now - timedelta(days=OUTBOX_DAYS)).delete()
    Cooldown.objects.over(before=now - timedelta(days=COOLDOWN_DAYS)).delete()
    Worker.objects.filter(beat_at__lt=now - timedelta(days=1)).delete()
