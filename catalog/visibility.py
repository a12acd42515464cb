"""The published content in which readers see a row. Only users who may publish that content may change the row."""

from collections.abc import Collection
from typing import Any

from django.db import models
from django.db.models import Q

from comparisons.models import Comparison
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, Correction, Fact, Plan, Tool
from tools.publishing import PublicationState
from tools.slugged import FormerSlug


def find_public_content(row: Any, *, joins: Collection[str] = ()) -> type[models.Model] | None:
    """Return the kind of published content in which readers see a row as it is stored; None if they do not see it.

    `joins` are the slugs of the categories that an attribute is about to be in. No query for content and what is of
    it, if its tool or review is loaded.
    """
    match row:
        case Tool() | Review() | Comparison():
            return type(row) if row.state == PublicationState.PUBLISHED else None
        case Plan() | Fact() | Correction():
            return find_public_content(row.tool)
        case Prediction():
            return find_public_content(row.review)
        case Reviewer():
            return Review  # the panel has a page even before its seats have written
        case Category():
            return _find_tool(Q(category=row.pk)) if row.pk else None
        case Attribute():
            is_known = Q(category__attributes=row.pk) | Q(facts__attribute=row.pk) if row.pk else Q()
            return _find_tool(is_known | Q(category__slug__in=joins))
        case FormerSlug():
            return _find_renamed(row)
    return None


def _find_tool(condition: Q) -> type[models.Model] | None:
    return Tool if Tool.objects.published().filter(condition).exists() else None


def _find_renamed(slug: FormerSlug) -> type[models.Model] | None:
    models_with_slugs: tuple[Any, ...] = (Tool, Category, Reviewer)
    model = next(one for one in models_with_slugs if one._meta.db_table == slug.table)
    row = model.objects.filter(pk=slug.object_id).first()
    return find_public_content(row) if row else None
