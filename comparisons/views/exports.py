"""The whole public history of prices and facts as CSV."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from comparisons.reading.price_history import read_fact_spans, read_plan_spans
from comparisons.reading.records import ExportedFactSpan, ExportedPlanSpan
from comparisons.reading.revision import current_revision
from tools.models import Plan
from tools.prices import Price
from web.csv_files import respond_with_csv

SPAN_COLUMNS = ("from", "until", "ended", "source", "verified_on")
PRICE_COLUMNS = ("tool", "plan", "renamed_from", *Plan.VALUE_FIELDS, "words", *SPAN_COLUMNS)
FACT_COLUMNS = ("tool", "attribute", "name", "kind", "value", "note", "words", *SPAN_COLUMNS)


@require_safe
@csrf_exempt  # another method is a 405, not a 403
def prices(request: HttpRequest) -> HttpResponseBase:
    """Stream every price that readers have been told as CSV."""
    return respond_with_csv(request, "prices", PRICE_COLUMNS, _build_prices(), stamp=(current_revision().content,))


@require_safe
@csrf_exempt  # another method is a 405, not a 403
def facts(request: HttpRequest) -> HttpResponseBase:
    """Stream every fact that readers have been told as CSV."""
    return respond_with_csv(request, "facts", FACT_COLUMNS, _build_facts(), stamp=(current_revision().content,))


def _build_prices() -> Iterator[tuple[Any, ...]]:
    for span in read_plan_spans():
        values = (_format(span[field]) for field in Plan.VALUE_FIELDS)  # type: ignore[literal-required] # its columns
        words = Price.of_record(span).words
        yield (span["tool"], span["name"], span["renamed_from"], *values, words, *_describe_span(span))


def _build_facts() -> Iterator[tuple[Any, ...]]:
    for span in read_fact_spans():
        own = (span["attribute"], span["name"], span["kind"], span["value"], span["note"], span["words"])
        yield (span["tool"], *own, *_describe_span(span))


def _describe_span(span: ExportedPlanSpan | ExportedFactSpan) -> tuple[str, ...]:
    """Return SPAN_COLUMNS. What ended changed, or was wrong, or nothing followed it."""
    if span["superseded_at"] is None:
        ended = ""
    elif span["correction"]:
        ended = "wrong"
    else:
        ended = "discontinued" if span["is_last"] else "changed"
    until, verified_on = span["superseded_at"] or "", "" if span["example"] else span["verified_on"] or ""
    return span["since"] or "", until, ended, span["source"], verified_on


def _format(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value.normalize():f}"
        case list():
            return json.dumps(value) if value else ""
    return str(value)
