"""What the database holds already of the tools in one batch of a file, keyed the way the file names it."""

from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Any

from catalog.problems import Place
from catalog.reading import Catalog
from catalog.schema import ToolPart
from reviews.models import Prediction, Review
from tools.models import Correction, Fact, Plan, Sourced, Tool

BATCH = 500  # tools; about 2,000 reviews, a few megabytes of objects


class Batch:
    """Some tools of the file beside their rows. Seven queries, whatever the number of tools; fewer where the file says
    nothing of their plans, facts, reviews or corrections.
    """

    def __init__(self, parts: Iterable[tuple[Place, ToolPart]]) -> None:
        self.parts = list(parts)
        self.tools = {tool.slug: tool for tool in Tool.objects.filter(slug__in=[part.slug for _, part in self.parts])}
        self.plans = {
            (plan.tool_id, plan.name, plan.superseded_at): plan
            for plan in Plan.objects.filter(tool__in=self._with("plans"))
        }
        self.facts = {
            (fact.tool_id, fact.attribute.slug, fact.superseded_at): fact
            for fact in Fact.objects.filter(tool__in=self._with("facts")).select_related("attribute")
        }
        self.reviews = {
            (review.tool_id, review.reviewer.slug, review.published_at): review
            for review in Review.objects.filter(tool__in=self._with("reviews")).select_related("reviewer")
        }
        self.predictions = {
            (prediction.review_id, prediction.claim): prediction
            for prediction in Prediction.objects.filter(review__tool__in=self._with("reviews"))
        }
        self.corrections = {
            (correction.tool_id, correction.made_at): correction
            for correction in Correction.objects.filter(tool__in=self._with("corrections"))
        }

    def _with(self, section: str) -> list[int]:
        """The ids of the tools of which the file mentions plans, facts, reviews or corrections."""
        return [
            self.tools[part.slug].pk for _, part in self.parts if part.slug in self.tools and getattr(part, section)
        ]


def batches(catalog: Catalog) -> Iterator[Batch]:
    """Yield the file's tools batch by batch, in file order."""
    for parts in batched(catalog.parts("tools"), BATCH, strict=False):
        yield Batch(parts)


def differences(row: Any, part: Any, fields: Iterable[str]) -> dict[str, tuple[object, object]]:
    """The fields that the file mentions and says otherwise, as {field: (what stands, what the file says)}."""
    return {
        field: (getattr(row, field), getattr(part, field))
        for field in fields
        if field in part.model_fields_set and getattr(row, field) != getattr(part, field)
    }


def same_value(row: Sourced, part: Any) -> bool:
    """Whether a plan or fact says what the file says, its source and day of verification aside."""
    return all(getattr(row, field) == getattr(part, field) for field in type(row).VALUE_FIELDS)
