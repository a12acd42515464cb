"""Problems of a catalog file that only show against what the database holds."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone

from catalog.batches import Batch, batches, differences, same_value
from catalog.problems import Place, Problem
from catalog.reading import Catalog, Progress, objects_in, silent
from catalog.schema import ReviewPart, ToolPart, shown
from reviews.models import Review, Reviewer
from tools.models import Attribute, Category, Tool
from tools.slugged import FormerSlug


def check(catalog: Catalog, *, progress: Progress = silent) -> list[Problem]:
    """Return every problem that the database shows: unknown references, taken names, rewritten history."""
    return [
        *_taken(catalog, "categories", Category, "name"),
        *_taken(catalog, "attributes", Attribute, "name"),
        *_taken(catalog, "reviewers", Reviewer, "name"),
        *_taken(catalog, "reviewers", Reviewer, "seat"),
        *_former_slugs(catalog, "categories", Category),
        *_former_slugs(catalog, "reviewers", Reviewer),
        *_former_slugs(catalog, "tools", Tool),
        *_attributes(catalog),
        *_references(catalog),
        *_history(catalog, progress),
    ]


def _known(catalog: Catalog, section: str, model: type[models.Model]) -> set[str]:
    return catalog.slugs(section) | set(model._default_manager.values_list("slug", flat=True))


def _unknown(what: str, slug: str, place: Place) -> Problem:
    return Problem(place, f"there is no {what} {shown(slug)}, neither in this file nor on the site")


def _taken(catalog: Catalog, section: str, model: type[models.Model], field: str) -> Iterator[Problem]:
    """A name or seat that somebody keeps whom the file does not mention."""
    kept = dict(model._default_manager.exclude(slug__in=catalog.slugs(section)).order_by().values_list(field, "slug"))
    for place, part in catalog.parts(section):
        if owner := kept.get(getattr(part, field)):
            yield Problem((*place, field), f"{shown(getattr(part, field))} belongs to “{owner}” on the site")


def _former_slugs(catalog: Catalog, section: str, model: type[models.Model]) -> Iterator[Problem]:
    table = model._meta.db_table
    ids = dict(model._default_manager.order_by().values_list("slug", "pk"))
    former = dict(FormerSlug.objects.filter(table=table).values_list("slug", "object_id"))
    in_file = catalog.slugs(section)
    for place, part in catalog.parts(section):
        own = ids.get(part.slug)
        if former.get(part.slug, own) != own:
            yield Problem((*place, "slug"), f"{shown(part.slug)} is the former slug of something else on the site")
        for index, slug in enumerate(part.former_slugs):
            if slug in in_file or ids.get(slug, own) != own or former.get(slug, own) != own or slug == part.slug:
                yield Problem((*place, "former_slugs", index), f"{shown(slug)} is in use")


def _attributes(catalog: Catalog) -> Iterator[Problem]:
    categories = _known(catalog, "categories", Category)
    for place, attribute in catalog.objects("attributes"):
        listed = attribute.get("categories")
        for index, slug in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(slug, str) and slug not in categories:
                yield _unknown("category", slug, (*place, "categories", index))


def _references(catalog: Catalog) -> Iterator[Problem]:
    """What tools and comparisons name and nobody defines, read in the plain JSON to see misshapen ones too."""
    categories = _known(catalog, "categories", Category)
    attributes = _known(catalog, "attributes", Attribute)
    reviewers = _known(catalog, "reviewers", Reviewer)
    tools = _known(catalog, "tools", Tool)
    for place, tool in catalog.objects("tools"):
        if isinstance(slug := tool.get("category"), str) and slug not in categories:
            yield _unknown("category", slug, (*place, "category"))
        for index, fact in objects_in(tool.get("facts")):
            if isinstance(slug := fact.get("attribute"), str) and slug not in attributes:
                yield _unknown("attribute", slug, (*place, "facts", index, "attribute"))
        for index, review in objects_in(tool.get("reviews")):
            if isinstance(slug := review.get("reviewer"), str) and slug not in reviewers:
                yield _unknown("reviewer", slug, (*place, "reviews", index, "reviewer"))
    for place, comparison in catalog.objects("comparisons"):
        listed = comparison.get("tools")
        for index, slug in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(slug, str) and slug not in tools:
                yield _unknown("tool", slug, (*place, "tools", index))


def _history(catalog: Catalog, progress: Progress) -> Iterator[Problem]:
    now = timezone.now()
    total = len(catalog.slugs("tools"))
    for batch, place, tool in progress("Comparing with the site", _in_batches(catalog), total):
        if row := batch.tools.get(tool.slug):
            yield from _rewritten_history(batch, row, tool, place, now)


def _in_batches(catalog: Catalog) -> Iterator[tuple[Batch, Place, ToolPart]]:
    for batch in batches(catalog):
        for place, part in batch.parts:
            yield batch, place, part


def _rewritten_history(batch: Batch, row: Tool, tool: ToolPart, place: Place, now: datetime) -> Iterator[Problem]:
    sourced: list[tuple[str, list[Any], str, dict[Any, Any]]] = [
        ("plans", tool.plans, "name", batch.plans),
        ("facts", tool.facts, "attribute", batch.facts),
    ]
    for section, parts, key, rows in sourced:
        for index, part in enumerate(parts):
            stands = rows.get((row.pk, getattr(part, key), part.superseded_at))
            if stands and part.superseded_at and not same_value(stands, part):
                yield Problem(
                    (*place, section, index), "history is not rewritten: the site has another value for that time"
                )
    for index, correction in enumerate(tool.corrections):
        made = batch.corrections.get((row.pk, correction.made_at))
        if made and made.note != correction.note:
            yield Problem(
                (*place, "corrections", index, "note"),
                "a correction stays as it was made; the site has other words for that time",
            )
    for index, review in enumerate(tool.reviews):
        stands = batch.reviews.get((row.pk, review.reviewer, review.published_at))
        if stands and stands.published_at and stands.published_at <= now:
            yield from _rewritten_review(batch, stands, review, (*place, "reviews", index))


def _rewritten_review(batch: Batch, stands: Review, part: ReviewPart, place: Place) -> Iterator[Problem]:
    for field in differences(stands, part, Review.WORD_FIELDS):
        yield Problem(
            (*place, field),
            "a published review is superseded by a later edition, not rewritten; the site says otherwise",
        )
    for index, prediction in enumerate(part.predictions):
        earlier = batch.predictions.get((stands.pk, prediction.claim))
        if earlier is None or earlier.due_on != prediction.due_on:
            yield Problem(
                (*place, "predictions", index),
                "a published review is not rewritten: this prediction was not in it, or had another day",
            )
