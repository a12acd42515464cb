"""Who may do what at the desk, beyond Django's permission on a model. The groups: accounts/groups.py."""

from typing import Any

from django.db.models import QuerySet

from reviews.models import Review


def writes_own_drafts_only(user: Any) -> bool:
    """Whether a user writes for one seat alone and cannot publish (the group Reviewer)."""
    return not user.has_perm("reviews.publish_review")


def reviews_to_edit(user: Any) -> "QuerySet[Review]":
    """The reviews that a user may change: all of them, or the drafts of the seat that they hold."""
    if not user.has_perm("reviews.change_review"):
        return Review.objects.none()
    if writes_own_drafts_only(user):
        return Review.objects.filter(reviewer__held_by=user, published_at__isnull=True)
    return Review.objects.all()
