"""The methodology, the disclosure, and the page about the site."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from comparisons.reading.revision import CONTENT, EVERYTHING
from comparisons.reading.worked_example import NEWEST_COMPARISONS, choose_example, compute_interval_steps
from comparisons.shaping.tool_columns import build_card
from reviews.behind import describe_seats
from reviews.models import Reviewer
from votes import ranking_rules
from votes.community import list_display_rules
from votes.models import Reason
from votes.visitor import COOKIE_DAYS, HINT_COOKIE
from web.pages import public_page

INVENTED_VOTES = {"ship": 18, "votes": 31}  # for the example while no tool has a vote


@require_safe
@public_page(depends_on=EVERYTHING)
def methodology(request: HttpRequest) -> HttpResponse:
    """Explain how every number is computed, with the current settings and a tool of the site as an example."""
    return render(
        request,
        "comparisons/methodology.html",
        {
            "early": settings.COMMUNITY_EARLY_VOTES,
            "full": settings.COMMUNITY_FULL_VOTES,
            "stale_days": settings.STALE_AFTER_DAYS,
            "like_for_like_days": settings.LIKE_FOR_LIKE_DAYS,
            "display_rules": list_display_rules(),
            "kept_days": COOKIE_DAYS,
            "limits": {
                "tool_day": settings.VOTES_PER_NETWORK_AND_TOOL,
                "hour": settings.VOTES_PER_NETWORK,
                "refused": settings.VOTE_REQUESTS_PER_NETWORK,
                "burst": settings.BURST_VOTES,
                "times": settings.BURST_TIMES,
            },
            "rejections": Reason.rejecting(),
            "newest": NEWEST_COMPARISONS,
            "pair_ranking_votes": settings.PAIR_RANKING_VOTES,
            "ranking": {
                "prior": ranking_rules.PRIOR,
                "half": ranking_rules.HALF_A_VOTE,
                "resamples": ranking_rules.RESAMPLES,
                "low": ranking_rules.LEVEL[0],
                "high": ranking_rules.LEVEL[1],
                "seed": ranking_rules.SEED,
            },
            **_worked_example(),
        },
    )


def _worked_example() -> dict[str, Any]:
    """Return the tool of the example and its card, or None, and the steps of its interval or that of invented votes."""
    chosen = choose_example()
    shown = build_card(chosen.tool) if chosen else None
    has_votes = shown is not None and shown.community.votes > 0
    counts = {"ship": shown.community.ship, "votes": shown.community.votes} if shown and has_votes else INVENTED_VOTES
    steps = compute_interval_steps(**counts)
    drawn = {"has_number": True, "percent": steps["percent"], "low": steps["low"], "high": steps["high"]}
    return {"example": chosen, "card": shown, "has_votes": has_votes, "steps": steps, "drawn": drawn}


@require_safe
@public_page(depends_on=CONTENT)
def disclosure(request: HttpRequest) -> HttpResponse:
    """Disclose who is on the panel, who pays for what, and what is stored about readers."""
    return render(
        request,
        "comparisons/disclosure.html",
        {"reviewers": Reviewer.objects.order_by("seat"), "kept_days": COOKIE_DAYS, "hint_cookie": HINT_COOKIE},
    )


@require_safe
@public_page(depends_on=CONTENT)
def about(request: HttpRequest) -> HttpResponse:
    """Say what the site is, who runs it, and where to report an error."""
    seats = Reviewer.objects.order_by("seat").values_list("behind", flat=True)
    return render(request, "comparisons/about.html", {"who_speaks": describe_seats(list(seats))})
