"""The page of a visitor's own votes, and the receipt that opens it in another browser."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from tools.models import Tool
from votes.community import Community
from votes.models import PairChoice, PairVote, Vote, VoteState
from votes.views.shared import personal
from votes.visitor import COOKIE_DAYS, get_visitor, read_receipt, set_visitor_cookies, sign_receipt
from web.http import SeeOther, same_origin
from web.paging import get_page

VOTES_PER_PAGE = 24
MAX_PAIRS = 100  # the newest pair votes; each is a line


@require_safe
@csrf_exempt  # another method is a 405, not a 403
@personal
def mine(request: HttpRequest) -> HttpResponse:
    """Show this browser's votes, each with the buttons to change it or take it back, and its receipt."""
    visitor = get_visitor(request)
    page = get_page(_list_votes(visitor), request.GET, per_page=VOTES_PER_PAGE)
    votes = list(page.object_list)
    tools = Tool.objects.with_community().with_freeze().in_bulk([vote.tool_id for vote in votes])
    pairs = _list_pair_votes(visitor)
    return render(
        request,
        "votes/mine.html",
        {
            "page": page,
            "votes": [_describe_vote(vote, tools[vote.tool_id]) for vote in votes],
            "pairs": pairs[:MAX_PAIRS],
            "pairs_shown": MAX_PAIRS if len(pairs) > MAX_PAIRS else None,
            "here": request.get_full_path(),
            "receipt": _get_receipt_url(request, visitor) if visitor else "",
            "cookie_days": COOKIE_DAYS,
            "was_taken_over": "taken-over" in request.GET,
        },
    )


def _list_votes(visitor: uuid.UUID | None) -> Any:
    return Vote.objects.cast_by(visitor).newest_first() if visitor else Vote.objects.none()


def _describe_vote(vote: Vote, tool: Any) -> dict[str, object]:
    """Return a vote as the page shows it: the tool's block with its buttons, and the vote's state."""
    return {
        "tool": tool,
        "url": tool.get_absolute_url(),
        "vote_url": reverse("vote", args=[tool.slug]),
        "community": Community.of(tool.community, is_frozen=tool.is_frozen),
        "choice": vote.choice,
        "cast_at": vote.created_at,
        "state": VoteState(vote.state).label,
        "is_counted": vote.state == VoteState.COUNTED,
    }


def _list_pair_votes(visitor: uuid.UUID | None) -> list[dict[str, object]]:
    """Return a visitor's newest pair votes: up to one more than the page shows, to tell whether there are more."""
    if not visitor:
        return []
    votes = PairVote.objects.cast_by(visitor).newest_first().select_related("first", "second")
    here = reverse("mine")
    return [_describe_pair_vote(vote, here) for vote in votes[: MAX_PAIRS + 1]]


def _describe_pair_vote(vote: PairVote, here: str) -> dict[str, object]:
    """Return a pair vote as the page shows it, the two tools in the order in which the visitor saw them."""
    one, two = (vote.first, vote.second) if vote.shown_first_id == vote.first_id else (vote.second, vote.first)
    return {
        "one": one,
        "two": two,
        "chosen": {PairChoice.FIRST: vote.first.name, PairChoice.SECOND: vote.second.name}.get(PairChoice(vote.choice)),
        "url": reverse("pair-vote", args=[(one.slug, two.slug)], query={"next": here}),
        "state": VoteState(vote.state).label,
        "is_counted": vote.state == VoteState.COUNTED,
    }


def _count_votes(visitor: uuid.UUID) -> int:
    return Vote.objects.cast_by(visitor).count() + PairVote.objects.cast_by(visitor).count()


def _get_receipt_url(request: HttpRequest, visitor: uuid.UUID) -> str:
    return request.build_absolute_uri(reverse("receipt", args=[sign_receipt(visitor)]))


@require_http_methods(["GET", "HEAD", "POST"])
@personal
@same_origin
def receipt(request: HttpRequest, receipt: str) -> HttpResponse:
    """Explain a receipt link (GET); make this browser the visitor that it identifies (POST)."""
    visitor, current = read_receipt(receipt), get_visitor(request)
    if visitor is None:
        return render(request, "votes/receipt.html", {"visitor": None, "cookie_days": COOKIE_DAYS}, status=404)
    if request.method == "POST":
        response = SeeOther(reverse("mine", query={"taken-over": 1}))
        set_visitor_cookies(request, response, visitor)
        return response
    others = _count_votes(current) if current and current != visitor else 0
    return render(
        request,
        "votes/receipt.html",
        {
            "visitor": visitor,
            "votes": _count_votes(visitor),
            "is_mine": visitor == current,
            "others": others,
            "own_receipt": _get_receipt_url(request, current) if others and current else "",
        },
    )
