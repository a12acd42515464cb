"""Pictures of the numbers for other sites: the images of shared links, and the badge."""

from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.forms import badge_size
from comparisons.pictures import share_image
from comparisons.pictures.badge import Badge
from comparisons.reading.pairs import Pair, find_pair
from comparisons.views.pairs import moved_pair
from reviews.panel import Panel
from tools.models import Tool
from votes.community import Community
from web.http import View, public_page, unless_unchanged


@require_safe
@public_page
def pair_image(request: HttpRequest, pair: tuple[str, str]) -> HttpResponse:
    """The share image of two tools side by side."""
    found = find_pair(*pair) if pair[0] != pair[1] else None
    if found is None:
        return moved_pair(*pair, pair_name="pair-image", tool_name="tool-image")
    if pair != found.slugs:
        return HttpResponsePermanentRedirect(reverse("pair-image", args=[found.slugs]))
    return unless_unchanged(
        request,
        stamp=("pair-image", *found.stamp),
        build=lambda: _png(share_image.pair_image(settings.SITE_NAME, *_sides(found))),
    )


def _sides(pair: Pair) -> list[share_image.Side]:
    tools = Tool.objects.with_panel().in_bulk(pair.ids)
    return [
        share_image.Side.of(tools[pk].name, Panel.of(tools[pk].panel), community)
        for pk, community in zip(pair.ids, pair.communities, strict=True)
    ]


@require_safe
@public_page
def tool_image(request: HttpRequest, slug: str) -> HttpResponse:
    """The share image of one tool."""
    found = _tool(slug)
    if found.slug != slug:
        return HttpResponsePermanentRedirect(reverse("tool-image", args=[found.slug]))
    side = share_image.Side.of(found.name, Panel.of(found.panel), Community.of(found.community))
    return unless_unchanged(
        request,
        stamp=("tool-image", side),
        build=lambda: _png(share_image.tool_image(settings.SITE_NAME, side)),
    )


def _embeddable(view: View) -> View:
    """Say to browsers that other sites may show what a view answers."""

    @wraps(view)
    def embedded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    return embedded


@require_safe
@public_page
@_embeddable
def badge(request: HttpRequest, slug: str) -> HttpResponse:
    """The badge of a tool, for other sites to embed."""
    found, size = _tool(slug), badge_size(request.GET)
    if found.slug != slug:
        return HttpResponsePermanentRedirect(reverse("badge", args=[found.slug], query={"size": size}))
    shown = Badge.of(settings.SITE_NAME, found.name, Panel.of(found.panel), Community.of(found.community))
    return unless_unchanged(
        request,
        stamp=("badge", size, shown),
        build=lambda: render(request, f"comparisons/badge_{size}.svg", {"badge": shown}, content_type="image/svg+xml"),
    )


def _tool(slug: str) -> Any:
    """A published tool with its numbers, by its current slug or a former one. One query for a current one."""
    found = Tool.objects.published().with_numbers().by_slugs(slug).get(slug)
    if found is None:
        raise Http404
    return found


def _png(image: bytes) -> HttpResponse:
    return HttpResponse(image, content_type="image/png")
