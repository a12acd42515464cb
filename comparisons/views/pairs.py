"""Two tools side by side."""

from datetime import date
from functools import lru_cache, partial
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.forms import ComparisonOptions, comparison_options
from comparisons.pages import pair_page
from comparisons.reading import popularity
from comparisons.reading.pairs import Edition, Pair, current_slugs, find_pair, still_shows
from comparisons.shaping import tool_columns
from comparisons.shaping.seat_filter import WHOLE_PANEL, Lens
from web.http import public_page, unless_unchanged


@require_safe
@public_page
def comparison(request: HttpRequest, pair: tuple[str, str]) -> HttpResponse:
    """Two tools side by side."""
    found = find_pair(*pair) if pair[0] != pair[1] else None
    if found is None:
        return moved_pair(*pair)
    if pair != found.slugs:
        return HttpResponsePermanentRedirect(reverse("comparison", args=[found.slugs]))
    _note_reading(found)
    options = comparison_options(request.GET)
    return unless_unchanged(
        request,
        stamp=(*found.stamp, options),
        build=lambda: render(request, "comparisons/comparison.html", _kept_page(found, options)),
        still=partial(_still_read, found),
    )


def _still_read(pair: Pair) -> bool:
    """Whether the page that a reader asks for again is the one that it was; then that is a reading as well."""
    if unchanged := still_shows(pair):
        _note_reading(pair)
    return unchanged


def _note_reading(pair: Pair) -> None:
    if pair.comparison is not None:
        popularity.note(pair.comparison)


def moved_pair(first: str, second: str, *, pair_name: str = "comparison", tool_name: str = "tool") -> HttpResponse:
    """Where an address leads that names no pair as it stands: a renamed tool, one tool twice, or nowhere.

    Takes the names of the addresses of a pair and of a tool, for those that have several kinds.
    """
    slugs = current_slugs(first, second)
    if slugs is None:
        raise Http404
    if slugs[0] == slugs[1]:
        return HttpResponsePermanentRedirect(reverse(tool_name, args=[slugs[0]]))
    return HttpResponsePermanentRedirect(reverse(pair_name, args=[slugs]))


def _kept_page(pair: Pair, options: ComparisonOptions) -> dict[str, Any]:
    """What the page shows: what editors wrote, which is kept until it changes, and the votes as they stand."""
    whole = partial(_written, pair.ids, pair.edition, WHOLE_PANEL)
    lens = pair_page.lens_through(whole(), options.lens) if options.lens else WHOLE_PANEL
    return pair_page.shown(pair, options, lens, _written(pair.ids, pair.edition, lens), _said(pair, lens))


@lru_cache(maxsize=0 if settings.DEBUG else 512)
def _said(pair: Pair, lens: Lens) -> dict[str, Any]:
    """What words and votes come to, made once for the same of both."""
    written = _written(pair.ids, pair.edition, lens)
    return pair_page.said(pair, lens, written, here=tool_columns.pair_address(*pair.slugs))


@lru_cache(maxsize=0 if settings.DEBUG else 512)
def _written(ids: tuple[int, int], edition: Edition, lens: Lens) -> dict[str, Any]:
    """What editors wrote of two tools, read once for an edition of the site (`Pair.edition`) and a lens."""
    return pair_page.written(ids, lens, today=date.fromisoformat(edition[0]))
