import re
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.http import url_has_allowed_host_and_scheme

from tools import slugs
from votes.holding import parse_key
from votes.models import Action, Choice, Decision, PairChoice, Reason
from web.fields import LineField, get_max_length


class ReturnField(forms.Field):
    """A path of this site to go back to; "" for anything else. It is never an error: a vote must not fail for it."""

    MAX_LENGTH = 1000

    def clean(self, value: str | None) -> str:
        path = value or ""
        is_path = path.startswith("/") and len(path) <= self.MAX_LENGTH and path.isprintable()
        return path if is_path and url_has_allowed_host_and_scheme(path, allowed_hosts=None) else ""


class ReturnForm(forms.Form):
    """The page a voter came from, as a path of this site."""

    next = ReturnField(required=False, widget=forms.HiddenInput)


class VoteForm(ReturnForm):
    choice = forms.ChoiceField(choices=Choice.choices)

    def clean_choice(self) -> Choice:
        return Choice(self.cleaned_data["choice"])


class PairVoteForm(ReturnForm):
    """A choice between two tools, in the order of the URL that the form is sent to."""

    choice = forms.TypedChoiceField(choices=PairChoice, coerce=PairChoice)


class MonthForm(forms.Form):
    """A month of the ledger, such as `2026-11`."""

    month = forms.RegexField(r"\A[0-9]{4}-(0[1-9]|1[0-2])\Z", required=False)

    def clean_month(self) -> date | None:
        month = self.cleaned_data["month"]
        return date.fromisoformat(f"{month}-01") if month and month >= "0001" else None


class LogForm(forms.Form):
    """A tool, by its slug, whose decisions the public log shows."""

    tool = LineField(required=False, max_length=slugs.MAX_LENGTH)


_IDENTIFYING = re.compile(
    r"""
    [^\s@]+@[^\s@]+\.                                                # an email address
    | \b[0-9]{1,3}(\.[0-9]{1,3}){2} (\.([0-9]{1,3}|x\b|\*)|/24)       # an IPv4 address, or its network
    | \b([0-9a-f]{1,4}:){3,} | ::                                     # IPv6
    | \b(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,}\b                  # the hash of a network, as the desk shows it
    """,
    re.IGNORECASE | re.VERBOSE,
)


class ReasonForm(forms.Form):
    """A moderator's reason for an action. Readers see it in the public log."""

    words = LineField(
        label="Why, in a sentence",
        max_length=get_max_length(Decision, "words"),
        widget=forms.TextInput(attrs={"size": 60}),
    )

    def clean_words(self) -> str:
        words: str = self.cleaned_data["words"]
        if found := _IDENTIFYING.search(words):
            raise forms.ValidationError(f"Readers see this sentence. Leave out addresses and networks: “{found[0]}”.")
        return words


class MoveVotesForm(ReasonForm):
    """Release or reject held votes that were cast before a page was loaded."""

    action = forms.ChoiceField(choices=[(Action.RELEASE.value, "Release"), (Action.REJECT.value, "Reject")])
    reason = forms.ChoiceField(
        choices=[("", "Choose one"), ("To release", Reason.releasing()), ("To reject", Reason.rejecting())]
    )
    until = forms.DateTimeField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        action = cleaned.get("action")
        allowed = dict(Reason.releasing() if action == Action.RELEASE else Reason.rejecting())
        if action and cleaned.get("reason") and cleaned["reason"] not in allowed:
            verb = {Action.RELEASE: "released", Action.REJECT: "rejected", Action.HOLD: "held"}[Action(action)]
            self.add_error("reason", f"Votes can be {verb} for: {', '.join(allowed.values())}.")
        return cleaned


class NetworkForm(MoveVotesForm):
    """Decide all votes of one network on one day."""

    action = forms.ChoiceField(
        choices=[
            (Action.HOLD.value, "Put counted votes under review"),
            (Action.RELEASE.value, "Release held votes"),
            (Action.REJECT.value, "Reject held votes"),
        ]
    )
    reason = forms.ChoiceField(
        choices=[
            ("", "Choose one"),
            ("To release", Reason.releasing()),
            ("To put under review or reject", Reason.rejecting()),
        ]
    )


class DecisionForm(MoveVotesForm):
    """Release or reject held votes on a subject: selected groups, or all that the page counted."""

    scope = forms.ChoiceField(choices=[("chosen", "The groups selected below"), ("all", "All held votes")])
    groups = forms.Field(widget=forms.MultipleHiddenInput, required=False)

    def clean_groups(self) -> list[tuple[datetime, str]]:
        try:
            return [parse_key(key) for key in self.cleaned_data["groups"] or []]
        except ValueError:
            raise forms.ValidationError("An unknown group was selected. Reload the page.") from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("scope") == "chosen" and not cleaned.get("groups") and "groups" not in self.errors:
            self.add_error("scope", "Select the groups to decide, or choose all.")
        return cleaned


class FreezeForm(ReasonForm):
    """Start or stop holding every new vote on a tool."""

    frozen = forms.ChoiceField(choices=[("1", "Freeze"), ("0", "Unfreeze")], widget=forms.HiddenInput)
    reason = forms.ChoiceField(
        choices=[("", "Choose one"), *Reason.choices], widget=forms.Select(attrs={"id": "freeze-reason"})
    )
