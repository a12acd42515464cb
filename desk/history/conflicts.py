"""Two editors in one form: the second to save is told what the first one changed, and loses nothing typed.

Each form carries the version of what it was filled from (`timeline.version_of`). A save takes the one row that all
writers of content wait for, looks whether that version still stands, and only then writes.
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

from desk.history.events import Entry, as_of_subject, kinds_of, read_since, version_of, without_idle
from desk.history.field_changes import LONG_TEXT, NOTHING, FieldChange, difference
from tools.models import ContentRevision, Plan, Sourced
from tools.row_history import set_change_reason
from web.words import join_words

type AnyForm = forms.ModelForm[Any]

SEEN, WHY = "seen_version", "change_reason"


class UncountedField(forms.CharField):
    """A field that is about the change and no part of it."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class NotedForm(forms.ModelForm):
    """What every form of something with a history has besides: why it is changed, and the version that was seen."""

    conflict: "Conflict | None" = None
    seen = ""

    change_reason = UncountedField(
        label="Why",
        required=False,
        max_length=500,
        widget=AdminTextInputWidget,
        help_text="For the history of the desk; readers do not see it.",
    )
    seen_version = UncountedField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[SEEN].initial = self.seen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.conflict:
            self.add_error(None, self.conflict.error)
        return self.cleaned_data if cleaned is None else cleaned


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that somebody else changed, beside what stands in the form; None where it has no such field."""

    what: str
    change: FieldChange
    mine: SafeString | None


class Conflict:
    """What others saved since a form was filled, newest first."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.error = ValidationError("Somebody saved this while you were writing.", code="conflict")

    def explain(self, form: AnyForm, formsets: list[Any]) -> None:
        """Put into the form's error who saved what, field by field, beside what is typed."""
        newest = self.entries[0]
        clashes = [
            Clash(entry.label, change, _beside(change, _typed(form, formsets, entry, change)))
            for entry in (as_of_subject(entry, type(form.instance)) for entry in self.entries)
            for change in entry.changes
        ]
        self.error.message = render_to_string(
            "desk/_conflict.html",
            {
                "who": join_words(sorted({entry.author or "somebody who is not signed in" for entry in self.entries})),
                "at": newest.at,
                "reasons": [entry.reason for entry in self.entries if entry.reason],
                "clashes": clashes,
            },
        )


def view_locked(
    model_admin: admin.ModelAdmin, request: HttpRequest, object_id: str | None, view: Callable[[], HttpResponse]
) -> HttpResponse:
    """Answer a change form: on GET note the version that is shown, on POST save only if it is still the current one.

    A save holds the content revision, for which every writer of content waits.
    """
    model: type[models.Model] = model_admin.model
    kinds, pk = kinds_of(model), _number(object_id)
    if request.method != "POST":
        # Read the version before the object: a change in between is then reported as a conflict, not taken as seen.
        request.seen_version = version_of(kinds, pk) if pk else ""  # type: ignore[attr-defined]
        return view()
    request.POST = with_plain_line_ends(request.POST)  # type: ignore[assignment]
    if reason := request.POST.get(WHY, "").strip():
        set_change_reason(reason[:500])
    with transaction.atomic():
        ContentRevision.lock()
        if pk and request.POST.get(SEEN) and "_saveasnew" not in request.POST:
            _look_for_conflict(model_admin, request, pk)
        return view()


def versioned_form(request: HttpRequest, form: type[AnyForm]) -> type[AnyForm]:
    """Return a form class that also asks for a reason and carries the version that its user has seen."""
    of_request = {
        "conflict": getattr(request, "conflict", None),
        "seen": getattr(request, "seen_version", ""),
    }
    return type("NotedForm", (NotedForm, form), of_request)


def prepare_change_form(request: HttpRequest, context: dict[str, Any]) -> bool:
    """Place the reason field below the others, and explain a conflict in the form; return whether there is one."""
    adminform = context["adminform"]
    if SEEN in adminform.form.fields:
        # Here, and not with the other fieldsets, so that no admin that lists its own can leave them out.
        adminform.fieldsets = [*_without_own(adminform.fieldsets), (None, {"fields": [WHY, SEEN]})]
    conflict: Conflict | None = getattr(request, "conflict", None)
    if conflict:
        conflict.explain(adminform.form, [inline.formset for inline in context["inline_admin_formsets"]])
    return conflict is not None


def _look_for_conflict(model_admin: admin.ModelAdmin, request: HttpRequest, pk: int) -> None:
    model: type[models.Model] = model_admin.model
    kinds, seen = kinds_of(model), request.POST[SEEN]
    if not re.fullmatch(r"\d{1,18}(\.\d{1,18})*", seen) or seen.count(".") != len(kinds) - 1:
        raise BadRequest("This form carries no version that was ever seen.")
    now = version_of(kinds, pk)
    if now == seen:
        return
    if entries := without_idle(read_since(kinds, pk, [int(part) for part in seen.split(".")])):
        request.conflict = Conflict(entries)  # type: ignore[attr-defined]
    typed = request.POST.copy()
    typed[SEEN] = now
    obj = model_admin.get_object(request, str(pk))
    if obj is not None:
        _follow_rows(model_admin, request, obj, typed)
    request.POST = typed  # type: ignore[assignment]


