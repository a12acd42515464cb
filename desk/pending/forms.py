"""The forms of pending changes."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from desk.contention import KEEP
from desk.publishing.admin import LOCAL_TIME
from web import clock


class ShownForm(forms.ModelForm):
    """A form that shows a pending change, and is not saved."""

    def clean(self) -> dict[str, object]:
        cleaned = super().clean()
        self.add_error(None, ValidationError("It is only shown.", code=KEEP))
        return self.cleaned_data if cleaned is None else cleaned


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
