from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.http import url_has_allowed_host_and_scheme

from votes.models import Choice, Reason
from votes.moderation import Action, parse_key
from votes.pair_votes import PairChoice


class ReturnForm(forms.Form):
    """Where a voter came from, as a path of this site."""

    next = forms.CharField(required=False, max_length=1000, widget=forms.HiddenInput)

    def clean_next(self) -> str:
        """The path, or "" for anything that would lead elsewhere."""
        path: str = self.cleaned_data["next"]
        leads_home = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
        return path if leads_home else ""


class VoteForm(ReturnForm):
    choice = forms.ChoiceField(choices=Choice.choices)

    def clean_choice(self) -> Choice:
        return Choice(self.cleaned_data["choice"])


class PairVoteForm(ReturnForm):
    """Which of two tools, in the order of the address that the form is sent to."""

    choice = forms.TypedChoiceField(choices=PairChoice, coerce=PairChoice)


class MonthForm(forms.Form):
    """Which month of the ledger, as `2026-11`."""

    month = forms.RegexField(r"^\d{4}-(0[1-9]|1[0-2])$", required=False)

    def clean_month(self) -> date | None:
        month = self.cleaned_data["month"]
        return date.fromisoformat(f"{month}-01") if month and month >= "0001" else None


class WhyForm(forms.Form):
    """Why a moderator does something; it goes to the log."""

    words = forms.CharField(label="Why, in a sentence", max_length=500, widget=forms.TextInput(attrs={"size": 60}))


class DecisionForm(WhyForm):
    """Release or reject held votes on a tool: groups of them, or all that the page counted."""

    action = forms.ChoiceField(choices=[(Action.RELEASE.value, "Release"), (Action.REJECT.value, "Reject")])
    scope = forms.ChoiceField(choices=[("chosen", "The groups marked below"), ("all", "All held votes on this tool")])
    reason = forms.ChoiceField(
        choices=[("", "Choose one"), ("To release", Reason.releasing()), ("To reject", Reason.rejecting())]
    )
    until = forms.DateTimeField(widget=forms.HiddenInput)
    groups = forms.Field(widget=forms.MultipleHiddenInput, required=False)

    def clean_groups(self) -> list[tuple[datetime, str]]:
        try:
            return [parse_key(key) for key in self.cleaned_data["groups"] or []]
        except ValueError:
            raise forms.ValidationError("A group that is none was marked. Reload the page.") from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        rejects = cleaned.get("action") == Action.REJECT
        fitting = dict(Reason.rejecting() if rejects else Reason.releasing())
        if cleaned.get("action") and cleaned.get("reason") and cleaned["reason"] not in fitting:
            done = "rejected" if rejects else "released"
            self.add_error("reason", f"Votes are {done} for: {', '.join(fitting.values())}.")
        if cleaned.get("scope") == "chosen" and not cleaned.get("groups") and "groups" not in self.errors:
            self.add_error("scope", "Mark the groups that you mean, or take all.")
        return cleaned


class PairDecisionForm(DecisionForm):
    """The same, of votes between two tools."""

    scope = forms.ChoiceField(choices=[("chosen", "The groups marked below"), ("all", "All held votes on this pair")])


class FreezeForm(WhyForm):
    """Hold every new vote on a tool, or no longer."""

    frozen = forms.ChoiceField(choices=[("1", "Freeze"), ("0", "No longer")], widget=forms.HiddenInput)
    reason = forms.ChoiceField(choices=Reason.choices)
