"""What an editor enters to start an action on many rows: why, and where the action needs it, when."""

from datetime import datetime

from django import forms

from desk.publishing.admin import TransitionForm
from desk.publishing.transitions import TRANSITIONS
from desk.shapes import Posted
from web.fields import MultilineField


class DeletionForm(forms.Form):
    """Why rows are deleted."""

    reason = MultilineField(
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
        help_text="Saved in the history with your name.",
    )


def build_form(action: str, data: Posted | None = None) -> forms.Form:
    """Return the form of an action. Nobody overrides the gate for so many rows at once."""
    transition = TRANSITIONS.get(action)
    if transition is None:
        return DeletionForm(data, label_suffix="")
    return TransitionForm(data, transition=transition, may_override=False, suggested_at=None)


def read_options(form: forms.Form) -> dict[str, str]:
    """Return what is stored with the action, from a form without errors."""
    cleaned = form.cleaned_data
    at: datetime | None = cleaned.get("at")
    return {"reason": cleaned.get("reason", ""), **({"at": at.isoformat()} if at else {})}
