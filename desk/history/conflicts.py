"""Optimistic locks for forms: of two editors who save one form, the second gets a conflict report and loses no input.

Each form carries the version it was filled from (`events.read_version`). A save locks the content revision, for which
all writers of content wait, checks that the version is still current, and only then writes.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import BadRequest, ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from desk import line_rows
from desk.contention import is_busy
from desk.history.events import (
    HistoryEvent,
    drop_idle,
    drop_own_label,
    get_tracked_models,
    read_since,
    read_version,
)
from desk.history.field_changes import LONG_TEXT_LENGTH, NO_VALUE, FieldChange, render_difference
from desk.ids import parse_id
from desk.line_rows import LineRowsField
from desk.preset_rows import PresetRowsField, describe_preset_rows
from desk.rate_rows import RateRowsField, describe_rows
from tools.models import ContentRevision, Plan, Sourced
from tools.row_history import set_change_reason
from web.fields import LineField
from web.normalize import normalize_line
from web.words import join_words

SEEN_VERSION, CHANGE_REASON = "seen_version", "change_reason"
MAX_REASON_LENGTH = 500


class MetadataField(LineField):
    """A field about the change, which is no change itself."""

    def has_changed(self, initial: object, data: object) -> bool:
        return False


class VersionedForm(forms.ModelForm):
    """A form for a row with a history: it asks for a reason, and carries the version that its user has seen."""

    conflict: "Conflict | None" = None
    seen = ""

    change_reason = MetadataField(
        label="Reason",
        required=False,
        max_length=MAX_REASON_LENGTH,
        widget=AdminTextInputWidget,
        help_text="For the history at the desk. Readers do not see it.",
    )
    seen_version = MetadataField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[SEEN_VERSION].initial = self.seen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.conflict:
            self.add_error(None, self.conflict.error)
        return self.cleaned_data if cleaned is None else cleaned


@dataclass(frozen=True, slots=True)
class ConflictingField:
    """A field that someone else changed, and the user's own input; None if the form has no such field."""

    label: str  # of the row
    change: FieldChange
    mine: SafeString | None


class Conflict:
    """What others saved since a form was filled, newest first."""

    def __init__(self, events: list[HistoryEvent]) -> None:
        self.events = events
        self.error = ValidationError("Someone else saved this while you were editing.", code="conflict")

    def explain(self, form: forms.ModelForm, formsets: list[forms.BaseModelFormSet]) -> None:
        """Put a report into the form's error: who saved what, field by field, with the user's own input."""
        newest = self.events[0]
        fields = [
            ConflictingField(event.label, change, _render_input(change, _find_input(form, formsets, event, change)))
            for event in (drop_own_label(event, type(form.instance)) for event in self.events)
            for change in event.changes
        ]
        self.error.message = render_to_string(
            "desk/_conflict.html",
            {
                "who": join_words(sorted({event.author or "a program" for event in self.events})),
                "at": newest.at,
                "reasons": [event.reason for event in self.events if event.reason],
                "fields": fields,
            },
        )


def view_locked(
    model_admin: admin.ModelAdmin, request: HttpRequest, object_id: str | None, view: Callable[[], HttpResponse]
) -> HttpResponse:
    """Answer a change form: on GET note the version that is shown, on POST save only if it is still the current one.

    A save holds the content revision, for which every writer of content waits.
    """
    model: type[models.Model] = model_admin.model
    tracked, pk = get_tracked_models(model), parse_id(unquote(object_id or ""))
    if request.method != "POST":
        # Read the version before the object: a change in between is then reported as a conflict, not taken as seen.
        request.seen_version = read_version(tracked, pk) if pk else ""  # type: ignore[attr-defined]
        return view()
    if is_busy(request):  # the form is only shown again
        return view()
    request.POST = normalize_line_endings(request.POST)  # type: ignore[assignment]
    if reason := normalize_line(request.POST.get(CHANGE_REASON, "")):
        set_change_reason(reason[:MAX_REASON_LENGTH])
    with transaction.atomic():
        ContentRevision.lock()
        if pk and request.POST.get(SEEN_VERSION) and "_saveasnew" not in request.POST:
            _detect_conflict(model_admin, request, pk)
        return view()


