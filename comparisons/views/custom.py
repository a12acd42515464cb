"""Three or four tools in columns."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.addresses import add_query
from comparisons.forms import CustomOptions, parse_custom_options
from comparisons.pages.columns_page import FIELD_LABELS, build_columns, build_form
from comparisons.pages.picker import resolve_field
from comparisons.reading.pairs import find_pair
from comparisons.shaping import search_results
from comparisons.shaping.estimates import format_query
from tools.models import Tool
from web.pages import public_page

MIN_TOOLS = 3


@require_safe
@public_page(depends_on=None)
def custom(request: HttpRequest) -> HttpResponse:
    """Show three or four tools in columns; redirect two tools to their comparison; else ask for what is missing."""
    options = parse_custom_options(request.GET)
    if tools := _find_by_slugs(options.typed):
        return render(request, "comparisons/columns.html", build_columns(tools, options))
    fields = [
        resolve_field(f"t{place}", label, typed)
        for place, (label, typed) in enumerate(zip(FIELD_LABELS, options.typed, strict=False))
    ]
    tools = list(dict.fromkeys(field.tool for field in fields if field.tool))
    if len(tools) >= 2 and all(field.tool for field in fields):
        return HttpResponseRedirect(_find_address(tools, options))
    return render(request, "comparisons/custom.html", build_form(fields, options))


def _find_by_slugs(typed: tuple[str, ...]) -> list[Any]:
    """Return the tools of a canonical address, which has three or four current slugs; none for any other address.

    At most one query.
    """
    if len(typed) < MIN_TOOLS:
        return []
    known = Tool.objects.published().with_community().with_freeze().with_namesakes().in_bulk(typed, field_name="slug")
    return [known[slug] for slug in typed] if len(known) == len(typed) else []


def _find_address(tools: list[Tool], options: CustomOptions) -> str:
    """Return the address at which two or more tools are side by side."""
    slugs = [tool.slug for tool in tools]
    seats = urlencode({"lens": ",".join(options.seat_slugs)}, safe=",") if options.seat_slugs else ""
    needs = urlencode({"need": ",".join(options.needs)}, safe=",:") if options.needs else ""
    usage = format_query(options.usage)
    if len(slugs) >= MIN_TOOLS:
        return add_query(search_results.custom_address([*slugs, *options.beyond], seats=seats, needs=needs), usage)
    pair = find_pair(*slugs)
    return add_query(reverse("comparison", args=[pair.slugs if pair else slugs]), seats, needs, usage)
