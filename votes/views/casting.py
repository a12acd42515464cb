"""Casting a vote on a tool, and showing how it was counted."""

import uuid

from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from tools.models import Tool
from votes.casting import TooManyRequestsError, cast
from votes.community import Community
from votes.forms import ReturnForm, VoteForm
from votes.models import CastResult, Choice, PairVote, Vote, VoteState
from votes.views.shared import answer_in_ballot, describe_hold, get_published_tool, personal, refuse
from votes.visitor import create_visitor, get_visitor, set_visitor_cookies
from web.client import client_address
from web.htmx import HtmxHttpRequest
from web.http import SeeOther, same_origin


@require_http_methods(["GET", "HEAD", "POST"])
@personal
@same_origin
@answer_in_ballot
def vote(request: HtmxHttpRequest, slug: str) -> HttpResponse:
    """Cast, change, or take back a vote (POST). Show how it was counted (GET); plain forms redirect there."""
    if request.method == "POST":
        return _cast(request, get_published_tool(slug))
    return _show(request, get_published_tool(slug, with_numbers=True))


def _cast(request: HtmxHttpRequest, tool: Tool) -> HttpResponse:
    form = VoteForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    choice, here = form.cleaned_data["choice"], form.cleaned_data["next"]
    known = get_visitor(request)
    visitor = known or create_visitor(request)
    try:
        result = cast(tool=tool, visitor=visitor, choice=choice, address=client_address(request))
    except TooManyRequestsError as refusal:
        return refuse(request, refusal, here=here)
    if request.htmx:
        hold = describe_hold(result.state, is_frozen=result.numbers.is_frozen) if choice != Choice.NONE else ""
        context = _context(tool, choice, result, here) | {"ballot_error": hold}
        response = render(request, "votes/_counted.html", context)
        trigger_client_event(response, "voted")
    else:
        response = SeeOther(reverse("vote", args=[tool.slug], query={"next": here}))
    if known or result.state:
        set_visitor_cookies(request, response, visitor)
    return response


def _show(request: HtmxHttpRequest, tool: Tool) -> HttpResponse:
    form = ReturnForm(request.GET)
    here = form.cleaned_data["next"] if form.is_valid() else ""
    visitor = get_visitor(request)
    choice, state = _get_choice(tool, visitor)
    community = Community.of(tool.community, is_frozen=tool.is_frozen)  # type: ignore[attr-defined] # annotated
    context = _context(tool, choice, CastResult(state, community), here) | {"has_cookie": visitor is not None}
    return render(request, "votes/vote.html", context)


def _get_choice(tool: Tool, visitor: uuid.UUID | None) -> tuple[Choice, VoteState | None]:
    """Return a visitor's choice on a tool, and its state (None if there is no vote)."""
    row = Vote.objects.filter(tool=tool, visitor=visitor).values_list("choice", "state").first() if visitor else None
    return (Choice(row[0]), VoteState(row[1])) if row else (Choice.NONE, None)


def _context(tool: Tool, choice: Choice, result: CastResult[Community], here: str) -> dict[str, object]:
    return {
        "tool": tool,
        "vote_url": reverse("vote", args=[tool.slug]),
        "community": result.numbers,
        "choice": "" if choice == Choice.NONE else choice.value,
        "state": result.state.value if result.state else "",
        "here": here or tool.get_absolute_url(),
    }


@require_safe
@csrf_exempt  # another method is a 405, not a 403
@personal
def my_votes(request: HtmxHttpRequest) -> JsonResponse:
    """Return this browser's votes: {"votes": {tool's slug: "ship" or "skip"}, "pairs": [[slug, slug, slug chosen]]}.
    A chosen slug of null is neither of the two.
    """
    visitor = get_visitor(request)
    votes = Vote.objects.cast_by(visitor).values_list("tool__slug", "choice") if visitor else []
    pairs = PairVote.objects.cast_by(visitor).list_choices() if visitor else []
    return JsonResponse({"votes": dict(votes), "pairs": list(pairs)})
