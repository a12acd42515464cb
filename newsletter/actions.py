"""Writes to several rows or tables at once."""

from django.db import transaction

from newsletter.models import Delivery, LeaveReason, Subscriber, Suppression


@transaction.atomic
def confirm(*, subscriber: int) -> bool:
    """Put a subscriber on the list, because the owner of the address confirmed. Return False if it no longer exists.

    The owner's confirmation overrides any earlier suppression.
    """
    exists = Subscriber.objects.confirm(subscriber)
    if exists:
        Suppression.objects.for_email(Subscriber.objects.get(pk=subscriber).email).delete()
    return exists


@transaction.atomic
def erase(*, subscriber: int) -> None:
    """Delete an address, and store its hash so that it gets no more mail. Idempotent."""
    found = Subscriber.objects.filter(pk=subscriber).select_for_update(of=("self",)).first()
    if found is not None:
        Suppression.objects.record(found.email, LeaveReason.ERASED)
        # Servers repeat the address in their refusals.
        Delivery.objects.filter(subscriber=found).exclude(reason="").update(reason="erased on request")
        found.delete()


@transaction.atomic
def suppress(*, email: str, reason: LeaveReason) -> None:
    """Stop all mail to an address, because it bounced or its owner reported our mail as spam."""
    Suppression.objects.record(email, reason)
    for subscriber in Subscriber.objects.filter(email__iexact=email):
        Subscriber.objects.leave(subscriber.pk, reason=reason)


@transaction.atomic
def save_preferences(*, subscriber: Subscriber, everything: bool, categories: object) -> None:
    """Save what a subscriber wants to read. If that is everything, the earlier choice of categories is kept."""
    subscriber.all_categories = everything
    subscriber.save(update_fields=["all_categories"])
    if not everything:
        subscriber.categories.set(categories)  # type: ignore[arg-type] # a queryset of a form
