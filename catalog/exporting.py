"""Export of all content as a catalog file. Importing it into an empty site and exporting again gives the same bytes.

Rows are written in the order in which they were created, which an import preserves. Keys that carry history are omitted
if empty, so that a site without history exports exactly the keys in docs/product.md.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Prefetch

from catalog.schema import FORMAT
from comparisons.editor_lines import read_lines, store_lines
from comparisons.models import Comparison
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, Correction, Fact, Plan, Sourced, Tool
from tools.presets import Preset, read_presets
from tools.rates import Rate, read_rates
from tools.slugged import FormerSlug

_OMITTED_IF_EMPTY = ("short_name", "model_ids", "example")  # of a tool's own fields
TOOLS_PER_CHUNK = 500  # held in memory at once


@contextmanager
def consistent_snapshot() -> Iterator[None]:
    """Run a read-only transaction that sees one snapshot of the site. Within another transaction, use that one."""
    nested = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if not nested:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def export_lines() -> Iterator[str]:
    """Yield the catalog file as text, one object at a time. Iterate it within `consistent_snapshot()`."""
    yield f'{{\n  "format": "{FORMAT}"'
    sections: dict[str, Iterable[dict[str, Any]]] = {
        "categories": _build_categories(),
        "attributes": _build_attributes(),
        "reviewers": _build_reviewers(),
        "tools": _build_tools(),
        "comparisons": _build_comparisons(),
    }
    for name, objects in sections.items():
        yield f',\n  "{name}": ['
        separator = "\n"
        for item in objects:
            # All line feeds here are between tokens, because JSON escapes those within strings.
            text = json.dumps(item, ensure_ascii=False, indent=2).replace("\n", "\n    ")
            yield f"{separator}    {text}"
            separator = ",\n"
        yield "]" if separator == "\n" else "\n  ]"
    yield "\n}\n"


def _format_instant(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None


def _format_day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _format_number(value: Decimal | None) -> int | float | None:
    """Return an amount for JSON. It has at most 14 digits, and a float preserves 15."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _omit_empty(**keys: Any) -> dict[str, Any]:
    return {key: value for key, value in keys.items() if value}


def _read_former_slugs(model: type[models.Model]) -> dict[int, list[str]]:
    former: dict[int, list[str]] = defaultdict(list)
    for slug, object_id in (
        FormerSlug.objects.filter(table=model._meta.db_table).order_by("pk").values_list("slug", "object_id")
    ):
        former[object_id].append(slug)
    return former


def _build_categories() -> Iterator[dict[str, Any]]:
    former = _read_former_slugs(Category)
    for category in Category.objects.order_by("pk"):
        yield {
            "slug": category.slug,
            "name": category.name,
            "description": category.description,
            **_omit_empty(aliases=category.aliases),
            **_omit_empty(presets=[_build_preset(preset) for preset in read_presets(category.presets)]),
            **_omit_empty(former_slugs=former.get(category.pk)),
        }


def _build_preset(preset: Preset) -> dict[str, Any]:
    return {"name": preset.name, **_omit_empty(seats=preset.seats, usage=dict(preset.usage))}


def _build_attributes() -> Iterator[dict[str, Any]]:
    categories: dict[int, list[str]] = defaultdict(list)
    for attribute_id, slug in Attribute.categories.through.objects.order_by("pk").values_list(
        "attribute_id", "category__slug"
    ):
        categories[attribute_id].append(slug)
    for attribute in Attribute.objects.order_by("pk"):
        yield {
            "slug": attribute.slug,
            "name": attribute.name,  # before the categories, and so not where OWN_FIELDS would put it
            "categories": categories[attribute.pk],
            "kind": attribute.kind,
            **_omit_empty(
                **{field: getattr(attribute, field) for field in Attribute.OWN_FIELDS if field not in ("name", "kind")}
            ),
        }


def _build_reviewers() -> Iterator[dict[str, Any]]:
    former = _read_former_slugs(Reviewer)
    for reviewer in Reviewer.objects.order_by("pk"):
        yield {
            "slug": reviewer.slug,
            "name": reviewer.name,
            "lens": reviewer.lens,
            "bio": reviewer.bio,
            "disclosure": reviewer.disclosure,
            "behind": reviewer.behind,
            "seat": reviewer.seat,
            **_omit_empty(former_slugs=former.get(reviewer.pk)),
        }


