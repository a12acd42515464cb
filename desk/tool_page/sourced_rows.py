"""The rows of plans and facts on a tool's page: the current ones, and how changing one turns it into history."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Unpack, cast

from django import forms
from django.db.models import Max, QuerySet
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.models import BaseInlineFormSet
from django.utils import timezone

from desk.history.form_merge import PostedRow
from desk.ids import parse_id
from desk.shapes import FormSetOptions
from desk.tool_page.row_writing import SUPERSEDING, change_rows, create_rows, delete_rows
from desk.tool_page.sourced_forms import FactForm, SourcedForm, read_values
from tools.choices import AttributeKind, Grade
from tools.currencies import CURRENCIES
from tools.models import AlreadySupersededError, Attribute, Plan, Sourced, Tool
from tools.values import SEPARATOR, Scale, can_parse

ROW_GONE = (
    "Someone has superseded or removed this row since you opened the page. Check “Remove” to discard yours, and reload "
    "the page to see theirs."
)


class SourcedFormSet(BaseInlineFormSet):
    """The current rows of a tool.

    Changing a row that readers may have seen supersedes it, and removing it retires it. The rows of a tool that was
    never public are changed in place and deleted.
    """

    checks_constraints = False
    """Whether to ask the database about each row's constraints before it is saved."""
    KEY: ClassVar[str]
    """The field that identifies a row within its tool."""
    DUPLICATE: ClassVar[str]
    """The error for a second row with the same key."""

    def _construct_form(self, i: int, **kwargs: Any) -> SourcedForm:
        parent: Any = super()  # the type stubs leave out this method
        form: SourcedForm = parent._construct_form(i, **kwargs)
        # Django's own field queries each row, and reports one that no longer exists as “not available”.
        form.fields["id"] = forms.IntegerField(widget=forms.HiddenInput, required=False, initial=form.instance.pk)
        form.checks_constraints = self.checks_constraints
        form.is_gone = i < self.initial_form_count() and form.instance.pk is None
        if not self.instance.was_public:  # readers have not been told anything
            form.fields.pop("why", None)
        return form

    def clean(self) -> None:
        """Report rows that no longer exist, and rows with the same key: in the form, or in the database by now.

        Forms do not check the constraint, because they exclude `superseded_at`.
        """
        by_key: dict[object, list[SourcedForm]] = defaultdict(list)
        for form in cast("list[SourcedForm]", self.forms):
            if form.cleaned_data.get(DELETION_FIELD_NAME):
                continue
            if form.is_gone:
                form.add_error(None, ROW_GONE)
            elif form.is_valid() and (form.instance.pk or form.has_changed()):
                by_key[form.cleaned_data[self.KEY]].append(form)
        own = [form.instance.pk for form in self.initial_forms]
        others = self._current_rows().exclude(pk__in=own)
        taken = {getattr(row, self.KEY) for row in others} if self.instance.pk and by_key else set()
        for key, forms_of_key in by_key.items():
            # The existing row keeps its key; new rows with the same one get the error.
            forms_of_key.sort(key=lambda form: form.instance.pk is None)
            for form in forms_of_key[0 if key in taken else 1 :]:
                form.add_error(self.KEY, self.DUPLICATE)

    def save_existing_objects(self, commit: bool = True) -> list[Sourced]:  # noqa: FBT001, FBT002 (Django's signature)
        """Retire rows first, then insert their successors, so that two rows can swap names.

        Raises AlreadySupersededError if someone has superseded one of the rows since the page was validated.
        """
        self.changed_objects, self.deleted_objects = [], []
        deleted = {id(form) for form in self.deleted_forms}
        changed = [
            form
            for form in cast("list[SourcedForm]", self.initial_forms)
            if form.instance.pk and (id(form) in deleted or form.has_changed())
        ]
        locked = self._current_rows().filter(pk__in=[form.instance.pk for form in changed])
        current = {row.pk: row for row in locked.select_for_update(of=("self",))} if changed else {}
        if len(current) < len(changed):  # some of them may be deleted
            raise AlreadySupersededError
        removed, successors, in_place = [], [], []
        now, was_public = timezone.now(), self.instance.was_public
        for form in changed:
            row, values = current[form.instance.pk], form.cleaned_data
            is_deleted = id(form) in deleted
            if not is_deleted and not form.is_renamed and not (was_public and form.has_new_value):
                in_place.append(form)
            else:
                if was_public:
                    row.superseded_at, row.correction = now, form.is_correction
                removed.append(row)
                if not is_deleted:
                    successors.append(row.build_successor(**{name: values[name] for name in form._meta.fields or ()}))
            if is_deleted:
                self.deleted_objects.append(row)
            else:
                self.changed_objects.append((form.instance, form.changed_data))
        if was_public:
            change_rows(removed, SUPERSEDING)
        else:
            delete_rows(removed)
        create_rows(successors)
        fields = {name for form in in_place for name in form.changed_data if name in (form._meta.fields or ())}
        change_rows([form.instance for form in in_place], fields | {"verified_on"})
        return [form.instance for form in changed]

    def _current_rows(self) -> "QuerySet[Sourced]":
        model: Any = self.model
        return model.objects.current().filter(tool=self.instance.pk)

    def save_new_objects(self, commit: bool = True) -> list[Sourced]:  # noqa: FBT001, FBT002 (Django's signature)
        """Save new rows, with the present time as `added_at` if readers have seen the tool.

        A row with the name or attribute of one that was removed in the same form continues that one.
        """
        deleted = {id(form) for form in self.deleted_forms}
        removed = {getattr(row, self.KEY) for row in self.deleted_objects}
        self.new_objects: list[Sourced] = []
        for form in self.extra_forms:
            if not form.has_changed() or id(form) in deleted:
                continue
            form.instance.tool = self.instance
            if self.instance.was_public and form.cleaned_data[self.KEY] not in removed:
                form.instance.added_at = timezone.now()
            self.new_objects.append(form.instance)
        create_rows(self.new_objects)
        return self.new_objects


