"""Three or four tools in columns."""

from itertools import combinations
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from comparisons.forms import CustomOptions, custom_options
from comparisons.machines import titles
from comparisons.reading.pairs import find_pair
from comparisons.reading.records import PairRecord
from comparisons.reading.tool_records import read_tools
from comparisons.shaping import search_results, sentences, tool_columns
from comparisons.shaping.seat_filter import WHOLE_PANEL, lens_of, toggles
from comparisons.views.search import picker_field
from tools.models import Tool
from votes.community import Community
from web.http import public_page

FIELDS = ("First tool", "Second tool", "Third tool", "Fourth tool")
FEWEST = 3


@require_safe
@public_page
def custom(request: HttpRequest) -> HttpResponse:
    """Three or four tools in columns; any other number leads to their comparison, or asks for what is missing."""
    options = custom_options(request.GET)
    if tools := _by_slugs(options.typed):
        return render(request, "comparisons/columns.html", _columns(tools, options))
    sides = [picker_field(f"t{place}", *field) for place, field in enumerate(zip(FIELDS, options.typed, strict=False))]
    tools = list(dict.fromkeys(side.tool for side in sides if side.tool))
    if len(tools) >= 2 and all(side.tool for side in sides):
        return HttpResponseRedirect(_address(tools, options))
    return render(request, "comparisons/custom.html", _form(sides, options))


def _by_slugs(typed: tuple[str, ...]) -> list[Tool]:
    """The tools of the canonical address: three or four current slugs. Empty for any other. One query, if any."""
    if len(typed) < FEWEST:
        return []
    known = Tool.objects.published().with_community().with_freeze().with_namesakes().in_bulk(typed, field_name="slug")
    return [known[slug] for slug in typed] if len(known) == len(typed) else []


def _address(tools: list[Tool], options: CustomOptions) -> str:
    """Where two tools or more are shown side by side."""
    slugs = [tool.slug for tool in tools]
    if len(slugs) >= FEWEST:
        lens = urlencode({"lens": ",".join(options.lens)}) if options.lens else ""
        return search_results.custom_address([*slugs, *options.beyond], lens=lens)
    pair = find_pair(*slugs)
    return reverse("comparison", args=[pair.slugs if pair else slugs])


def _form(sides: list[search_results.PickerField], options: CustomOptions) -> dict[str, Any]:
    """The form with what is in its fields so far."""
    sides += [search_results.PickerField(f"t{place}", FIELDS[place], "") for place in range(len(sides), len(FIELDS))]
    return {
        "sides": [(side, search_results.custom_choices(sides, place)) for place, side in enumerate(sides)],
        "has_beyond": bool(options.beyond),
    }


def _columns(tools: list[Any], options: CustomOptions) -> dict[str, Any]:
    """What the page of columns shows. One query, and another one where a lens is asked for."""
    ids, slugs, today = [tool.pk for tool in tools], [tool.slug for tool in tools], timezone.localdate()
    records = read_tools(ids)
    eyes = [row["eye"] for row in tool_columns.seat_rows(records)]
    lens = lens_of(eyes, options.lens)
    if lens != WHOLE_PANEL:
        records = read_tools(ids, seats=lens.ids)
    columns = [tool_columns.column(record, today=today) for record in records]
    communities = [Community.of(tool.community, is_frozen=tool.is_frozen) for tool in tools]
    seats = tool_columns.seat_rows(records)
    sentence = sentences.ranking_sentence(columns, communities, lens)
    sides = [
        search_results.PickerField(f"t{place}", FIELDS[place], tool.slug if tool.has_namesake else tool.name, tool)
        for place, tool in enumerate(tools)
    ]
    return {
        **_form(sides, options),
        "title": titles.columns_title(columns),
        "description": titles.comparison_description(sentence),
        "sentence": sentence,
        "notice": sentences.like_for_like_notice(*columns),
        "has_long_names": tool_columns.has_long_names(records),
        "whole_panel": search_results.custom_address(slugs),
        "address": search_results.custom_address(slugs, lens=lens.query),
        "lens": lens,
        "toggles": toggles(eyes, lens, here=reverse("custom"), also=search_results.custom_query(slugs))
        if len(eyes) > 1
        else [],
        "columns": columns,
        "has_corrections": any(column["corrections"] for column in columns),
        "tools": list(zip(columns, communities, strict=True)),
        "seats": seats,
        "parting_sentence": sentences.parting_sentence(seats),
        "facts": tool_columns.fact_rows(records, today=today),
        "pairs": [tool_columns.pair_link(link) for link in _pairs(columns)],
    }


def _pairs(columns: list[tool_columns.Column]) -> list[PairRecord]:
    """Each two of the tools, as links to their comparisons take them."""
    return [
        {
            "first_slug": first["slug"],
            "first_name": first["name"],
            "second_slug": second["slug"],
            "second_name": second["name"],
            "category": first["category"],
        }
        for first, second in combinations(sorted(columns, key=lambda column: column["slug"]), 2)
    ]
