"""What people do with a hand-over: hand something over, comment on it, accept it, hand it back, take it back, read.

Each of these locks the content revision first, as all editorial writes do, so that nobody publishes or deletes the
object at the same time.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from handovers.models import (
    MAX_COMMENTS,
    Comment,
    CommentKind,
    CommentMention,
    Content,
    HandOver,
    HandOverState,
    find_pending_change,
    name_person,
)
from handovers.people import find_mentioned, list_people
from tools.models import ContentRevision
from tools.publishing import PublicationState
from web import locks
from web.words import format_moment

_GONE = "It was deleted in the meantime. Nothing was done."


class HandOverError(Exception):
    """An action that is impossible by now. The message says why, in whole sentences."""


@dataclass(frozen=True, slots=True)
class Told:
    """The result of a comment: the people it mentions, and the names in it that nobody who sees the object has."""

    mentioned: list[User]
    unknown: list[str]


def hand_over(*, content: Content, by: User, text: str = "") -> Told:
    """Hand a draft or a pending change over to the editors.

    Raises HandOverError if the object has neither, or waits for them already.
    """

    def change(found: HandOver, fresh: Content) -> None:
        pending = find_pending_change(fresh)
        if fresh.state != PublicationState.DRAFT and pending is None:
            raise HandOverError(f"It is {fresh.state.label.lower()}, so there is nothing to hand over.")
        if found.waits_for(fresh):
            name = name_person(found.handed_over_by)
            raise HandOverError(f"{name} has already handed it over. It waits for an editor.")
        found.state, found.handed_over_by, found.handed_over_at = HandOverState.WAITING, by, timezone.now()
        found.decided_by = found.decided_at = None
        found.pending_change = pending
        found.is_answer_read = False

    return _do(content, by, CommentKind.HAND_OVER, text, change)


def comment(*, content: Content, by: User, text: str) -> Told:
    """Comment on an object in any state. Raises HandOverError if it was deleted."""
    return _do(content, by, CommentKind.COMMENT, text, lambda found, fresh: None)


def accept(*, content: Content, by: User, text: str = "", seen: str) -> Told:
    """Mark what was handed over as accepted. Raises HandOverError unless it waits, as `seen` by the editor."""
    return _do(content, by, CommentKind.ACCEPT, text, _decide(by, HandOverState.ACCEPTED, seen))


def hand_back(*, content: Content, by: User, text: str, seen: str) -> Told:
    """Hand something back to its author, with a comment. Raises HandOverError as `accept` does."""
    return _do(content, by, CommentKind.RETURN, text, _decide(by, HandOverState.RETURNED, seen))


def take_back(*, content: Content, by: User) -> Told:
    """Take back one's own hand-over. Raises HandOverError if it no longer waits."""

    def change(found: HandOver, fresh: Content) -> None:
        if found.state != HandOverState.WAITING or found.handed_over_by_id != by.pk:
            raise HandOverError(_describe_answer(found))
        found.state = HandOverState.OPEN

    return _do(content, by, CommentKind.TAKE_BACK, "", change)


def read_all(*, user: User) -> int:
    """Record that a user has read the answers to their hand-overs and their mentions. Return how many of both.

    Drafts that were handed back go on waiting for them.
    """
    now = timezone.now()
    answers = HandOver.objects.answered(at=now).filter(handed_over_by=user)
    answers = answers.exclude(pk__in=HandOver.objects.to_rework().values("pk"))
    read = HandOver.objects.filter(pk__in=answers.values("pk")).update(is_answer_read=True)
    return read + CommentMention.objects.filter(user=user, is_read=False).update(is_read=True)


def note_end(*, content: Content, pending_change: int, by: User, is_published: bool) -> None:
    """Record that a pending change was published or discarded, as the answer to its hand-over.

    The caller has locked the content revision.
    """
    found = HandOver.objects.about(content).filter(pending_change=pending_change).first()
    if found is None or found.state == HandOverState.OPEN:
        return
    if found.handed_over_by_id == by.pk:
        found.state = HandOverState.OPEN  # nobody tells them what they did themselves
    else:
        found.state = HandOverState.ACCEPTED if is_published else HandOverState.RETURNED
        found.decided_by, found.decided_at, found.is_answer_read = by, timezone.now(), False
    found.save()
    _note(found, content, by, CommentKind.PUBLISH if is_published else CommentKind.DISCARD, "")


def _decide(by: User, state: HandOverState, seen: str) -> Callable[[HandOver, Content], None]:
    def change(found: HandOver, fresh: Content) -> None:
        if found.state != HandOverState.WAITING:
            raise HandOverError(_describe_answer(found))
        if found.handed_over_by_id == by.pk:
            raise HandOverError("You handed it over yourself. Another editor decides, or you take it back.")
        if not found.is_about(fresh):
            what = "its pending change is gone" if found.pending_change else f"it is {fresh.state.label.lower()}"
            raise HandOverError(f"By now {what}, so there is nothing to decide.")
        if seen != compute_stamp(found):
            raise HandOverError("It was handed over again in the meantime. Look at it again.")
        found.state, found.decided_by, found.decided_at = state, by, timezone.now()
        found.is_answer_read = False

    return change


def compute_stamp(hand_over: HandOver) -> str:
    """Return what a form carries to tell which hand-over its user decided about."""
    return hand_over.handed_over_at.isoformat() if hand_over.handed_over_at else ""


def _describe_answer(found: HandOver) -> str:
    """Return who decided first, and what they decided."""
    match found.state:
        case HandOverState.ACCEPTED | HandOverState.RETURNED if found.decided_at:
            what = "accepted it" if found.state == HandOverState.ACCEPTED else "handed it back"
            at = format_moment(found.decided_at)
            return f"{name_person(found.decided_by)} has already {what}, on {at}. Nothing was changed."
        case HandOverState.WAITING:
            return f"{name_person(found.handed_over_by)} handed it over, and only they can take it back."
    return "It was taken back in the meantime. Nothing was changed."


@locks.limited_atomic()
def _do(content: Content, by: User, kind: CommentKind, text: str, change: Callable[[HandOver, Content], None]) -> Told:
    ContentRevision.lock()
    model = type(content)
    fresh: Content | None = model._default_manager.filter(pk=content.pk).first()
    if fresh is None:
        raise HandOverError(_GONE)
    found = HandOver.objects.about(fresh).first() or HandOver(**{model._meta.model_name or "": fresh})
    if found.pk and Comment.objects.filter(hand_over=found).count() >= MAX_COMMENTS:
        raise HandOverError(f"It has {MAX_COMMENTS} comments already, and takes no more.")
    change(found, fresh)
    try:
        with transaction.atomic():
            found.save()
    except IntegrityError:
        raise HandOverError(_GONE) from None
    return _note(found, fresh, by, kind, text)


def _note(found: HandOver, content: Content, by: User, kind: CommentKind, text: str) -> Told:
    """Save a step or comment with its mentions. The author's earlier mentions on the object count as answered."""
    noted = Comment.objects.create(hand_over=found, kind=kind, author=by, text=text)
    CommentMention.objects.filter(comment__hand_over=found, user=by).update(is_read=True)
    if "@" not in text:
        return Told([], [])
    mentioned, unknown = find_mentioned(text, list_people(content))
    others = [user for user in mentioned if user != by]
    CommentMention.objects.bulk_create(CommentMention(comment=noted, user=user) for user in others)
    return Told(others, unknown)
