"""Saying which of two tools one would ship with."""

from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from tools.models import Tool
from votes.actions import TooManyRequestsError, cast_pair
from votes.forms import PairVoteForm, ReturnForm
from votes.pair_votes import PairChoice, PairState, PairTally, PairVote
from votes.preference import Preference
from votes.views.shared import personal
from votes.visitor import new_visitor, remember, visitor_of
from web.client import client_address
from web.htmx import HtmxHttpRequest
from web.http import SeeOther, same_origin


def _published_pair(slugs: tuple[str, str]) -> tuple[Tool, Tool]:
    """Two published tools by their slugs, current or former. Raises Http404."""
    found = Tool.objects.published().by_slugs(*slugs)
    if len({tool.pk for tool in found.values()}) < 2:
        raise Http404
    return found[slugs[0]], found[slugs[1]]


@require_http_methods(["GET", "HEAD", "POST"])
@personal
@same_origin
def pair_vote(request: HtmxHttpRequest, pair: tuple[str, str]) -> HttpResponse:
    """Say which of two tools one would ship with (POST); see what was counted (GET), where a plain form lands."""
    tools = _published_pair(pair)
    return _cast(request, tools) if request.method == "POST" else _counted(request, tools)


def _cast(request: HtmxHttpRequest, tools: tuple[Tool, Tool]) -> HttpResponse:
    form = PairVoteForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    choice, here = form.cleaned_data["choice"], form.cleaned_data["next"]
    known = visitor_of(request)
    visitor = known or new_visitor(request)
    try:
        cast_pair(shown=tools, visitor=visitor, choice=choice, address=client_address(request))
    except TooManyRequestsError as refusal:
        return HttpResponse(status=429, headers={"Retry-After": str(refusal.seconds)})
    response: HttpResponse
    if request.htmx:
        said = PairVote.objects.said_of(visitor, shown=tools)
        response = render(request, "votes/_pair_counted.html", _numbers(tools, *said, here))
    else:
        response = SeeOther(reverse("pair-vote", args=[_slugs(tools)], query={"next": here}))
    if known or choice != PairChoice.NONE:
        remember(request, response, visitor)
    return response


def _counted(request: HtmxHttpRequest, tools: tuple[Tool, Tool]) -> HttpResponse:
    form = ReturnForm(request.GET)
    here = form.cleaned_data["next"] if form.is_valid() else ""
    visitor = visitor_of(request)
    said = PairVote.objects.said_of(visitor, shown=tools) if visitor else (PairChoice.NONE, None)
    return render(request, "votes/pair_vote.html", _numbers(tools, *said, here))


def _numbers(tools: tuple[Tool, Tool], choice: PairChoice, state: PairState | None, here: str) -> dict[str, object]:
    chosen = {PairChoice.FIRST: tools[0].name, PairChoice.SECOND: tools[1].name}.get(choice)
    return {
        "one": tools[0],
        "two": tools[1],
        "preference": Preference.of(PairTally.objects.numbers(shown=tools)),
        "choice": choice,
        "state": state.value if state else "",
        "chosen": chosen,
        "pair_vote_url": reverse("pair-vote", args=[_slugs(tools)]),
        "here": here or reverse("comparison", args=[_slugs(tools)]),
    }


def _slugs(tools: tuple[Tool, Tool]) -> tuple[str, str]:
    return tools[0].slug, tools[1].slug