def versioned_form(request: HttpRequest, form: type[forms.ModelForm]) -> type[forms.ModelForm]:
    """Return a form class that also asks for a reason and carries the version that its user has seen."""
    of_request = {
        "conflict": getattr(request, "conflict", None),
        "seen": getattr(request, "seen_version", ""),
    }
    return type("VersionedForm", (VersionedForm, form), of_request)


def prepare_change_form(request: HttpRequest, context: dict[str, Any]) -> bool:
    """Place the reason field below the others, and explain a conflict in the form; return whether there is one."""
    adminform = context["adminform"]
    if SEEN_VERSION in adminform.form.fields:
        # Done here so that an admin with its own fieldsets cannot leave these fields out.
        adminform.fieldsets = [
            *_remove_metadata(adminform.fieldsets),
            (None, {"fields": [CHANGE_REASON, SEEN_VERSION]}),
        ]
    conflict: Conflict | None = getattr(request, "conflict", None)
    if conflict:
        conflict.explain(adminform.form, [inline.formset for inline in context["inline_admin_formsets"]])
    return conflict is not None


def _detect_conflict(model_admin: admin.ModelAdmin, request: HttpRequest, pk: int) -> None:
    """Note a conflict on the request, and update the posted form so that it can be saved anyway. Raises BadRequest."""
    model: type[models.Model] = model_admin.model
    tracked, seen = get_tracked_models(model), request.POST[SEEN_VERSION]
    if not re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})*", seen) or seen.count(".") != len(tracked) - 1:
        raise BadRequest("The version in this form is malformed.")
    current = read_version(tracked, pk)
    if current == seen:
        return
    if events := drop_idle(read_since(tracked, pk, [int(part) for part in seen.split(".")])):
        request.conflict = Conflict(events)  # type: ignore[attr-defined]
    posted = request.POST.copy()
    posted[SEEN_VERSION] = current
    obj = model_admin.get_object(request, str(pk))
    if obj is not None:
        _follow_inlines(model_admin, request, obj, posted)
    request.POST = posted  # type: ignore[assignment]


def _follow_inlines(model_admin: admin.ModelAdmin, request: HttpRequest, obj: models.Model, posted: QueryDict) -> None:
    """Point posted inline rows at their current rows, so that no input is lost.

    Input for a row that was superseded goes to its successor; input for a row that was deleted becomes a new row.
    """
    prefixes: dict[str, int] = {}
    for formset_class, inline in model_admin.get_formsets_with_inlines(request, obj):
        prefix = formset_class.get_default_prefix()
        prefixes[prefix] = prefixes.get(prefix, 0) + 1
        if prefixes[prefix] != 1:
            prefix = f"{prefix}-{prefixes[prefix]}"
        fk = getattr(getattr(formset_class, "fk", None), "name", None)
        if fk is not None:
            editable = set(inline.get_queryset(request).filter(**{fk: obj}).values_list("pk", flat=True))
            follow_rows(posted, prefix, inline.model, editable)


def _remove_metadata(fieldsets: Iterable[tuple[Any, dict[str, Any]]]) -> list[tuple[Any, dict[str, Any]]]:
    """Return fieldsets without the metadata fields, which an admin without its own fieldsets lists among the others."""
    return [
        (
            name,
            {**options, "fields": [field for field in options["fields"] if field not in (CHANGE_REASON, SEEN_VERSION)]},
        )
        for name, options in fieldsets
    ]


def normalize_line_endings(posted: QueryDict) -> QueryDict:
    """Return a posted form with LF line endings. Browsers send CRLF, which would make an unchanged text differ."""
    if not any("\r" in value for _, values in posted.lists() for value in values):
        return posted
    normalized = posted.copy()
    for name, values in posted.lists():
        normalized.setlist(name, [value.replace("\r\n", "\n") for value in values])
    return normalized


