"""Previews: the real page with its drafts, for whoever has a signed link that expires.

A preview is read by the builders of the public pages, which are told explicitly which reviews count besides those that
are out. It writes nothing and puts nothing into what the public pages keep (docs/decisions/0010-publishing.md).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.core.signing import BadSignature, SignatureExpired, TimestampSigner, b62_decode
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from comparisons.forms import parse_comparison_options
from comparisons.models import Comparison
from comparisons.pages.pair_page import build_preview
from comparisons.pages.tool_page import build_tool_page
from comparisons.reading.pairs import read_pair_for_preview
from desk.publishing.gate import is_out, moment
from desk.publishing.transitions import Thing, state_words
from reviews.models import Review
from tools.models import Tool
from tools.publishing import PublicationState, is_published
from web.views import ErrorText

HOURS = 72  # that a link works
KINDS: dict[str, type[Thing]] = {"tool": Tool, "review": Review, "comparison": Comparison}
HEADERS = {
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow",
    # Whoever has the address may read the draft, so no other site learns it; our own forms go on working.
    "Referrer-Policy": "same-origin",
}
EXPIRED = ErrorText(
    "This preview has expired",
    f"Links to previews work for {HOURS} hours. Whoever sent you this one can make a new one.",
)
UNREADABLE = ErrorText(
    "No preview stands at this address",
    "The link was cut off or changed on its way to you. Copy it again, in full, or ask for a new one.",
)
GONE = ErrorText(
    "There is nothing to preview any more",
    "What this link showed was deleted or withdrawn since it was made.",
)

signer = TimestampSigner(salt="desk.preview")


def address(thing: Thing) -> str:
    """The path of a preview of a tool, a review or a comparison, which works for HOURS from now."""
    kind = next(name for name, model in KINDS.items() if isinstance(thing, model))
    return reverse("preview", args=[signer.sign(f"{kind}-{thing.pk}")])


def can_be_previewed(thing: Thing) -> bool:
    """Whether a preview has anything to show that readers do not see: what is public or withdrawn has none."""
    return thing.state != PublicationState.WITHDRAWN and not is_public(thing) and not _is_lost(thing)


def _tools_of(thing: Thing) -> tuple[Tool, ...]:
    match thing:
        case Tool():
            return (thing,)
        case Review():
            return (thing.tool,)
        case _:
            return (thing.first, thing.second)


def is_public(thing: Thing) -> bool:
    """Whether readers see it: it is published, and so is each tool that it is about."""
    now = timezone.now()
    return is_out(thing, at=now) and all(is_out(tool, at=now) for tool in _tools_of(thing))


def _is_lost(thing: Thing) -> bool:
    """Whether it, or a tool that it is about, was withdrawn."""
    return any(part.withdrawn_at is not None for part in (thing, *_tools_of(thing)))


def unlisted(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep every answer out of caches, indexes, and other sites' logs."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        for header, value in HEADERS.items():
            response.headers[header] = value
        return response

    return answered


@require_safe
@unlisted
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """The page of something that is not public yet, its drafts included; what is public meanwhile is shown instead."""
    try:
        kind, pk = _named_by(token)
        until = _made_at(token) + timedelta(hours=HOURS)
    except SignatureExpired:
        return _error(request, 410, EXPIRED)
    except (BadSignature, ValueError, KeyError, OverflowError):
        return _error(request, 404, UNREADABLE)
    thing = _find(kind, pk)
    if thing is None or _is_lost(thing):
        return _error(request, 410, GONE)
    if is_public(thing):
        return HttpResponseRedirect((thing.tool if isinstance(thing, Review) else thing).get_absolute_url())
    template, page = _page(thing, request)
    banner = {"words": "" if thing.state == PublicationState.DRAFT else state_words(thing), "until": moment(until)}
    return render(request, template, {**page, "preview": banner})


def _named_by(token: str) -> tuple[type[Thing], int]:
    """The kind and primary key that a token was made for. Raises BadSignature, ValueError or KeyError."""
    kind, _, pk = signer.unsign(token, max_age=timedelta(hours=HOURS)).partition("-")
    return KINDS[kind], int(pk)


def _made_at(token: str) -> datetime:
    return datetime.fromtimestamp(b62_decode(token.split(":")[1]), tz=timezone.get_default_timezone())


def _find(kind: type[Thing], pk: int) -> Thing | None:
    found: dict[type[Thing], QuerySet[Any]] = {
        Tool: Tool.objects.with_community().with_freeze(),
        Review: Review.objects.select_related("tool", "reviewer"),
        Comparison: Comparison.objects.select_related("first", "second"),
    }
    thing: Thing | None = found[kind].filter(pk=pk).first()
    return thing


def _page(thing: Thing, request: HttpRequest) -> tuple[str, dict[str, Any]]:
    """The template of a thing's page, and what it takes."""
    drafts = _drafts_of(thing)
    if isinstance(thing, Comparison):
        options = parse_comparison_options(request.GET)
        page = build_preview(read_pair_for_preview(thing), options, here=request.path, drafts=drafts)
        return "comparisons/comparison.html", dict(page)
    tool = thing if isinstance(thing, Tool) else Tool.objects.with_community().with_freeze().get(pk=thing.tool_id)
    return "comparisons/tool.html", build_tool_page(tool, drafts=drafts) | {"linked_data": None}


def _drafts_of(thing: Thing) -> list[int]:
    """The reviews that count in its preview though they are not out: its own, and no others'."""
    if isinstance(thing, Review):
        return [thing.pk]
    unpublished = Review.objects.filter(tool__in=_tools_of(thing), withdrawn_at__isnull=True)
    return list(unpublished.exclude(is_published()).order_by("pk").values_list("pk", flat=True))


def _error(request: HttpRequest, status: int, words: ErrorText) -> HttpResponse:
    return render(request, "web/error.html", {"status": status, "error": words}, status=status)
