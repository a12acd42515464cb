"""Publishing pending changes: by an editor, or by a worker at the time that an editor chose."""

import logging
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from desk.models import Changeable, PendingChange
from desk.pending.announcing import announce
from desk.pending.replaying import REFUSED, replay
from desk.permissions import AnyUser, may_publish
from desk.refusal_texts import ask_editor
from handovers.actions import note_end
from reviews.models import Review
from tools import logos
from tools.models import ContentRevision, Tool
from tools.publishing import PublicationState
from web.outages import PASSING_ERRORS
from web.words import format_moment

log = logging.getLogger(__name__)

GONE = "It was published or discarded in the meantime."
CHANGED = "It was changed in the meantime. This is how it is now."


@dataclass(frozen=True, slots=True)
class PublishResult:
    """Whether a pending change was published, or why not, and what readers see of it."""

    is_done: bool
    words: str = ""
    announcement: SafeString | str = ""
    merged: tuple[str, ...] = ()


def find_refusal(pending: PendingChange, user: AnyUser) -> str:
    """Return why a user cannot publish a pending change, apart from what is in it; "" if they can."""
    content = pending.content
    if content.state != PublicationState.PUBLISHED:
        return f"The {content._meta.verbose_name} is {content.state.label.lower()}. Put it back first."
    if not may_publish(user, type(content)):
        return f"{capfirst(user.get_username())} may not publish a {content._meta.verbose_name}."
    if any(name.startswith("scorecard-") for name in pending.posted) and not may_publish(user, Review):
        return f"It holds words of reviews, which {user.get_username()} may not publish."
    return ""


def describe_origin(pending: PendingChange, user: AnyUser) -> str:
    """Return what the history records as the reason: who proposed the change, and when."""
    by = "" if pending.author and pending.author.pk == user.pk else f" by {pending.author_name}"
    return f"Pending change of {format_moment(pending.kept_at)}{by}"


def name_pending(pending: PendingChange, user: AnyUser) -> str:
    """Return what to call a pending change to a user."""
    whose = "" if pending.author_id == user.pk else f" by {pending.author_name}"
    return f"pending change of {pending.kept_at:%H:%M} UTC{whose}"


def explain_scheduled(pending: PendingChange) -> str:
    """Return why somebody who may not publish cannot discard a scheduled pending change, and whom to ask."""
    kind = type(pending.content)
    name = kind._meta.verbose_name
    return (
        "This pending change was approved, and is scheduled. Your account may not publish "
        f"a {name}, so it cannot discard it. {ask_editor(kind)}"
    )


def lock_pending(pk: int) -> PendingChange | None:
    """Lock the content revision and a pending change until the transaction ends; None if it is gone."""
    ContentRevision.lock()
    rows = PendingChange.objects.select_related("tool", "comparison", "author", "scheduled_by")
    return rows.select_for_update(of=("self",)).filter(pk=pk).first()


@transaction.atomic
def publish(*, pk: int, user: AnyUser, like: HttpRequest | None, token: str | None = None) -> PublishResult:
    """Publish a pending change, all of it or nothing. `token` is that of the state which the user saw; None for any."""
    pending = lock_pending(pk)
    if pending is None:
        return PublishResult(is_done=False, words=GONE)
    if token is not None and pending.token != token:
        return PublishResult(is_done=False, words=CHANGED)
    if refusal := find_refusal(pending, user):
        return PublishResult(is_done=False, words=refusal)
    content, model_admin = pending.content, get_admin(pending.content)
    try:
        with transaction.atomic():
            outcome = replay(
                model_admin,
                pending.read_posted(),
                content.pk,
                user=user,
                like=like,
                note=describe_origin(pending, user),
                logo=pending.logo,
            )
    except PermissionDenied:
        return PublishResult(
            is_done=False, words=f"{capfirst(user.get_username())} may not change all that it changes."
        )
    except REFUSED as error:
        log.warning("A pending change was refused: %s", error)
        return PublishResult(is_done=False, words="Someone saved at the same moment. Try again.")
    if not outcome.is_saved:
        return PublishResult(is_done=False, words=outcome.explain())
    end(pending, by=user, is_published=True)
    return PublishResult(
        is_done=True,
        announcement=announce(outcome.events, type(content), logo_change=outcome.logo_change),
        merged=tuple(outcome.merged),
    )


def end(pending: PendingChange, *, by: Any, is_published: bool) -> None:
    """Delete a pending change, with a logo that no tool has now, and tell who handed it over.

    The caller has locked the content revision.
    """
    note_end(content=pending.content, pending_change=pending.pk, by=by, is_published=is_published)
    pending.delete()
    remove_unused_logo(pending.logo)


def remove_unused_logo(stem: str) -> None:
    """Remove the logo files of a pending change after the transaction, unless a tool uses them."""
    if stem and not Tool.objects.filter(logo=stem).exists():
        transaction.on_commit(partial(logos.remove, stem))


def get_admin(content: Changeable | models.Model) -> admin.ModelAdmin:
    return admin.site.get_model_admin(type(content))


def publish_due() -> int:
    """Publish what is due, and return how many. A change that cannot be published stays and says why. Any worker may
    run it at any time.
    """
    done = 0
    for pk in list(PendingChange.objects.due(at=timezone.now()).values_list("pk", flat=True)):
        try:
            done += _publish_if_due(pk)
        except PASSING_ERRORS:
            raise
        except Exception as error:
            log.exception("Pending change %d cannot be published.", pk)
            _note_problem(pk, f"An error of the program ({type(error).__name__}). Its log says more.")
    return done


@transaction.atomic
def _publish_if_due(pk: int) -> bool:
    pending = lock_pending(pk)
    if pending is None or pending.problem or pending.publish_at is None or pending.publish_at > timezone.now():
        return False
    if pending.scheduled_by is None:
        _note_problem(pk, "The account that scheduled it no longer exists. Schedule it again.")
        return False
    result = publish(pk=pk, user=pending.scheduled_by, like=None)
    if not result.is_done:
        _note_problem(pk, result.words)
    return result.is_done


def _note_problem(pk: int, words: str) -> None:
    PendingChange.objects.filter(pk=pk).update(problem=words)