def follow_rows(posted: QueryDict, prefix: str, model: type[models.Model], editable: set[int]) -> None:
    """Rewrite the rows of one inline in a posted form, in place. `editable` are the ids it can still change."""
    rows = list(_read_posted_rows(posted, prefix))
    if not any("id" in row for row in rows):  # this inline identifies rows in another way
        return
    existing: list[dict[str, list[str]]] = []
    new: list[dict[str, list[str]]] = []
    for row in rows:
        pk = parse_id(row.get("id", [""])[-1])
        if pk and pk not in editable:
            pk = _find_successor(model, pk, editable)
            row["id"] = [str(pk or "")]
        (existing if pk else new).append(row)
    for key in [key for key in posted if re.match(rf"{re.escape(prefix)}-[0-9]{{1,6}}-", key)]:
        del posted[key]
    for number, row in enumerate([*existing, *new]):
        for name, values in row.items():
            posted.setlist(f"{prefix}-{number}-{name}", values)
    posted[f"{prefix}-INITIAL_FORMS"] = str(len(existing))
    posted[f"{prefix}-TOTAL_FORMS"] = str(len(rows))


def _read_posted_rows(posted: QueryDict, prefix: str) -> Iterator[dict[str, list[str]]]:
    """Yield the posted rows of an inline: the values of each field by name."""
    pattern = re.compile(rf"{re.escape(prefix)}-([0-9]{{1,6}})-(.+)")
    rows: dict[int, dict[str, list[str]]] = {}
    for key in posted:
        if match := pattern.fullmatch(key):
            rows.setdefault(int(match[1]), {})[match[2]] = posted.getlist(key)
    yield from (rows[number] for number in sorted(rows))


def _find_successor(model: type[models.Model], pk: int, editable: set[int]) -> int | None:
    """Return the current plan or fact with the same name or attribute as a superseded one."""
    if not issubclass(model, Sourced):
        return None
    identity = "name" if model is Plan else "attribute_id"
    same = model._default_manager.filter(pk=pk).values("tool", identity).first()
    if same is None:
        return None
    successor: int | None = model._default_manager.filter(**same, pk__in=editable).values_list("pk", flat=True).first()
    return successor


def _find_input(
    form: forms.ModelForm, formsets: list[forms.BaseModelFormSet], event: HistoryEvent, change: FieldChange
) -> str | None:
    """Return the user's input for a field that someone else changed; None if the form has no such field."""
    model, pk = event.tracked.model, event.object_id
    candidates = [form] if type(form.instance) is model and form.instance.pk == pk else []
    for formset in formsets:
        if formset.model is model:
            candidates += [row for row in formset.forms if str(_get_input(row, "id")) == str(pk)]
    for candidate in candidates:
        if change.name in candidate.fields:
            return _format_input(candidate, change.name)
    return None


def _render_input(change: FieldChange, mine: str | None) -> SafeString | None:
    """Return the user's input next to what someone else saved; a long text as its difference from theirs."""
    if mine is None:
        return None
    if mine == change.after or (not mine and change.after == NO_VALUE):
        return format_html("{}", "the same")
    if min(len(mine), len(change.after)) > LONG_TEXT_LENGTH:
        return format_html("your text would change theirs to: {}", render_difference(change.after, mine))
    return format_html("{}", mine or NO_VALUE)


def _get_input(form: forms.ModelForm, name: str) -> object:
    return form[name].value() if name in form.fields else ""


def _format_input(form: forms.ModelForm, name: str) -> str:
    """Return the input for a field as text, with the label of a choice."""
    value, field = _get_input(form, name), form.fields[name]
    if isinstance(field, forms.ModelMultipleChoiceField | forms.ModelChoiceField):
        chosen = getattr(form, "cleaned_data", {}).get(name)
        is_multiple = isinstance(field, forms.ModelMultipleChoiceField)
        return ", ".join(map(str, chosen or [])) if is_multiple else str(chosen or "")
    if isinstance(field, forms.ChoiceField):
        choices = dict(field.choices)  # type: ignore[arg-type] # an iterable of pairs once the form is made
        labels = {str(key): str(label) for key, label in choices.items() if not isinstance(label, list | tuple)}
        return labels.get(str(value), str(value or ""))
    if isinstance(field, LineRowsField):
        return line_rows.describe_rows(value)  # type: ignore[arg-type] # what this field prepares
    if isinstance(field, RateRowsField):
        return describe_rows(value)  # type: ignore[arg-type] # what this field prepares
    if isinstance(field, PresetRowsField):
        return describe_preset_rows(value)  # type: ignore[arg-type] # what this field prepares
    if isinstance(value, list):
        return " ".join(str(part) for part in value if part)
    return str(value or "")
