"""Optimistic locks for forms: what two editors save at the same time is merged, and only what both changed is asked.

Each form carries the version it was filled from (`events.read_version`). A save locks the content revision, for which
all writers of content wait. If the version is no longer current, the form is merged with what others saved
(`form_merge`) and then validated and saved like any other, unless something has to be asked.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Unpack

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import BadRequest, ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseRedirectBase
from django.template.loader import render_to_string
from django.utils.text import capfirst

from desk.contention import KEEP, is_busy
from desk.history.events import (
    HistoryEvent,
    drop_idle,
    get_tracked_models,
    read_since,
    read_states,
    read_version,
)
from desk.history.form_merge import ASKED, Asked, FormMerge, merge_inlines
from desk.ids import parse_id
from desk.shapes import Cleaned, Context, Fieldsets, Files, FormOptions, Posted
from tools.models import ContentRevision
from tools.row_history import CHANGED, CREATED, DELETED, set_change_reason
from web.fields import LineField
from web.normalize import normalize_line
from web.words import join_words

SEEN_VERSION, CHANGE_REASON = "seen_version", "change_reason"
ASKED_SINCE = "asked_since"  # the version since which others have saved what is asked
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

    def __init__(self, data: Posted | None = None, files: Files | None = None, **options: Unpack[FormOptions]) -> None:
        super().__init__(data, files, **options)
        self.fields[SEEN_VERSION].initial = self.seen

    def clean(self) -> Cleaned:
        cleaned = super().clean()
        if self.conflict:
            self.add_error(None, self.conflict.error)
        return self.cleaned_data if cleaned is None else cleaned


class Conflict:
    """What others saved since a form was opened, newest first, and what both they and its user changed."""

    def __init__(
        self, events: list[HistoryEvent], asked: list[Asked], *, since: str, subject: type[models.Model]
    ) -> None:
        self.events, self.asked, self.since, self.subject = events, asked, since, subject
        self.error = ValidationError("Someone else saved this while you were editing.", code="conflict")

    def explain(self, *, is_kept: bool) -> None:
        """Put the questions into the form's error, with what was merged. `is_kept` is whether to save as pending."""
        self.error.message = render_to_string(
            "desk/_conflict.html",
            {
                "who": join_words(sorted({event.author or "a program" for event in self.events})) or "someone else",
                "at": self.events[0].at if self.events else None,
                "reasons": [event.reason for event in self.events if event.reason],
                "asked": self.asked,
                "since": self.since,
                "is_kept": is_kept,
                "saved": describe_events(self.events, self.subject),
            },
        )


def view_locked(
    model_admin: admin.ModelAdmin, request: HttpRequest, object_id: str | None, view: Callable[[], HttpResponse]
) -> HttpResponse:
    """Answer a change form: on GET note the version that is shown, on POST merge what was saved since, and save.

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
            _merge(model_admin, request, pk)
        response = view()
    events: list[HistoryEvent] = getattr(request, "merged", [])
    if events and isinstance(response, HttpResponseRedirectBase):
        for sentence in describe_events(events, model):
            messages.info(request, f"{sentence}; both changes are kept.")
    return response


def derive_versioned_form(request: HttpRequest, form: type[forms.ModelForm]) -> type[forms.ModelForm]:
    """Return a form class that also asks for a reason and carries the version that its user has seen."""
    of_request = {
        "conflict": getattr(request, "conflict", None),
        "seen": getattr(request, "seen_version", ""),
    }
    return type("VersionedForm", (VersionedForm, form), of_request)


def prepare_change_form(request: HttpRequest, context: Context) -> bool:
    """Place the reason field below the others, and ask about a conflict in the form; return whether there is one."""
    adminform = context["adminform"]
    if SEEN_VERSION in adminform.form.fields:
        # Done here so that an admin with its own fieldsets cannot leave these fields out.
        adminform.fieldsets = [
            *_remove_metadata(adminform.fieldsets),
            (None, {"fields": [CHANGE_REASON, SEEN_VERSION]}),
        ]
    conflict: Conflict | None = getattr(request, "conflict", None)
    if conflict:
        conflict.explain(is_kept=KEEP in request.POST)
    return conflict is not None


def _merge(model_admin: admin.ModelAdmin, request: HttpRequest, pk: int) -> None:
    """Merge what others saved into the posted form, and note it and its questions on the request. Raises BadRequest."""
    model: type[models.Model] = model_admin.model
    tracked, seen = get_tracked_models(model), request.POST[SEEN_VERSION]
    since = request.POST.get(ASKED_SINCE) or seen
    versions = [_parse_version(text, len(tracked)) for text in (seen, since)]
    current = read_version(tracked, pk)
    obj = model_admin.get_object(request, str(pk)) if current != seen or ASKED in request.POST else None
    if obj is None:
        return
    posted = request.POST.copy()
    merge = FormMerge(posted, tracked, read_states(tracked, pk, versions[0]))
    merge.add_object(model_admin.get_form(request, obj, change=True), obj)
    merge_inlines(merge, model_admin, request, obj)
    merge.run()
    posted[SEEN_VERSION] = current
    request.POST = posted  # type: ignore[assignment]
    events = drop_idle(read_since(tracked, pk, versions[1]))
    if asked := merge.list_asked():
        request.conflict = Conflict(events, asked, since=since, subject=model)  # type: ignore[attr-defined]
    request.merged = events  # type: ignore[attr-defined]


def _parse_version(text: str, length: int) -> list[int]:
    if not re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})*", text) or text.count(".") != length - 1:
        raise BadRequest("The version in this form is malformed.")
    return [int(part) for part in text.split(".")]


def describe_events(events: Iterable[HistoryEvent], subject: type[models.Model]) -> list[str]:
    """Return what each author changed, and when they last did, as sentences without a full stop: oldest first."""
    by_author: dict[str, list[HistoryEvent]] = defaultdict(list)
    for event in sorted(events, key=lambda event: (event.at, event.version)):
        by_author[event.author].append(event)
    sentences = []
    for author, theirs in by_author.items():
        rows: dict[str, list[HistoryEvent]] = defaultdict(list)
        for event in theirs:
            rows["" if event.tracked.model is subject else event.label].append(event)
        parts = [_describe_row(label, changes, subject) for label, changes in rows.items()]
        sentences.append(f"{capfirst(author or 'a program')} {join_words(parts)} at {theirs[-1].at:%H:%M} UTC")
    return sentences


def _describe_row(label: str, events: list[HistoryEvent], subject: type[models.Model]) -> str:
    """Return what became of a row in a few words. The object itself has no label."""
    types = {event.type for event in events}
    if not label:
        noun = subject._meta.verbose_name
        changed = dict.fromkeys(change.label for event in events for change in event.changes if event.type == CHANGED)
        fields = join_words([field[:1].lower() + field[1:] for field in changed]) if changed else ""
        deeds = [
            f"deleted the {noun}" if DELETED in types else "",
            f"restored the {noun}" if CREATED in types else "",
            f"changed the {fields}" if fields else "",
        ]
        return join_words([deed for deed in deeds if deed] or [f"changed the {noun}"])
    is_superseded = any(change.label == "Superseded at" for event in events for change in event.changes)
    is_gone = DELETED in types or is_superseded
    if CREATED in types:
        return f"{'changed' if is_gone else 'added'} the {label}"
    return f"{'removed' if is_gone else 'changed'} the {label}"


def _remove_metadata(fieldsets: Fieldsets) -> Fieldsets:
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
