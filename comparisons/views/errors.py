"""The page for an address at which nothing stands: it names what the reader may have meant."""

import logging

from django.db import Error
from django.http import HttpRequest, HttpResponse

from comparisons.addresses import reverse_pair
from comparisons.models import Comparison
from comparisons.reading.nearest import nearest_tools
from web.views import error_page

COMPARISONS = 3

logger = logging.getLogger(__name__)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404. The same for a tool that is not published as for one that does not exist: only published ones are named."""
    return error_page(request, status=404, nearest=_nearest(request.path))


def _nearest(path: str) -> list[tuple[str, str]]:
    """Names and addresses of the tools that a path resembles, and of their newest comparisons."""
    try:
        tools = nearest_tools(path)
        touching = Comparison.objects.published().touching(*(tool.pk for tool in tools)).newest_first().records()
        pairs = list(touching[:COMPARISONS]) if tools else []
    except Error:
        logger.exception("no suggestions on a 404 page")
        return []
    return [(tool.name, tool.get_absolute_url()) for tool in tools] + [
        (f"{pair['first_name']} vs {pair['second_name']}", reverse_pair(pair["first_slug"], pair["second_slug"]))
        for pair in pairs
    ]
