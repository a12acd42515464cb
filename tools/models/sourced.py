"""Plans and facts of tools: statements with a source, superseded and never overwritten."""

from collections import Counter
from collections.abc import Collection
from copy import copy
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import Count, Q
from django.utils import timezone

from tools.choices import Period, PlanKind
from tools.models.attribute import Attribute
from tools.models.constraints import CURRENCY_PATTERN, validate_web_address, web_address_constraint
from tools.models.tool import Tool
from tools.row_history import History
from tools.values import Scale, fits


class SourcedQuerySet(models.QuerySet[Any]):
    """Rows that are superseded rather than overwritten."""

    def current(self) -> Self:
        """Filter to rows that are not superseded, in the order of their entry."""
        return self.filter(superseded_at__isnull=True).order_by("pk")


class AlreadySupersededError(ValueError):
    """Somebody else has superseded the plan or fact in the meantime."""


class Sourced(models.Model):
    """A statement with its source and the day when somebody last verified it. Superseded, never overwritten."""

    # The fields that make up the value. A change of these supersedes the row; source and verified_on change in place.
    VALUE_FIELDS: ClassVar[tuple[str, ...]]

    source = models.URLField(max_length=500, blank=True, validators=[validate_web_address])
    verified_on = models.DateField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SourcedQuerySet.as_manager()

    class Meta:
        abstract = True

    def supersede(self, **values: Any) -> Self:
        """Replace this row with a new one that has other values, and return it. This row stays as history.

        Other fields are copied except `verified_on`, because the verification was of the old value. Raises
        AlreadySupersededError.
        """
        with transaction.atomic():
            self.retire()
            successor = self.build_successor(**values)
            successor.save()
        return successor

    def build_successor(self, **values: Any) -> Self:
        """Return the unsaved row that will replace this one; see `supersede`."""
        row = copy(self)
        row._state = copy(self._state)
        row._state.adding, row.pk = True, None
        for name, value in {"superseded_at": None, "verified_on": None, **values}.items():
            setattr(row, name, value)
        return row

    def retire(self) -> None:
        """Supersede this row without a successor. Raises AlreadySupersededError."""
        current = type(self).objects.filter(pk=self.pk, superseded_at__isnull=True).order_by()
        with transaction.atomic():
            if not current.select_for_update(of=("self",), no_key=True).values_list("pk"):
                raise AlreadySupersededError
            self.superseded_at = timezone.now()
            self.save(update_fields=["superseded_at"])


def find_plan_errors(
    *, kind: str, amount: Decimal | None, currency: str | None, period: str | None, unit: str
) -> dict[str, str]:
    """Return a message per field of a plan that contradicts its kind or period; {} if the plan is consistent.

    This is the rule that the constraints of `Plan` enforce, in words for forms and files.
    """
    values = {"amount": amount, "currency": currency, "period": period}
    if kind == PlanKind.PAID:
        needed = {"amount": "an amount", "currency": "a currency, such as USD", "period": "a period"}
        errors = {field: f"A paid plan needs {needed[field]}." for field, value in values.items() if not value}
        if amount is not None and amount <= 0:
            errors["amount"] = "A paid plan costs more than 0; a plan that costs nothing is of the kind Free."
    else:
        named = {"amount": "an amount", "currency": "a currency", "period": "a period"}
        errors = {
            field: f"Only a paid plan has {named[field]}." for field, value in values.items() if value not in (None, "")
        }
    if "period" in errors:  # then the unit cannot be judged
        return errors
    if period == Period.USAGE and not unit.strip():
        errors["unit"] = "A usage price needs the unit that the amount buys, such as “1M tokens”."
    elif period != Period.USAGE and unit.strip():
        errors["unit"] = "Only a usage price has a unit."
    return errors


class Plan(Sourced):
    """One price of a tool. Its constraints are stated in words by `find_plan_errors`."""

    VALUE_FIELDS = ("kind", "amount", "currency", "period", "unit")

    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="plans")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=7, choices=PlanKind)
    amount = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    currency = models.CharField(
        max_length=3,
        null=True,
        blank=True,
        validators=[RegexValidator(rf"\A{CURRENCY_PATTERN}\Z", "Three capital letters, as in USD.")],
    )
    period = models.CharField(max_length=5, choices=Period, null=True, blank=True)
    unit = models.CharField(
        max_length=50, blank=True, help_text="For usage prices: the unit that the amount buys, as in “1M tokens”."
    )

    history = History()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tool", "name", "superseded_at"],
                name="tools_plan_one_standing",
                nulls_distinct=False,
                violation_error_message="This tool already has a plan with that name.",
            ),
            models.CheckConstraint(
                name="tools_plan_kind_fits_amount",
                condition=Q(
                    Q(
                        kind=PlanKind.PAID,
                        # A check that yields NULL passes, so each part requires a value.
                        amount__isnull=False,
                        amount__gt=0,
                        currency__isnull=False,
                        currency__regex=f"^{CURRENCY_PATTERN}$",
                        period__isnull=False,
                        period__in=Period.values,
                    )
                    | Q(
                        kind__in=[PlanKind.FREE, PlanKind.CONTACT],
                        amount__isnull=True,
                        currency__isnull=True,
                        period__isnull=True,
                    )
                ),
                violation_error_message=(
                    "A paid plan has an amount above 0, a currency, and a period; other plans have none of these."
                ),
            ),
            models.CheckConstraint(
                name="tools_plan_unit_with_usage",
                condition=(
                    Q(period__isnull=True, unit="")
                    | Q(period__isnull=False, period__in=[Period.ONCE, Period.MONTH, Period.YEAR], unit="")
                    | (Q(period__isnull=False, period=Period.USAGE) & ~Q(unit=""))
                ),
                violation_error_message="A usage price names the unit that the amount buys; other prices have no unit.",
            ),
            web_address_constraint("source", name="tools_plan_source_web"),
        ]

    def __str__(self) -> str:
        return self.name


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
        constraints = [
            models.UniqueConstraint(
                fields=["tool", "attribute", "superseded_at"],
                name="tools_fact_one_standing",
                nulls_distinct=False,
                violation_error_message="This tool already has a value for that attribute.",
            ),
            web_address_constraint("source", name="tools_fact_source_web"),
        ]

    def __str__(self) -> str:
        return f"{self.attribute}: {self.value}"


def find_misfits(attribute: Attribute, scale: Scale, *, except_of: Collection[str] = ()) -> Counter[str]:
    """Return the values of an attribute's current facts that do not fit a scale, with how many facts have each.

    `except_of` are the slugs of tools to leave out. One query. Most frequent values come first.
    """
    facts = Fact.objects.current().filter(attribute=attribute).exclude(tool__slug__in=except_of).order_by()
    counts = facts.values_list("value").annotate(number=Count("pk")).order_by("-number", "value")
    return Counter({value: count for value, count in counts if not fits(scale, value)})
