"""What a tool costs and what is known of it: statements with a source, superseded and never overwritten."""

from copy import copy
from typing import Any, ClassVar, Self

from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from tools import slugs
from tools.models.constraints import CURRENCY_PATTERN, is_web_address, unique_name_constraint, web_address_constraint
from tools.models.tool import Category, Tool
from tools.row_history import History
from tools.slugged import slug_constraint


class StandingQuerySet(models.QuerySet[Any]):
    """Rows that are superseded rather than overwritten."""

    def standing(self) -> Self:
        """Those that hold today, in the order they were entered."""
        return self.filter(superseded_at__isnull=True).order_by("pk")


class AlreadySupersededError(ValueError):
    """Somebody else has superseded a plan or fact meanwhile."""


class Sourced(models.Model):
    """A statement with its source and the day somebody last checked it there. Superseded, never overwritten."""

    # What is meant by another value: a change of these supersedes; source and verified_on are updated in place.
    VALUE_FIELDS: ClassVar[tuple[str, ...]]

    source = models.URLField(max_length=500, blank=True, validators=[is_web_address])
    verified_on = models.DateField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = StandingQuerySet.as_manager()

    class Meta:
        abstract = True

    def supersede(self, **values: Any) -> Self:
        """Let other values stand from now on, and return the row that holds them; this one stays as history.

        What is not said stays as it is, but the day of verification: it vouched for the old value. Raises
        AlreadySupersededError.
        """
        with transaction.atomic():
            self.retire()
            successor = self.successor(**values)
            successor.save()
        return successor

    def successor(self, **values: Any) -> Self:
        """The row, not saved yet, that stands in place of this one with other values; see `supersede`."""
        row = copy(self)
        row._state = copy(self._state)
        row._state.adding, row.pk = True, None
        for name, value in {"superseded_at": None, "verified_on": None, **values}.items():
            setattr(row, name, value)
        return row

    def retire(self) -> None:
        """Let this stand no longer, without anything in its place. Raises AlreadySupersededError."""
        standing = type(self).objects.filter(pk=self.pk, superseded_at__isnull=True).select_for_update()
        with transaction.atomic():
            if not standing.values_list("pk"):
                raise AlreadySupersededError
            self.superseded_at = timezone.now()
            self.save(update_fields=["superseded_at"])


class PlanKind(models.TextChoices):
    FREE = "free", "Free"
    PAID = "paid", "Paid"
    CONTACT = "contact", "Contact sales"


class Period(models.TextChoices):
    ONCE = "once", "Once"
    MONTH = "month", "Month"
    YEAR = "year", "Year"
    USAGE = "usage", "Usage"


class Plan(Sourced):
    """One price of a tool."""

    VALUE_FIELDS = ("kind", "amount", "currency", "period", "unit")

    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="plans")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=7, choices=PlanKind)
    amount = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    currency = models.CharField(
        max_length=3, null=True, blank=True, validators=[RegexValidator(CURRENCY_PATTERN, "Three capitals, as in USD.")]
    )
    period = models.CharField(max_length=5, choices=Period, null=True, blank=True)
    unit = models.CharField(max_length=50, blank=True, help_text="For usage: what the amount buys, as in “1M tokens”.")

    history = History()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tool", "name", "superseded_at"],
                name="tools_plan_one_standing",
                nulls_distinct=False,
                violation_error_message="This tool has a plan of that name.",
            ),
            models.CheckConstraint(
                name="tools_plan_kind_fits_amount",
                condition=Q(
                    Q(
                        kind=PlanKind.PAID,
                        # A check passes on NULL, so each part says that there is something.
                        amount__isnull=False,
                        amount__gt=0,
                        currency__isnull=False,
                        currency__regex=CURRENCY_PATTERN,
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
                    "A paid plan has an amount above 0, a currency and a period; free and contact have none of them."
                ),
            ),
            models.CheckConstraint(
                name="tools_plan_unit_with_usage",
                condition=(
                    Q(period__isnull=True, unit="")
                    | Q(period__isnull=False, period__in=[Period.ONCE, Period.MONTH, Period.YEAR], unit="")
                    | (Q(period__isnull=False, period=Period.USAGE) & ~Q(unit=""))
                ),
                violation_error_message="A usage price says what the amount buys; other prices have no unit.",
            ),
            web_address_constraint("source", name="tools_plan_source_web"),
        ]

    def __str__(self) -> str:
        return self.name


class Attribute(models.Model):
    """What can be said of the tools of some categories, so that facts of two tools line up in one table."""

    slug = models.CharField(max_length=slugs.MAX_LENGTH, unique=True, validators=[slugs.is_slug])
    name = models.CharField(max_length=100)
    categories = models.ManyToManyField(Category, related_name="attributes", blank=True)

    history = History(m2m_fields=[categories])

    class Meta:
        ordering = ["pk"]
        constraints = [
            slug_constraint(name="tools_attribute_slug_shape"),
            unique_name_constraint(name="tools_attribute_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Fact(Sourced):
    """One attribute of a tool, with its value."""

    VALUE_FIELDS = ("value",)

    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="facts")
    attribute = models.ForeignKey(Attribute, on_delete=models.PROTECT, related_name="facts")
    value = models.CharField(max_length=300)

    history = History()

    class Meta:
        ordering = ["attribute", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tool", "attribute", "superseded_at"],
                name="tools_fact_one_standing",
                nulls_distinct=False,
                violation_error_message="This tool has a value for that attribute.",
            ),
            web_address_constraint("source", name="tools_fact_source_web"),
        ]

    def __str__(self) -> str:
        return f"{self.attribute}: {self.value}"
