"""What the views of votes have in common."""

from typing import Any

from django.http import Http404
from django.views.decorators.cache import cache_control

from tools.models import Tool

personal = cache_control(private=True, no_store=True)


def published_tool(slug: str, *, with_numbers: bool = False) -> Any:
    """The published tool of a slug, current or former, with community and freeze where asked. Raises Http404."""
    tools = Tool.objects.published()
    if with_numbers:
        tools = tools.with_community().with_freeze()
    tool = tools.by_slug(slug)
    if tool is None:
        raise Http404
    return tool
