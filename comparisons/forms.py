import unicodedata
from typing import Any, NamedTuple

from django import forms
from django.http import QueryDict

from tools import slugs
from tools.models import PlanKind
from tools.search import LONGEST
from votes.models import Camp


class ToolFilterForm(forms.Form):
    """Which tools a reader wants listed, and in what order. What makes no sense is as if it were not asked."""

    SORTS = (("", "Ranking"), ("community", "Community"), ("reviewed", "Newest review"), ("name", "Name"))

    category = forms.CharField(max_length=slugs.MAX_LENGTH, required=False)
    price = forms.ChoiceField(choices=PlanKind, required=False)
    panel = forms.ChoiceField(choices=Camp, required=False)
    community = forms.BooleanField(required=False)
    sort = forms.ChoiceField(choices=SORTS, required=False)


class ToolFilter(NamedTuple):
    """What was asked of the list of tools; "" and False where nothing was."""

    category: str = ""
    price: str = ""
    panel: str = ""
    community: bool = False
    sort: str = ""


def tool_filter(query: QueryDict) -> ToolFilter:
    """What a query string asks of the list of tools."""
    return ToolFilter(**_valid(ToolFilterForm(query)))


class PredictionsForm(forms.Form):
    """Which predictions a reader wants to see."""

    outcome = forms.ChoiceField(choices=[("judged", "All judged")], required=False)


def judged_only(query: QueryDict) -> bool:
    """Whether a query string asks for the judged predictions alone."""
    return bool(_valid(PredictionsForm(query)).get("outcome"))


class LensForm(forms.Form):
    """Through whose eyes a reader wants to look: slugs of seats, separated by commas."""

    lens = forms.CharField(max_length=1000, required=False)

    def clean_lens(self) -> tuple[str, ...]:
        return tuple(filter(None, self.cleaned_data["lens"].split(",")))


class ComparisonOptionsForm(LensForm):
    """What a reader may ask of a comparison page in its query string. Anything else there is ignored."""

    only = forms.ChoiceField(choices=[("differences", "Facts that differ only")], required=False)


class ComparisonOptions(NamedTuple):
    """What was asked: the facts that differ only; the slugs of a lens."""

    only_differences: bool = False
    lens: tuple[str, ...] = ()


class BadgeForm(forms.Form):
    """Which badge is asked for. Anything but one of its sizes is the small one."""

    size = forms.ChoiceField(choices=[("small", "Small"), ("large", "Large")], required=False)


def badge_size(query: QueryDict) -> str:
    """The size that a badge's query string asks for: small or large."""
    return _valid(BadgeForm(query)).get("size") or "small"


def lens_slugs(query: QueryDict) -> tuple[str, ...]:
    """The slugs of seats that a query string asks to look through."""
    return _valid(LensForm(query)).get("lens", ())


def comparison_options(query: QueryDict) -> ComparisonOptions:
    """What a query string asks of a comparison page."""
    if not query:  # nearly always, and a form costs a tenth of a conditional answer
        return ComparisonOptions()
    asked = _valid(ComparisonOptionsForm(query))
    return ComparisonOptions(asked.get("only") == "differences", asked.get("lens", ()))


def _valid(form: forms.Form) -> dict[str, Any]:
    """The fields of a form that make sense."""
    form.is_valid()
    return form.cleaned_data


def typed_line(text: str) -> str:
    """What a person typed as a line: no control characters or invisible marks, single spaces, at most LONGEST long."""
    normal = unicodedata.normalize("NFKC", text[: 4 * LONGEST])
    visible = "".join(" " if unicodedata.category(sign)[0] == "C" else sign for sign in normal)
    return " ".join(visible.split())[:LONGEST].rstrip()


class TypedField(forms.Field):
    """A line that a person typed. Whatever comes is turned into one, so nothing is an error."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def to_python(self, value: Any) -> str:
        return typed_line(str(value or ""))


class TypedLinesField(forms.Field):
    """Some such lines, under one name: in their order, the same one once, none that is empty; at most `most`."""

    widget = forms.MultipleHiddenInput

    def __init__(self, *, most: int, **options: Any) -> None:
        super().__init__(required=False, **options)
        self.most = most

    def to_python(self, value: Any) -> tuple[str, ...]:
        lines = dict.fromkeys(typed_line(line) for line in value or [])
        return tuple(filter(None, lines))[: self.most]


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
    t = TypedField()


class CustomForm(LensForm):
    """Some tools to put in columns, each by whatever somebody calls it; one more than there are columns, so that
    what is left out can be said.
    """

    COLUMNS = 4

    t = TypedLinesField(most=COLUMNS + 1)


class CustomOptions(NamedTuple):
    """What was asked: some tools, as typed; the next one where there were too many; the slugs of a lens."""

    typed: tuple[str, ...]
    beyond: tuple[str, ...]
    lens: tuple[str, ...]


def custom_options(query: QueryDict) -> CustomOptions:
    """What a query string asks of the page of columns."""
    asked = _valid(CustomForm(query))
    typed = asked.get("t", ())
    return CustomOptions(typed[: CustomForm.COLUMNS], typed[CustomForm.COLUMNS :], asked.get("lens", ()))


def cleaned(form: forms.Form) -> dict[str, str]:
    """What a form that takes anything was given: {field: "" where there was nothing to be understood}."""
    form.is_valid()
    return {name: form.cleaned_data.get(name, "") for name in form.fields}
