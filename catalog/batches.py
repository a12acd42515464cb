"""Batches of tools from the file with their existing rows, keyed as the file identifies them."""

from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Any

from catalog.problems import Place
from catalog.reading import Catalog
from catalog.schema import ToolPart
from reviews.models import Prediction, Review
from tools.models import Correction, Fact, Plan, Sourced, Tool, find_plan_errors
from tools.rates import read_rates
from web.normalize import normalize_line, normalize_text

TOOLS_PER_BATCH = 500  # with about 2,000 reviews: a few megabytes of objects


class ToolBatch:
    """A batch of tools from the file with their existing rows.

    Eight queries regardless of batch size; fewer if the file has no plans, facts, reviews, or corrections.
    """

    def __init__(self, parts: Iterable[tuple[Place, ToolPart]]) -> None:
        self.parts = list(parts)
        self.tools = {tool.slug: tool for tool in Tool.objects.filter(slug__in=[part.slug for _, part in self.parts])}
        self.public_since = Tool.objects.filter(pk__in=[tool.pk for tool in self.tools.values()]).public_since()
        """{id: when it was published} of the tools that readers saw before this import."""
        self.plans = {
            (plan.tool_id, plan.name, plan.superseded_at): plan
            for plan in Plan.objects.filter(tool__in=self._get_tool_ids("plans"))
        }
        self.facts = {
            (fact.tool_id, fact.attribute.slug, fact.superseded_at): fact
            for fact in Fact.objects.filter(tool__in=self._get_tool_ids("facts")).select_related("attribute")
        }
        self.reviews = {
            (review.tool_id, review.reviewer.slug, review.published_at): review
            for review in Review.objects.filter(tool__in=self._get_tool_ids("reviews")).select_related("reviewer")
        }
        self.predictions = {
            (prediction.review_id, prediction.claim): prediction
            for prediction in Prediction.objects.filter(review__tool__in=self._get_tool_ids("reviews"))
        }
        self.corrections = {
            (correction.tool_id, correction.made_at): correction
            for correction in Correction.objects.filter(tool__in=self._get_tool_ids("corrections"))
        }

    def _get_tool_ids(self, section: str) -> list[int]:
        """Return the ids of existing tools that have something in a section of the file, such as plans."""
        return [
            self.tools[part.slug].pk for _, part in self.parts if part.slug in self.tools and getattr(part, section)
        ]


def iterate_batches(catalog: Catalog) -> Iterator[ToolBatch]:
    """Yield the file's tools in batches, in file order."""
    for parts in batched(catalog.iterate_parts("tools"), TOOLS_PER_BATCH, strict=False):
        yield ToolBatch(parts)


def find_differences(row: Any, part: Any, fields: Iterable[str]) -> dict[str, tuple[object, object]]:
    """Return the fields that the file changes, as {field: (value on the site, value in the file)}."""
    return {
        field: (getattr(row, field), getattr(part, field))
        for field in fields
        if field in part.model_fields_set and not _is_same(getattr(row, field), getattr(part, field))
    }


def has_same_value(row: Sourced, part: Any) -> bool:
    """Return whether a plan or fact has the same value as in the file, as far as the file says it.

    Its source and verification may differ.
    """
    return not find_differences(row, part, type(row).VALUE_FIELDS)


def get_unmentioned_terms(row: Sourced, part: Any) -> dict[str, object]:
    """Return the terms of a plan, such as its rates, that the file does not mention and that its new price keeps.

    A new price that they contradict keeps none: one that has become free has no rates.
    """
    if not isinstance(row, Plan):
        return {}
    kept = {field: getattr(row, field) for field in Plan.TERM_FIELDS if field not in part.model_fields_set}
    merged = {**{field: getattr(part, field) for field in Plan.VALUE_FIELDS}, **kept}
    return {} if find_plan_errors(**{**merged, "rates": read_rates(merged["rates"])}) else kept


def _is_same(stored: object, imported: object) -> bool:
    """Return whether two values are the same. Imported text has its normal form; stored text may be older than that."""
    if not isinstance(stored, str) or not isinstance(imported, str):
        return stored == imported
    return stored == imported or imported in (normalize_line(stored), normalize_text(stored))
