"""Who may do what at the desk, beyond Django's permission on a model. The groups: accounts/groups.py.

Ask these functions, and never for the name of a group.
"""

from typing import Any

from django.db.models import Model, QuerySet

from comparisons.models import Comparison
from reviews.models import Prediction, Review, Reviewer
from tools.models import Tool

_PUBLISH: dict[type[Model], str] = {
    Tool: "tools.publish_tool",
    Review: "reviews.publish_review",
    Comparison: "comparisons.publish_comparison",
}


def may_publish(user: Any, what: Model | type[Model]) -> bool:
    """Whether a user may publish, schedule and withdraw a tool, review or comparison, or any of such a model.

    Raises KeyError for what is never published.
    """
    return user.has_perm(_PUBLISH[what if isinstance(what, type) else type(what)])


def may_override_gate(user: Any, what: Model | type[Model]) -> bool:
    """Whether a user may publish in spite of what the gate says is missing."""
    return may_publish(user, what) and user.has_perm("tools.override_gate")


def may_import(user: Any) -> bool:
    """Whether a user may load catalog files and spreadsheets: these write and publish anything."""
    return user.has_perm("tools.import_catalog")


def may_preview(user: Any, what: Model) -> bool:
    """Whether a user may see the page of a draft, and make a link to it for others."""
    if isinstance(what, Review):
        return reviews_to_edit(user).filter(pk=what.pk).exists()
    return user.has_perm(f"{what._meta.app_label}.view_{what._meta.model_name}")


def writes_own_drafts_only(user: Any) -> bool:
    """Whether a user writes for one seat alone and cannot publish (the group Reviewer)."""
    return not user.has_perm("reviews.publish_review")


def seats_to_write_for(user: Any) -> "QuerySet[Reviewer]":
    """The seats that a user may write reviews for: all of them, or the one that they hold."""
    if not user.has_perm("reviews.add_review"):
        return Reviewer.objects.none()
    if writes_own_drafts_only(user):
        return Reviewer.objects.filter(held_by=user)
    return Reviewer.objects.all()


def reviews_to_edit(user: Any) -> "QuerySet[Review]":
    """The reviews that a user may see and change at the desk: all of them, or the drafts of the seat they hold."""
    if not user.has_perm("reviews.change_review"):
        return Review.objects.none()
    if writes_own_drafts_only(user):
        return Review.objects.filter(reviewer__held_by=user, published_at__isnull=True)
    return Review.objects.all()


def predictions_to_edit(user: Any) -> "QuerySet[Prediction]":
    """The predictions that a user may see and change at the desk: those of the reviews that they may."""
    if not user.has_perm("reviews.change_prediction"):
        return Prediction.objects.none()
    if writes_own_drafts_only(user):
        return Prediction.objects.filter(review__reviewer__held_by=user, review__published_at__isnull=True)
    return Prediction.objects.all()
