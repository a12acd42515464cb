"""The merge of a posted form with what others saved since it was opened: its fields, and the rows of its inlines.

The result is a posted form again, as if its user had opened the page just now and typed the same. Django validates and
saves it as any other, so that nothing is written which the user did not change.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.db import models
from django.forms import BaseInlineFormSet
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import HttpRequest, QueryDict
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from desk.history.events import TrackedModel
from desk.history.field_changes import Values
from desk.history.form_versions import (
    BuildForm,
    FormVersions,
    build_initial,
    build_row,
    describe,
    read_all_controls,
    write_value,
)
from desk.history.merging import Keep, Merge, MergeQuestion, Row, merge_rows
from desk.ids import parse_id
from tools.models import Attribute, Fact, Plan, Sourced
from web.normalize import normalize_line

ASKED, ANSWER = "asked", "keep"
"""The fields that carry the questions of a conflict report, and the answers to them (`keep:<row>:<field>`)."""
_QUESTION = re.compile(r"([\w-]*):(\w*)", re.ASCII)

type PostedRow = dict[str, list[str]]
"""The controls of a row by name, without its prefix."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the form shows it. Without a field it is about a whole row."""

    question: MergeQuestion
    label: str  # of the row; "" for the object itself
    field: str
    versions: list[tuple[str, SafeString]]
    words: str = ""  # what happened to the row

    @property
    def name(self) -> str:
        return ":".join(self.question)

    @property
    def anchor(self) -> str:
        """The id of the field or row that it is about, as Django's forms and the templates of rows name it."""
        row, field = self.question
        return f"id_{'-'.join(filter(None, [row, field]))}" if field else f"row-{row}"


class RowsToWrite(Protocol):
    """Rows of a form that are written after its merge."""

    def write(self) -> None:
        """Update the posted rows."""


class FormMerge:
    """The merge of one posted form, which is updated in place."""

    def __init__(
        self,
        posted: QueryDict,
        tracked: Sequence[TrackedModel],
        states: Mapping[type[models.Model], Mapping[int, Values | None]],
    ) -> None:
        """Take what was posted, and what `read_states` returned for the version that was opened."""
        self.posted, self.states = posted, states
        self.before = posted.copy()  # as it was typed
        self.tracked = {one.model: one for one in tracked}
        self.asked_rows = {name.partition(":")[0] for name in posted.getlist(ASKED)}
        self.versions: dict[str, FormVersions] = {}
        self.mine: dict[str, Row] = {}
        self.merged = Merge()
        self.inlines: list[RowsToWrite] = []  # they write their rows after the merge
        self.renamed: dict[str, str] = {}
        """The new prefix of each row whose number changed."""

    def get_base(self, model: type[models.Model], pk: int) -> dict[str, object] | None:
        """Return the initial values of a row's form as it was opened: {} if they are the same, None if unknown."""
        states = self.states.get(model, {})
        if pk not in states:
            return {}
        state = states[pk]
        return None if state is None else build_initial(self.tracked[model], state)

    def add(self, versions: FormVersions) -> None:
        self.versions[versions.key] = versions

    def add_object(self, form_class: type[forms.ModelForm], obj: models.Model) -> None:
        """Add the object's own fields."""
        initial = self.get_base(type(obj), obj.pk)
        theirs = partial(_build, form_class, obj, None)
        base = None if initial is None else partial(_build, form_class, obj, initial)
        self.add(FormVersions("", "", base, theirs))

    def add_inline(self, formset: BaseInlineFormSet, inline: InlineModelAdmin) -> None:
        """Add the rows of an inline. `formset` is unbound: the rows as they are now."""
        rows = InlineMerge(self, formset, inline.model)
        if rows.is_by_id:
            rows.collect()
            self.inlines.append(rows)

    def run(self) -> None:
        """Merge everything that was added, and update the posted form."""
        base: dict[str, Row] = {}
        theirs: dict[str, Row] = {}
        for key, versions in self.versions.items():
            for rows, row in zip((base, self.mine, theirs), versions.read(self.before), strict=True):
                if row is not None:
                    rows[key] = row
        answers, unanswered = _read_answers(self.before)
        self.merged = merge_rows(base, self.mine, theirs, answers=answers, unanswered=unanswered)
        for key, row in self.merged.rows.items():
            was, build = self.mine.get(key), self.versions[key].theirs
            taken = [name for name, value in row.items() if was is None or value != was.get(name)]
            if build and taken:
                form = build(None)
                for name in taken:
                    write_value(self.posted, form, name, row[name])
        for inline in self.inlines:
            inline.write()

    def has_row(self, key: str) -> bool:
        """Return whether a row is left after the merge."""
        return key in self.merged.rows

    def list_asked(self) -> list[Asked]:
        """Return what the form has to ask."""
        asked = []
        for row, name in self.merged.questions:
            versions, question = self.versions[row], MergeQuestion(self.renamed.get(row, row), name)
            if name and versions.theirs:
                label = str(versions.theirs(None)[name].label)
                texts = list(describe(versions.base, versions.theirs, self.before, name))
                asked.append(Asked(question, versions.label, label, texts))
            else:
                words = "You removed it, and they changed it." if row not in self.mine else versions.gone
                asked.append(Asked(question, versions.label, "", [], words))
        return asked


