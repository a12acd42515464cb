"""Who takes part in the hand-over of an object: who may decide on it, who may see it, and whom a text mentions."""

import re
from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model

from accounts.models import User
from comparisons.models import Comparison
from handovers.models import Comment, Content
from reviews.models import Review, Reviewer
from tools.models import Tool

MAX_MENTIONS = 20  # people per comment
PUBLISH_PERMISSIONS: dict[type[Model], str] = {
    Tool: "tools.publish_tool",
    Review: "reviews.publish_review",
    Comparison: "comparisons.publish_comparison",
}
_MENTION = re.compile(r"(?<![\w@.+-])@([\w@.+-]+)")


def may_publish(user: User | AnonymousUser, model: type[Model]) -> bool:
    """Return whether a user may publish, schedule, and withdraw tools, reviews, or comparisons.

    Raises KeyError for a model that has no publishing states.
    """
    return user.has_perm(PUBLISH_PERMISSIONS[model])


def may_see(user: User | AnonymousUser, model: type[Model]) -> bool:
    """Return whether a user may view or change the rows of a model, as Django's permissions say."""
    app, name = model._meta.app_label, model._meta.model_name
    return user.has_perm(f"{app}.view_{name}") or user.has_perm(f"{app}.change_{name}")


def writes_own_drafts_only(user: User | AnonymousUser) -> bool:
    """Return whether a user can write for their own seat only and cannot publish (the group Reviewer)."""
    return not may_publish(user, Review)


def may_see_draft_of(user: User | AnonymousUser, reviewer: Reviewer) -> bool:
    """Return whether a user may see unpublished reviews of a seat: of any seat, or only of the one they hold."""
    return not writes_own_drafts_only(user) or reviewer.held_by_id == user.pk


def may_decide(user: User | AnonymousUser, content: Content) -> bool:
    """Return whether a user may accept a draft or hand it back: those who may publish it."""
    return may_publish(user, type(content))


def may_take_part(user: User | AnonymousUser, content: Content) -> bool:
    """Return whether a user may read and write comments on an object: those who see it at the desk."""
    if not user.is_active or not user.is_staff:
        return False
    if may_decide(user, content):
        return True
    if isinstance(content, Review):
        is_own_draft = may_see_draft_of(user, content.reviewer) and content.published_at is None
        return is_own_draft and user.has_perm("reviews.change_review")
    return may_see(user, type(content))


def list_people(content: Content) -> list[User]:
    """Return everybody who may take part, by user name. A constant number of queries."""
    app, name = content._meta.app_label, content._meta.model_name
    permissions = [PUBLISH_PERMISSIONS[type(content)]]
    if not isinstance(content, Review):
        permissions += [f"{app}.view_{name}", f"{app}.change_{name}"]
    people = {user for permission in permissions for user in User.objects.with_perm(permission).filter(is_staff=True)}
    if isinstance(content, Review) and (holder := content.reviewer.held_by) and may_take_part(holder, content):
        people.add(holder)
    return sorted(people, key=lambda user: user.username.casefold())


def list_comments(user: User | AnonymousUser, row: Model | None) -> list[Comment]:
    """Return what was said about an object and done with its hand-over, oldest first; [] if a user may not read it.

    Rows of other models have no comments. One query.
    """
    if not isinstance(row, Tool | Review | Comparison) or not may_take_part(user, row):
        return []
    about = {f"hand_over__{row._meta.model_name}": row}
    return list(Comment.objects.filter(**about).select_related("author"))


def find_mentioned(text: str, people: Iterable[User]) -> tuple[list[User], list[str]]:
    """Return the people whom a text mentions as @username, each once, and the names that nobody in `people` has.

    A user name may end in a dot, and so may a sentence: the longest name that exists counts. Case does not.
    """
    by_name = {user.username.casefold(): user for user in people}
    found: dict[int, User] = {}
    unknown: dict[str, None] = {}
    for typed in _MENTION.findall(text):
        name = typed.casefold()
        while name and name not in by_name and name[-1] in "@.+-":
            name = name[:-1]
        if name in by_name:
            found.setdefault(by_name[name].pk, by_name[name])
        else:
            unknown.setdefault(typed.rstrip("@.+-"))
    return list(found.values())[:MAX_MENTIONS], [name for name in unknown if name][:MAX_MENTIONS]
