"""Problems of a catalog file that show only against the database."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import batched
from typing import Any

from django.db import models
from django.utils import timezone

from catalog.batches import ToolBatch, find_differences, has_same_value, iterate_batches
from catalog.fact_values import settle_values
from catalog.problems import ImportProblem, Place, format_value
from catalog.reading import Catalog, Progress, hide_progress, iterate_objects
from catalog.schema import ComparisonPart, PredictionPart, ReviewPart, ToolPart
from comparisons.models import Comparison
from reviews.choices import Outcome
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, Tool
from tools.publishing import Publishable
from tools.slugged import FormerSlug
from web import clock

COMPARISONS_PER_BATCH = 1000


def find_problems(catalog: Catalog, *, progress: Progress = hide_progress) -> list[ImportProblem]:
    """Return every problem against the database: unknown references, names in use, and rewritten history.

    Values of facts get the canonical form of their attribute's kind in the catalog itself.
    """
    return [
        *settle_values(catalog),
        *_find_taken(catalog, "categories", Category, "name"),
        *_find_taken(catalog, "attributes", Attribute, "name"),
        *_find_taken(catalog, "reviewers", Reviewer, "name"),
        *_find_taken(catalog, "reviewers", Reviewer, "seat"),
        *_find_former_slugs(catalog, "categories", Category),
        *_find_former_slugs(catalog, "reviewers", Reviewer),
        *_find_former_slugs(catalog, "tools", Tool),
        *_find_unknown_categories(catalog),
        *_find_unknown_references(catalog),
        *_find_rewritten_history(catalog, progress),
        *_find_impossible_states_of_comparisons(catalog),
    ]


def _get_known_slugs(catalog: Catalog, section: str, model: type[models.Model]) -> set[str]:
    return catalog.get_slugs(section) | set(model._default_manager.values_list("slug", flat=True))


def _build_unknown(what: str, slug: str, place: Place) -> ImportProblem:
    return ImportProblem(place, f"there is no {what} {format_value(slug)}, neither in this file nor on the site")


def _find_taken(catalog: Catalog, section: str, model: type[models.Model], field: str) -> Iterator[ImportProblem]:
    """Yield names and seats that belong to a row on the site that the file does not mention."""
    owners = dict(
        model._default_manager.exclude(slug__in=catalog.get_slugs(section)).order_by().values_list(field, "slug")
    )
    for place, part in catalog.iterate_parts(section):
        if owner := owners.get(getattr(part, field)):
            yield ImportProblem(
                (*place, field), f"{format_value(getattr(part, field))} belongs to “{owner}” on the site"
            )


def _find_former_slugs(catalog: Catalog, section: str, model: type[models.Model]) -> Iterator[ImportProblem]:
    table = model._meta.db_table
    ids = dict(model._default_manager.order_by().values_list("slug", "pk"))
    former = dict(FormerSlug.objects.filter(table=table).values_list("slug", "object_id"))
    in_file = catalog.get_slugs(section)
    for place, part in catalog.iterate_parts(section):
        own = ids.get(part.slug)
        if former.get(part.slug, own) != own:
            yield ImportProblem(
                (*place, "slug"), f"{format_value(part.slug)} is the former slug of something else on the site"
            )
        for index, slug in enumerate(part.former_slugs):
            if slug in in_file or ids.get(slug, own) != own or former.get(slug, own) != own or slug == part.slug:
                yield ImportProblem((*place, "former_slugs", index), f"{format_value(slug)} is in use")


def _find_unknown_categories(catalog: Catalog) -> Iterator[ImportProblem]:
    categories = _get_known_slugs(catalog, "categories", Category)
    for place, attribute in catalog.iterate_objects("attributes"):
        listed = attribute.get("categories")
        for index, slug in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(slug, str) and slug not in categories:
                yield _build_unknown("category", slug, (*place, "categories", index))


def _find_unknown_references(catalog: Catalog) -> Iterator[ImportProblem]:
    """Yield references of tools and comparisons to undefined slugs, including those of invalid objects."""
    categories = _get_known_slugs(catalog, "categories", Category)
    attributes = _get_known_slugs(catalog, "attributes", Attribute)
    reviewers = _get_known_slugs(catalog, "reviewers", Reviewer)
    tools = _get_known_slugs(catalog, "tools", Tool)
    for place, tool in catalog.iterate_objects("tools"):
        if isinstance(slug := tool.get("category"), str) and slug not in categories:
            yield _build_unknown("category", slug, (*place, "category"))
        for index, fact in iterate_objects(tool.get("facts")):
            if isinstance(slug := fact.get("attribute"), str) and slug not in attributes:
                yield _build_unknown("attribute", slug, (*place, "facts", index, "attribute"))
        for index, review in iterate_objects(tool.get("reviews")):
            if isinstance(slug := review.get("reviewer"), str) and slug not in reviewers:
                yield _build_unknown("reviewer", slug, (*place, "reviews", index, "reviewer"))
    for place, comparison in catalog.iterate_objects("comparisons"):
        listed = comparison.get("tools")
        for index, slug in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(slug, str) and slug not in tools:
                yield _build_unknown("tool", slug, (*place, "tools", index))


def _find_rewritten_history(catalog: Catalog, progress: Progress) -> Iterator[ImportProblem]:
    now = timezone.now()
    total = len(catalog.get_slugs("tools"))
    for batch, place, tool in progress("Comparing with the site", _iterate_with_batch(catalog), total):
        row = batch.tools.get(tool.slug)
        since = batch.public_since.get(row.pk) if row else None
        yield from _check_states(row, tool, place, public_since=since, now=now)
        yield from _check_corrections(batch, row, tool, place)
        for index, review in enumerate(tool.reviews):
            existing = batch.reviews.get((row.pk, review.reviewer, review.published_at)) if row else None
            yield from _check_states(existing, review, (*place, "reviews", index), public_since=None, now=now)
            yield from _check_predictions(batch, existing, review, (*place, "reviews", index), now)
        if row:
            yield from _check_history(batch, row, tool, place, now)


def _find_impossible_states_of_comparisons(catalog: Catalog) -> Iterator[ImportProblem]:
    now = timezone.now()
    for parts in batched(catalog.iterate_parts("comparisons"), COMPARISONS_PER_BATCH, strict=False):
        slugs = {slug for _, part in parts for slug in part.tools}
        rows = {
            frozenset((row.first.slug, row.second.slug)): row
            for row in Comparison.objects.filter(first__slug__in=slugs, second__slug__in=slugs).select_related(
                "first", "second"
            )
        }
        seen = Comparison.objects.filter(pk__in=[row.pk for row in rows.values()]).public_since()
        for place, part in parts:
            row = rows.get(frozenset(part.tools))
            yield from _check_states(row, part, place, public_since=seen.get(row.pk) if row else None, now=now)


def _check_states(
    row: Publishable | None,
    part: ToolPart | ReviewPart | ComparisonPart,
    place: Place,
    *,
    public_since: datetime | None,
    now: datetime,
) -> Iterator[ImportProblem]:
    """Yield changes that no transition allows, such as withdrawing a draft or turning public content into a draft.

    The publication time of public content is fixed. A later one would cut its history, and an earlier one would add
    to it what only the draft said. `row` is the row on the site, if there is one, and `public_since` when it was
    published, if readers have ever seen it. A time that the file omits stays unchanged.
    """
    published_at, withdrawn_at = (_get_effective(row, part, field) for field in Publishable.TIME_FIELDS)
    is_moved = row is not None and published_at not in (row.published_at, public_since)
    if public_since and is_moved:
        yield ImportProblem(
            (*place, "published_at"),
            "readers have seen this, so it cannot become a draft again: give it withdrawn_at"
            if published_at is None or published_at > now
            else f"readers have seen this since {_show(public_since)}, and it cannot come out at another time",
        )
    elif withdrawn_at and (published_at is None or published_at > withdrawn_at):
        yield ImportProblem((*place, "withdrawn_at"), "only what was published before that time can be withdrawn")


def _get_effective(row: Any | None, part: Any, field: str) -> Any:
    """Return the value of a field after the import: what the file says, or else what the site has."""
    return getattr(part if row is None or field in part.model_fields_set else row, field)


def _check_corrections(batch: ToolBatch, row: Tool | None, tool: ToolPart, place: Place) -> Iterator[ImportProblem]:
    published_at = _get_effective(row, tool, "published_at")
    for index, correction in enumerate(tool.corrections):
        existing = batch.corrections.get((row.pk, correction.made_at)) if row else None
        if existing and existing.note != correction.note:
            yield ImportProblem(
                (*place, "corrections", index, "note"),
                "a correction cannot be rewritten: the site has other text for that time",
            )
        elif not existing and (published_at is None or correction.made_at < published_at):
            yield ImportProblem(
                (*place, "corrections", index, "made_at"), "only what readers have seen can be corrected"
            )


def _check_predictions(
    batch: ToolBatch, review: Review | None, part: ReviewPart, place: Place, now: datetime
) -> Iterator[ImportProblem]:
    """Yield what the gate and the desk refuse: a claim about the past, and a judgment that readers could not check.

    What the file does not change was accepted before, and stays as it is.
    """
    for index, prediction in enumerate(part.predictions):
        row = batch.predictions.get((review.pk, prediction.claim)) if review else None
        claim_place: Place = (*place, "predictions", index)
        if row is None and part.published_at and prediction.due_on <= clock.day_of(part.published_at):
            yield ImportProblem((*claim_place, "due_on"), "is not after the day on which its review was published")
        if row is None or find_differences(row, prediction, Prediction.JUDGMENT_FIELDS):
            yield from _check_judgment(row, prediction, part.published_at, claim_place, now)


def _check_judgment(
    row: Prediction | None, part: PredictionPart, published_at: datetime | None, place: Place, now: datetime
) -> Iterator[ImportProblem]:
    outcome, judged_on = (_get_effective(row, part, field) for field in ("outcome", "judged_on"))
    if outcome == Outcome.OPEN:
        return
    if published_at is None or published_at > now:
        yield ImportProblem((*place, "outcome"), "only a prediction that readers have seen can be judged")
        return
    if outcome in (Outcome.RIGHT, Outcome.WRONG):
        for field in ("note", "source", "judged_on"):
            if not _get_effective(row, part, field):
                yield ImportProblem((*place, field), f"is required to judge a prediction {outcome}")
    if judged_on and judged_on < clock.day_of(published_at):
        yield ImportProblem((*place, "judged_on"), "is before the day on which its review was published")


def _iterate_with_batch(catalog: Catalog) -> Iterator[tuple[ToolBatch, Place, ToolPart]]:
    for batch in iterate_batches(catalog):
        for place, part in batch.parts:
            yield batch, place, part


def _check_history(batch: ToolBatch, row: Tool, tool: ToolPart, place: Place, now: datetime) -> Iterator[ImportProblem]:
    sourced: list[tuple[str, list[Any], str, dict[Any, Any]]] = [
        ("plans", tool.plans, "name", batch.plans),
        ("facts", tool.facts, "attribute", batch.facts),
    ]
    for section, parts, key, rows in sourced:
        for index, part in enumerate(parts):
            existing = rows.get((row.pk, getattr(part, key), part.superseded_at))
            if existing and part.superseded_at and not has_same_value(existing, part):
                yield ImportProblem(
                    (*place, section, index), "history cannot be rewritten: the site has another value for that time"
                )
            elif existing and row.pk in batch.public_since:
                for field in find_differences(existing, part, existing.HISTORY_FIELDS):
                    yield ImportProblem(
                        (*place, section, index, field),
                        f"history cannot be rewritten: the site has {format_value(_show(getattr(existing, field)))}",
                    )
    first_editions: dict[str, datetime] = {}
    for (tool_id, reviewer, published_at), edition in batch.reviews.items():
        if tool_id == row.pk and published_at and published_at <= now and not edition.withdrawn_at:
            first_editions[reviewer] = min(published_at, first_editions.get(reviewer, published_at))
    for index, review in enumerate(tool.reviews):
        existing_review = batch.reviews.get((row.pk, review.reviewer, review.published_at))
        if existing_review and existing_review.published_at and existing_review.published_at <= now:
            yield from _check_review(batch, existing_review, review, (*place, "reviews", index))
        first_at = first_editions.get(review.reviewer)
        if existing_review is None and review.published_at and first_at and review.published_at < first_at:
            yield ImportProblem(
                (*place, "reviews", index, "published_at"),
                f"is before this seat’s first edition on the site ({first_at:%Y-%m-%d %H:%M} UTC)",
            )


def _show(value: object) -> object:
    """Return a time as the file would have it; anything else unchanged."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _check_review(batch: ToolBatch, existing: Review, part: ReviewPart, place: Place) -> Iterator[ImportProblem]:
    for field in find_differences(existing, part, Review.WORD_FIELDS):
        yield ImportProblem(
            (*place, field),
            "a published review cannot be rewritten: add a later edition to supersede it",
        )
    for index, prediction in enumerate(part.predictions):
        earlier = batch.predictions.get((existing.pk, prediction.claim))
        if earlier is None or earlier.due_on != prediction.due_on:
            yield ImportProblem(
                (*place, "predictions", index),
                "a published review cannot be rewritten: this prediction was not in it, or had another day",
            )
