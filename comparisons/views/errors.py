"""The 404 page, which suggests what the reader may have meant."""

import logging

from django.db import Error
from django.http import HttpRequest, HttpResponse

from comparisons.addresses import reverse_pair
from comparisons.models import Comparison
from comparisons.reading.nearest import find_nearest_tools
from web.views import error_page

MAX_COMPARISONS = 3

logger = logging.getLogger(__name__)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the 404 page. It is the same for an unpublished tool as for none: it names published tools only."""
    return error_page(request, status=404, nearest=_suggest(request.path))


def _suggest(path: str) -> list[tuple[str, str]]:
    """Return (name, URL) of the tools that a path resembles, and of their newest comparisons.

    The database may be down: the page then has no suggestions.
    """
    try:
        tools = find_nearest_tools(path)
        touching = Comparison.objects.published().touching(*(tool.pk for tool in tools)).newest_first().records()
        pairs = list(touching[:MAX_COMPARISONS]) if tools else []
    except Error as error:
        logger.warning("no suggestions on a 404 page: %s", str(error).strip())
        return []
    return [(tool.name, tool.get_absolute_url()) for tool in tools] + [
        (f"{pair['first_name']} vs {pair['second_name']}", reverse_pair(pair["first_slug"], pair["second_slug"]))
        for pair in pairs
    ]
