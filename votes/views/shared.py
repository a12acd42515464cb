"""Helpers that the views of votes share."""

from typing import Any

from django.http import Http404
from django.views.decorators.cache import cache_control

from tools.models import Tool

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