def _build_tools() -> Iterator[dict[str, Any]]:
    former = _read_former_slugs(Tool)
    tools = Tool.objects.order_by("pk").select_related("category")
    in_order = [
        Prefetch("plans", Plan.objects.order_by("pk")),
        Prefetch("facts", Fact.objects.order_by("pk").select_related("attribute")),
        Prefetch("reviews", Review.objects.order_by("pk").select_related("reviewer")),
        Prefetch("reviews__predictions", Prediction.objects.order_by("pk")),
        Prefetch("corrections", Correction.objects.order_by("pk")),
    ]
    for tool in tools.prefetch_related(*in_order).iterator(chunk_size=TOOLS_PER_CHUNK):
        yield {
            "slug": tool.slug,
            "name": tool.name,  # before the category, and so not where OWN_FIELDS would put it
            **_omit_empty(short_name=tool.short_name),
            "category": tool.category.slug,
            **{field: getattr(tool, field) for field in Tool.OWN_FIELDS if field not in _OMITTED_IF_EMPTY},
            **_omit_empty(model_ids=tool.model_ids, example=tool.example),
            "published_at": _format_instant(tool.published_at),
            **_omit_empty(withdrawn_at=_format_instant(tool.withdrawn_at), former_slugs=former.get(tool.pk)),
            "plans": [_build_plan(plan) for plan in tool.plans.all()],
            "facts": [_build_fact(fact) for fact in tool.facts.all()],
            "reviews": [_build_review(review) for review in tool.reviews.all()],
            **_omit_empty(corrections=[_build_correction(correction) for correction in tool.corrections.all()]),
        }


def _build_plan(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "kind": plan.kind,
        "amount": _format_number(plan.amount),
        "currency": plan.currency,
        "period": plan.period,
        "unit": plan.unit,
        **_omit_empty(
            per_seat=plan.per_seat,
            is_from=plan.is_from,
            billed_yearly=plan.billed_yearly,
            minimum_seats=plan.minimum_seats,
            maximum_seats=plan.maximum_seats,
            trial_days=plan.trial_days,
            rates=[_build_rate(rate) for rate in read_rates(plan.rates)],
        ),
        "source": plan.source,
        "verified_on": _format_day(plan.verified_on),
        **_omit_empty(renamed_from=plan.renamed_from),
        **_build_history(plan),
    }


def _build_rate(rate: Rate) -> dict[str, Any]:
    beyond = "" if rate.does_cost else rate.beyond
    amount = _format_number(rate.amount)
    return {"meter": rate.meter, **_omit_empty(amount=amount, per=rate.per, included=rate.included, beyond=beyond)}


def _build_fact(fact: Fact) -> dict[str, Any]:
    return {
        "attribute": fact.attribute.slug,
        "value": fact.value,
        "note": fact.note,
        "source": fact.source,
        "verified_on": _format_day(fact.verified_on),
        **_build_history(fact),
    }


def _build_history(row: Sourced) -> dict[str, Any]:
    return _omit_empty(
        added_at=_format_instant(row.added_at),
        superseded_at=_format_instant(row.superseded_at),
        correction=row.correction,
    )


def _build_correction(correction: Correction) -> dict[str, Any]:
    return {"note": correction.note, "made_at": _format_instant(correction.made_at)}


def _build_review(review: Review) -> dict[str, Any]:
    return {
        "reviewer": review.reviewer.slug,
        "verdict": review.verdict,
        **_omit_empty(gist=review.gist),
        "quote": review.quote,
        "flips_if": review.flips_if,
        **_omit_empty(basis=review.basis, basis_version=review.basis_version, basis_days=review.basis_days),
        "published_at": _format_instant(review.published_at),
        **_omit_empty(withdrawn_at=_format_instant(review.withdrawn_at)),
        "predictions": [
            {
                "claim": prediction.claim,
                "due_on": _format_day(prediction.due_on),
                "outcome": prediction.outcome,
                "note": prediction.note,
                "source": prediction.source,
                **_omit_empty(judged_on=_format_day(prediction.judged_on)),
            }
            for prediction in review.predictions.all()
        ],
    }


def _build_comparisons() -> Iterator[dict[str, Any]]:
    for comparison in Comparison.objects.order_by("pk").select_related("first", "second").iterator():
        yield {
            "tools": [comparison.first.slug, comparison.second.slug],
            "introduction": comparison.introduction,
            **_omit_empty(lines=store_lines(read_lines(comparison.lines))),
            "published_at": _format_instant(comparison.published_at),
            **_omit_empty(withdrawn_at=_format_instant(comparison.withdrawn_at)),
        }
