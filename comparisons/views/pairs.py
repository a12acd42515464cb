"""Two tools side by side."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from comparisons.forms import parse_comparison_options
from comparisons.pages.pair_page import build_page
from comparisons.reading import popularity
from comparisons.reading.pairs import Pair
from comparisons.reading.revision import EVERYTHING, votes_on_pair
from comparisons.views.pair_address import at_pair_address
from web.http import is_for_reader
from web.pages import narrow, public_page


@require_safe
@public_page(depends_on=EVERYTHING)
@at_pair_address(tool_view="tool")
def comparison(request: HttpRequest, pair: Pair) -> HttpResponse:
    """Two tools side by side."""
    count_read = partial(_count_read, pair)
    count_read(request.META)
    narrow(request, votes_on_pair(*pair.ids), on_respond=count_read)
    page = build_page(pair, parse_comparison_options(request.GET))
    return render(
        request,
        "comparisons/comparison.html",
        {**page, "has_made_up_votes": pair.revision.has_made_up_votes},
    )


def _count_read(pair: Pair, environ: Mapping[str, Any]) -> None:
    if pair.comparison is not None and is_for_reader(environ):
        popularity.count_read(pair.comparison)
