"""The whole public history of prices, facts, verdicts, and predictions as CSV."""

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
from comparisons.reading.verdict_history import read_claims, read_editions
from reviews.models import Review
from tools.models import Plan
from tools.prices import Price
from web.csv_files import respond_with_csv

SPAN_COLUMNS = ("from", "until", "ended", "source", "verified_on")
PRICE_COLUMNS = ("tool", "plan", "renamed_from", *Plan.VALUE_FIELDS, "words", *SPAN_COLUMNS)
EDITION_COLUMNS = ("tool", "seat", *Review.WORD_FIELDS, "from", "until")
PREDICTION_COLUMNS = ("tool", "seat", "from", "until", "claim", "due_on", "outcome", "judged_on", "note", "source")
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


@require_safe
@csrf_exempt  # another method is a 405, not a 403
def verdicts(request: HttpRequest) -> HttpResponseBase:
    """Stream every edition of every review as CSV, superseded ones included."""
    return respond_with_csv(
        request, "verdicts", EDITION_COLUMNS, _build_editions(), stamp=(current_revision().content,)
    )


@require_safe
@csrf_exempt  # another method is a 405, not a 403
def predictions(request: HttpRequest) -> HttpResponseBase:
    """Stream every prediction as CSV, those of superseded editions included."""
    return respond_with_csv(
        request, "predictions", PREDICTION_COLUMNS, _build_predictions(), stamp=(current_revision().content,)
    )


def _build_editions() -> Iterator[tuple[Any, ...]]:
    for edition in read_editions():
        words = (edition[field] for field in Review.WORD_FIELDS)  # type: ignore[literal-required] # its columns
        yield (edition["tool"], edition["seat"], *map(_format, words), edition["published_at"], edition["until"] or "")


def _build_predictions() -> Iterator[tuple[Any, ...]]:
    for claim in read_claims():
        stood = (claim["tool"], claim["seat"], claim["published_at"], claim["until"])
        yield tuple(map(_format, (*stood, *(claim[field] for field in PREDICTION_COLUMNS[4:]))))  # type: ignore[literal-required] # its columns


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