class InlineMerge:
    """The rows of one inline."""

    def __init__(self, merge: FormMerge, formset: Any, model: type[models.Model]) -> None:
        self.merge, self.formset, self.model = merge, formset, model
        self.prefix: str = formset.prefix
        self.rows = read_rows(merge.before, self.prefix)
        self.current: dict[int, forms.ModelForm] = {form.instance.pk: form for form in formset.initial_forms}
        self.followed: dict[int, int | None] = {}  # the number of a posted row: the id of the row it is now
        self.blank: set[int] = set()  # rows in which nothing was typed, and which others filled
        self.gone: dict[int, models.Model] = {}  # rows that others removed, by the same number

    @property
    def is_by_id(self) -> bool:
        return any("id" in row for row in self.rows.values())

    def collect(self) -> None:
        known = {number: parse_id(row.get("id", [""])[-1]) for number, row in self.rows.items()}
        here = set(self.current)
        gone = {pk for pk in known.values() if pk and pk not in here}
        successors = find_successors(self.model, self.formset.instance, gone, here)
        for number, pk in known.items():
            if pk:
                self.followed[number] = pk if pk in here else successors.get(pk)
        for number, pk in known.items():
            row = self.rows[number]
            if pk:
                self._add_known(number, pk, is_removed=bool(row.get(DELETION_FIELD_NAME)))
            elif twin := self._find_twin(row):
                self._add_twin(number, twin)
            elif f"{self.prefix}-{number}:" in self.merge.before.getlist(ASKED):  # they removed it, as was asked before
                self.merge.add(FormVersions(f"{self.prefix}-{number}", self._name_posted(row), None, None))

    def _add_known(self, number: int, pk: int, *, is_removed: bool) -> None:
        here, key = self.followed[number], f"{self.prefix}-{number}"
        if here == pk and pk not in self.merge.states.get(self.model, {}) and key not in self.merge.asked_rows:
            return  # only its user may have changed it
        now = self.current[here].instance if here else None
        initial, state = self.merge.get_base(self.model, pk), self.merge.states.get(self.model, {}).get(pk)
        instance = now or (build_row(self.model, state) if state else self.model(pk=pk))
        if now is None:
            self.gone[number] = instance
        base = None if initial is None else self._build(number, instance, initial)
        theirs = self._build(number, now, None) if now else None
        self.merge.add(FormVersions(key, _name_row(instance), base, theirs, is_removed))

    def _add_twin(self, number: int, pk: int) -> None:
        """Add a new row that others have added, too. Without a common past, each field that differs is asked."""
        self.followed[number] = pk
        now = self.current[pk].instance
        is_blank = not self._build(number, self.model(), {})(self.merge.before).has_changed()
        theirs = None if is_blank else self._build(number, now, None)
        if theirs:
            self.merge.add(FormVersions(f"{self.prefix}-{number}", _name_row(now), None, theirs))
        else:  # a row for a fact, in which nothing was typed
            self.blank.add(number)

    def _find_twin(self, row: PostedRow) -> int | None:
        """Return the row with the same name or attribute that others have added since."""
        if not issubclass(self.model, Sourced):
            return None
        field: Any = self.model._meta.get_field(self.formset.KEY)
        typed = normalize_line(row.get(field.name, [""])[-1])
        taken = set(self.followed.values())
        return next(
            (
                pk
                for pk, form in self.current.items()
                if pk not in taken and str(getattr(form.instance, field.attname)) == typed
            ),
            None,
        )

    def _build(self, number: int, instance: models.Model, initial: dict[str, object] | None) -> BuildForm:
        options = {**self.formset.get_form_kwargs(number), "prefix": f"{self.prefix}-{number}"}
        return partial(_build, self.formset.form, instance, initial, **options)

    def write(self) -> None:
        """Update the posted rows: existing ones first, with the rows that others added, then the new ones."""
        posted = read_rows(self.merge.posted, self.prefix)
        existing: list[tuple[int | None, PostedRow]] = []
        new: list[tuple[int | None, PostedRow]] = []
        for number, row in posted.items():
            key = f"{self.prefix}-{number}"
            here, is_left = self.followed.get(number), self.merge.has_row(key)
            if here and number in self.blank:
                row = self._read_current(self.current[here])
            row["id"] = [str(here or "")]
            if here is None and number in self.followed:
                if is_left:  # they removed it, and mine stays
                    new.append((number, row | self._read_key(number)))
            elif here is None:
                if is_left or key not in self.merge.versions:
                    new.append((number, row))
            else:
                if is_left and key not in self.merge.mine and MergeQuestion(key) not in self.merge.merged.questions:
                    row.pop(DELETION_FIELD_NAME, None)  # I removed it, and theirs stays
                existing.append((number, row))
        followed = set(self.followed.values())
        for pk, form in self.current.items():
            if pk not in followed:
                added = {
                    name.removeprefix(f"{form.prefix}-"): values for name, values in read_all_controls(form).items()
                }
                existing.append((None, added))
        if arrange := getattr(self.formset, "arrange_new_rows", None):
            new = arrange(new)
        for _, row in new:
            row.setdefault(self.formset.fk.name, [str(self.formset.instance.pk)])
        self.merge.renamed |= write_rows(self.merge.posted, self.prefix, existing, new)

    def _read_current(self, form: forms.BaseForm) -> PostedRow:
        """Return what the page of the current row would post."""
        return {name.removeprefix(f"{form.prefix}-"): values for name, values in read_all_controls(form).items()}

    def _name_posted(self, row: PostedRow) -> str:
        """Return what to call a row that is no longer in the database."""
        name = row.get(getattr(self.formset, "KEY", "claim"), [""])[-1]
        if self.model is Fact and (pk := parse_id(name)):
            name = str(Attribute.objects.filter(pk=pk).first() or "")
        return f"{capfirst(self.model._meta.verbose_name)} “{name}”"

    def _read_key(self, number: int) -> PostedRow:
        """Return the field that names a row, if existing rows do not post it, as new rows do."""
        name = getattr(self.formset, "KEY", "")
        if not name or name in self.rows[number]:
            return {}
        field: Any = self.model._meta.get_field(name)
        return {name: [str(getattr(self.gone[number], field.attname))]}


