from django import forms


class ComparisonOptionsForm(forms.Form):
    """What a reader may ask of a comparison page in its query string. Anything else there is ignored."""

    only = forms.ChoiceField(choices=[("differences", "Facts that differ only")], required=False)

    @property
    def only_differences(self) -> bool:
        return self.is_valid() and self.cleaned_data["only"] == "differences"
