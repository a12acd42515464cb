"""Writes that concern several rows, or more than one table."""

from django.db import transaction

from newsletter.models import Delivery, Leaving, Subscriber, Suppression


@transaction.atomic
def confirm(*, subscriber: int) -> bool:
    """Put a subscriber on the list because its owner said so. False when it is not known any more.

    The owner's word outweighs whatever was noted against the address before.
    """
    known = Subscriber.objects.confirm(subscriber)
    if known:
        Suppression.objects.of(Subscriber.objects.get(pk=subscriber).email).delete()
    return known


@transaction.atomic
def erase(*, subscriber: int) -> None:
    """Forget an address, and keep its hash so that it is not written to again. Unknown ones are forgotten already."""
    found = Subscriber.objects.select_for_update().filter(pk=subscriber).first()
    if found is not None:
        Suppression.objects.note(found.email, Leaving.ERASED)
        # Servers repeat the address in what they refuse.
        Delivery.objects.filter(subscriber=found).exclude(reason="").update(reason="erased on request")
        found.delete()


@transaction.atomic
def suppress(*, email: str, reason: Leaving) -> None:
    """Write to an address no more: its mail bounced, or it called ours spam."""
    Suppression.objects.note(email, reason)
    for subscriber in Subscriber.objects.filter(email__iexact=email):
        Subscriber.objects.leave(subscriber.pk, reason=reason)


@transaction.atomic
def prefer(*, subscriber: Subscriber, everything: bool, categories: object) -> None:
    """Note what a subscriber wants to read. The chosen categories are kept for later when it is everything."""
    subscriber.all_categories = everything
    subscriber.save(update_fields=["all_categories"])
    if not everything:
        subscriber.categories.set(categories)  # type: ignore[arg-type] # a queryset of a form
