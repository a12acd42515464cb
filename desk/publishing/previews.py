"""Previews: the real page with its drafts, for anyone who has a signed link that expires.

The builders of the public pages also build the previews. They take explicitly which drafts count beside the published
reviews. A preview writes nothing, and nothing of it enters the caches of public pages
(docs/decisions/0010-publishing.md).
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import wraps

from django.conf import settings
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner, b62_decode
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from comparisons.forms import parse_comparison_options
from comparisons.models import Comparison
from comparisons.pages.pair_page import build_preview
from comparisons.pages.tool_page import build_tool_page
from comparisons.reading.pairs import read_pair_for_preview
from desk.content import Content
from desk.publishing.transitions import describe_state
from reviews.models import Review
from tools.models import Tool
from tools.publishing import PublicationState, is_published
from web.views import ErrorText
from web.words import format_moment

LIFETIME_HOURS = 72  # of a link
KINDS: dict[str, type[Content]] = {"tool": Tool, "review": Review, "comparison": Comparison}
HEADERS = {
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow",
    # Anyone who has the address can read the draft, so other sites must not learn it. Our own forms keep working.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",  # the desk shows it beside its form (static/desk/split_preview.js)
}
EXPIRED = ErrorText(
    "This preview has expired",
    f"Links to previews work for {LIFETIME_HOURS} hours. The person who sent you this one can create a new one.",
)
UNREADABLE = ErrorText(
    "No preview stands at this address",
    "The link was cut off or changed on its way to you. Copy it again, in full, or ask for a new one.",
)
UNFINISHED = ErrorText(
    "This draft has no verdict yet",
    "Its preview shows it once it says ship or skip.",
)
GONE = ErrorText(
    "There is nothing to preview any more",
    "What this link showed was deleted or withdrawn since it was made.",
)

signer = TimestampSigner(salt="desk.preview")


def preview_url(content: Content) -> str:
    """Return the path of a preview, which works for LIFETIME_HOURS from now."""
    kind = next(name for name, model in KINDS.items() if isinstance(content, model))
    return reverse("preview", args=[signer.sign(f"{kind}-{content.pk}")])


def is_previewable(content: Content) -> bool:
    """Return whether a preview would show something that readers do not see. Withdrawn content has no preview."""
    return not is_public(content) and not _is_withdrawn(content) and not _is_unfinished(content)


def _tools_of(content: Content) -> tuple[Tool, ...]:
    match content:
        case Tool():
            return (content,)
        case Review():
            return (content.tool,)
        case _:
            return (content.first, content.second)


def is_public(content: Content) -> bool:
    """Return whether readers see an object: it is published, and so is each of its tools."""
    now = timezone.now()
    return all(part.is_public_at(now) for part in (content, *_tools_of(content)))


def _is_withdrawn(content: Content) -> bool:
    """Return whether an object, or one of its tools, was withdrawn."""
    return any(part.withdrawn_at is not None for part in (content, *_tools_of(content)))


def _is_unfinished(content: Content) -> bool:
    """Return whether an object is a draft that its page cannot show: a review without a verdict."""
    return isinstance(content, Review) and not content.verdict


def keep_private(view: Callable[[HttpRequest, str], HttpResponse]) -> Callable[[HttpRequest, str], HttpResponse]:
    """Keep every response out of caches, search indexes, and the logs of other sites."""

    @wraps(view)
    def view_with_headers(request: HttpRequest, token: str) -> HttpResponse:
        response = view(request, token)
        for header, value in HEADERS.items():
            response.headers[header] = value
        return response

    return csp_override(settings.PREVIEW_CSP)(view_with_headers)


@require_safe
@keep_private
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """Show the page of content that is not public yet, with its drafts. Redirect if it has become public."""
    try:
        model, pk = _read_token(token)
        until = read_signed_at(token) + timedelta(hours=LIFETIME_HOURS)
    except SignatureExpired:
        return render_error(request, 410, EXPIRED)
    except (BadSignature, ValueError, KeyError, OverflowError):
        return render_error(request, 404, UNREADABLE)
    content = _load(model, pk)
    if content is None or _is_withdrawn(content):
        return render_error(request, 410, GONE)
    if is_public(content):
        return HttpResponseRedirect((content.tool if isinstance(content, Review) else content).get_absolute_url())
    if _is_unfinished(content):
        return render_error(request, 410, UNFINISHED)
    template, context = _build_page(content, request)
    words = "" if content.state == PublicationState.DRAFT else describe_state(content)
    return render(request, template, {**context, "preview": {"words": words, "until": format_moment(until)}})


def _read_token(token: str) -> tuple[type[Content], int]:
    """Return the model and primary key that a token was signed for. Raises BadSignature, ValueError, or KeyError."""
    kind, _, pk = signer.unsign(token, max_age=timedelta(hours=LIFETIME_HOURS)).partition("-")
    return KINDS[kind], int(pk)


def read_signed_at(token: str) -> datetime:
    """Return when a token was signed."""
    return datetime.fromtimestamp(b62_decode(token.split(":")[1]), tz=timezone.get_default_timezone())


def _load(model: type[Content], pk: int) -> Content | None:
    querysets: dict[type[Content], QuerySet[Tool] | QuerySet[Review] | QuerySet[Comparison]] = {
        Tool: Tool.objects.with_community().with_freeze(),
        Review: Review.objects.select_related("tool", "reviewer"),
        Comparison: Comparison.objects.select_related("first", "second"),
    }
    return querysets[model].filter(pk=pk).first()


def _build_page(content: Content, request: HttpRequest) -> tuple[str, dict[str, object]]:
    """Return the template of an object's page, and its context."""
    # The preview of a review counts that review only, not the drafts of other seats.
    drafts = [content.pk] if isinstance(content, Review) else find_drafts(_tools_of(content))
    if isinstance(content, Comparison):
        options = parse_comparison_options(request.GET)
        page = build_preview(read_pair_for_preview(content), options, here=request.path, drafts=drafts)
        return "comparisons/comparison.html", dict(page)
    tool = content if isinstance(content, Tool) else Tool.objects.with_community().with_freeze().get(pk=content.tool_id)
    return "comparisons/tool.html", build_tool_page(tool, drafts=drafts) | {"linked_data": None}


def find_drafts(tools: Iterable[Tool]) -> list[int]:
    """Return the ids of the unpublished reviews of tools that have a verdict. Previews count them. One query."""
    unpublished = Review.objects.filter(tool__in=tools, withdrawn_at__isnull=True).exclude(is_published())
    unpublished = unpublished.exclude(verdict="")
    return list(unpublished.order_by("pk").values_list("pk", flat=True))


def render_error(request: HttpRequest, status: int, words: ErrorText) -> HttpResponse:
    """Return the page that says why there is no preview."""
    return render(request, "web/error.html", {"status": status, "error": words}, status=status)
