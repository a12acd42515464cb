"""Two tools side by side."""

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from comparisons.forms import ComparisonOptions, comparison_options
from comparisons.pages import pair_page
from comparisons.reading import popularity
from comparisons.reading.pairs import Pair, still_shows
from comparisons.reading.revision import Revision
from comparisons.shaping import tool_columns
from comparisons.shaping.seat_filter import WHOLE_PANEL, Lens
from comparisons.views.pair_address import at_pair_address
from web.caching import process_cache
from web.http import public_page, respond_conditionally


@require_safe
@public_page
@at_pair_address(tool_view="tool")
def comparison(request: HttpRequest, pair: Pair) -> HttpResponse:
    """Two tools side by side."""
    _note_reading(pair)
    options = comparison_options(request.GET)
    return respond_conditionally(
        request,
        stamp=(*pair.stamp, options),
        build=lambda: render(request, "comparisons/comparison.html", _kept_page(pair, options)),
        is_current=partial(_still_read, pair),
    )


def _still_read(pair: Pair) -> bool:
    """Whether the page that a reader asks for again is the one that it was; then that is a reading as well."""
    if unchanged := still_shows(pair):
        _note_reading(pair)
    return unchanged


def _note_reading(pair: Pair) -> None:
    if pair.comparison is not None:
        popularity.note(pair.comparison)


def _kept_page(pair: Pair, options: ComparisonOptions) -> dict[str, Any]:
    """What the page shows: what editors wrote, which is kept until it changes, and the votes as they stand."""
    whole = partial(_written, pair.ids, pair.revision, WHOLE_PANEL)
    lens = pair_page.lens_through(whole(), options.lens) if options.lens else WHOLE_PANEL
    return pair_page.shown(pair, options, lens, _written(pair.ids, pair.revision, lens), _said(pair, lens))


@process_cache(maxsize=512, in_debug=False)
def _said(pair: Pair, lens: Lens) -> dict[str, Any]:
    """What words and votes come to, made once for the same of both."""
    written = _written(pair.ids, pair.revision, lens)
    return pair_page.said(pair, lens, written, here=tool_columns.pair_address(*pair.slugs))


@process_cache(maxsize=512, in_debug=False)
def _written(ids: tuple[int, int], revision: Revision, lens: Lens) -> dict[str, Any]:
    """What editors wrote of two tools, read once for a revision of the site (`Pair.revision`) and a lens."""
    return pair_page.written(ids, lens, today=revision.today)
