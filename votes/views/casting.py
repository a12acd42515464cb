"""Casting a vote, and what was counted."""

import uuid

from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from tools.models import Tool
from votes.actions import TooManyRequestsError, cast
from votes.community import Community
from votes.forms import ReturnForm, VoteForm
from votes.models import Choice, Standing, State, Vote
from votes.pair_votes import PairVote
from votes.views.shared import personal, published_tool
from votes.visitor import new_visitor, remember, visitor_of
from web.client import client_address
from web.htmx import HtmxHttpRequest
from web.http import SeeOther, same_origin


@require_http_methods(["GET", "HEAD", "POST"])
@personal
@same_origin
def vote(request: HtmxHttpRequest, slug: str) -> HttpResponse:
    """Cast, change or take back a vote (POST); see what was counted (GET), which is where a plain form lands."""
    if request.method == "POST":
        return _cast(request, published_tool(slug))
    return _counted(request, published_tool(slug, with_numbers=True))


def _cast(request: HtmxHttpRequest, tool: Tool) -> HttpResponse:
    form = VoteForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    choice, here = form.cleaned_data["choice"], form.cleaned_data["next"]
    known = visitor_of(request)
    visitor = known or new_visitor(request)
    try:
        standing = cast(tool=tool, visitor=visitor, choice=choice, address=client_address(request))
    except TooManyRequestsError as refusal:
        return HttpResponse(status=429, headers={"Retry-After": str(refusal.seconds)})
    if request.htmx:
        response = render(request, "votes/_counted.html", _said(tool, choice, standing, here))
        trigger_client_event(response, "voted")
    else:
        response = SeeOther(reverse("vote", args=[tool.slug], query={"next": here}))
    if known or standing.state:
        remember(request, response, visitor)
    return response


def _counted(request: HtmxHttpRequest, tool: Tool) -> HttpResponse:
    form = ReturnForm(request.GET)
    here = form.cleaned_data["next"] if form.is_valid() else ""
    choice, state = _mine(tool, visitor_of(request))
    community = Community.of(tool.community, is_frozen=tool.is_frozen)  # type: ignore[attr-defined] # annotated
    return render(request, "votes/vote.html", _said(tool, choice, Standing(state, community), here))


def _mine(tool: Tool, visitor: uuid.UUID | None) -> tuple[Choice, State | None]:
    """What a visitor says of a tool, and what it is worth."""
    found = Vote.objects.filter(tool=tool, visitor=visitor).values_list("choice", "state").first() if visitor else None
    return (Choice(found[0]), State(found[1])) if found else (Choice.NONE, None)


def _said(tool: Tool, choice: Choice, standing: Standing, here: str) -> dict[str, object]:
    return {
        "tool": tool,
        "vote_url": reverse("vote", args=[tool.slug]),
        "community": standing.community,
        "choice": "" if choice == Choice.NONE else choice.value,
        "state": standing.state.value if standing.state else "",
        "here": here or tool.get_absolute_url(),
    }


@require_safe
@personal
def my_votes(request: HtmxHttpRequest) -> JsonResponse:
    """This browser's own votes: {"votes": {tool's slug: "ship" or "skip"}, "pairs": [[slug, slug, slug chosen]]}, where
    null is neither of the two.
    """
    visitor = visitor_of(request)
    votes = Vote.objects.of(visitor).values_list("tool__slug", "choice") if visitor else []
    pairs = PairVote.objects.said_by(visitor).chosen() if visitor else []
    return JsonResponse({"votes": dict(votes), "pairs": list(pairs)})
