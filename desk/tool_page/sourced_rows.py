"""The rows of plans and facts on a tool's page: what stands today, and how a change of it becomes history."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.forms.models import BaseInlineFormSet

from desk.fields import DayInput
from tools.models import AlreadySupersededError, Attribute, Fact, Plan, Sourced, find_plan_errors
from web import clock

GONE = (
    "Somebody has superseded or removed this row since you opened the page. Tick “remove” to let yours go, and look at "
    "the page anew to see theirs."
)


class SourcedForm(forms.ModelForm):
    """A row: what it says, where that was found, and when somebody looked."""

    verified_today = forms.BooleanField(required=False, label="Verified today")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].widget.attrs |= {"placeholder": "https://"}
        self.fields["verified_on"].label = "Verified on"

    def has_changed(self) -> bool:
        """Of a row that is not there yet a tick alone says nothing."""
        if self.instance.pk is None and set(self.changed_data) <= {"verified_today"}:
            return False
        return super().has_changed()

    @property
    def has_another_value(self) -> bool:
        """Whether a row says something else now, so that it supersedes what it said."""
        return not self.value_fields.isdisjoint(self.changed_data)

    @property
    def value_fields(self) -> set[str]:
        model: type[Sourced] = self._meta.model
        return {*model.VALUE_FIELDS, *self.key_fields}

    key_fields: ClassVar[tuple[str, ...]] = ()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        today = clock.today()
        day = cleaned.get("verified_on")
        if cleaned.get("verified_today"):
            cleaned["verified_on"] = today
        elif day and day > today:
            self.add_error("verified_on", "This day has not come yet.")
        elif self.instance.pk and self.has_another_value and "verified_on" not in self.changed_data:
            cleaned["verified_on"] = None  # that day vouched for what the row said before
        return cleaned


class PlanForm(SourcedForm):
    key_fields = ("name",)

    class Meta:
        model = Plan
        fields = ["name", "kind", "amount", "currency", "period", "unit", "source", "verified_on"]
        widgets = {"source": forms.URLInput, "verified_on": DayInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        amount = self.initial.get("amount")
        if amount is not None:  # 20, and not 20.000000
            self.initial["amount"] = type(amount)(f"{amount.normalize():f}")
        for choice in ("kind", "period"):
            field: Any = self.fields[choice]
            field.choices = [("", "—"), *((value, label) for value, label in field.choices if value)]
        self.fields["amount"].widget.attrs |= {"min": "0", "step": "any"}
        self.fields["currency"].widget.attrs |= {"list": "currencies", "autocapitalize": "characters", "size": 4}
        self.fields["unit"].help_text = ""
        self.fields["unit"].widget.attrs |= {"placeholder": "1M tokens"}

    @property
    def title(self) -> str:
        """How the row is called, as far as it has a name."""
        return str(self["name"].value() or "")

    def clean_currency(self) -> str | None:
        currency = self.cleaned_data["currency"]
        return currency.upper() if currency else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if kind := cleaned.get("kind"):
            errors = find_plan_errors(
                kind=kind,
                amount=cleaned.get("amount"),
                currency=cleaned.get("currency"),
                period=cleaned.get("period"),
                unit=cleaned.get("unit") or "",
            )
            for field, message in errors.items():
                if field not in self.errors:  # a malformed value has its own message
                    self.add_error(field, message)
        return cleaned


class FactForm(SourcedForm):
    class Meta:
        model = Fact
        fields = ["attribute", "value", "source", "verified_on"]
        widgets = {"source": forms.URLInput, "verified_on": DayInput}

    def __init__(self, *args: Any, attributes: Sequence[Attribute], **kwargs: Any) -> None:
        """Take all attributes there are, so that not each row asks for them."""
        super().__init__(*args, **kwargs)
        self.known = {attribute.pk: attribute for attribute in attributes}
        self.fields["attribute"] = forms.TypedChoiceField(
            choices=[("", "—"), *((attribute.pk, attribute.name) for attribute in attributes)],
            coerce=lambda value: self.known[int(value)],
            empty_value=None,
            disabled=self.instance.pk is not None,
        )
        if self.named:
            self.fields["attribute"].widget = forms.HiddenInput()

    @property
    def title(self) -> str:
        """How the row is called, as far as it has an attribute."""
        chosen = str(self["attribute"].value() or "")
        return str(self.named or (self.known.get(int(chosen)) if chosen.isdigit() else "") or "")

    @property
    def named(self) -> Attribute | None:
        """The attribute of a row that is about one from the start; None of a row that asks for one."""
        return self.known.get(self.initial.get("attribute", 0))

    def has_changed(self) -> bool:
        """A row in which nothing was said of its attribute is left alone."""
        if self.instance.pk is None and set(self.changed_data) <= {"attribute", "verified_today"}:
            return False
        return super().has_changed()


class StandingFormSet(BaseInlineFormSet):
    """The rows of a tool that stand. What readers may have seen is superseded or retired; of a tool that was never
    public, rows are changed in place and deleted, because nobody was told anything yet.
    """

    KEY: ClassVar[str]
    TAKEN: ClassVar[str]

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form: Any = super()._construct_form(i, **kwargs)  # type: ignore[misc] # of BaseModelFormSet
        # Django's own field asks the database for each row, and of one that has gone says it is “not available”.
        form.fields["id"] = forms.IntegerField(widget=forms.HiddenInput, required=False, initial=form.instance.pk)
        form.is_gone = i < self.initial_form_count() and form.instance.pk is None
        return form

    def clean(self) -> None:
        """Find rows that have gone, and rows that say the same thing twice: here, or in the database meanwhile.

        The constraint itself is not checked by forms, because they leave `superseded_at` out.
        """
        by_key: dict[Any, list[Any]] = defaultdict(list)
        form: Any
        for form in self.forms:
            if self._should_delete_form(form):  # type: ignore[attr-defined] # of BaseFormSet
                continue
            if form.is_gone:
                form.add_error(None, GONE)
            elif form.is_valid() and (form.instance.pk or form.has_changed()):
                by_key[form.cleaned_data[self.KEY]].append(form)
        own = [form.instance.pk for form in self.initial_forms]
        elsewhere: Any = self._rows().current().filter(tool=self.instance.pk).exclude(pk__in=own)
        taken = {getattr(row, self.KEY) for row in elsewhere} if self.instance.pk and by_key else set()
        for key, forms_of_key in by_key.items():
            for form in sorted(forms_of_key, key=lambda form: form.instance.pk is None)[0 if key in taken else 1 :]:
                form.add_error(self.KEY, self.TAKEN)

    def save_existing_objects(self, commit: bool = True) -> list[Any]:  # noqa: FBT001, FBT002 (Django's signature)
        """First all that goes, then all that comes in its place, so that rows can exchange their names.

        Raises AlreadySupersededError when somebody else has superseded one of them since the page was checked.
        """
        self.changed_objects, self.deleted_objects = [], []
        touched: list[Any] = [
            form
            for form in self.initial_forms
            if form.instance.pk and (form in self.deleted_forms or form.has_changed())
        ]
        locked: Any = self._rows().current().filter(pk__in=[form.instance.pk for form in touched])
        standing = {row.pk: row for row in locked.select_for_update(of=("self",))}
        if len(standing) < len(touched):
            raise AlreadySupersededError
        successors = []
        for form in touched:
            row, values = standing[form.instance.pk], form.cleaned_data
            if form in self.deleted_forms:
                self._let_go(row)
                self.deleted_objects.append(row)
                continue
            self.changed_objects.append((form.instance, form.changed_data))
            is_renamed = not set(form.key_fields).isdisjoint(form.changed_data)
            if is_renamed or (self.instance.was_public and form.has_another_value):
                self._let_go(row)
                successors.append(row.build_successor(**{name: values[name] for name in form.Meta.fields}))
            else:
                form.save()
        for successor in successors:
            successor.save()
        return [form.instance for form in touched]

    def _rows(self) -> Any:
        model: Any = self.model
        return model.objects

    def _let_go(self, row: Sourced) -> None:
        if self.instance.was_public:
            row.retire()
        else:
            Sourced.delete(row)


class PlanFormSet(StandingFormSet):
    KEY = "name"
    TAKEN = "This tool already has a plan with that name."


class FactFormSet(StandingFormSet):
    """The facts of a tool; each attribute of its category without one comes as an empty row to fill in. Of a tool
    that has no category yet these are all attributes.
    """

    KEY = "attribute"
    TAKEN = "This tool already has a value for that attribute."
    BLANK = 1  # rows besides, that ask which attribute they are about

    def __init__(self, *args: Any, instance: Any = None, **kwargs: Any) -> None:
        self.attributes = list(Attribute.objects.all())
        self.categories: dict[int, list[int]] = defaultdict(list)
        through = Attribute.categories.through.objects.order_by("category_id")
        for attribute, category in through.values_list("attribute_id", "category_id"):
            self.categories[attribute].append(category)
        kwargs |= {"instance": instance, "form_kwargs": {"attributes": self.attributes}}
        super().__init__(*args, **kwargs)
        known = {fact.attribute_id for fact in self.get_queryset()}
        chosen = instance.category_id if instance is not None and instance.pk else None
        self.initial_extra = [
            {"attribute": attribute.pk}
            for attribute in self.attributes
            if attribute.pk not in known and (chosen is None or chosen in self.categories[attribute.pk])
        ]
        self.extra = len(self.initial_extra) + self.BLANK

    @property
    def rows(self) -> list[Any]:
        """The forms in the order in which readers find the attributes; those without an attribute last."""
        place = {attribute.pk: number for number, attribute in enumerate(self.attributes)}
        form: Any
        for form in self.forms:
            form.category_ids = self.categories[form.named.pk] if form.named else []
        return sorted(self.forms, key=lambda form: place[form.named.pk] if form.named else len(place))
