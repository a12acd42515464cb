"""What waits for a person: what was handed over to them, or back, answers, and comments that mention them.

The desk's front page shows it, and digests mail it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts.models import User
from handovers.models import (
    RELATED,
    CommentKind,
    CommentMention,
    Content,
    HandOver,
    HandOverQuerySet,
    HandOverState,
    name_person,
)
from handovers.people import PUBLISH_PERMISSIONS, may_publish, may_take_part
from reviews.models import Review
from web.words import shorten

MAX_WORDS = 140  # characters of a comment that lists quote
_ANSWERS = {
    CommentKind.ACCEPT: "accepted it",
    CommentKind.PUBLISH: "published the pending change",
    CommentKind.DISCARD: "discarded the pending change",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for a person: what it is about, what happened, when, and an excerpt of what was said."""

    content: Content
    happened: str
    at: datetime
    words: str
    address: str
    is_news: bool = False
    """Whether reading it is enough: an answer or a mention, and nothing to decide or to rework."""

    @property
    def name(self) -> str:
        return name_content(self.content)


def name_content(content: Content) -> str:
    """Return what lists call an object, such as `Skeptic on Cline`."""
    return f"{content.reviewer} on {content.tool}" if isinstance(content, Review) else str(content)


def build_address(content: Content) -> str:
    """Return the address of the page of an object's hand-over and comments."""
    return reverse(f"admin:{content._meta.app_label}_{content._meta.model_name}_hand_over", args=[content.pk])


def list_waiting(user: User, *, now: datetime, most: int) -> tuple[list[Waiting], int]:
    """Return what waits for a user, at most `most` of each kind, and how many there are in all.

    Decisions come first, then drafts to rework, then news. A query or two per kind. Each row is checked again: a user
    who lost the right to see an object no longer gets it.
    """
    related = [f"comment__hand_over__{name}" for name in RELATED]
    mentions = CommentMention.objects.filter(user=user, is_read=False).order_by("-pk")
    answers = HandOver.objects.answered(at=now).filter(handed_over_by=user)
    kinds: tuple[tuple[QuerySet[Any], Callable[[Any, User, datetime], Waiting | None]], ...] = (
        (_order_by_age(_filter_to_decide(user)), _build_to_decide),
        (_order_by_age(answers), _build_answer),
        (mentions.select_related("comment__author", *related), _build_mention),
    )
    found, total = [], 0
    for rows, build in kinds:
        first, number = _read_first(rows, most)
        found += [waiting for row in first if (waiting := build(row, user, now))]
        total += number
    return sorted(found, key=lambda waiting: waiting.is_news), total


def _order_by_age(rows: HandOverQuerySet) -> HandOverQuerySet:
    return rows.with_content().with_words().order_by("handed_over_at", "pk")


def _read_first(rows: QuerySet[Any], most: int) -> tuple[list[Any], int]:
    """Return the first rows, and how many there are. One query, or two if there are more."""
    first = list(rows[:most])
    return first, len(first) if len(first) < most else rows.count()


def list_handed_over(user: User, *, most: int) -> tuple[list[HandOver], int]:
    """Return what a user has handed over and waits for an editor, oldest first, and how many there are."""
    return _read_first(_order_by_age(HandOver.objects.waiting().filter(handed_over_by=user)), most)


def _filter_to_decide(user: User) -> HandOverQuerySet:
    """Return the hand-overs that a user may decide about. Nobody decides about their own."""
    rows = HandOver.objects.waiting().exclude(handed_over_by=user)
    models = [model for model in PUBLISH_PERMISSIONS if may_publish(user, model)]
    kinds = [Q(**{f"{model._meta.model_name}__isnull": False}) for model in models]
    return rows.filter(reduce(or_, kinds)) if kinds else rows.none()


def _build_to_decide(row: Any, user: User, now: datetime) -> Waiting | None:
    what = "handed over a pending change" if row.pending_change else "handed it over"
    return _build(row, f"{name_person(row.handed_over_by)} {what}", row.handed_over_at)


def _build_answer(row: Any, user: User, now: datetime) -> Waiting | None:
    """Return the answer to what a user handed over. Once it is published, they may see it only where readers do."""
    content = row.content
    is_visible = may_take_part(user, content)
    if row.state == HandOverState.RETURNED and row.step == CommentKind.RETURN:
        what = "handed back the pending change" if row.pending_change else "handed it back"
        return _build(row, f"{name_person(row.decided_by)} {what}", row.decided_at) if is_visible else None
    at = row.decided_at or content.published_at
    happened = f"{name_person(row.decided_by)} {_ANSWERS[row.step]}" if row.decided_at else "It is published"
    if is_visible:
        return replace(_build(row, happened, at), is_news=True)
    return Waiting(content, happened, at, "", _find_public_page(content, now), is_news=True)


def _find_public_page(content: Content, now: datetime) -> str:
    """Return the address at which readers see an object; "" if they do not."""
    shown = content.tool if isinstance(content, Review) else content
    is_public = content.is_public_at(now) and shown.is_public_at(now)
    return shown.get_absolute_url() if is_public else ""


def _build_mention(row: Any, user: User, now: datetime) -> Waiting | None:
    content = row.comment.hand_over.content
    if not may_take_part(user, content):
        return None
    words = shorten(row.comment.text, MAX_WORDS)
    happened = f"{row.comment.author_name} mentioned you"
    return Waiting(content, happened, row.comment.created_at, words, build_address(content), is_news=True)


def _build(row: Any, happened: str, at: datetime) -> Waiting:
    words = shorten(row.words or "", MAX_WORDS)
    return Waiting(row.content, happened, at, words, build_address(row.content))
