import uuid

from django.http import Http404, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from tools.models import Tool
from votes.community import Community
from votes.forms import ReturnForm, VoteForm
from votes.models import Vote
from votes.pair_votes import PairVote
from votes.visitor import remember, visitor_of
from web.htmx import HtmxHttpRequest
from web.http import SeeOther, same_origin

personal = cache_control(private=True, no_store=True)


def _published_tool(slug: str) -> Tool:
    tool = Tool.objects.published().by_slugs(slug).get(slug)
    if tool is None:
        raise Http404
    return tool


@require_http_methods(["GET", "HEAD", "POST"])
@personal
@same_origin
def vote(request: HtmxHttpRequest, slug: str) -> HttpResponse:
    """Cast, change or take back a vote (POST); see what was counted (GET), which is where a plain form lands."""
    tool = _published_tool(slug)
    return _cast(request, tool) if request.method == "POST" else _counted(request, tool)


def _cast(request: HtmxHttpRequest, tool: Tool) -> HttpResponse:
    form = VoteForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    choice = form.cleaned_data["choice"]
    visitor = visitor_of(request)
    if choice is not None or visitor is not None:
        visitor = visitor or uuid.uuid4()
        Vote.objects.cast(tool=tool, visitor=visitor, choice=choice)
    if request.htmx:
        response = render(request, "votes/_counted.html", _numbers(tool, choice, form.cleaned_data["next"]))
        trigger_client_event(response, "voted")
    else:
        response = SeeOther(reverse("vote", args=[tool.slug], query={"next": form.cleaned_data["next"]}))
    if visitor is not None:
        remember(request, response, visitor)
    return response


def _counted(request: HtmxHttpRequest, tool: Tool) -> HttpResponse:
    form = ReturnForm(request.GET)
    here = form.cleaned_data["next"] if form.is_valid() else ""
    visitor = visitor_of(request)
    mine = Vote.objects.filter(tool=tool, visitor=visitor).first() if visitor else None
    return render(request, "votes/vote.html", _numbers(tool, mine.choice if mine else None, here))


def _numbers(tool: Tool, choice: str | None, here: str) -> dict[str, object]:
    counted = Tool.objects.with_community().get(pk=tool.pk)
    return {
        "tool": tool,
        "vote_url": reverse("vote", args=[tool.slug]),
        "community": Community.of(counted.community),
        "choice": choice,
        "here": here or tool.get_absolute_url(),
    }


@require_safe
@personal
def my_votes(request: HtmxHttpRequest) -> JsonResponse:
    """This browser's own votes: {"votes": {tool's slug: "ship" or "skip"}, "pairs": [[slug, slug, slug chosen]]}, where
    null is neither of the two.
    """
    visitor = visitor_of(request)
    votes = Vote.objects.filter(visitor=visitor).values_list("tool__slug", "choice") if visitor else []
    pairs = PairVote.objects.said_by(visitor).chosen() if visitor else []
    return JsonResponse({"votes": dict(votes), "pairs": list(pairs)})
