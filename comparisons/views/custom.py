"""Three or four tools in columns."""

from itertools import combinations
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.forms import CustomOptions, parse_custom_options
from comparisons.machines import titles
from comparisons.reading.pairs import find_pair
from comparisons.reading.records import PairRecord
from comparisons.reading.tool_records import read_tools
from comparisons.shaping import search_results, sentences, tool_columns
from comparisons.shaping.seat_filter import WHOLE_PANEL, build_toggles, select_seats
from comparisons.views.search import picker_field
from tools.models import Tool
from votes.community import Community
from web import clock
from web.http import public_page

FIELDS = ("First tool", "Second tool", "Third tool", "Fourth tool")
FEWEST = 3


@require_safe
@public_page
def custom(request: HttpRequest) -> HttpResponse:
    """Three or four tools in columns; any other number leads to their comparison, or asks for what is missing."""
    options = parse_custom_options(request.GET)
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
        seats = urlencode({"lens": ",".join(options.seat_slugs)}) if options.seat_slugs else ""
        return search_results.custom_address([*slugs, *options.beyond], seats=seats)
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
    """What the page of columns shows. One query, and another one with a seat filter."""
    ids, slugs, today = [tool.pk for tool in tools], [tool.slug for tool in tools], clock.today()
    records = read_tools(ids)
    panel_seats = [row["seat"] for row in tool_columns.build_seat_rows(records)]
    seat_filter = select_seats(panel_seats, options.seat_slugs)
    if seat_filter != WHOLE_PANEL:
        records = read_tools(ids, seats=seat_filter.ids)
    columns = [tool_columns.build_column(record, today=today) for record in records]
    communities = [Community.of(tool.community, is_frozen=tool.is_frozen) for tool in tools]
    seats = tool_columns.build_seat_rows(records)
    sentence = sentences.write_ranking(columns, communities, seat_filter)
    sides = [
        search_results.PickerField(f"t{place}", FIELDS[place], tool.slug if tool.has_namesake else tool.name, tool)
        for place, tool in enumerate(tools)
    ]
    return {
        **_form(sides, options),
        "title": titles.write_columns_title(columns),
        "description": titles.write_comparison_description(sentence),
        "sentence": sentence,
        "notice": sentences.write_like_for_like_notice(*columns),
        "has_long_names": tool_columns.has_long_names(records),
        "whole_panel": search_results.custom_address(slugs),
        "address": search_results.custom_address(slugs, seats=seat_filter.query),
        "seat_filter": seat_filter,
        "toggles": build_toggles(
            panel_seats, seat_filter, here=reverse("custom"), also=search_results.custom_query(slugs)
        ),
        "columns": columns,
        "has_corrections": any(column["corrections"] for column in columns),
        "tools": list(zip(columns, communities, strict=True)),
        "seats": seats,
        "split_sentence": sentences.describe_wide_split(seats),
        "facts": tool_columns.build_fact_rows(records, today=today),
        "pairs": [tool_columns.render_pair_link(link) for link in _pairs(columns)],
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
