"""Noting which tools reviews name."""

from itertools import batched

from django.db import transaction

from reviews.mentions import Names
from reviews.models import Mention, ReviewQuerySet
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
