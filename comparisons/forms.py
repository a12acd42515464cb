import unicodedata
from typing import Any

from django import forms
from django.http import QueryDict

from tools.search import LONGEST


class ComparisonOptionsForm(forms.Form):
    """What a reader may ask of a comparison page in its query string. Anything else there is ignored."""

    only = forms.ChoiceField(choices=[("differences", "Facts that differ only")], required=False)


def only_differences(query: QueryDict) -> bool:
    """Whether a query string asks for the facts that differ only."""
    if not query:  # nearly always, and a form costs a tenth of a conditional answer
        return False
    form = ComparisonOptionsForm(query)
    return form.is_valid() and form.cleaned_data["only"] == "differences"


class TypedField(forms.Field):
    """A line that a person typed: no control characters or invisible marks, single spaces, at most LONGEST characters.

    Whatever comes is turned into such a line, so nothing is an error.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def to_python(self, value: Any) -> str:
        text = unicodedata.normalize("NFKC", str(value or "")[: 4 * LONGEST])
        visible = "".join(" " if unicodedata.category(sign)[0] == "C" else sign for sign in text)
        return " ".join(visible.split())[:LONGEST].rstrip()


class SearchForm(forms.Form):
    """What a search asks for. A kind or page that there is not counts as none."""

    q = TypedField()
    kind = forms.ChoiceField(
        choices=[("tools", "Tools"), ("comparisons", "Comparisons"), ("reviews", "Reviews")], required=False
    )
    page = TypedField()


class PickerForm(forms.Form):
    """Two tools, each by whatever somebody calls it."""

    a = TypedField()
    b = TypedField()


class SuggestForm(PickerForm):
    """What is typed so far, under the name of the field that it is typed into."""

    q = TypedField()


def cleaned(form: forms.Form) -> dict[str, str]:
    """What a form that takes anything was given: {field: "" where there was nothing to be understood}."""
    form.is_valid()
    return {name: form.cleaned_data.get(name, "") for name in form.fields}
