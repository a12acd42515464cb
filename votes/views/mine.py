"""My votes on one page, and the receipt that opens it in another browser."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from tools.models import Tool
from votes.community import Community
from votes.models import State, Vote
from votes.pair_votes import PairChoice, PairState, PairVote
from votes.views.shared import personal
from votes.visitor import KEPT_DAYS, receipt_of, remember, visitor_of, visitor_of_receipt
from web.http import SeeOther, same_origin
from web.paging import get_page

VOTES_A_PAGE = 24
PAIRS_SHOWN = 100  # the newest pair votes; each is a line


@require_safe
@personal
def mine(request: HttpRequest) -> HttpResponse:
    """What this browser voted, each with the buttons to change it or take it back, and its receipt."""
    visitor = visitor_of(request)
    page = get_page(_votes(visitor), request.GET, per_page=VOTES_A_PAGE)
    votes = list(page.object_list)
    tools = Tool.objects.with_community().with_freeze().in_bulk([vote.tool_id for vote in votes])
    pairs = _pairs(visitor)
    return render(
        request,
        "votes/mine.html",
        {
            "page": page,
            "entries": [_entry(vote, tools[vote.tool_id]) for vote in votes],
            "pairs": pairs[:PAIRS_SHOWN],
            "pairs_shown": PAIRS_SHOWN if len(pairs) > PAIRS_SHOWN else None,
            "here": request.get_full_path(),
            "receipt": _receipt_address(request, visitor) if visitor else "",
            "kept_days": KEPT_DAYS,
            "was_taken_over": "taken-over" in request.GET,
        },
    )


def _votes(visitor: uuid.UUID | None) -> Any:
    return Vote.objects.of(visitor).newest_first() if visitor else Vote.objects.none()


def _entry(vote: Vote, tool: Any) -> dict[str, object]:
    """A vote as the page shows it: the tool's block with its buttons, and what the vote is worth."""
    return {
        "tool": tool,
        "url": tool.get_absolute_url(),
        "vote_url": reverse("vote", args=[tool.slug]),
        "community": Community.of(tool.community, is_frozen=tool.is_frozen),
        "choice": vote.choice,
        "cast_at": vote.created_at,
        "state": State(vote.state).label,
        "is_counted": vote.state == State.COUNTED,
    }


def _pairs(visitor: uuid.UUID | None) -> list[dict[str, object]]:
    """What a visitor says between two tools, the newest first: one more than are shown, where there are more."""
    if not visitor:
        return []
    votes = PairVote.objects.said_by(visitor).newest_first().select_related("first", "second")
    here = reverse("mine")
    return [_pair(vote, here) for vote in votes[: PAIRS_SHOWN + 1]]


def _pair(vote: PairVote, here: str) -> dict[str, object]:
    """A pair vote as the page shows it, the two in the order in which the visitor saw them."""
    one, two = (vote.first, vote.second) if vote.shown_first_id == vote.first_id else (vote.second, vote.first)
    return {
        "one": one,
        "two": two,
        "chosen": {PairChoice.FIRST: vote.first.name, PairChoice.SECOND: vote.second.name}.get(PairChoice(vote.choice)),
        "url": reverse("pair-vote", args=[(one.slug, two.slug)], query={"next": here}),
        "state": State(vote.state).label,
        "is_counted": vote.state == PairState.COUNTED,
    }


def _receipt_address(request: HttpRequest, visitor: uuid.UUID) -> str:
    return request.build_absolute_uri(reverse("receipt", args=[receipt_of(visitor)]))


@require_http_methods(["GET", "HEAD", "POST"])
@personal
@same_origin
def receipt(request: HttpRequest, receipt: str) -> HttpResponse:
    """What a receipt link is for (GET); make this browser the one that it belongs to (POST)."""
    visitor, current = visitor_of_receipt(receipt), visitor_of(request)
    if visitor is None:
        return render(request, "votes/receipt.html", {"visitor": None, "kept_days": KEPT_DAYS}, status=404)
    if request.method == "POST":
        response = SeeOther(reverse("mine", query={"taken-over": 1}))
        remember(request, response, visitor)
        return response
    others = Vote.objects.of(current).count() if current and current != visitor else 0
    return render(
        request,
        "votes/receipt.html",
        {
            "visitor": visitor,
            "votes": Vote.objects.of(visitor).count(),
            "is_mine": visitor == current,
            "others": others,
            "own_receipt": _receipt_address(request, current) if others and current else "",
        },
    )
