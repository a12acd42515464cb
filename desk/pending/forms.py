"""The forms of pending changes."""

from django import forms
from django.contrib.admin import helpers
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils import timezone

from desk.contention import KEEP
from desk.publishing.admin import LOCAL_TIME
from desk.shapes import Context
from web import clock


class ShownForm(forms.ModelForm):
    """A form that shows a pending change, and is not saved."""

    def clean(self) -> dict[str, object]:
        cleaned = super().clean()
        self.add_error(None, ValidationError("It is only shown.", code=KEEP))
        return self.cleaned_data if cleaned is None else cleaned


def drop_shown_error(context: Context) -> None:
    """Remove the error with which a form that only shows a pending change is kept from being saved."""
    form = context["adminform"].form
    errors = form.errors.get(NON_FIELD_ERRORS)
    if errors is not None:
        errors.data = [error for error in errors.data if error.code != KEEP]
        if not errors.data:
            del form.errors[NON_FIELD_ERRORS]
    formsets = [inline.formset for inline in context["inline_admin_formsets"]]
    context["errors"] = helpers.AdminErrorList(form, formsets)


class PendingForm(forms.Form):
    """What to do with a pending change."""

    action = forms.ChoiceField(
        choices=[(name, name) for name in ("publish", "schedule", "unschedule", "discard")],
    )
    token = forms.CharField(widget=forms.HiddenInput)
    at = forms.DateTimeField(
        label="At (UTC)",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "data-utc": ""}, format=LOCAL_TIME),
        help_text="It is published automatically at that time. The time is in UTC.",
    )

    def clean(self) -> None:
        at = self.cleaned_data.get("at")
        if self.cleaned_data.get("action") != "schedule" or "at" in self.errors:
            return
        if at is None:
            self.add_error("at", "Choose a time.")
            return
        try:
            clock.validate_year(at)
        except ValidationError as error:
            self.add_error("at", error)
        if at <= timezone.now():
            self.add_error("at", "That time has passed. Press “Publish now” instead.")
