"""Casting a vote between two tools, and showing how it was counted."""

from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from tools.brief_names import choose_distinct_names
from tools.models import Tool
from votes.casting import TooManyRequestsError, cast_pair
from votes.forms import PairVoteForm, ReturnForm
from votes.models import CastResult, PairChoice, PairTally, PairVote
from votes.preference import Preference
from votes.views.shared import answer_in_ballot, describe_hold, personal, refuse
from votes.visitor import create_visitor, get_visitor, set_visitor_cookies
from web.client import client_address
from web.htmx import HtmxHttpRequest
from web.http import SeeOther, same_origin


def _get_published_pair(slugs: tuple[str, str]) -> tuple[Tool, Tool]:
    """Return two published tools by their slugs, current or former. Raise Http404."""
    tools = Tool.objects.published().by_slugs(*slugs)
    if len({tool.pk for tool in tools.values()}) < 2:
        raise Http404
    return tools[slugs[0]], tools[slugs[1]]


@require_http_methods(["GET", "HEAD", "POST"])
@personal
@same_origin
@answer_in_ballot
def pair_vote(request: HtmxHttpRequest, pair: tuple[str, str]) -> HttpResponse:
    """Cast, change, or take back a vote (POST). Show how it was counted (GET); plain forms redirect there."""
    tools = _get_published_pair(pair)
    return _cast(request, tools) if request.method == "POST" else _show(request, tools)


def _cast(request: HtmxHttpRequest, tools: tuple[Tool, Tool]) -> HttpResponse:
    form = PairVoteForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    choice, here = form.cleaned_data["choice"], form.cleaned_data["next"]
    known = get_visitor(request)
    visitor = known or create_visitor(request)
    try:
        result = cast_pair(shown=tools, visitor=visitor, choice=choice, address=client_address(request))
    except TooManyRequestsError as refusal:
        return refuse(request, refusal, here=here)
    response: HttpResponse
    if request.htmx:
        hold = describe_hold(result.state, is_frozen=False) if choice != PairChoice.NONE else ""
        context = _context(tools, choice, result, here) | {"ballot_error": hold}
        response = render(request, "votes/_pair_counted.html", context)
    else:
        response = SeeOther(reverse("pair-vote", args=[_slugs(tools)], query={"next": here}))
    if known or choice != PairChoice.NONE:
        set_visitor_cookies(request, response, visitor)
    return response


def _show(request: HtmxHttpRequest, tools: tuple[Tool, Tool]) -> HttpResponse:
    form = ReturnForm(request.GET)
    here = form.cleaned_data["next"] if form.is_valid() else ""
    visitor = get_visitor(request)
    choice, state = PairVote.objects.get_choice(visitor, shown=tools) if visitor else (PairChoice.NONE, None)
    preference = Preference.of(PairTally.objects.read_numbers(shown=tools))
    context = _context(tools, choice, CastResult(state, preference), here) | {"has_cookie": visitor is not None}
    return render(request, "votes/pair_vote.html", context)


def _context(
    tools: tuple[Tool, Tool], choice: PairChoice, result: CastResult[Preference], here: str
) -> dict[str, object]:
    chosen = {PairChoice.FIRST: tools[0].name, PairChoice.SECOND: tools[1].name}.get(choice)
    brief_names = choose_distinct_names([(tool.name, tool.brief_name) for tool in tools])
    one, two = (
        {"slug": tool.slug, "name": tool.name, "brief_name": brief_name}
        for tool, brief_name in zip(tools, brief_names, strict=True)
    )
    return {
        "one": one,
        "two": two,
        "preference": result.numbers,
        "choice": choice,
        "state": result.state.value if result.state else "",
        "chosen": chosen,
        "pair_vote_url": reverse("pair-vote", args=[_slugs(tools)]),
        "here": here or reverse("comparison", args=[_slugs(tools)]),
    }


def _slugs(tools: tuple[Tool, Tool]) -> tuple[str, str]:
    return tools[0].slug, tools[1].slug
