"""From a checked catalog to rows: what is new is added, what changed is updated or superseded, the rest left alone."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from math import ceil
from typing import Any, Literal

from django.db import connection, models
from django.utils import timezone

from catalog.batches import BATCH, Batch, batches, differences, same_value
from catalog.problems import Place
from catalog.reading import Catalog, Progress, silent
from catalog.report import Fields, Report
from catalog.schema import ReviewPart
from comparisons.models import Comparison
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, ContentRevision, Correction, Fact, Plan, Sourced, Tool
from tools.row_history import CHANGED, CREATED, record_changes
from tools.slugged import FormerSlug

ROWS_A_STATEMENT = 1000
REASON = "catalog import"
PUBLISHING = ("published_at", "withdrawn_at")
CATEGORY_FIELDS = ("name", "description")
REVIEWER_FIELDS = ("name", "lens", "bio", "disclosure", "seat")
TOOL_FIELDS = (*Tool.OWN_FIELDS, *PUBLISHING)
COMPARISON_FIELDS = ("introduction", *PUBLISHING)
SOURCE_FIELDS = ("source", "verified_on")
JUDGEMENT_FIELDS = ("due_on", "outcome", "note", "source", "judged_on")


@dataclass(slots=True)
class Entries:
    """What is to be noted in the history of the rows that an import writes: one entry a row, however often written."""

    by: Any | None
    at: datetime
    are_kept: bool
    _noted: defaultdict[type[models.Model], dict[int, Literal["+", "~"]]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def note(self, model: type[models.Model], rows: Iterable[models.Model], kind: Literal["+", "~"]) -> None:
        for row in rows:
            self._noted[model].setdefault(row.pk, kind)

    def write(self) -> None:
        """Write an entry for all that was noted, as it stands now, and begin anew."""
        for model, noted in self._noted.items() if self.are_kept else ():
            for kind in (CREATED, CHANGED):
                ids = [pk for pk, what in noted.items() if what == kind]
                record_changes(model, ids, kind, by=self.by, reason=REASON, at=self.at)
        self._noted.clear()


def write(catalog: Catalog, *, by: Any | None = None, with_history: bool = True, progress: Progress = silent) -> Report:
    """Write a catalog without problems, in the transaction of the caller; return what was done.

    History says it was `by` a user, or nobody; without history it says nothing.
    """
    ContentRevision.lock()  # an editor who saves meanwhile waits, and is then told of what this has changed
    report = Report()
    entries = Entries(by=by, at=timezone.now(), are_kept=with_history)
    categories = _write_slugged(catalog, "categories", Category, CATEGORY_FIELDS, report, entries)
    listed = _attribute_categories()
    attributes = _write_slugged(catalog, "attributes", Attribute, ("name",), report, entries, listed)
    _write_attribute_categories(catalog, attributes, categories, listed, entries)
    reviewers = _write_slugged(catalog, "reviewers", Reviewer, REVIEWER_FIELDS, report, entries)
    entries.write()
    _write_former_slugs(catalog.parts("categories"), Category, categories, report)
    _write_former_slugs(catalog.parts("reviewers"), Reviewer, reviewers, report)
    total = ceil(len(catalog.slugs("tools")) / BATCH)
    for number, batch in enumerate(progress("Writing tools", batches(catalog), total), start=1):
        if number.bit_count() == 1 and total > 1:
            _analyze()
        _write_tools(batch, categories, report, entries)
        _write_former_slugs(batch.parts, Tool, batch.tools, report)
        _write_sourced(batch, "plans", Plan, batch.plans, "name", None, report, entries)
        _write_sourced(batch, "facts", Fact, batch.facts, "attribute", attributes, report, entries)
        _write_reviews(batch, reviewers, report, entries)
        _write_corrections(batch, report, entries)
        entries.write()
    if total > 1:
        _analyze()
    _write_comparisons(catalog, report, entries)
    return report


def _analyze() -> None:
    """Let the planner know of the rows that this transaction has written, before it looks many more up among them.

    Statistics of a site that was empty a minute ago make it read whole tables for each of thousands of rows.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tools_tool, tools_plan, tools_fact, reviews_review, comparisons_comparison")


def _create(model: type[models.Model], rows: list[Any], entries: Entries) -> None:
    model._default_manager.bulk_create(rows, batch_size=ROWS_A_STATEMENT)
    entries.note(model, rows, CREATED)


def _update(model: type[models.Model], rows: list[Any], fields: Iterable[str], entries: Entries) -> None:
    model._default_manager.bulk_update(rows, fields, batch_size=ROWS_A_STATEMENT)
    entries.note(model, rows, CHANGED)


def _apply(row: Any, changes: Fields) -> None:
    for name, (_, value) in changes.items():
        setattr(row, name, value)


def _values(part: Any, fields: Iterable[str]) -> dict[str, object]:
    return {name: getattr(part, name) for name in fields}


