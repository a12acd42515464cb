"""Two tools side by side."""

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from comparisons.forms import parse_comparison_options
from comparisons.pages.pair_page import build_page
from comparisons.reading import popularity
from comparisons.reading.pairs import Pair, is_current
from comparisons.views.pair_address import at_pair_address
from web.http import is_for_reader, public_page, respond_conditionally


@require_safe
@public_page
@at_pair_address(tool_view="tool")
def comparison(request: HttpRequest, pair: Pair) -> HttpResponse:
    """Two tools side by side."""
    _count_read(pair, request)
    options = parse_comparison_options(request.GET)
    return respond_conditionally(
        request,
        stamp=(*pair.stamp, options),
        build=lambda: render(
            request,
            "comparisons/comparison.html",
            {**build_page(pair, options), "has_made_up_votes": pair.revision.has_made_up_votes},
        ),
        is_current=partial(_revalidate, pair),
    )


def _revalidate(pair: Pair, request: HttpRequest) -> bool:
    """Return whether the page of a pair is unchanged, and then count this read too: no view runs for it."""
    if unchanged := is_current(pair):
        _count_read(pair, request)
    return unchanged


def _count_read(pair: Pair, request: HttpRequest) -> None:
    if pair.comparison is not None and is_for_reader(request):
        popularity.count_read(pair.comparison)
