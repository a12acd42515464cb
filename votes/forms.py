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
    choice = forms.ChoiceField(choices=[*Choice.choices, ("none", "Take it back")])

    def clean_choice(self) -> Choice | None:
        choice = self.cleaned_data["choice"]
        return None if choice == "none" else Choice(choice)


class PairVoteForm(ReturnForm):
    """Which of two tools, in the order of the address that the form is sent to."""

    choice = forms.TypedChoiceField(choices=PairChoice, coerce=PairChoice)