def _write_slugged(
    catalog: Catalog,
    section: str,
    model: type[models.Model],
    fields: tuple[str, ...],
    report: Report,
    entries: Entries,
    listed: dict[int, list[str]] | None = None,
) -> dict[str, Any]:
    """Add or update the rows of a section by slug; return all rows of the table by slug.

    `listed` are the categories of attributes, {id: slugs}; their changes are noted here and written by the caller.
    """
    everything: Any = model._default_manager.all()
    rows: dict[str, Any] = {row.slug: row for row in everything}
    new, changed = [], []
    for place, part in catalog.parts(section):
        if row := rows.get(part.slug):
            changes = differences(row, part, fields)
            report.note(model, row, place, changes | _other_categories(row, part, listed))
            if changes:
                _apply(row, changes)
                changed.append(row)
        else:
            rows[part.slug] = model(slug=part.slug, **_values(part, fields))
            new.append(rows[part.slug])
            report.note_added(model, rows[part.slug], place)
    _update(model, changed, fields, entries)
    _create(model, new, entries)
    return rows


def _attribute_categories() -> dict[int, list[str]]:
    """The categories that each attribute belongs to, {id: slugs} in the order in which they were entered."""
    listed: dict[int, list[str]] = defaultdict(list)
    through = Attribute.categories.through.objects.order_by("pk")
    for attribute_id, slug in through.values_list("attribute_id", "category__slug"):
        listed[attribute_id].append(slug)
    return listed


def _other_categories(row: Any, part: Any, listed: dict[int, list[str]] | None) -> Fields:
    if listed is None or "categories" not in part.model_fields_set or set(listed[row.pk]) == set(part.categories):
        return {}
    return {"categories": (listed[row.pk], part.categories)}


def _write_attribute_categories(
    catalog: Catalog,
    attributes: dict[str, Attribute],
    categories: dict[str, Category],
    listed: dict[int, list[str]],
    entries: Entries,
) -> None:
    through = Attribute.categories.through.objects
    for _, part in catalog.parts("attributes"):
        attribute = attributes[part.slug]
        if not _other_categories(attribute, part, listed):
            continue
        wanted = [categories[slug].pk for slug in part.categories]
        through.filter(attribute=attribute).exclude(category__in=wanted).delete()
        # One by one in file order, because the export writes them in the order of their rows.
        for category_id in wanted:
            through.get_or_create(attribute_id=attribute.pk, category_id=category_id)
        entries.note(Attribute, [attribute], CHANGED)


def _write_former_slugs(
    parts: Iterable[tuple[Place, Any]], model: type[models.Model], rows: dict[str, Any], report: Report
) -> None:
    table = model._meta.db_table
    kept = set(FormerSlug.objects.filter(table=table).values_list("slug", flat=True))
    new = []
    for place, part in parts:
        for slug in part.former_slugs:
            if slug not in kept:
                new.append(FormerSlug(table=table, slug=slug, object_id=rows[part.slug].pk))
                kept.add(slug)
                report.note_added(FormerSlug, new[-1], place)
    FormerSlug.objects.bulk_create(new, batch_size=ROWS_A_STATEMENT)


def _write_tools(batch: Batch, categories: dict[str, Category], report: Report, entries: Entries) -> None:
    by_id = {category.pk: category for category in categories.values()}
    new, changed = [], []
    touched: set[str] = set()
    for place, part in batch.parts:
        category = categories[part.category]
        if row := batch.tools.get(part.slug):
            changes = differences(row, part, TOOL_FIELDS)
            if row.category_id != category.pk:
                changes["category"] = (by_id[row.category_id], category)
            report.note(Tool, row, place, changes)
            if changes:
                _apply(row, changes)
                changed.append(row)
                touched |= changes.keys()
        else:
            row = Tool(slug=part.slug, category=category, **_values(part, TOOL_FIELDS))
            batch.tools[part.slug] = row
            new.append(row)
            report.note_added(Tool, row, place)
    if changed:
        _update(Tool, changed, touched, entries)
    _create(Tool, new, entries)


