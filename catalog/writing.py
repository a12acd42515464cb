"""Writing a valid catalog: new rows are added, changed ones are updated or superseded, and others are left alone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import batched
from math import ceil
from typing import Any

from django.db import connection, models
from django.utils import timezone

from catalog.batches import TOOLS_PER_BATCH, ToolBatch, find_differences, iterate_batches
from catalog.problems import Place
from catalog.reading import Catalog, Progress, hide_progress
from catalog.report import Fields, ImportReport
from catalog.row_writing import ROWS_PER_STATEMENT, HistoryLog, apply_changes, create_rows, get_values, update_rows
from catalog.schema import ReviewPart
from catalog.sourced_writing import SourcedWriter
from comparisons.editor_lines import swap_sides
from comparisons.models import Comparison
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, ContentRevision, Correction, Fact, Plan, Tool
from tools.publishing import Publishable
from tools.row_history import CHANGED
from tools.slugged import FormerSlug
from tools.unseen import delete_unseen

REASON = "catalog import"
CATEGORY_FIELDS = ("name", "description", "aliases", "presets")
REVIEWER_FIELDS = ("name", "lens", "bio", "disclosure", "behind", "seat")
TOOL_FIELDS = (*Tool.OWN_FIELDS, *Publishable.TIME_FIELDS)
COMPARISON_FIELDS = ("introduction", "lines", *Publishable.TIME_FIELDS)
PREDICTION_FIELDS = ("due_on", *Prediction.JUDGMENT_FIELDS)


def write_catalog(
    catalog: Catalog, *, by: Any | None = None, reason: str | None = REASON, progress: Progress = hide_progress
) -> ImportReport:
    """Write a catalog that has no problems, in the transaction of the caller, and report what was done.

    The history has the `reason` and names the user `by`, if any. Without a reason, no history is written.
    """
    ContentRevision.lock()  # an editor's concurrent save waits for this import, and then reports a conflict if any
    report = ImportReport(remarks=catalog.remarks)
    history = HistoryLog(by=by, at=timezone.now(), reason=reason)
    categories = _write_slugged(catalog, "categories", Category, CATEGORY_FIELDS, report, history)
    old_categories = _read_attribute_categories()
    attributes = _write_slugged(catalog, "attributes", Attribute, Attribute.OWN_FIELDS, report, history, old_categories)
    _write_attribute_categories(catalog, attributes, categories, old_categories, history)
    reviewers = _write_slugged(catalog, "reviewers", Reviewer, REVIEWER_FIELDS, report, history)
    history.write()
    _write_former_slugs(catalog.iterate_parts("categories"), Category, categories, report)
    _write_former_slugs(catalog.iterate_parts("reviewers"), Reviewer, reviewers, report)
    total = ceil(len(catalog.get_slugs("tools")) / TOOLS_PER_BATCH)
    for number, batch in enumerate(progress("Writing tools", iterate_batches(catalog), total), start=1):
        if number.bit_count() == 1 and total > 1:
            _analyze()
        put_back = _write_tools(batch, categories, report, history)
        _write_former_slugs(batch.parts, Tool, batch.tools, report)
        SourcedWriter(Plan, batch, report, history).write()
        SourcedWriter(Fact, batch, report, history, attributes).write()
        _write_reviews(batch, reviewers, report, history)
        _write_corrections(batch, report, history)
        history.write()
        _delete_unseen(batch, put_back)
    if total > 1:
        _analyze()
    _write_comparisons(catalog, report, history)
    return report


def _analyze() -> None:
    """Update the planner's statistics with the rows that this transaction has written, before looking up more.

    With the statistics of an empty site, it would scan whole tables for each of thousands of rows.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tools_tool, tools_plan, tools_fact, reviews_review, comparisons_comparison")


