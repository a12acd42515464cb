"""The present rows of a batch of targets, and what decides how they go back. A constant number of queries per batch."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.db.models import Count, Model, Q

from comparisons.models import Comparison
from desk.bulk_changes.targets import Target, Values, read_links, read_values
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, Correction, Fact, Plan, Sourced, Tool
from tools.publishing import Publishable

RELATED: dict[type[Model], tuple[str, ...]] = {
    Tool: ("category",),
    Plan: ("tool",),
    Fact: ("tool", "attribute"),
    Review: ("tool", "reviewer"),
    Prediction: ("review",),
    Correction: ("tool",),
    Comparison: ("first", "second"),
}

type Key = tuple[type[Model], int, object]
"""What identifies a current price or fact: its model, tool, and name or attribute."""


def get_key(model: type[Model], values: Values) -> Key:
    """Return the key of a price or fact, given its values."""
    return model, values["tool_id"], values["name"] if model is Plan else values["attribute_id"]


class Batch:
    """Targets and the rows as they are now."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self.targets = targets
        ids: dict[type[Model], list[int]] = {}
        for target in targets:
            ids.setdefault(target.model, []).append(target.pk)
        self.rows: dict[type[Model], dict[int, Any]] = {
            model: {
                row.pk: row
                for row in model._default_manager.filter(pk__in=pks)
                .select_related(*RELATED.get(model, (None,)))
                .order_by("pk")
            }
            for model, pks in ids.items()
        }
        self.links = read_links(ids.get(Attribute, ()))
        self.values = {
            (model, pk): read_values(row, self.links if model is Attribute else None)
            for model, rows in self.rows.items()
            for pk, row in rows.items()
        }
        self.created = {(target.model, target.pk) for target in targets if target.before is None and target.after}
        """Rows that the change added."""
        self._by_row = {(target.model, target.pk): target for target in targets}

    def get(self, target: Target) -> Any | None:
        return self.rows[target.model].get(target.pk)

    def find(self, row: Model) -> Target | None:
        """Return the target of a row, if there is one."""
        return self._by_row.get((type(row), row.pk))

    @cached_property
    def added_to_tools(self) -> dict[int, list[Target]]:
        """The prices, facts, reviews, predictions, and corrections that the change added, by tool."""
        added: dict[int, list[Target]] = {}
        for target in self.targets:
            row = self.get(target)
            if (target.model, target.pk) in self.created and row is not None and target.model is not Tool:
                tool: int = row.review.tool_id if target.model is Prediction else getattr(row, "tool_id", 0)
                added.setdefault(tool, []).append(target)
        return added

    @cached_property
    def added_values(self) -> dict[Key, list[Target]]:
        """The prices and facts that the change added, by key."""
        added: dict[Key, list[Target]] = {}
        for target in self.targets:
            if target.model in (Plan, Fact) and target.before is None and target.after:
                added.setdefault(get_key(target.model, target.after), []).append(target)
        return added

    def is_untouched(self, target: Target) -> bool:
        """Return whether a row is as the change left it."""
        return self.values.get((target.model, target.pk)) == target.after

    @cached_property
    def tool_ids(self) -> set[int]:
        """The tools that the targets belong to, or that they are."""
        ids = {target.pk for target in self.targets if target.model is Tool}
        for target in self.targets:
            values = target.after or target.before or {}
            ids |= {values["tool_id"]} if "tool_id" in values else set()
        return ids | {row.review.tool_id for row in self.rows.get(Prediction, {}).values()}

    @cached_property
    def seen_tools(self) -> set[int]:
        """The tools that readers see or have seen."""
        return set(Tool.objects.filter(pk__in=self.tool_ids).ever_public().order_by().values_list("pk", flat=True))

    @cached_property
    def seen(self) -> dict[type[Model], set[int]]:
        """The reviews and comparisons that readers see or have seen, with the reviews of predictions."""
        reviews = {*self.rows.get(Review, {}), *(row.review_id for row in self.rows.get(Prediction, {}).values())}
        found: dict[type[Model], set[int]] = {Tool: self.seen_tools}
        wanted: list[tuple[Any, Any]] = [(Review, reviews), (Comparison, self.rows.get(Comparison, ()))]
        for model, pks in wanted:
            rows = model.objects.filter(pk__in=pks).ever_public().order_by()
            found[model] = set(rows.values_list("pk", flat=True)) if pks else set()
        return found

    def was_seen(self, row: Model) -> bool:
        """Return whether readers see a row or have seen it."""
        if isinstance(row, Publishable):
            return row.pk in self.seen[type(row)]
        if isinstance(row, Prediction):
            return row.review_id in self.seen[Review]
        return getattr(row, "tool_id", None) in self.seen_tools

    @cached_property
    def current(self) -> dict[Key, Sourced]:
        """The current prices and facts of the tools of this batch."""
        found: dict[Key, Sourced] = {}
        models = (Plan, Fact)
        for model in models:
            if model in self.rows:
                for row in model.objects.current().filter(tool__in=self.tool_ids).select_related(*RELATED[model]):
                    found[get_key(model, vars(row))] = row
        return found

    @cached_property
    def renamed(self) -> dict[tuple[int, str], Plan]:
        """The current plans that had another name, by tool and that name."""
        return {
            (row.tool_id, row.renamed_from): row
            for row in self.current.values()
            if isinstance(row, Plan) and row.renamed_from
        }

    @cached_property
    def existing(self) -> dict[type[Model], dict[int, Any]]:
        """The rows that deleted rows referred to, as far as they exist, by model and id."""
        wanted: dict[Any, set[int]] = {}
        for target in self.targets:
            for field in target.model._meta.concrete_fields:
                if field.is_relation and target.before and (pk := target.before.get(field.attname)):
                    wanted.setdefault(field.related_model, set()).add(pk)
        return {model: model._default_manager.in_bulk(pks) for model, pks in wanted.items()}

    @cached_property
    def referenced(self) -> set[tuple[type[Model], int]]:
        """The added categories, attributes, reviewers, and reviews that other rows refer to."""
        added: dict[type[Model], list[int]] = {}
        for model, pk in self.created:
            added.setdefault(model, []).append(pk)
        through = Attribute.categories.through
        users: list[tuple[type[Model], Any, str]] = [
            (Category, Tool.objects, "category"),
            (Category, through.objects, "category"),
            (Attribute, Fact.objects, "attribute"),
            (Reviewer, Review.objects, "reviewer"),
        ]
        found = {
            (model, pk)
            for model, rows, name in users
            if model in added
            for pk in rows.filter(**{f"{name}__in": added[model]}).order_by().values_list(name, flat=True).distinct()
        }
        if Review in added:
            goes = {
                target.pk
                for target in self.targets
                if target.model is Prediction and target.before is None and self.is_untouched(target)
            }
            others = Prediction.objects.filter(review__in=added[Review]).exclude(pk__in=goes).order_by()
            found |= {(Review, pk) for pk in others.values_list("review", flat=True)}
        return found

    @cached_property
    def taken_slugs(self) -> dict[type[Model], dict[str, int]]:
        """Who has the slugs that rows go back to, as {model: {slug: id}}."""
        wanted: dict[Any, list[str]] = {}
        for target in self.targets:
            if target.before and "slug" in target.before:
                wanted.setdefault(target.model, []).append(target.before["slug"])
        return {
            model: dict(model._default_manager.filter(slug__in=slugs).order_by().values_list("slug", "pk"))
            for model, slugs in wanted.items()
        }

    @cached_property
    def drafts(self) -> dict[tuple[int, int], int]:
        """The drafts of reviews of these tools: {(tool, reviewer): id}."""
        rows = Review.objects.filter(tool__in=self.tool_ids, published_at__isnull=True).order_by()
        return {(tool, reviewer): pk for pk, tool, reviewer in rows.values_list("pk", "tool_id", "reviewer_id")}

    @cached_property
    def pairs(self) -> set[frozenset[int]]:
        """The pairs that have a comparison again after theirs was deleted."""
        wanted = [target.before for target in self.targets if target.before and "first_id" in target.before]
        ids = {values[name] for values in wanted for name in ("first_id", "second_id")}
        rows = Comparison.objects.filter(first__in=ids, second__in=ids).order_by()
        return {frozenset(pair) for pair in rows.values_list("first_id", "second_id")}

    @cached_property
    def parts_of_tools(self) -> dict[int, int]:
        """How many rows refer to each tool that the change added: prices, facts, reviews, and all others.

        A comparison that is withdrawn does not count for a tool that can only be withdrawn too.
        """
        ids = [pk for model, pk in self.created if model is Tool]
        numbers: dict[int, int] = {}
        models = (Plan, Fact, Review, Correction)
        for model in models if ids else ():
            rows = model.objects.filter(tool__in=ids).order_by().values_list("tool_id").annotate(number=Count("pk"))
            for tool, number in rows:
                numbers[tool] = numbers.get(tool, 0) + number
        if ids:
            predictions = Prediction.objects.filter(review__tool__in=ids).order_by().values_list("review__tool_id")
            for tool, number in predictions.annotate(number=Count("pk")):
                numbers[tool] = numbers.get(tool, 0) + number
            pairs = Comparison.objects.filter(Q(first__in=ids) | Q(second__in=ids)).order_by()
            for *pair, withdrawn_at in pairs.values_list("first_id", "second_id", "withdrawn_at"):
                for tool in pair if withdrawn_at is None else set(pair) - self.seen_tools:
                    numbers[tool] = numbers.get(tool, 0) + 1
        return numbers
