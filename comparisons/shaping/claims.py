"""Predictions as the list of all of them shows each: how it turned out, by whom, and on what."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.safestring import SafeString

from comparisons.addresses import reverse_slug
from web.fragments import join_fragments, render_cached
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


def render_marks(outcomes: Iterable[str]) -> SafeString:
    """Render outcomes as squares, one after another."""
    return join_fragments(render_cached("charts/_outcome_mark.html", outcome=outcome) for outcome in outcomes)


def render_linked_mark(prediction: "Prediction") -> SafeString:
    """Render a prediction, which must come with its tool, as a square that says what it is about."""
    return render_cached(
        "charts/_outcome_mark.html",
        outcome=prediction.outcome,
        of=prediction.review.tool.name,
        due=format_day(prediction.due_on),
    )


def render_seat_claim(prediction: "Prediction") -> SafeString:
    """Render a prediction for the page of its seat. It must come with its tool."""
    tool = prediction.review.tool
    return render_cached(
        "comparisons/_seat_claim.html",
        id=prediction.pk,
        outcome=prediction.outcome,
        due_on=format_day(prediction.due_on),
        tool=tool.name,
        url=reverse_slug("tool", tool.slug),
        claim=prediction.claim,
        note=prediction.note,
        source=prediction.source,
    )
