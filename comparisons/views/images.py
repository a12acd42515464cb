"""Images of the numbers for other sites: share images and badges."""

from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from comparisons.forms import parse_badge_size
from comparisons.pictures import share_image
from comparisons.pictures.badge import Badge
from comparisons.reading.pairs import Pair
from comparisons.reading.revision import EVERYTHING, votes_on_pair, votes_on_tool
from comparisons.views.pair_address import at_pair_address
from reviews.panel import Panel
from tools.models import Tool
from votes import made_up
from votes.community import Community
from web.current_address import at_current_address
from web.http import View
from web.pages import narrow, public_page


def _find_tool(slug: str) -> Any | None:
    """Return a published tool with its numbers by its slug, current or former. One query for a current one."""
    return Tool.objects.published().with_numbers().by_slug(slug)


@require_safe
@public_page(depends_on=EVERYTHING)
@at_pair_address(tool_view="tool-image")
def pair_image(request: HttpRequest, pair: Pair) -> HttpResponse:
    """The share image of two tools side by side."""
    narrow(request, votes_on_pair(*pair.ids))
    return _respond_with_png(
        share_image.draw_pair_image(
            settings.SITE_NAME, *_read_sides(pair), has_made_up_votes=pair.revision.has_made_up_votes
        )
    )


def _read_sides(pair: Pair) -> list[share_image.ImageSide]:
    tools = Tool.objects.with_panel().in_bulk(pair.ids)
    return [
        share_image.ImageSide.of(tools[pk].name, Panel.of(tools[pk].panel), community)
        for pk, community in zip(pair.ids, pair.communities, strict=True)
    ]


@require_safe
@public_page(depends_on=EVERYTHING)
@at_current_address(_find_tool)
def tool_image(request: HttpRequest, tool: Any) -> HttpResponse:
    """The share image of one tool."""
    narrow(request, votes_on_tool(tool.pk))
    side = share_image.ImageSide.of(tool.name, Panel.of(tool.panel), Community.of(tool.community))
    image = share_image.draw_tool_image(settings.SITE_NAME, side, has_made_up_votes=made_up.are_on_page(request))
    return _respond_with_png(image)


def _embeddable(view: View) -> View:
    """Allow other sites to show the response of a view."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    return wrapper


@require_safe
@public_page(depends_on=EVERYTHING)
@_embeddable
@at_current_address(_find_tool)
def badge(request: HttpRequest, tool: Any) -> HttpResponse:
    """The badge of a tool, for other sites to embed."""
    narrow(request, votes_on_tool(tool.pk))
    size = parse_badge_size(request.GET)
    texts = Badge.of(
        settings.SITE_NAME,
        tool.name,
        Panel.of(tool.panel),
        Community.of(tool.community),
        has_made_up_votes=made_up.are_on_page(request),
    )
    return render(request, f"comparisons/badge_{size}.svg", {"badge": texts}, content_type="image/svg+xml")


def _respond_with_png(image: bytes) -> HttpResponse:
    return HttpResponse(image, content_type="image/png")
