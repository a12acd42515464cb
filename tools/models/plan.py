"""Plans: prices of tools, in every shape in which they are sold."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value

from tools.choices import Beyond, Meter, Period, PlanKind
from tools.currencies import validate_currency
from tools.models.constraints import CURRENCY_PATTERN, web_address_constraint
from tools.models.sourced import CHANGED, NEWEST, Sourced, history_constraints, history_indexes
from tools.models.tool import Tool
from tools.presets import MAX_SEATS
from tools.rates import Rate, find_rate_errors, read_rates
from tools.row_history import History

MAX_TRIAL_DAYS = 3660
_COSTS = [{"beyond": Beyond.COSTS.value}]  # what a list of rates contains if one of them costs
_WITH_SEATS = [Period.ONCE, Period.MONTH, Period.YEAR]  # periods of a price that can be per seat


def find_plan_errors(
    *,
    kind: str,
    amount: Decimal | None,
    currency: str | None,
    period: str | None,
    unit: str,
    per_seat: bool = False,
    is_from: bool = False,
    billed_yearly: bool = False,
    minimum_seats: int | None = None,
    maximum_seats: int | None = None,
    trial_days: int | None = None,
    rates: Sequence[Rate] = (),
) -> dict[str, str]:
    """Return a message per field of a plan that contradicts its kind or period; {} if the plan is consistent.

    This is the rule that the constraints of `Plan` enforce, in words for forms and files.
    """
    does_cost = any(rate.does_cost for rate in rates)
    by_rates = kind == PlanKind.PAID and period == Period.USAGE and does_cost
    errors = _find_price_errors(kind, amount, currency, period, by_rates=by_rates)
    if "period" not in errors:  # otherwise the unit cannot be judged
        if by_rates:
            errors |= {"amount": "Usage has either one amount or rates, not both."} if amount is not None else {}
            errors |= {"unit": "With rates, each rate says what it buys: leave this empty."} if unit.strip() else {}
        elif period == Period.USAGE and not unit.strip():
            errors["unit"] = "A usage price needs the unit that the amount buys, such as “1M tokens”."
        elif period != Period.USAGE and unit.strip():
            errors["unit"] = "Only a usage price has a unit."
    if does_cost and kind != PlanKind.PAID:
        errors["rates"] = "Only a paid plan has rates that cost; other plans may stop or slow down."
    if rate_errors := find_rate_errors(rates):
        errors["rates"] = " ".join(f"Rate {place + 1}: {message}" for place, message in rate_errors.items())
    if per_seat and (kind != PlanKind.PAID or period not in _WITH_SEATS):
        errors["per_seat"] = "Only a price once, per month, or per year can be per seat."
    if is_from and kind != PlanKind.PAID:
        errors["is_from"] = "Only a paid plan can start from an amount."
    if billed_yearly and period != Period.MONTH:
        errors["billed_yearly"] = "Only a price per month can be billed yearly; a price per year has the period Year."
    if trial_days is not None and kind == PlanKind.FREE:
        errors["trial_days"] = "A free plan needs no trial."
    if minimum_seats is not None and maximum_seats is not None and minimum_seats > maximum_seats:
        errors["maximum_seats"] = "This is less than the minimum of seats."
    return errors


def _find_price_errors(
    kind: str, amount: Decimal | None, currency: str | None, period: str | None, *, by_rates: bool
) -> dict[str, str]:
    values = {"amount": amount, "currency": currency, "period": period}
    if kind != PlanKind.PAID:
        named = {"amount": "an amount", "currency": "a currency", "period": "a period"}
        return {
            field: f"Only a paid plan has {named[field]}." for field, value in values.items() if value not in (None, "")
        }
    needed = {"amount": "an amount", "currency": "a currency, such as USD", "period": "a period"}
    errors = {
        field: f"A paid plan needs {needed[field]}."
        for field, value in values.items()
        if not value and not (field == "amount" and by_rates)
    }
    if amount is not None and amount <= 0:
        errors["amount"] = "A paid plan costs more than 0; a plan that costs nothing is of the kind Free."
    return errors


def validate_rates(value: object) -> None:
    """Raise ValidationError unless a value is a list of sound rates."""
    try:
        errors = find_rate_errors(read_rates(value))  # type: ignore[arg-type] # what is no list of objects raises
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        raise ValidationError("This is not a list of rates.") from None
    if errors:
        raise ValidationError([f"Rate {place + 1}: {message}" for place, message in errors.items()])


class Plan(Sourced):
    """One price of a tool. Its constraints are stated in words by `find_plan_errors`."""

    # What a price says beyond its amount.
    TERM_FIELDS = (
        "per_seat",
        "is_from",
        "billed_yearly",
        "minimum_seats",
        "maximum_seats",
        "trial_days",
        "rates",
    )
    VALUE_FIELDS = ("kind", "amount", "currency", "period", "unit", *TERM_FIELDS)
    HISTORY_FIELDS = (*Sourced.HISTORY_FIELDS, "renamed_from")

    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="plans")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=7, choices=PlanKind)
    amount = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    currency = models.CharField(
        max_length=3,
        null=True,
        blank=True,
        validators=[validate_currency],
    )
    period = models.CharField(max_length=5, choices=Period, null=True, blank=True)
    unit = models.CharField(
        max_length=50, blank=True, help_text="For usage prices: the unit that the amount buys, as in “1M tokens”."
    )
    per_seat = models.BooleanField(default=False, help_text="The amount is for each seat.")
    is_from = models.BooleanField("from", default=False, help_text="The amount is where the price starts.")
    billed_yearly = models.BooleanField(default=False, help_text="A price per month that is paid once a year.")
    minimum_seats = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MAX_SEATS)]
    )
    maximum_seats = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_SEATS)],
        help_text="1 for a plan that one person uses.",
    )
    trial_days = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MAX_TRIAL_DAYS)]
    )
    rates = models.JSONField(default=list, blank=True, validators=[validate_rates])
    renamed_from = models.CharField(
        max_length=100,
        blank=True,
        editable=False,
        help_text="What the plan was called until `added_at`, when the row of that name was superseded by this one.",
    )

    history = History()

    class Meta:
        ordering = ["pk"]
        indexes = [
            *history_indexes("tools_plan"),
            models.Index(
                F("added_at").desc(), F("id").desc(), name="tools_plan_added", condition=Q(added_at__isnull=False)
            ),
            models.Index(*NEWEST, name="tools_plan_no_longer_free", condition=CHANGED & Q(kind=PlanKind.FREE)),
        ]
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
                        currency__isnull=False,
                        currency__regex=f"^{CURRENCY_PATTERN}$",
                        period__isnull=False,
                        period__in=Period.values,
                    )
                    & (
                        Q(amount__isnull=False, amount__gt=0)
                        | Q(amount__isnull=True, period=Period.USAGE, rates__contains=_COSTS)
                    )
                    | Q(
                        ~Q(rates__contains=_COSTS),
                        kind__in=[PlanKind.FREE, PlanKind.CONTACT],
                        amount__isnull=True,
                        currency__isnull=True,
                        period__isnull=True,
                    )
                ),
                violation_error_message=(
                    "A paid plan has an amount above 0 or rates, a currency, and a period; others have none of these."
                ),
            ),
            models.CheckConstraint(
                name="tools_plan_unit_with_usage",
                condition=(
                    Q(period__isnull=True, unit="")
                    | Q(period__isnull=False, period__in=_WITH_SEATS, unit="")
                    | (
                        Q(~Q(rates__contains=_COSTS), period__isnull=False, period=Period.USAGE, amount__isnull=False)
                        & ~Q(unit="")
                    )
                    | Q(period__isnull=False, period=Period.USAGE, amount__isnull=True, unit="")
                ),
                violation_error_message=(
                    "A usage price names the unit that the amount buys, or has rates; other prices have no unit."
                ),
            ),
            models.CheckConstraint(
                name="tools_plan_terms_fit",
                condition=(
                    (Q(per_seat=False) | Q(period__isnull=False, period__in=_WITH_SEATS))
                    & (Q(is_from=False) | Q(kind=PlanKind.PAID))
                    & (Q(billed_yearly=False) | Q(period__isnull=False, period=Period.MONTH))
                    & (
                        Q(trial_days__isnull=True)
                        | Q(~Q(kind=PlanKind.FREE), trial_days__gte=1, trial_days__lte=MAX_TRIAL_DAYS)
                    )
                ),
                violation_error_message="Per seat, from, billed yearly, or a trial does not fit this kind or period.",
            ),
            models.CheckConstraint(
                name="tools_plan_seats_in_order",
                condition=(
                    (Q(minimum_seats__isnull=True) | Q(minimum_seats__gte=1, minimum_seats__lte=MAX_SEATS))
                    & (Q(maximum_seats__isnull=True) | Q(maximum_seats__gte=1, maximum_seats__lte=MAX_SEATS))
                    & (
                        Q(minimum_seats__isnull=True)
                        | Q(maximum_seats__isnull=True)
                        | Q(minimum_seats__lte=F("maximum_seats"))
                    )
                ),
                violation_error_message="Seats are counted from 1, and the minimum is at most the maximum.",
            ),
            models.CheckConstraint(
                name="tools_plan_rates_sound",
                condition=Q(
                    Func(
                        "rates",
                        Value(Meter.values, output_field=models.JSONField()),
                        function="are_rates",
                        output_field=models.BooleanField(),
                    )
                ),
                violation_error_message="A rate names a meter that no other rate of the plan has, and what it costs.",
            ),
            web_address_constraint("source", name="tools_plan_source_web"),
            models.CheckConstraint(
                name="tools_plan_renamed_when_added",
                condition=Q(renamed_from="") | Q(added_at__isnull=False),
                violation_error_message="A plan that was renamed says when.",
            ),
            *history_constraints("tools_plan"),
        ]

    def __str__(self) -> str:
        return self.name

    def continue_from(self, predecessor: Self) -> None:
        """Record the predecessor's name if it differs and the row is superseded: readers saw no other."""
        if self.name != predecessor.name and predecessor.superseded_at is not None:
            self.renamed_from, self.added_at = predecessor.name, predecessor.superseded_at
