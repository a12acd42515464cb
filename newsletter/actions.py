"""Writes that concern several rows, or more than one table."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from newsletter import composing
from newsletter.models import Issue, IssueState, Leaving, Subscriber, Suppression


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


class NotNowError(Exception):
    """What was asked cannot be done with an issue as it stands; the message says why."""


@transaction.atomic
def compose_issue(*, since: datetime | None = None) -> Issue | None:
    """Compose this week's issue as a draft, and return it; None when nothing is new.

    News count from `since` on (default: from when the last issue was composed). A draft that is there is composed anew
    and keeps its number and, where an editor has written any, its lead. Raises NotNowError while an issue is ready to be
    sent.
    """
    ready = Issue.objects.filter(state=IssueState.READY).first()
    if ready is not None:
        raise NotNowError(f"{ready} is ready to be sent. Send it first, or make it a draft again.")
    at = timezone.now()
    draft = Issue.objects.select_for_update().filter(state=IssueState.DRAFT).first()
    since = since or composing.since(at=at)
    entries = composing.composed(since=since, at=at)
    if not entries:
        return None
    if draft is None:
        draft = Issue(number=Issue.objects.next_number())
    draft.subject = composing.subject(entries)
    draft.since_at, draft.composed_at = since, at
    draft.content = [entry.record for entry in entries]
    draft.save()
    return draft
