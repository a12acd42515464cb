"""Helpers that the views of votes share."""

from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control

from tools.models import Tool
from votes.casting import TooManyRequestsError
from votes.models import VoteState
from web.http import View
from web.views import ErrorText, error_page

GONE = ErrorText("No longer published", "It is no longer published, so nobody can vote on it. Nothing was counted.")

personal = cache_control(private=True, no_store=True)


def get_published_tool(slug: str, *, with_numbers: bool = False) -> Any:
    """Return the published tool with a slug, current or former, on request with community and freeze. Raise Http404."""
    tools = Tool.objects.published()
    if with_numbers:
        tools = tools.with_community().with_freeze()
    tool = tools.by_slug(slug)
    if tool is None:
        raise Http404
    return tool


def answer_in_ballot(view: View) -> View:
    """Say briefly that a subject is gone if htmx asks: the answer goes into a ballot, which has no room for a page."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Http404:
            if request.headers.get("HX-Request") != "true":
                raise
            return error_page(request, status=404, text=GONE)

    return answered


def refuse(request: HttpRequest, refusal: TooManyRequestsError, *, here: str) -> HttpResponse:
    """Return the 429 response to a vote, which says when to vote again. htmx shows it in the ballot."""
    text = ErrorText("Too many votes from your network", f"You can vote again in {describe_wait(refusal.seconds)}.")
    response = error_page(request, status=429, text=text, back=here)
    response.headers["Retry-After"] = str(refusal.seconds)
    return response


def describe_wait(seconds: int) -> str:
    """Return a time to wait in words, in whole minutes, rounded up so that it is never too short."""
    minutes = -(-seconds // 60)
    return "1 minute" if minutes <= 1 else f"{minutes} minutes"


def describe_hold(state: VoteState | None, *, is_frozen: bool) -> str:
    """Return what a ballot says of a vote that is held ("": it is not)."""
    if state != VoteState.HELD:
        return ""
    if is_frozen:
        return "Noted. Voting is frozen here, so your vote waits for a moderator."
    return "Noted. Your vote is under review and does not count yet."