def _follow_rows(model_admin: admin.ModelAdmin, request: HttpRequest, obj: models.Model, typed: QueryDict) -> None:
    """Let rows of inlines that somebody else replaced be changes of what replaced them, and those that are gone
    new ones: what was typed into them is kept either way.
    """
    prefixes: dict[str, int] = {}
    for formset_class, inline in model_admin.get_formsets_with_inlines(request, obj):
        prefix = formset_class.get_default_prefix()
        prefixes[prefix] = prefixes.get(prefix, 0) + 1
        if prefixes[prefix] != 1:
            prefix = f"{prefix}-{prefixes[prefix]}"
        fk = getattr(getattr(formset_class, "fk", None), "name", None)
        if fk is not None:
            there = set(inline.get_queryset(request).filter(**{fk: obj}).values_list("pk", flat=True))
            follow_rows(typed, prefix, inline.model, there)


def _without_own(fieldsets: Iterable[Any]) -> list[Any]:
    """Fieldsets of a form without the fields that every form has; an admin that lists none shows all there are."""
    return [
        (name, {**options, "fields": [field for field in options["fields"] if field not in (WHY, SEEN)]})
        for name, options in fieldsets
    ]


def with_plain_line_ends(posted: QueryDict) -> QueryDict:
    """A posted form without the carriage returns that browsers put before line feeds: nobody typed them, and a text
    that is saved as it was would differ by them.
    """
    if not any("\r" in value for _, values in posted.lists() for value in values):
        return posted
    plain = posted.copy()
    for name, values in posted.lists():
        plain.setlist(name, [value.replace("\r\n", "\n") for value in values])
    return plain


def follow_rows(typed: QueryDict, prefix: str, model: type[models.Model], there: set[int]) -> None:
    """Rewrite the rows of one inline in a posted form (in place): `there` are the ids that it can still change."""
    rows = list(_posted_rows(typed, prefix))
    if not any("id" in row for row in rows):  # rows that are told apart by something else
        return
    kept: list[dict[str, list[str]]] = []
    new: list[dict[str, list[str]]] = []
    for row in rows:
        pk = _number(row.get("id", [""])[-1])
        if pk and pk not in there:
            pk = _successor(model, pk, there)
            row["id"] = [str(pk or "")]
        (kept if pk else new).append(row)
    for key in [key for key in typed if re.match(rf"{re.escape(prefix)}-\d+-", key)]:
        del typed[key]
    for number, row in enumerate([*kept, *new]):
        for name, values in row.items():
            typed.setlist(f"{prefix}-{number}-{name}", values)
    typed[f"{prefix}-INITIAL_FORMS"] = str(len(kept))
    typed[f"{prefix}-TOTAL_FORMS"] = str(len(rows))


def _posted_rows(typed: QueryDict, prefix: str) -> Iterator[dict[str, list[str]]]:
    """The rows of an inline as they were posted: the values of each by the name of its field."""
    pattern = re.compile(rf"{re.escape(prefix)}-(\d+)-(.+)")
    rows: dict[int, dict[str, list[str]]] = {}
    for key in typed:
        if found := pattern.fullmatch(key):
            rows.setdefault(int(found[1]), {})[found[2]] = typed.getlist(key)
    yield from (rows[number] for number in sorted(rows))


def _successor(model: type[models.Model], pk: int, there: set[int]) -> int | None:
    """What stands in the place of a plan or fact that was superseded: of the same name, or attribute."""
    if not issubclass(model, Sourced):
        return None
    identity = "name" if model is Plan else "attribute_id"
    same = model._default_manager.filter(pk=pk).values("tool", identity).first()
    found: int | None = (
        model._default_manager.filter(**same, pk__in=there).values_list("pk", flat=True).first() if same else None
    )
    return found


def _typed(form: AnyForm, formsets: list[Any], entry: Entry, change: FieldChange) -> str | None:
    """What the form holds of a field that somebody else changed; None where it has no such field."""
    forms_of_it = [form] if type(form.instance) is entry.kind.model and form.instance.pk == entry.object_id else []
    for formset in formsets:
        if formset.model is entry.kind.model:
            forms_of_it += [one for one in formset.forms if str(_raw(one, "id")) == str(entry.object_id)]
    for one in forms_of_it:
        if change.name in one.fields:
            return _shown(one, change.name)
    return None


def _beside(change: FieldChange, mine: str | None) -> SafeString | None:
    """What is typed, beside what somebody else saved: a long text as what would become of theirs."""
    if mine is None:
        return None
    if mine == change.after or (not mine and change.after == NOTHING):
        return format_html("{}", "the same")
    if min(len(mine), len(change.after)) > LONG_TEXT:
        return format_html("with yours, theirs would become: {}", difference(change.after, mine))
    return format_html("{}", mine or NOTHING)


def _raw(form: Any, name: str) -> Any:
    return form[name].value() if name in form.fields else ""


def _shown(form: Any, name: str) -> str:
    """What is typed into a field, in words where it is a choice."""
    value, field = _raw(form, name), form.fields[name]
    if isinstance(field, forms.ModelMultipleChoiceField | forms.ModelChoiceField):
        chosen = getattr(form, "cleaned_data", {}).get(name)
        several = isinstance(field, forms.ModelMultipleChoiceField)
        return ", ".join(map(str, chosen or [])) if several else str(chosen or "")
    if isinstance(field, forms.ChoiceField):
        choices: Any = field.choices
        flat = {str(key): str(label) for key, label in choices if not isinstance(label, list | tuple)}
        return flat.get(str(value), str(value or ""))
    if isinstance(value, list):
        return " ".join(str(part) for part in value if part)
    return str(value or "")


def _number(text: str | None) -> int | None:
    text = unquote(text or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
