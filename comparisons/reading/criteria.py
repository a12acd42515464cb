"""Reads the attributes that a reader names as must-haves."""

from collections.abc import Collection

from comparisons.reading.records import Criterion
from tools.models import Attribute


def read_criteria(slugs: Collection[str]) -> dict[str, Criterion]:
    """Return the attributes with the given slugs, by slug. One query, and none without slugs."""
    if not slugs:
        return {}
    return {
        attribute.slug: Criterion(
            attribute.slug,
            attribute.name,
            attribute.kind,
            attribute.better,
            attribute.unit,
            attribute.options,
        )
        for attribute in Attribute.objects.filter(slug__in=slugs).order_by()
    }
