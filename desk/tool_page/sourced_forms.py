"""The form of one plan or fact on a tool's page: its value, its source, and when the source was checked."""

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar, Unpack

from django import forms
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import QueryDict

from desk.fields import NativeDateInput
from desk.ids import parse_id
from desk.rate_rows import RateRowsField
from desk.shapes import Cleaned, Files, FormOptions, Posted
from desk.value_fields import build_value_field
from tools.models import Attribute, Fact, Plan, Sourced, find_plan_errors
from tools.rates import read_rates
from tools.values import SEPARATOR, parse_value
from web import clock

NO_NEW_VALUE = "Nothing here was wrong: the value is the same. Enter the right one, or check “Remove”."

ATTRIBUTE_GONE = "This attribute no longer exists. Select another one, or clear the value."


def read_values(data: Posted, name: str) -> list[str]:
    """Return all values that a form has sent under a name."""
    return data.getlist(name) if isinstance(data, QueryDict) else [value for value in [data.get(name)] if value]


class WhyField(forms.ChoiceField):
    """Why a row is superseded, which alone is no change of it."""

    def has_changed(self, initial: object, data: object) -> bool:
        return False


class DayCheckbox(forms.CheckboxInput):
    """A box that a pending change posts with the day on which it was ticked, which may lie in the past."""

    def value_from_datadict(self, data: Posted, files: Files, name: str) -> Any:
        return str(data.get(name) or "")


class SourcedForm(forms.ModelForm):
    """A row: its value, its source, and the day on which the source was last checked."""

    verified_today = forms.BooleanField(required=False, label="Verified today", widget=DayCheckbox)
    why = WhyField(
        choices=[("changed", "It changed"), ("wrong", "We were wrong")],
        initial="changed",
        required=False,
        label="Why a new value",
    )

    def __init__(self, data: Posted | None = None, files: Files | None = None, **options: Unpack[FormOptions]) -> None:
        super().__init__(data, files, **options)
        self.fields["source"].widget.attrs |= {"placeholder": "https://"}
        if self.instance.pk is None:  # a new row replaces nothing
            del self.fields["why"]
        self.fields["verified_on"].label = "Verified on"
        self.fields["verified_on"].validators.append(clock.validate_year)

    def has_changed(self) -> bool:
        """Return whether there is anything to save. A new row needs more than the “Verified today” box."""
        if self.instance.pk is None and set(self.changed_data) <= {"verified_today"}:
            return False
        return super().has_changed()

    def _post_clean(self) -> None:
        """Validate the row unless it is stored as it is. Most rows of a tool are, in any save."""
        if self.instance.pk is None or self.has_changed():
            super()._post_clean()  # type: ignore[misc] # the stubs leave it out

    def validate_constraints(self) -> None:
        """Leave the constraints to the database unless it has refused to save.

        The form's own rules say the same of one row, and to ask about each would take several queries per row.
        """
        if self.checks_constraints:
            super().validate_constraints()

    @property
    def has_new_value(self) -> bool:
        """Whether the value was changed, so that a new row supersedes the current one."""
        return not self.value_fields.isdisjoint(self.changed_data)

    @property
    def value_fields(self) -> set[str]:
        model: type[Sourced] = self._meta.model
        return {*model.VALUE_FIELDS, *self.key_fields}

    key_fields: ClassVar[tuple[str, ...]] = ()
    checks_constraints = False
    is_gone = False
    """Whether the row was posted as an existing one, but no longer exists."""

    @property
    def is_renamed(self) -> bool:
        return not set(self.key_fields).isdisjoint(self.changed_data)

    @property
    def is_correction(self) -> bool:
        """Whether the editor says that the row is superseded because it was wrong."""
        return self.cleaned_data.get("why") == "wrong"

    def clean(self) -> Cleaned:
        cleaned = super().clean() or self.cleaned_data
        if self.is_correction and not self.has_new_value and not cleaned.get(DELETION_FIELD_NAME):
            self.add_error("why", NO_NEW_VALUE)
        today = clock.today()
        day = cleaned.get("verified_on")
        if cleaned.get("verified_today"):
            cleaned["verified_on"] = min(today, self._read_ticked_on() or today)
        elif day and day > today:
            self.add_error("verified_on", "This day is in the future.")
        elif self.instance.pk and self.has_new_value and "verified_on" not in self.changed_data:
            cleaned["verified_on"] = None  # that day vouched for the old value
        return cleaned

    def _read_ticked_on(self) -> date | None:
        """Return the day on which “Verified today” was ticked, if it was not today."""
        try:
            return date.fromisoformat(self["verified_today"].data)
        except ValueError:
            return None


