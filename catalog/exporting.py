"""From rows to a catalog file: everything that an import into an empty site needs to export the same bytes again.

Rows are written in the order in which they were entered, which an import keeps. Keys that carry history are written
only where there is some, so that a site without history exports exactly the keys of product.md.
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
from comparisons.models import Comparison
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, Correction, Fact, Plan, Tool
from tools.slugged import FormerSlug

CHUNK = 500  # tools held in memory at once


@contextmanager
def one_state() -> Iterator[None]:
    """A transaction that sees the site as it is now, whoever writes meanwhile. Inside another one, that one's."""
    nested = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if not nested:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def export_lines() -> Iterator[str]:
    """Yield the catalog file in pieces of text, a piece an object. Read it within `one_state()`."""
    yield f'{{\n  "format": "{FORMAT}"'
    sections: dict[str, Iterable[dict[str, Any]]] = {
        "categories": _categories(),
        "attributes": _attributes(),
        "reviewers": _reviewers(),
        "tools": _tools(),
        "comparisons": _comparisons(),
    }
    for name, objects in sections.items():
        yield f',\n  "{name}": ['
        separator = "\n"
        for item in objects:
            # Only line feeds between tokens are real ones: inside strings JSON escapes them.
            text = json.dumps(item, ensure_ascii=False, indent=2).replace("\n", "\n    ")
            yield f"{separator}    {text}"
            separator = ",\n"
        yield "]" if separator == "\n" else "\n  ]"
    yield "\n}\n"


def _instant(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _number(value: Decimal | None) -> int | float | None:
    """As JSON has it. An amount has at most 14 digits, and a float gives 15 back unchanged."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _some(**keys: Any) -> dict[str, Any]:
    return {key: value for key, value in keys.items() if value}


def _former_slugs(model: type[models.Model]) -> dict[int, list[str]]:
    former: dict[int, list[str]] = defaultdict(list)
    for slug, object_id in (
        FormerSlug.objects.filter(table=model._meta.db_table).order_by("pk").values_list("slug", "object_id")
    ):
        former[object_id].append(slug)
    return former


def _categories() -> Iterator[dict[str, Any]]:
    former = _former_slugs(Category)
    for category in Category.objects.order_by("pk"):
        yield {
            "slug": category.slug,
            "name": category.name,
            "description": category.description,
            **_some(former_slugs=former.get(category.pk)),
        }


def _attributes() -> Iterator[dict[str, Any]]:
    categories: dict[int, list[str]] = defaultdict(list)
    for attribute_id, slug in Attribute.categories.through.objects.order_by("pk").values_list(
        "attribute_id", "category__slug"
    ):
        categories[attribute_id].append(slug)
    for attribute in Attribute.objects.order_by("pk"):
        yield {"slug": attribute.slug, "name": attribute.name, "categories": categories[attribute.pk]}


def _reviewers() -> Iterator[dict[str, Any]]:
    former = _former_slugs(Reviewer)
    for reviewer in Reviewer.objects.order_by("pk"):
        yield {
            "slug": reviewer.slug,
            "name": reviewer.name,
            "lens": reviewer.lens,
            "bio": reviewer.bio,
            "disclosure": reviewer.disclosure,
            "seat": reviewer.seat,
            **_some(former_slugs=former.get(reviewer.pk)),
        }


def _tools() -> Iterator[dict[str, Any]]:
    former = _former_slugs(Tool)
    tools = Tool.objects.order_by("pk").select_related("category")
    in_order = [
        Prefetch("plans", Plan.objects.order_by("pk")),
        Prefetch("facts", Fact.objects.order_by("pk").select_related("attribute")),
        Prefetch("reviews", Review.objects.order_by("pk").select_related("reviewer")),
        Prefetch("reviews__predictions", Prediction.objects.order_by("pk")),
        Prefetch("corrections", Correction.objects.order_by("pk")),
    ]
    for tool in tools.prefetch_related(*in_order).iterator(chunk_size=CHUNK):
        yield {
            "slug": tool.slug,
            "name": tool.name,  # before the category, and so not where OWN_FIELDS would put it
            "category": tool.category.slug,
            **{field: getattr(tool, field) for field in Tool.OWN_FIELDS},
            "published_at": _instant(tool.published_at),
            **_some(withdrawn_at=_instant(tool.withdrawn_at), former_slugs=former.get(tool.pk)),
            "plans": [_plan(plan) for plan in tool.plans.all()],
            "facts": [_fact(fact) for fact in tool.facts.all()],
            "reviews": [_review(review) for review in tool.reviews.all()],
            **_some(corrections=[_correction(correction) for correction in tool.corrections.all()]),
        }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "kind": plan.kind,
        "amount": _number(plan.amount),
        "currency": plan.currency,
        "period": plan.period,
        "unit": plan.unit,
        "source": plan.source,
        "verified_on": _day(plan.verified_on),
        **_some(superseded_at=_instant(plan.superseded_at)),
    }


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "attribute": fact.attribute.slug,
        "value": fact.value,
        "source": fact.source,
        "verified_on": _day(fact.verified_on),
        **_some(superseded_at=_instant(fact.superseded_at)),
    }


def _correction(correction: Correction) -> dict[str, Any]:
    return {"note": correction.note, "made_at": _instant(correction.made_at)}


def _review(review: Review) -> dict[str, Any]:
    return {
        "reviewer": review.reviewer.slug,
        "verdict": review.verdict,
        "quote": review.quote,
        "flips_if": review.flips_if,
        "published_at": _instant(review.published_at),
        **_some(withdrawn_at=_instant(review.withdrawn_at)),
        "predictions": [
            {
                "claim": prediction.claim,
                "due_on": _day(prediction.due_on),
                "outcome": prediction.outcome,
                "note": prediction.note,
                "source": prediction.source,
                **_some(judged_on=_day(prediction.judged_on)),
            }
            for prediction in review.predictions.all()
        ],
    }


def _comparisons() -> Iterator[dict[str, Any]]:
    for comparison in Comparison.objects.order_by("pk").select_related("first", "second").iterator():
        yield {
            "tools": [comparison.first.slug, comparison.second.slug],
            "introduction": comparison.introduction,
            "published_at": _instant(comparison.published_at),
            **_some(withdrawn_at=_instant(comparison.withdrawn_at)),
        }