def _write_slugged(
    catalog: Catalog,
    section: str,
    model: type[models.Model],
    fields: tuple[str, ...],
    report: ImportReport,
    history: HistoryLog,
    old_categories: dict[int, list[str]] | None = None,
) -> dict[str, Any]:
    """Add or update the rows of a section by slug; return all rows of the table by slug.

    `old_categories` are the present categories of attributes, {id: slugs}. This function reports their changes; the
    caller writes them.
    """
    queryset: Any = model._default_manager.all()
    rows: dict[str, Any] = {row.slug: row for row in queryset}
    new, changed = [], []
    for place, part in catalog.iterate_parts(section):
        if row := rows.get(part.slug):
            changes = find_differences(row, part, fields)
            report.record_existing(model, row, place, changes | _find_category_change(row, part, old_categories))
            if changes:
                apply_changes(row, changes)
                changed.append(row)
        else:
            rows[part.slug] = model(slug=part.slug, **get_values(part, fields))
            new.append(rows[part.slug])
            report.record_added(model, rows[part.slug], place, categories=getattr(part, "categories", ()))
    update_rows(model, changed, fields, history)
    create_rows(model, new, history)
    return rows


def _read_attribute_categories() -> dict[int, list[str]]:
    """Return the categories of each attribute, {id: slugs}, in the order in which they were created."""
    categories: dict[int, list[str]] = defaultdict(list)
    through = Attribute.categories.through.objects.order_by("pk")
    for attribute_id, slug in through.values_list("attribute_id", "category__slug"):
        categories[attribute_id].append(slug)
    return categories


def _find_category_change(row: Any, part: Any, old_categories: dict[int, list[str]] | None) -> Fields:
    if old_categories is None or "categories" not in part.model_fields_set:
        return {}
    old, new = old_categories[row.pk], part.categories
    return {} if set(old) == set(new) else {"categories": (old, new)}


def _write_attribute_categories(
    catalog: Catalog,
    attributes: dict[str, Attribute],
    categories: dict[str, Category],
    old_categories: dict[int, list[str]],
    history: HistoryLog,
) -> None:
    through = Attribute.categories.through.objects
    for _, part in catalog.iterate_parts("attributes"):
        attribute = attributes[part.slug]
        if not _find_category_change(attribute, part, old_categories):
            continue
        wanted = [categories[slug].pk for slug in part.categories]
        through.filter(attribute=attribute).exclude(category__in=wanted).delete()
        # One at a time in file order, because the export lists them in the order of their ids.
        for category_id in wanted:
            through.get_or_create(attribute_id=attribute.pk, category_id=category_id)
        history.record(Attribute, [attribute], CHANGED)


def _write_former_slugs(
    parts: Iterable[tuple[Place, Any]], model: type[models.Model], rows: dict[str, Any], report: ImportReport
) -> None:
    table = model._meta.db_table
    known = set(FormerSlug.objects.filter(table=table).values_list("slug", flat=True))
    new = []
    for place, part in parts:
        for slug in part.former_slugs:
            if slug not in known:
                new.append(FormerSlug(table=table, slug=slug, object_id=rows[part.slug].pk))
                known.add(slug)
                report.record_added(FormerSlug, new[-1], place)
    FormerSlug.objects.bulk_create(new, batch_size=ROWS_PER_STATEMENT)


def _write_tools(
    batch: ToolBatch, categories: dict[str, Category], report: ImportReport, history: HistoryLog
) -> dict[str, datetime]:
    """Add and update tools. Return {slug: withdrawn_at} of the tools that the file puts back."""
    put_back: dict[str, datetime] = {}
    by_id = {category.pk: category for category in categories.values()}
    new, changed = [], []
    touched: set[str] = set()
    for place, part in batch.parts:
        category = categories[part.category]
        if row := batch.tools.get(part.slug):
            changes = find_differences(row, part, TOOL_FIELDS)
            if row.category_id != category.pk:
                changes["category"] = (by_id[row.category_id], category)
            report.record_existing(Tool, row, place, changes)
            if changes:
                apply_changes(row, changes)
                changed.append(row)
                touched |= changes.keys()
            withdrawn_at, _ = changes.get("withdrawn_at", (None, None))
            if isinstance(withdrawn_at, datetime) and row.withdrawn_at is None:
                put_back[row.slug] = withdrawn_at
        else:
            row = Tool(slug=part.slug, category=category, **get_values(part, TOOL_FIELDS))
            batch.tools[part.slug] = row
            new.append(row)
            report.record_added(Tool, row, place)
    if changed:
        update_rows(Tool, changed, touched, history)
    create_rows(Tool, new, history)
    return put_back