class PlanFormSet(SourcedFormSet):
    KEY = "name"
    DUPLICATE = "This tool already has a plan with that name."

    def __init__(
        self,
        *,
        instance: Tool,
        copied: Sequence[dict[str, object]] = (),
        **options: Unpack[FormSetOptions],
    ) -> None:
        """Start with new rows of these initial values."""
        self.copied = copied
        super().__init__(instance=instance, **options)
        self.initial_extra = list(copied)
        self.extra = self.extra + len(copied)

    @property
    def currencies(self) -> list[str]:
        """The currencies to choose from: those of existing plans first, the one entered last at the top."""
        plans = Plan.objects.filter(currency__in=CURRENCIES).order_by().values("currency")
        used = [str(row["currency"]) for row in plans.annotate(last=Max("pk")).order_by("-last")]
        return list(dict.fromkeys([*used, *sorted(CURRENCIES)]))


def _is_typed(scale: Scale, values: Sequence[str]) -> bool:
    """Return whether a value was typed that a select or boxes to tick cannot show, such as the name of a choice."""
    if scale.kind not in (AttributeKind.CHOICE, AttributeKind.GRADE):
        return len(values) > 1
    slugs = [option.slug for option in scale.options] if scale.kind == AttributeKind.CHOICE else Grade.values
    return not {*values} <= {"", *slugs} and can_parse(scale, SEPARATOR.join(values))


class FactFormSet(SourcedFormSet):
    """The facts of a tool, and an empty row for each attribute of its category that has none yet.

    A tool without a category gets rows for all attributes.
    """

    KEY = "attribute"
    DUPLICATE = "This tool already has a value for that attribute."
    BLANK = 1  # additional rows, in which the editor chooses the attribute

    def __init__(
        self,
        *,
        instance: Tool,
        copied: Mapping[int, dict[str, object]] = MappingProxyType({}),
        **options: Unpack[FormSetOptions],
    ) -> None:
        """Start with new rows of these initial values, by attribute."""
        self.copied = copied
        self.attributes = list(Attribute.objects.all())
        self.categories: dict[int, list[int]] = defaultdict(list)
        through = Attribute.categories.through.objects.order_by("category_id")
        for attribute, category in through.values_list("attribute_id", "category_id"):
            self.categories[attribute].append(category)
        super().__init__(instance=instance, form_kwargs={"attributes": self.attributes}, **options)
        existing = {fact.attribute_id for fact in self.get_queryset()}
        chosen = instance.category_id if instance.pk else None
        wanted = [
            attribute
            for attribute in self.attributes
            if attribute.pk not in existing and (chosen is None or chosen in self.categories[attribute.pk])
        ]
        if self.is_bound:
            self.initial_extra = list(self._read_attributes_of_new_rows(wanted))
        else:
            self.initial_extra = [{"attribute": one.pk} | copied.get(one.pk, {}) for one in wanted]
        self.extra = len(self.initial_extra) + self.BLANK

    def _read_attributes_of_new_rows(self, wanted: Sequence[Attribute]) -> Iterator[dict[str, object]]:
        """Yield the initial values of each new row that was posted: the attribute for which it was made, or none.

        Attributes may have been added to the category, have left it, or have moved since the page was opened, so the
        place of a row says nothing about its attribute.
        """
        left = {attribute.pk: attribute for attribute in wanted}
        for number in range(self.initial_form_count(), self.total_form_count()):
            prefix = self.add_prefix(number)
            pk = parse_id(self.data.get(f"{prefix}-attribute") or "")
            attribute = left.get(pk) if pk else None
            if attribute and not _is_typed(attribute.scale, read_values(self.data, f"{prefix}-value")):
                del left[attribute.pk]
                yield {"attribute": attribute.pk} | self.copied.get(attribute.pk, {})
            else:
                yield {}

    def arrange_new_rows(self, rows: list[tuple[int | None, PostedRow]]) -> list[tuple[int | None, PostedRow]]:
        """Return posted new rows in the order of this formset: first one for each attribute without a value."""
        by_attribute = {row["attribute"][-1]: (number, row) for number, row in rows[::-1] if row.get("attribute")}
        chosen = [str(initial["attribute"]) for initial in self.initial_extra or ()]
        arranged = [by_attribute.get(attribute, (None, {"attribute": [attribute]})) for attribute in chosen]
        taken = {number for number, _ in arranged}
        others = [one for one in rows if one[0] not in taken]
        blank = next((one for one in others if not self._is_filled(one[1])), (None, {}))
        return [*arranged, *(one for one in others if self._is_filled(one[1])), blank]

    @staticmethod
    def _is_filled(row: PostedRow) -> bool:
        return any("".join(row.get(name, [])).strip() for name in ("value", "note", "source"))

    @property
    def rows(self) -> list[FactForm]:
        """The forms in the order in which readers see the attributes; forms without an attribute come last."""
        position = {attribute.pk: number for number, attribute in enumerate(self.attributes)}
        rows = cast("list[FactForm]", self.forms)
        for row in rows:
            row.category_ids = self.categories[row.fixed_attribute.pk] if row.fixed_attribute else []
        return sorted(rows, key=lambda row: position[row.fixed_attribute.pk] if row.fixed_attribute else len(position))