def _build(
    form_class: type[forms.ModelForm],
    instance: models.Model,
    initial: dict[str, object] | None,
    data: QueryDict | None,
    **options: Any,
) -> forms.ModelForm:
    return form_class(data, instance=copy(instance), initial=dict(initial or {}), **options)


def _name_row(row: models.Model) -> str:
    noun = str(capfirst(row._meta.verbose_name))
    name = getattr(row, "attribute", None) or getattr(row, "claim", None) or getattr(row, "name", "")
    return f"{noun} “{name}”" if name else noun


def _read_answers(posted: QueryDict) -> tuple[dict[MergeQuestion, Keep], frozenset[MergeQuestion]]:
    """Return how the questions that a form carries are answered, and which are still to be asked.

    Others may have changed a field again since it was asked. So *keep mine* is no answer to that: it only lets the
    field be merged as any other. *Keep theirs* is what they have now.
    """
    answers: dict[MergeQuestion, Keep] = {}
    unsettled = set()
    for name in posted.getlist(ASKED):
        if match := _QUESTION.fullmatch(name):
            question, answer = MergeQuestion(match[1], match[2]), posted.get(f"{ANSWER}:{name}")
            if answer == Keep.THEIRS:
                answers[question] = Keep.THEIRS
            if answer != Keep.MINE:
                unsettled.add(question)
    return answers, frozenset(unsettled)


