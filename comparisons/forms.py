from django import forms
from django.http import QueryDict


class ComparisonOptionsForm(forms.Form):
    """What a reader may ask of a comparison page in its query string. Anything else there is ignored."""

    only = forms.ChoiceField(choices=[("differences", "Facts that differ only")], required=False)


class BadgeForm(forms.Form):
    """Which badge is asked for. Anything but one of its sizes is the small one."""

    size = forms.ChoiceField(choices=[("small", "Small"), ("large", "Large")], required=False)


def badge_size(query: QueryDict) -> str:
    """The size that a badge's query string asks for: small or large."""
    form = BadgeForm(query)
    return (form.is_valid() and form.cleaned_data["size"]) or "small"


def only_differences(query: QueryDict) -> bool:
    """Whether a query string asks for the facts that differ only."""
    if not query:  # nearly always, and a form costs a tenth of a conditional answer
        return False
    form = ComparisonOptionsForm(query)
    return form.is_valid() and form.cleaned_data["only"] == "differences"
