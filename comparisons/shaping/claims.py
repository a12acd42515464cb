"""Predictions as the list of all of them shows each: how it turned out, by whom, and on what."""

from typing import TYPE_CHECKING

from django.utils.safestring import SafeString

from comparisons.addresses import reverse_slug
from web.fragments import render_cached
from web.words import format_day

if TYPE_CHECKING:
    from reviews.models import Prediction


def render_claim(prediction: "Prediction") -> SafeString:
    """Render a prediction with its reviewer and its tool, both of which it must come with."""
    review = prediction.review
    return render_cached(
        "comparisons/_claim.html",
        outcome=prediction.outcome,
        due_on=format_day(prediction.due_on),
        by=review.reviewer.name,
        tool=review.tool.name,
        url=reverse_slug("tool", review.tool.slug),
        claim=prediction.claim,
        note=prediction.note,
        source=prediction.source,
    )
