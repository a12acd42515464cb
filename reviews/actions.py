"""Noting which tools reviews name; publishing a tool together with what the panel says of it."""

from collections.abc import Iterable
from datetime import datetime
from itertools import batched

from django.db import transaction
from django.db.models import Q

from reviews.mentions import Names, words_of
from reviews.models import Mention, Review, ReviewQuerySet
from tools.models import Tool

BATCH = 2000  # reviews held in memory at once


@transaction.atomic
def note_mentions(*, reviews: ReviewQuerySet) -> None:
    """Look through some reviews for the names of all tools, and keep what they name of others than their own."""
    names = Names(
        (tool, name)
        for tool, own_name, aliases in Tool.objects.order_by().values_list("pk", "name", "aliases")
        for name in (own_name, *aliases)
    )
    texts = reviews.order_by("pk").values_list("pk", "tool_id", "quote", "flips_if").iterator(chunk_size=BATCH)
    for batch in batched(texts, BATCH, strict=False):
        named = {
            (review, tool)
            for review, own, quote, flips_if in batch
            for tool in names.named_in(f"{quote}\n{flips_if}") - {own}
        }
        noted = Mention.objects.filter(review__in=[review for review, *_ in batch])
        stale = [mention.pk for mention in noted if (mention.review_id, mention.tool_id) not in named]
        Mention.objects.filter(pk__in=stale).delete()
        Mention.objects.bulk_create(
            [Mention(review_id=review, tool_id=tool) for review, tool in sorted(named)], ignore_conflicts=True
        )


@transaction.atomic
def note_renamed(*, tool: Tool, names: Iterable[str]) -> None:
    """Look again through the reviews that may name a tool, after it has come or its names have changed.

    `names` are the names and aliases that it has now, and those that it had before.
    """
    # Whoever names it writes the longest word of that name; which of these reviews do name it is not for SQL to say.
    telling = {max(words, key=len) for name in names if (words := words_of(name))}
    may_name = Q(pk__in=Mention.objects.filter(tool=tool).values("review"))
    for word in sorted(telling):
        may_name |= Q(quote__contains=word) | Q(flips_if__contains=word)
    note_mentions(reviews=Review.objects.filter(may_name))


@transaction.atomic
def publish_tool(*, tool: Tool, at: datetime | None = None, reason: str = "") -> list[Review]:
    """Publish or schedule a tool, and at the same instant the reviews that go along with it, which are returned.

    `reason` is for the history of each. Raises TransitionError as `Publishable.publish` does; then nothing has changed.
    """
    along = _going_along(tool)
    tool.publish(at=at, reason=reason)
    for review in along:
        review.publish_with_tool(reason=reason)
    return along


@transaction.atomic
def unschedule_tool(*, tool: Tool, reason: str = "") -> list[Review]:
    """Make a scheduled tool a draft again, with the reviews that were to come out with it, which are returned.

    Raises TransitionError as `Publishable.unschedule` does; then nothing has changed.
    """
    along = [review for review in _going_along(tool) if review.published_at is not None]
    tool.unschedule(reason=reason)
    for review in along:
        review.unschedule(reason=reason)
    return along


def _going_along(tool: Tool) -> list[Review]:
    """Locked, so that nobody publishes one of them meanwhile, and each knows the very tool that is moved."""
    reviews = list(Review.objects.filter(tool=tool).select_for_update().order_by("pk"))
    for review in reviews:
        review.tool = tool
    return [review for review in reviews if review.goes_along()]
