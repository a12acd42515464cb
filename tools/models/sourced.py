"""Plans and facts of tools: statements with a source, superseded and never overwritten."""

from collections import Counter
from collections.abc import Collection
from copy import copy
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from tools.models.attribute import Attribute
from tools.models.constraints import validate_web_address, web_address_constraint
from tools.models.tool import Tool
from tools.row_history import History
from tools.values import Scale, fits


class SourcedQuerySet(models.QuerySet[Any]):
    """Rows that are superseded rather than overwritten."""

    def current(self) -> Self:
        """Filter to rows that are not superseded, in the order of their entry."""
        return self.filter(superseded_at__isnull=True).order_by("pk")

    def recent(self, *, days: int = 31) -> Self:
        """Filter to rows that are not superseded, or were in the last days, in the order of their entry."""
        since = timezone.now() - timedelta(days=days)
        return self.filter(Q(superseded_at__isnull=True) | Q(superseded_at__gt=since)).order_by("pk")


class AlreadySupersededError(ValueError):
    """Somebody else has superseded the plan or fact in the meantime."""


class Sourced(models.Model):
    """A statement with its source and the day when somebody last verified it. Superseded, never overwritten."""

    # The fields that make up the value. A change of these supersedes the row; source and verified_on change in place.
    VALUE_FIELDS: ClassVar[tuple[str, ...]]

    # Columns that carry the history of a value. Only the methods below and catalog files set them.
    HISTORY_FIELDS: ClassVar[tuple[str, ...]] = ("added_at", "superseded_at", "correction")

    source = models.URLField(max_length=500, blank=True, validators=[validate_web_address])
    verified_on = models.DateField(null=True, blank=True)
    added_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text=(
            "Since when the site has stated it. Empty: since the row before it with the same name or attribute was "
            "superseded, or else since the tool was published."
        ),
    )
    superseded_at = models.DateTimeField(null=True, blank=True, editable=False)
    correction = models.BooleanField(
        default=False,
        editable=False,
        help_text="It was superseded because we were wrong. Otherwise it was right, and then it changed.",
    )

    objects = SourcedQuerySet.as_manager()

    class Meta:
        abstract = True

    def supersede(self, *, correction: bool = False, **values: Any) -> Self:
        """Replace this row with a new one that has other values, and return it. This row stays as history.

        `correction` says that we were wrong; otherwise the value changed. Other fields are copied except `verified_on`,
        because the verification was of the old value. Raises AlreadySupersededError.
        """
        with transaction.atomic():
            self.retire(correction=correction)
            successor = self.build_successor(**values)
            successor.save()
        return successor

    def build_successor(self, **values: Any) -> Self:
        """Return the unsaved row that will replace this one; see `supersede`."""
        row = copy(self)
        row._state = copy(self._state)
        row._state.adding, row.pk = True, None
        without_history = type(self)()
        blank = {name: getattr(without_history, name) for name in self.HISTORY_FIELDS}
        for name, value in {**blank, "verified_on": None, **values}.items():
            setattr(row, name, value)
        row.continue_from(self)
        return row

    def continue_from(self, predecessor: Self) -> None:
        """Record the predecessor's name, if it differs."""

    def retire(self, *, correction: bool = False) -> None:
        """Supersede this row without a successor; `correction` as in `supersede`. Raises AlreadySupersededError."""
        current = type(self).objects.filter(pk=self.pk, superseded_at__isnull=True).order_by()
        with transaction.atomic():
            if not current.select_for_update(of=("self",), no_key=True).values_list("pk"):
                raise AlreadySupersededError
            self.superseded_at, self.correction = timezone.now(), correction
            self.save(update_fields=["superseded_at", "correction"])


CHANGED = Q(superseded_at__isnull=False, correction=False)
NEWEST = (F("superseded_at").desc(), F("id").desc())


def history_indexes(table: str) -> list[models.Index]:
    """Return the indexes by which the newest changes and corrections are found (comparisons/reading/changes.py)."""
    return [
        models.Index(*NEWEST, name=f"{table}_changed", condition=CHANGED),
        models.Index(*NEWEST, name=f"{table}_corrected", condition=Q(correction=True)),
    ]


def history_constraints(table: str) -> list[models.BaseConstraint]:
    """Return the constraints that a row's history is possible."""
    return [
        models.CheckConstraint(
            name=f"{table}_correction_superseded",
            condition=Q(correction=False) | Q(superseded_at__isnull=False),
            violation_error_message="Only a superseded value can have been wrong.",
        ),
        models.CheckConstraint(
            name=f"{table}_added_before_superseded",
            condition=Q(added_at__isnull=True) | Q(superseded_at__isnull=True) | Q(superseded_at__gt=F("added_at")),
            violation_error_message="A value is superseded after it was added.",
        ),
    ]


class Fact(Sourced):
    """The value of one attribute of a tool.

    A current value has the canonical form of its attribute's kind (tools/values.py), which triggers enforce
    (tools/sql/facts.sql). A superseded one may be of a kind, or among choices, that the attribute had before.
    """

    VALUE_FIELDS = ("value", "note")

    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="facts")
    attribute = models.ForeignKey(Attribute, on_delete=models.PROTECT, related_name="facts")
    value = models.CharField(max_length=300)
    note = models.CharField(max_length=200, blank=True, help_text="What the value leaves out, as in “on two A100s”.")

    history = History()

    class Meta:
        ordering = ["attribute", "pk"]
        indexes = history_indexes("tools_fact")
        constraints = [
            models.UniqueConstraint(
                fields=["tool", "attribute", "superseded_at"],
                name="tools_fact_one_standing",
                nulls_distinct=False,
                violation_error_message="This tool already has a value for that attribute.",
            ),
            web_address_constraint("source", name="tools_fact_source_web"),
            *history_constraints("tools_fact"),
        ]

    def __str__(self) -> str:
        return f"{self.attribute}: {self.value}"

    def clean(self) -> None:
        """Raise ValidationError for a current value that does not fit its attribute."""
        is_complete = self.attribute_id is not None and self.value
        if is_complete and self.superseded_at is None and not fits(self.attribute.scale, self.value):
            raise ValidationError({"value": f"“{self.value}” is not a value of {self.attribute}."})


def find_misfits(attribute: Attribute, scale: Scale, *, except_of: Collection[str] = ()) -> Counter[str]:
    """Return the values of an attribute's current facts that do not fit a scale, with how many facts have each.

    `except_of` are the slugs of tools to leave out. One query. Most frequent values come first.
    """
    facts = Fact.objects.current().filter(attribute=attribute).exclude(tool__slug__in=except_of).order_by()
    counts = facts.values_list("value").annotate(number=Count("pk")).order_by("-number", "value")
    return Counter({value: count for value, count in counts if not fits(scale, value)})
