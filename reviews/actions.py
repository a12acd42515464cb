"""Actions on reviews: recording mentions, and publishing a tool together with its reviews."""

from collections.abc import Iterable
from datetime import datetime
from itertools import batched

from django.db import transaction
from django.db.models import Q

from reviews.mentions import Names, split_words
from reviews.models import Mention, Review, ReviewQuerySet
from tools.brief_names import list_names
from tools.models import Tool

BATCH_SIZE = 2000  # reviews in memory at once


@transaction.atomic
def note_mentions(*, reviews: ReviewQuerySet) -> None:
    """Store which tools the given reviews name, other than their own, and delete stale mentions. Idempotent."""
    names = Names(
        (tool, name)
        for tool, *called in Tool.objects.order_by().values_list("pk", "name", "short_name", "aliases")
        for name in list_names(*called)
    )
    texts = (
        reviews.order_by("pk").values_list("pk", "tool_id", "gist", "quote", "flips_if").iterator(chunk_size=BATCH_SIZE)
    )
    for batch in batched(texts, BATCH_SIZE, strict=False):
        named = {(review, tool) for review, own, *words in batch for tool in names.find_in("\n".join(words)) - {own}}
        stored = Mention.objects.filter(review__in=[review for review, *_ in batch])
        stale = [mention.pk for mention in stored if (mention.review_id, mention.tool_id) not in named]
        Mention.objects.filter(pk__in=stale).delete()
        Mention.objects.bulk_create(
            [Mention(review_id=review, tool_id=tool) for review, tool in sorted(named)], ignore_conflicts=True
        )


@transaction.atomic
def rescan_mentions(*, tool: Tool, names: Iterable[str]) -> None:
    """Update the mentions of a tool after it was created or renamed.

    `names` is everything that it is called, or was called before.
    """
    # SQL only narrows the reviews down: a review that names the tool contains the longest word of that name.
    longest_words = {max(words, key=len) for name in names if (words := split_words(name))}
    may_name = Q(pk__in=Mention.objects.filter(tool=tool).values("review"))
    for word in sorted(longest_words):
        may_name |= Q(gist__contains=word) | Q(quote__contains=word) | Q(flips_if__contains=word)
    note_mentions(reviews=Review.objects.filter(may_name))


@transaction.atomic
def publish_tool(*, tool: Tool, at: datetime | None = None, reason: str = "") -> list[Review]:
    """Publish or schedule a tool with the reviews that are published with it, and return those reviews.

    `reason` goes into the history of each. Raise TransitionError as `Publishable.publish` does, without changes.
    """
    reviews = _lock_reviews_with(tool)
    tool.publish(at=at, reason=reason)
    for review in reviews:
        review.publish_with_tool(reason=reason)
    return reviews


@transaction.atomic
def unschedule_tool(*, tool: Tool, reason: str = "") -> list[Review]:
    """Turn a scheduled tool back into a draft with the reviews scheduled with it, and return those reviews.

    Raise TransitionError as `Publishable.unschedule` does, without changes.
    """
    reviews = [review for review in _lock_reviews_with(tool) if review.published_at is not None]
    tool.unschedule(reason=reason)
    for review in reviews:
        review.unschedule(reason=reason)
    return reviews


def _lock_reviews_with(tool: Tool) -> list[Review]:
    """Lock and return the reviews that are published with a tool. Their `tool` is the given object, not a copy."""
    reviews = list(Review.objects.filter(tool=tool).order_by("pk").select_for_update(of=("self",), no_key=True))
    for review in reviews:
        review.tool = tool
    return [review for review in reviews if review.is_published_with_tool()]