# -- Posted rows -----------------------------------------------------------------------------------------------


def read_rows(posted: QueryDict, prefix: str) -> dict[int, PostedRow]:
    """Return the posted rows of an inline by number."""
    pattern = re.compile(rf"{re.escape(prefix)}-([0-9]{{1,6}})-(.+)", re.DOTALL)
    rows: dict[int, PostedRow] = {}
    for key in posted:
        if match := pattern.fullmatch(key):
            rows.setdefault(int(match[1]), {})[match[2]] = posted.getlist(key)
    return dict(sorted(rows.items()))


def write_rows(
    posted: QueryDict,
    prefix: str,
    existing: Iterable[tuple[int | None, PostedRow]],
    new: Iterable[tuple[int | None, PostedRow]],
) -> dict[str, str]:
    """Replace the posted rows of an inline. Return the new prefix of each row whose number changed.

    Rows are given with their number so far; None is a row that was not posted.
    """
    existing, new = list(existing), list(new)
    for key in [key for key in posted if re.match(rf"{re.escape(prefix)}-[0-9]{{1,6}}-", key)]:
        del posted[key]
    renamed = {}
    for number, (before, row) in enumerate([*existing, *new]):
        for name, values in row.items():
            posted.setlist(f"{prefix}-{number}-{name}", values)
        if before is not None and before != number:
            renamed[f"{prefix}-{before}"] = f"{prefix}-{number}"
    posted[f"{prefix}-INITIAL_FORMS"] = str(len(existing))
    posted[f"{prefix}-TOTAL_FORMS"] = str(len(existing) + len(new))
    return renamed


def find_successors(model: type[models.Model], owner: models.Model, pks: set[int], current: set[int]) -> dict[int, int]:
    """Return the current plan or fact that each superseded one of a tool was replaced with, under any name. One query.

    Rows that were removed are left out. `current` are the primary keys of the rows of the form.
    """
    if not pks or not issubclass(model, Sourced):
        return {}
    identity, manager = "name" if model is Plan else "attribute_id", cast("Any", model).objects
    rows = {row.pk: row for row in manager.filter(tool=owner).order_by("pk")}
    by_name = {getattr(rows[pk], identity): pk for pk in sorted(current & rows.keys())}
    successors = {}
    for pk in pks & rows.keys():
        names = {name := getattr(rows[pk], identity)}
        for row in rows.values():
            if row.pk > pk and getattr(row, "renamed_from", "") in names:
                names.add(getattr(row, identity))
        if found := next((by_name[one] for one in (name, *names) if one in by_name), None):
            successors[pk] = found
    return successors


def merge_inlines(merge: FormMerge, model_admin: admin.ModelAdmin, request: HttpRequest, obj: models.Model) -> None:
    """Add the inlines of an object's form that the user can change."""
    prefixes: dict[str, int] = {}
    for formset_class, inline in model_admin.get_formsets_with_inlines(request, obj):
        prefix = formset_class.get_default_prefix()
        prefixes[prefix] = prefixes.get(prefix, 0) + 1
        if prefixes[prefix] != 1:
            prefix = f"{prefix}-{prefixes[prefix]}"
        formset: Any = formset_class(instance=obj, prefix=prefix, queryset=inline.get_queryset(request))
        if hasattr(formset, "merge"):
            formset.merge(merge)
        elif inline.has_change_permission(request, obj):
            merge.add_inline(formset, inline)
