"""The forms of a seat on a tool's page: the words of its next edition, and its predictions."""

from django import forms
from django.http import QueryDict

from desk.fields import MARKDOWN_PREVIEW_URL, NativeDateInput
from desk.plain_widgets import PLAIN_RENDERER
from desk.publishing.gate import MIN_QUOTE_LENGTH
from desk.shapes import Cleaned
from reviews.basis import MAX_DAYS, MAX_VERSION_LENGTH
from reviews.choices import Basis, Verdict
from reviews.models import MAX_GIST_LENGTH, Prediction, Review
from reviews.verdicts import NO_VERDICT
from web import clock
from web.fields import LineField, MultilineField, get_max_length

BLANK_PREDICTIONS = 2
MAX_PREDICTIONS = 30


class SeatForm(forms.Form):
    """The next edition of a seat."""

    default_renderer = PLAIN_RENDERER

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    verdict = forms.ChoiceField(
        choices=[*Verdict.choices, ("", NO_VERDICT)], required=False, initial="", widget=forms.RadioSelect
    )
    gist = LineField(
        required=False,
        max_length=MAX_GIST_LENGTH,
        widget=forms.TextInput(attrs={"data-count": "", "data-most": MAX_GIST_LENGTH}),
        help_text=f"The reason in one line of at most {MAX_GIST_LENGTH} characters. Needed to be published.",
    )
    quote = MultilineField(
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 6, "data-preview": MARKDOWN_PREVIEW_URL, "data-count": "", "data-least": MIN_QUOTE_LENGTH}
        ),
        help_text=f"Markdown. Needs at least {MIN_QUOTE_LENGTH} characters to be published.",
    )
    flips_if = MultilineField(required=False, label="What would flip it", widget=forms.Textarea(attrs={"rows": 2}))
    basis = forms.ChoiceField(
        choices=[("", "---------"), *Basis.choices],
        required=False,
        label="How this seat knows",
        help_text="Readers see it beside the verdict.",
    )
    basis_version = LineField(
        required=False, max_length=MAX_VERSION_LENGTH, label="Version tried", help_text="Only where it was tried."
    )
    basis_days = forms.IntegerField(required=False, min_value=1, max_value=MAX_DAYS, label="Days tried")
    publish_now = forms.BooleanField(
        required=False,
        label="Publish this edition now",
        help_text="A published edition is final. A later one can supersede it.",
    )
    discard = forms.BooleanField(required=False, label="Delete this draft")


class SeatPredictionForm(forms.Form):
    """A dated claim. Emptying it deletes it."""

    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    claim = LineField(required=False, max_length=get_max_length(Prediction, "claim"))
    due_on = forms.DateField(required=False, widget=NativeDateInput, label="Due on", validators=[clock.validate_year])

    def clean(self) -> Cleaned:
        cleaned = super().clean() or self.cleaned_data
        claim, due_on = cleaned.get("claim"), cleaned.get("due_on")
        if claim and due_on is None and "due_on" not in self.errors:
            self.add_error("due_on", "Enter the day on which it can be judged.")
        if due_on and not claim and "claim" not in self.errors:
            self.add_error("claim", "Enter the claim.")
        if due_on and "due_on" in self.changed_data and due_on <= clock.today():
            self.add_error("due_on", "A prediction must be due on a future day.")
        return cleaned


class PredictionFormSet(forms.BaseFormSet):
    default_error_messages = forms.BaseFormSet.default_error_messages | {
        "too_many_forms": f"A review has at most {MAX_PREDICTIONS} predictions."
    }

    def clean(self) -> None:
        seen = set()
        for form in self.forms:
            claim = form.cleaned_data.get("claim")
            if claim and claim in seen:
                form.add_error("claim", "This review already makes that claim.")
            seen.add(claim)


PredictionForms = forms.formset_factory(
    SeatPredictionForm,
    formset=PredictionFormSet,
    extra=BLANK_PREDICTIONS,
    max_num=MAX_PREDICTIONS,
    validate_max=True,
    renderer=PLAIN_RENDERER,
)


def read_words(edition: Review | None, data: QueryDict | None, *, prefix: str) -> forms.Form:
    """Return a form of an edition's words alone. None is an edition without any."""
    words = {name: getattr(edition, name) for name in Review.WORD_FIELDS} if edition else {}
    form = SeatForm(data, prefix=prefix, initial=words)
    for name in set(form.fields) - set(Review.WORD_FIELDS):
        del form.fields[name]
    return form


def read_prediction(initial: dict[str, object], data: QueryDict | None, *, prefix: str) -> forms.Form:
    """Return a form of a prediction without its id."""
    form = SeatPredictionForm(data, prefix=prefix, initial=initial)
    del form.fields["id"]
    return form
