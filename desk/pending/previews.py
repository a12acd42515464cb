"""Previews of pending changes: the real page as it would be, built in a transaction that is rolled back.

Readers must never see any of it, so nothing of it may enter a cache of public pages under a key that they can have.
Those are keyed by the content revision; the preview gives it a number in its transaction that no other ever has.
"""

import secrets
from datetime import timedelta

from django.core.signing import BadSignature, SignatureExpired
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.forms import parse_comparison_options
from comparisons.models import Comparison
from comparisons.pages.pair_page import build_preview
from comparisons.pages.tool_page import build_tool_page
from comparisons.reading.pairs import read_pair_for_preview
from desk.ids import parse_id
from desk.models import Changeable, PendingChange
from desk.pending.publishing import get_admin
from desk.pending.replaying import REFUSED, replay, roll_back
from desk.publishing import previews
from tools.models import ContentRevision, Tool
from web import locks
from web.views import ErrorText
from web.words import format_moment

KIND = "pending"
GONE = ErrorText(
    "There is nothing to preview any more",
    "The change that this link showed was published or discarded since, or what it changes was withdrawn.",
)
UNFIT = ErrorText(
    "This change cannot be previewed",
    "It no longer fits what is published. An editor has to open it at the desk.",
)
BUSY = ErrorText("The preview has to wait", "Someone is saving right now. Reload this page in a few seconds.")


class _UnfitError(Exception):
    """A pending change cannot be applied."""


def preview_url(pending: PendingChange) -> str:
    """Return the path of a preview, which works for previews.LIFETIME_HOURS from now."""
    return reverse("pending-preview", args=[previews.signer.sign(f"{KIND}-{pending.pk}")])


@require_safe
@previews.keep_private
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """Show the page of public content as a pending change would make it. Writes nothing."""
    try:
        signed = previews.signer.unsign(token, max_age=timedelta(hours=previews.LIFETIME_HOURS))
        until = previews.read_signed_at(token) + timedelta(hours=previews.LIFETIME_HOURS)
    except SignatureExpired:
        return previews.render_error(request, 410, previews.EXPIRED)
    except (BadSignature, ValueError, OverflowError):
        return previews.render_error(request, 404, previews.UNREADABLE)
    kind, _, number = signed.partition("-")
    if kind != KIND:
        return previews.render_error(request, 404, previews.UNREADABLE)
    rows = PendingChange.objects.select_related("tool", "comparison__first", "comparison__second", "author")
    pending = rows.filter(pk=parse_id(number) or 0).first()
    if pending is None or not previews.is_public(pending.content):
        return previews.render_error(request, 410, GONE)
    words = f"{pending.author_name} proposes this change of what is public."
    try:
        with locks.limit_waits(), roll_back():
            template, context = _build_changed_page(pending, request)
            context["preview"] = {"words": words, "until": format_moment(until)}
            return render(request, template, context)
    except _UnfitError:
        return previews.render_error(request, 409, UNFIT)
    except OperationalError as error:
        if not locks.is_contention(error):
            raise
        response = previews.render_error(request, 503, BUSY)
        response.headers["Retry-After"] = str(locks.RETRY_AFTER)
        return response


def _build_changed_page(pending: PendingChange, request: HttpRequest) -> tuple[str, dict[str, object]]:
    """Apply a pending change, and return the template and the context of its page. Raises _UnfitError."""
    content = pending.content
    if pending.author is None:
        raise _UnfitError
    ContentRevision.lock()
    try:
        outcome = replay(
            get_admin(content),
            pending.read_posted(),
            content.pk,
            user=pending.author,
            like=request,
            logo=pending.logo,
        )
    except REFUSED as error:
        raise _UnfitError from error
    if not outcome.is_saved:
        raise _UnfitError
    ContentRevision.objects.update(number=-secrets.randbits(62))
    return _build_page(content, request)


def _build_page(content: Changeable, request: HttpRequest) -> tuple[str, dict[str, object]]:
    if isinstance(content, Comparison):
        changed = Comparison.objects.select_related("first", "second").get(pk=content.pk)
        options = parse_comparison_options(request.GET)
        page = build_preview(read_pair_for_preview(changed), options, here=request.path, drafts=())
        return "comparisons/comparison.html", dict(page)
    tool = Tool.objects.with_community().with_freeze().get(pk=content.pk)
    return "comparisons/tool.html", build_tool_page(tool) | {"linked_data": None}
