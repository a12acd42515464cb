"""Who may do what at the desk, beyond Django's permissions on models.

Ask these functions; never check the name of a group. The groups and their permissions are in accounts/groups.py.
Who sees and publishes content is asked of hand-overs too, so that part is in handovers/people.py.
"""

from collections.abc import Collection

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, QuerySet

from accounts.models import User
from catalog.visibility import find_public_content
from desk.content import Content
from handovers.people import PUBLISH_PERMISSIONS, may_publish, may_see, may_see_draft_of, writes_own_drafts_only
from reviews.models import Prediction, Review, Reviewer, ReviewQuerySet
from tools.models import Attribute, Tool, ToolQuerySet
from tools.publishing import is_draft

type AnyUser = User | AnonymousUser
"""The user of a request."""


def may_override_gate(user: AnyUser, model: type[Model]) -> bool:
    """Return whether a user may publish objects of a model despite the gate's findings. Raises as `may_publish`."""
    return may_publish(user, model) and user.has_perm("tools.override_gate")


def find_missing_right(user: AnyUser, row: Model, *, joins: Collection[str] = ()) -> type[Model] | None:
    """Return the content that a user must be able to publish to change a row directly; None if they may change it.

    What readers see is changed by users who may publish it. Others propose a change on the form of a tool or a
    comparison, or ask (`desk.refusal_texts.explain`). `joins` are the slugs of categories that an attribute is about to
    join.
    """
    if all(may_publish(user, model) for model in PUBLISH_PERMISSIONS):
        return None
    content = find_public_content(row, joins=joins)
    return content if content and not may_publish(user, content) else None


def may_import(user: AnyUser) -> bool:
    """Return whether a user may import catalog files and spreadsheets: what readers see only if they may publish it."""
    return user.has_perm("tools.import_catalog")


def may_convert(user: AnyUser, attribute: Attribute) -> bool:
    """Return whether a user may give an attribute another kind, which rewrites the facts about it."""
    may_change = user.has_perms(["tools.change_attribute", "tools.change_fact"])
    return may_change and find_missing_right(user, attribute) is None


def may_preview(user: AnyUser, content: Content) -> bool:
    """Return whether a user may see the page of a draft and create a link to it for others.

    A preview of a tool or a comparison includes the drafts of every seat, so someone who writes for one seat previews
    only the reviews of that seat.
    """
    if writes_own_drafts_only(user):
        return isinstance(content, Review) and reviews_to_edit(user).filter(pk=content.pk).exists()
    return may_see(user, type(content))


def tools_to_moderate(user: AnyUser) -> ToolQuerySet:
    """Return the tools whose votes a user may moderate: for users who may not see drafts, only those once public."""
    return Tool.objects.all() if may_see(user, Tool) else Tool.objects.published_or_withdrawn()


def may_write_reviews(user: AnyUser) -> bool:
    """Return whether a user may write reviews, be it for one seat only."""
    return user.has_perms(["reviews.add_review", "reviews.change_review"])


def may_write_for(user: AnyUser, reviewer: Reviewer) -> bool:
    """Return whether a user may write reviews for a seat: any seat, or only the one they hold."""
    return may_write_reviews(user) and may_see_draft_of(user, reviewer)


def seats_to_write_for(user: AnyUser) -> "QuerySet[Reviewer]":
    """Return the seats that a user may write reviews for: all of them, or only the one they hold."""
    if not user.has_perm("reviews.add_review"):
        return Reviewer.objects.none()
    if writes_own_drafts_only(user):
        return Reviewer.objects.filter(held_by=user.pk)
    return Reviewer.objects.all()


def reviews_to_edit(user: AnyUser) -> ReviewQuerySet:
    """Return the reviews that a user may see and change at the desk: all, or the drafts of the seat they hold."""
    if not user.has_perm("reviews.change_review"):
        return Review.objects.none()
    if writes_own_drafts_only(user):
        return Review.objects.drafts().filter(reviewer__held_by=user.pk)
    return Review.objects.all()


def predictions_to_edit(user: AnyUser) -> "QuerySet[Prediction]":
    """Return the predictions that a user may see and change at the desk: those in the reviews they may edit."""
    if not user.has_perm("reviews.change_prediction"):
        return Prediction.objects.none()
    if writes_own_drafts_only(user):
        return Prediction.objects.filter(is_draft(prefix="review__"), review__reviewer__held_by=user.pk)
    return Prediction.objects.all()