def _delete_unseen(batch: ToolBatch, put_back: Mapping[str, datetime]) -> None:
    """Delete what tools stated only while they were withdrawn, except for what the file says was stated."""
    for _, part in batch.parts:
        if part.slug in put_back:
            ended = {row.superseded_at for row in (*part.plans, *part.facts) if row.superseded_at}
            delete_unseen(batch.tools[part.slug], since=put_back[part.slug], except_ended=ended)


def _write_corrections(batch: ToolBatch, report: ImportReport, history: HistoryLog) -> None:
    new = []
    for place, part in batch.parts:
        tool = batch.tools[part.slug]
        for index, correction in enumerate(part.corrections):
            if row := batch.corrections.get((tool.pk, correction.made_at)):
                report.record_existing(Correction, row, (*place, "corrections", index), {})
            else:
                new.append(Correction(tool=tool, note=correction.note, made_at=correction.made_at))
                report.record_added(Correction, new[-1], (*place, "corrections", index))
    create_rows(Correction, new, history)


def _write_reviews(batch: ToolBatch, reviewers: dict[str, Reviewer], report: ImportReport, history: HistoryLog) -> None:
    fields = (*Review.WORD_FIELDS, *Publishable.TIME_FIELDS)
    new, changed = [], []
    claims: list[tuple[Place, ReviewPart, Review]] = []
    for place, tool_part in batch.parts:
        tool = batch.tools[tool_part.slug]
        for index, part in enumerate(tool_part.reviews):
            review_place: Place = (*place, "reviews", index)
            row = batch.reviews.get((tool.pk, part.reviewer, part.published_at))
            if row is None:
                row = Review(tool=tool, reviewer=reviewers[part.reviewer], **get_values(part, fields))
                new.append(row)
                report.record_added(Review, row, review_place)
            else:
                row.tool = tool
                changes = find_differences(row, part, fields)
                report.record_existing(Review, row, review_place, changes)
                if changes:
                    apply_changes(row, changes)
                    changed.append(row)
            claims.append((review_place, part, row))
    update_rows(Review, changed, fields, history)
    create_rows(Review, new, history)
    _write_predictions(batch, claims, report, history)


def _write_predictions(
    batch: ToolBatch, claims: list[tuple[Place, ReviewPart, Review]], report: ImportReport, history: HistoryLog
) -> None:
    new, changed = [], []
    for place, review_part, review in claims:
        for index, part in enumerate(review_part.predictions):
            row = batch.predictions.get((review.pk, part.claim))
            claim_place: Place = (*place, "predictions", index)
            if row is None:
                row = Prediction(review=review, claim=part.claim, **get_values(part, PREDICTION_FIELDS))
                new.append(row)
                report.record_added(Prediction, row, claim_place)
                continue
            row.review = review
            changes = find_differences(row, part, PREDICTION_FIELDS)
            report.record_existing(Prediction, row, claim_place, changes)
            if changes:
                apply_changes(row, changes)
                changed.append(row)
    update_rows(Prediction, changed, PREDICTION_FIELDS, history)
    create_rows(Prediction, new, history)


def _write_comparisons(catalog: Catalog, report: ImportReport, history: HistoryLog) -> None:
    for parts in batched(catalog.iterate_parts("comparisons"), ROWS_PER_STATEMENT, strict=False):
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
                row = Comparison(first=first, second=second, **get_values(part, COMPARISON_FIELDS))
                new.append(row)
                report.record_added(Comparison, row, place)
                continue
            changes = find_differences(row, part, COMPARISON_FIELDS)
            if row.first_id != first.pk:
                changes |= {"first": (row.first, first), "second": (row.second, second)}
                if row.lines and "lines" not in part.model_fields_set:
                    changes["lines"] = (row.lines, swap_sides(row.lines))
            report.record_existing(Comparison, row, place, changes)
            if changes:
                apply_changes(row, changes)
                changed.append(row)
        update_rows(Comparison, changed, ("first", "second", *COMPARISON_FIELDS), history)
        create_rows(Comparison, new, history)
        history.write()