def _write_sourced(
    batch: Batch,
    section: str,
    model: type[Sourced],
    rows: dict[Any, Any],
    key: str,
    keyed: dict[str, Any] | None,
    report: Report,
    entries: Entries,
) -> None:
    """Plans (`key` is their name) or facts (`key` is the attribute's slug, looked up in `keyed`)."""
    new, changed = [], []
    for place, tool_part in batch.parts:
        tool = batch.tools[tool_part.slug]
        for index, part in enumerate(getattr(tool_part, section)):
            part_place: Place = (*place, section, index)
            name = getattr(part, key)
            row = rows.get((tool.pk, name, part.superseded_at))
            standing = rows.get((tool.pk, name, None))
            for stands in filter(None, (row, standing)):
                stands.tool = tool  # named in the report, without a query for each
            if row is not None and same_value(row, part):
                changes = differences(row, part, SOURCE_FIELDS)
                report.note(model, row, part_place, changes)
                if changes:
                    _apply(row, changes)
                    changed.append(row)
                continue
            if standing is not None and same_value(standing, part):
                # What stands here is history in the file: it was superseded elsewhere, at that time.
                standing.superseded_at = part.superseded_at
                changed.append(standing)
                rows[tool.pk, name, part.superseded_at] = rows.pop((tool.pk, name, None))
                report.note(model, standing, part_place, {"superseded_at": (None, part.superseded_at)})
                continue
            values = _values(part, (*model.VALUE_FIELDS, *SOURCE_FIELDS, "superseded_at"))
            new_row = model(**{"tool": tool, key: keyed[name] if keyed is not None else name, **values})
            new.append(new_row)
            if row is None:
                report.note_added(model, new_row, part_place)
                continue
            row.superseded_at = entries.at
            changed.append(row)
            report.note(
                model,
                row,
                part_place,
                {
                    field: (getattr(row, field), values[field])
                    for field in (*model.VALUE_FIELDS, *SOURCE_FIELDS)
                    if getattr(row, field) != values[field]
                },
            )
    _update(model, changed, (*SOURCE_FIELDS, "superseded_at"), entries)
    _create(model, new, entries)


def _write_corrections(batch: Batch, report: Report, entries: Entries) -> None:
    new = []
    for place, part in batch.parts:
        tool = batch.tools[part.slug]
        for index, correction in enumerate(part.corrections):
            if row := batch.corrections.get((tool.pk, correction.made_at)):
                report.note(Correction, row, (*place, "corrections", index), {})
            else:
                new.append(Correction(tool=tool, note=correction.note, made_at=correction.made_at))
                report.note_added(Correction, new[-1], (*place, "corrections", index))
    _create(Correction, new, entries)


def _write_reviews(batch: Batch, reviewers: dict[str, Reviewer], report: Report, entries: Entries) -> None:
    fields = (*Review.WORD_FIELDS, *PUBLISHING)
    new, changed = [], []
    claims: list[tuple[Place, ReviewPart, Review]] = []
    for place, tool_part in batch.parts:
        tool = batch.tools[tool_part.slug]
        for index, part in enumerate(tool_part.reviews):
            review_place: Place = (*place, "reviews", index)
            row = batch.reviews.get((tool.pk, part.reviewer, part.published_at))
            if row is None:
                row = Review(tool=tool, reviewer=reviewers[part.reviewer], **_values(part, fields))
                new.append(row)
                report.note_added(Review, row, review_place)
            else:
                row.tool = tool
                changes = differences(row, part, fields)
                report.note(Review, row, review_place, changes)
                if changes:
                    _apply(row, changes)
                    changed.append(row)
            claims.append((review_place, part, row))
    _update(Review, changed, fields, entries)
    _create(Review, new, entries)
    _write_predictions(batch, claims, report, entries)


def _write_predictions(
    batch: Batch, claims: list[tuple[Place, ReviewPart, Review]], report: Report, entries: Entries
) -> None:
    new, changed = [], []
    for place, review_part, review in claims:
        for index, part in enumerate(review_part.predictions):
            row = batch.predictions.get((review.pk, part.claim))
            claim_place: Place = (*place, "predictions", index)
            if row is None:
                row = Prediction(review=review, claim=part.claim, **_values(part, JUDGEMENT_FIELDS))
                new.append(row)
                report.note_added(Prediction, row, claim_place)
                continue
            changes = differences(row, part, JUDGEMENT_FIELDS)
            report.note(Prediction, row, claim_place, changes)
            if changes:
                _apply(row, changes)
                changed.append(row)
    _update(Prediction, changed, JUDGEMENT_FIELDS, entries)
    _create(Prediction, new, entries)


def _write_comparisons(catalog: Catalog, report: Report, entries: Entries) -> None:
    for parts in batched(catalog.parts("comparisons"), ROWS_A_STATEMENT, strict=False):
        slugs = {slug for _, part in parts for slug in part.tools}
        tools = {tool.slug: tool for tool in Tool.objects.filter(slug__in=slugs).only("slug", "name")}
        ids = [tool.pk for tool in tools.values()]
        rows = {
            frozenset((row.first_id, row.second_id)): row
            for row in Comparison.objects.filter(first__in=ids, second__in=ids).select_related("first", "second")
        }
        new, changed = [], []
        for place, part in parts:
            first, second = (tools[slug] for slug in part.tools)
            row = rows.get(frozenset((first.pk, second.pk)))
            if row is None:
                row = Comparison(first=first, second=second, **_values(part, COMPARISON_FIELDS))
                new.append(row)
                report.note_added(Comparison, row, place)
                continue
            changes = differences(row, part, COMPARISON_FIELDS)
            if row.first_id != first.pk:
                changes |= {"first": (row.first, first), "second": (row.second, second)}
            report.note(Comparison, row, place, changes)
            if changes:
                _apply(row, changes)
                changed.append(row)
        _update(Comparison, changed, ("first", "second", *COMPARISON_FIELDS), entries)
        _create(Comparison, new, entries)
        entries.write()
