"""Two tools side by side."""

from datetime import date
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons import linked_data, readings, side_by_side, titles
from comparisons.addresses import pair_image
from comparisons.columns import read_pair
from comparisons.forms import ComparisonOptions, comparison_options
from comparisons.lens import WHOLE_PANEL, Lens, lens_of, toggles, with_query
from comparisons.pairs import Pair, current_slugs, find_pair
from comparisons.twins import json_address
from web import markdown
from web.http import public_page, unless_unchanged

RELATED = 6


@require_safe
@public_page
def comparison(request: HttpRequest, pair: tuple[str, str]) -> HttpResponse:
    """Two tools side by side."""
    found = find_pair(*pair) if pair[0] != pair[1] else None
    if found is None:
        return moved_pair(*pair)
    if pair != found.slugs:
        return HttpResponsePermanentRedirect(reverse("comparison", args=[found.slugs]))
    if found.comparison is not None:
        readings.note(found.comparison)
    options = comparison_options(request.GET)
    return unless_unchanged(
        request,
        stamp=(*found.stamp, options),
        build=lambda: render(request, "comparisons/comparison.html", _pair_page(found, options)),
    )


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


def _pair_page(pair: Pair, options: ComparisonOptions) -> dict[str, Any]:
    """What the page shows: what editors wrote, which is kept until it changes, and the votes as they stand."""
    lens = _lens(pair, options.lens) if options.lens else WHOLE_PANEL
    written = _written(pair.ids, pair.edition, lens)
    said = _said(pair, lens)
    here = said["here"]
    only = "only=differences" if options.only_differences else ""
    eyes = [row["eye"] for row in written["seats"]]
    return {
        **written,
        **said,
        "pair": pair,
        "address": with_query(here, lens.query, only),
        "all_facts": with_query(here, lens.query),
        "differing_facts": with_query(here, lens.query, "only=differences"),
        "lens": lens,
        "toggles": toggles(eyes, lens, here=here, also=only) if len(eyes) > 1 else [],
        "whole_panel": with_query(here, only),
        "introduction": markdown.render(pair.introduction),
        "sides": list(zip(written["columns"], pair.communities, strict=True)),
        "preference": pair.preference,
        "facts": [row for row in written["facts"] if row["differs"] or not options.only_differences],
        "only_differences": options.only_differences,
    }


@lru_cache(maxsize=0 if settings.DEBUG else 512)
def _said(pair: Pair, lens: Lens) -> dict[str, Any]:
    """What words and votes come to: the verdict, and what programs read of it. Made once for the same of both."""
    written, communities = _written(pair.ids, pair.edition, lens), pair.communities
    columns, here = written["columns"], side_by_side.pair_address(*pair.slugs)
    sentence = side_by_side.verdict_sentence(columns, communities, written["seats"], lens)
    title, description = titles.comparison_title(*columns), titles.comparison_description(sentence)
    shared = {"title": title, "description": description, "path": here, "image": pair_image(*pair.slugs)}
    site = {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL}
    return {
        "here": here,
        "json_address": json_address(here),
        "pair_vote_url": reverse("pair-vote", args=[pair.slugs]),
        "sentence": sentence,
        "title": title,
        "description": description,
        "social": render_to_string("web/_social.html", {**shared, **site}),
        "linked_data": linked_data.comparison_graph(
            columns, written["software"], communities, url=here, sentence=sentence
        ),
    }


def _lens(pair: Pair, asked: tuple[str, ...]) -> Lens:
    """The lens of some slugs, out of the seats that have judged either tool."""
    return lens_of([row["eye"] for row in _written(pair.ids, pair.edition, WHOLE_PANEL)["seats"]], asked)


@lru_cache(maxsize=0 if settings.DEBUG else 512)
def _written(ids: tuple[int, int], edition: tuple[str, str], lens: Lens) -> dict[str, Any]:
    """What editors wrote of two tools, read and shaped once for an edition of the site (`Pair.edition`) and a lens."""
    today = date.fromisoformat(edition[0])
    tools, related = read_pair(ids, related=RELATED, lens=lens.ids)
    columns = [side_by_side.column(tool, today=today) for tool in tools]
    seats = side_by_side.seat_rows(tools)
    return {
        "software": [
            linked_data.software(tool, column, quotes=False) for tool, column in zip(tools, columns, strict=True)
        ],
        "columns": columns,
        "has_long_names": side_by_side.has_long_names(tools),
        "notice": side_by_side.like_for_like_notice(*columns),
        "seats": seats,
        "split_sentence": side_by_side.split_sentence(seats),
        "pricing_read": side_by_side.pricing_read(*columns),
        "facts": side_by_side.fact_rows(tools, today=today),
        "has_predictions": any(column["predictions"] for column in columns),
        "related": [side_by_side.pair_link(link) for link in related],
    }
