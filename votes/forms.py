from datetime import date

from django import forms
from django.utils.http import url_has_allowed_host_and_scheme

from votes.models import Choice
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