class PlanForm(SourcedForm):
    key_fields = ("name",)

    rates = RateRowsField(
        required=False,
        help_text="What usage costs, or how much each month includes. Counts may be short: 1M, 10k.",
    )

    class Meta:
        model = Plan
        fields = ["name", *Plan.VALUE_FIELDS, "source", "verified_on"]
        widgets = {"source": forms.URLInput, "verified_on": NativeDateInput}

    def __init__(self, data: Posted | None = None, files: Files | None = None, **options: Unpack[FormOptions]) -> None:
        super().__init__(data, files, **options)
        amount = self.initial.get("amount")
        if amount is not None:  # show 20 instead of 20.000000
            self.initial["amount"] = type(amount)(f"{amount.normalize():f}")
        for choice in ("kind", "period"):
            field: Any = self.fields[choice]
            field.choices = [("", "—"), *((value, label) for value, label in field.choices if value)]
        self.fields["amount"].widget.attrs |= {"min": "0", "step": "any"}
        self.fields["currency"].widget.attrs |= {"list": "currencies", "autocapitalize": "characters", "size": 4}
        for name in ("unit", "per_seat", "is_from", "billed_yearly"):
            self.fields[name].help_text = ""
        self.fields["is_from"].label = "From this amount"
        self.fields["unit"].widget.attrs |= {"placeholder": "1M tokens"}

    @property
    def has_terms(self) -> bool:
        """Whether the row says more than an amount, or has a problem there: then its terms are shown at once."""
        return any(self[name].value() or name in self.errors for name in Plan.TERM_FIELDS)

    @property
    def title(self) -> str:
        """The name of the plan; "" for a new row."""
        return str(self["name"].value() or "")

    def clean_currency(self) -> str | None:
        currency = self.cleaned_data["currency"]
        return currency.upper() if currency else None

    def clean(self) -> Cleaned:
        cleaned = super().clean()
        if kind := cleaned.get("kind"):
            values: Cleaned = {name: cleaned.get(name) for name in Plan.VALUE_FIELDS}
            values |= {"kind": kind, "unit": cleaned.get("unit") or "", "rates": read_rates(cleaned.get("rates"))}
            errors = find_plan_errors(**values)
            for field, message in errors.items():
                if field not in self.errors:  # a malformed value has its own message
                    self.add_error(field, message)
        return cleaned


class AnyValueInput(forms.TextInput):
    """A line that also takes what boxes to tick send: the row of an attribute that left the category meanwhile."""

    def value_from_datadict(self, data: Posted, files: object, name: str) -> str:
        return SEPARATOR.join(filter(None, read_values(data, name)))


class FactForm(SourcedForm):
    class Meta:
        model = Fact
        fields = ["attribute", "value", "note", "source", "verified_on"]
        widgets = {"source": forms.URLInput, "verified_on": NativeDateInput}

    def __init__(
        self,
        data: Posted | None = None,
        files: Files | None = None,
        *,
        attributes: Sequence[Attribute],
        **options: Unpack[FormOptions],
    ) -> None:
        """Take all attributes, so that the rows do not each query them."""
        super().__init__(data, files, **options)
        self.attributes = {attribute.pk: attribute for attribute in attributes}
        self.fields["attribute"] = forms.TypedChoiceField(
            choices=[("", "—"), *((attribute.pk, attribute.name) for attribute in attributes)],
            coerce=self._get_attribute,
            empty_value=None,
            disabled=self.instance.pk is not None,
            error_messages={"invalid_choice": ATTRIBUTE_GONE},
        )
        self.fields["note"].help_text = ""
        self.fields["note"].widget.attrs |= {"placeholder": "on two A100s"}
        if self.fixed_attribute:
            self.fields["attribute"].widget = forms.HiddenInput()
            max_length: Any = Fact._meta.get_field("value").max_length
            self.fields["value"] = build_value_field(self.fixed_attribute.scale, max_length=max_length)
        else:
            self.fields["value"].widget = AnyValueInput(self.fields["value"].widget.attrs)

    def _get_attribute(self, value: str) -> Attribute:
        if (attribute := self.attributes.get(int(value))) is None:
            raise ValueError
        return attribute

    @property
    def title(self) -> str:
        """The name of the attribute; "" for a row that has none yet."""
        chosen = parse_id(self["attribute"].value())
        return str(self.fixed_attribute or (self.attributes.get(chosen) if chosen else "") or "")

    category_ids: Sequence[int] = ()
    """The categories of the fixed attribute."""

    def _get_validation_exclusions(self) -> set[str]:
        """Leave the attribute out: it was just read, and validating it would take a query per row."""
        exclusions: set[str] = super()._get_validation_exclusions()  # type: ignore[misc] # as above
        return exclusions | {"attribute"}

    @property
    def fixed_attribute(self) -> Attribute | None:
        """The attribute of a row that was created for one; None for a row in which the editor chooses."""
        return self.attributes.get(self.initial.get("attribute", 0))

    def clean(self) -> Cleaned:
        cleaned = super().clean()
        attribute, value = cleaned.get("attribute"), cleaned.get("value")
        if attribute and value and not self.fixed_attribute:  # then the field does not know the attribute
            try:
                cleaned["value"] = parse_value(attribute.scale, value)
            except ValueError as error:
                self.add_error("value", str(error))
        return cleaned

    def has_changed(self) -> bool:
        """Return whether there is anything to save. A new row without a value is ignored."""
        if self.instance.pk is None and set(self.changed_data) <= {"attribute", "verified_today"}:
            return False
        return super().has_changed()
