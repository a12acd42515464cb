"""From a checked catalog to rows: what is new is added, what changed is updated or superseded, the rest left alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from math import ceil
from typing import Any, Literal

from django.db import connection, models
from django.utils import timezone

from catalog.problems import Place, place_text
from catalog.reading import Catalog, Progress, silent
from catalog.schema import ReviewPart
from catalog.standing import BATCH, Batch, batches, differences, same_value
from comparisons.models import Comparison
from reviews.models import Prediction, Review, Reviewer
from tools.history import CHANGED, CREATED, record
from tools.models import Attribute, Category, ContentRevision, Correction, Fact, Plan, Sourced, Tool
from tools.slugged import FormerSlug

ROWS_A_STATEMENT = 1000
REASON = "catalog import"
PUBLISHING = ("published_at", "withdrawn_at")
CATEGORY_FIELDS = ("name", "description")
REVIEWER_FIELDS = ("name", "lens", "bio", "disclosure", "seat")
TOOL_FIELDS = ("name", "tagline", "description", "website", "aliases", *PUBLISHING)
COMPARISON_FIELDS = ("introduction", *PUBLISHING)
SOURCE_FIELDS = ("source", "verified_on")
JUDGEMENT_FIELDS = ("due_on", "outcome", "note", "source", "judged_on")


@dataclass(frozen=True, slots=True)
class Change:
    """One row that the file changes, field by field; a superseded plan or fact shows its old and new value."""

    place: str
    what: str
    fields: dict[str, tuple[object, object]]


@dataclass(slots=True)
class Report:
    """What an import did, or would do: counts by kind of row, and each change of something that stood before."""

    added: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)

    def note(
        self, model: type[models.Model], row: object, place: Place, fields: dict[str, tuple[object, object]]
    ) -> None:
        kind = model._meta.verbose_name_plural or model.__name__
        if fields:
            self.changed[str(kind)] += 1
            self.changes.append(Change(place_text(place), f"{model._meta.verbose_name} “{row}”", fields))
        else:
            self.unchanged[str(kind)] += 1

    def note_added(self, model: type[models.Model], count: int) -> None:
        if count:
            self.added[str(model._meta.verbose_name_plural)] += count


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
                record(model, ids, kind, by=self.by, reason=REASON, at=self.at)
        self._noted.clear()


def write(catalog: Catalog, *, by: Any | None = None, with_history: bool = True, progress: Progress = silent) -> Report:
    """Write a catalog without problems, in the transaction of the caller; return what was done.

    History says it was `by` a user, or nobody; without history it says nothing.
    """
    ContentRevision.hold()  # an editor who saves meanwhile waits, and is then told of what this has changed
    report = Report()
    now = timezone.now()
    entries = Entries(by=by, at=now, are_kept=with_history)
    categories = _write_slugged(catalog, "categories", Category, CATEGORY_FIELDS, report, entries)
    attributes = _write_slugged(catalog, "attributes", Attribute, ("name",), report, entries)
    _write_attribute_categories(catalog, attributes, categories, entries)
    reviewers = _write_slugged(catalog, "reviewers", Reviewer, REVIEWER_FIELDS, report, entries)
    entries.write()
    _write_former_slugs(catalog.parts("categories"), Category, categories)
    _write_former_slugs(catalog.parts("reviewers"), Reviewer, reviewers)
    total = ceil(len(catalog.slugs("tools")) / BATCH)
    for number, batch in enumerate(progress("Writing tools", batches(catalog), total), start=1):
        if number.bit_count() == 1 and total > 1:
            _analyze()
        _write_tools(batch, categories, report, entries)
        _write_former_slugs(batch.parts, Tool, batch.tools)
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


def _create(model: type[models.Model], rows: list[Any], report: Report, entries: Entries) -> None:
    model._default_manager.bulk_create(rows, batch_size=ROWS_A_STATEMENT)
    report.note_added(model, len(rows))
    entries.note(model, rows, CREATED)


def _update(model: type[models.Model], rows: list[Any], fields: Iterable[str], entries: Entries) -> None:
    model._default_manager.bulk_update(rows, fields, batch_size=ROWS_A_STATEMENT)
    entries.note(model, rows, CHANGED)


def _apply(row: Any, changes: dict[str, tuple[object, object]]) -> None:
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
) -> dict[str, Any]:
    """Add or update the rows of a section by slug; return all rows of the table by slug."""
    everything: Any = model._default_manager.all()
    rows: dict[str, Any] = {row.slug: row for row in everything}
    new, changed = [], []
    for place, part in catalog.parts(section):
        if row := rows.get(part.slug):
            changes = differences(row, part, fields)
            report.note(model, row, place, changes)
            if changes:
                _apply(row, changes)
                changed.append(row)
        else:
            rows[part.slug] = model(slug=part.slug, **_values(part, fields))
            new.append(rows[part.slug])
    _update(model, changed, fields, entries)
    _create(model, new, report, entries)
    return rows


def _write_attribute_categories(
    catalog: Catalog, attributes: dict[str, Attribute], categories: dict[str, Category], entries: Entries
) -> None:
    for _, part in catalog.parts("attributes"):
        if "categories" not in part.model_fields_set:
            continue
        attribute = attributes[part.slug]
        wanted = [categories[slug].pk for slug in part.categories]
        through = Attribute.categories.through.objects
        gone, _ = through.filter(attribute=attribute).exclude(category__in=wanted).delete()
        # One by one in file order, because the export writes them in the order of their rows.
        new = [through.get_or_create(attribute_id=attribute.pk, category_id=category_id)[1] for category_id in wanted]
        if gone or any(new):
            entries.note(Attribute, [attribute], CHANGED)


def _write_former_slugs(parts: Iterable[tuple[Place, Any]], model: type[models.Model], rows: dict[str, Any]) -> None:
    former = [
        FormerSlug(table=model._meta.db_table, slug=slug, object_id=rows[part.slug].pk)
        for _, part in parts
        for slug in part.former_slugs
    ]
    FormerSlug.objects.bulk_create(former, ignore_conflicts=True)


def _write_tools(batch: Batch, categories: dict[str, Category], report: Report, entries: Entries) -> None:
    new, changed = [], []
    for place, part in batch.parts:
        category = categories[part.category]
        if row := batch.tools.get(part.slug):
            changes = differences(row, part, TOOL_FIELDS)
            if row.category_id != category.pk:
                changes["category"] = (row.category_id, category)
            report.note(Tool, row, place, changes)
            if changes:
                _apply(row, changes)
                changed.append(row)
        else:
            row = Tool(slug=part.slug, category=category, **_values(part, TOOL_FIELDS))
            batch.tools[part.slug] = row
            new.append(row)
    _update(Tool, changed, ("category", *TOOL_FIELDS), entries)
    _create(Tool, new, report, entries)


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
            if row is not None:
                row.superseded_at = entries.at
                changed.append(row)
                report.note(model, row, part_place, differences(row, part, model.VALUE_FIELDS))
            values = _values(part, (*model.VALUE_FIELDS, *SOURCE_FIELDS, "superseded_at"))
            new_row = model(**{"tool": tool, key: keyed[name] if keyed is not None else name, **values})
            new.append((new_row, row))
    _update(model, changed, (*SOURCE_FIELDS, "superseded_at"), entries)
    model._default_manager.bulk_create([row for row, _ in new], batch_size=ROWS_A_STATEMENT)
    entries.note(model, [row for row, _ in new], CREATED)
    report.note_added(model, sum(superseded is None for _, superseded in new))


def _write_corrections(batch: Batch, report: Report, entries: Entries) -> None:
    new = []
    for place, part in batch.parts:
        tool = batch.tools[part.slug]
        for index, correction in enumerate(part.corrections):
            if row := batch.corrections.get((tool.pk, correction.made_at)):
                report.note(Correction, row, (*place, "corrections", index), {})
            else:
                new.append(Correction(tool=tool, note=correction.note, made_at=correction.made_at))
    _create(Correction, new, report, entries)


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
            else:
                changes = differences(row, part, fields)
                report.note(Review, row, review_place, changes)
                if changes:
                    _apply(row, changes)
                    changed.append(row)
            claims.append((review_place, part, row))
    _update(Review, changed, fields, entries)
    _create(Review, new, report, entries)
    _write_predictions(batch, claims, report, entries)


def _write_predictions(
    batch: Batch, claims: list[tuple[Place, ReviewPart, Review]], report: Report, entries: Entries
) -> None:
    new, changed = [], []
    for place, review_part, review in claims:
        for index, part in enumerate(review_part.predictions):
            row = batch.predictions.get((review.pk, part.claim))
            if row is None:
                new.append(Prediction(review=review, claim=part.claim, **_values(part, JUDGEMENT_FIELDS)))
                continue
            changes = differences(row, part, JUDGEMENT_FIELDS)
            report.note(Prediction, row, (*place, "predictions", index), changes)
            if changes:
                _apply(row, changes)
                changed.append(row)
    _update(Prediction, changed, JUDGEMENT_FIELDS, entries)
    _create(Prediction, new, report, entries)


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
                new.append(Comparison(first=first, second=second, **_values(part, COMPARISON_FIELDS)))
                continue
            changes = differences(row, part, COMPARISON_FIELDS)
            if row.first_id != first.pk:
                changes |= {"first": (row.first, first), "second": (row.second, second)}
            report.note(Comparison, row, place, changes)
            if changes:
                _apply(row, changes)
                changed.append(row)
        _update(Comparison, changed, ("first", "second", *COMPARISON_FIELDS), entries)
        _create(Comparison, new, report, entries)
        entries.write()
