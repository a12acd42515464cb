import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from django import forms
from django.http import QueryDict

from comparisons.choices import ChangeKind
from comparisons.shaping.estimates import SEATS, Typed
from comparisons.shaping.needs import MAX_NEEDS
from comparisons.shaping.seat_filter import PanelSeat
from comparisons.shaping.tool_table import SEAT_PREFIX, sort_of
from reviews.models import Reviewer
from tools import slugs
from tools.choices import Meter, PlanKind
from tools.search import MAX_QUERY_LENGTH
from votes.models import Camp
from web.fields import LineField
from web.normalize import normalize_line

_NOT_TYPED = {"Cc", "Cn", "Co", "Cs"}  # Unicode categories


class BudgetField(forms.Field):
    """Dollars a month as people write them: `20`, `$20`, `19.99`. More than 0."""

    def to_python(self, value: Any) -> Decimal | None:
        found = re.fullmatch(r"\$?\s*([0-9]{1,6}(?:\.[0-9]{1,2})?)", normalize_line(str(value or ""))[:20])
        return (Decimal(found[1]) or None) if found else None


class SortField(forms.ChoiceField):
    """An order. One by a seat may name it by a former slug; that takes three queries, and others take none."""

    def to_python(self, value: Any) -> str:
        sort: str = super().to_python(value)
        slug = sort.removeprefix(SEAT_PREFIX)
        if slug == sort or self.valid_value(sort) or not re.fullmatch(slugs.PATTERN, slug):
            return sort
        reviewer = Reviewer.objects.by_slug(slug)
        return SEAT_PREFIX + reviewer.slug if reviewer else sort


class ToolFilterForm(forms.Form):
    """The filters and the order of the list of tools, which may be by the verdict of one of the `seats`. Invalid values
    are ignored.
    """

    SORTS = (("", "Ranking"), ("community", "Community"), ("reviewed", "Newest review"), ("name", "Name"))

    def __init__(self, query: QueryDict, seats: Iterable[PanelSeat]) -> None:
        super().__init__(query)
        sort = self.fields["sort"]
        sort.choices = [*self.SORTS, *((sort_of(seat), seat.name) for seat in seats)]  # type: ignore[attr-defined]

    category = LineField(max_length=slugs.MAX_LENGTH, required=False)
    price = forms.ChoiceField(choices=PlanKind, required=False)
    budget = BudgetField(required=False)
    panel = forms.ChoiceField(choices=Camp, required=False)
    community = forms.BooleanField(required=False)
    sort = SortField(choices=SORTS, required=False)


class ToolFilter(NamedTuple):
    """The filters of the list of tools; "" and False select all tools."""

    category: str = ""
    price: str = ""
    budget: Decimal | None = None
    panel: str = ""
    community: bool = False
    sort: str = ""


def parse_tool_filter(query: QueryDict, seats: Iterable[PanelSeat]) -> ToolFilter:
    """Return the filters in the query string of the list of tools, given the seats of the panel."""
    return ToolFilter(**clean_valid(ToolFilterForm(query, seats)))


class ChangesForm(forms.Form):
    """The filters of the list of changes, and the key of the last change of the page before. See ChangesFilter."""

    kind = forms.ChoiceField(choices=ChangeKind, required=False)
    category = LineField(max_length=slugs.MAX_LENGTH, required=False)
    before = forms.RegexField(r"\A[0-9]{1,17}-[0-9]-[0-9]{1,18}\Z", required=False)


class ChangesFilter(NamedTuple):
    """The filters of the list of changes; "" selects all. `before` is the key of a change; "" is the first page."""

    kind: str = ""
    category: str = ""
    before: str = ""


def parse_changes_filter(query: QueryDict) -> ChangesFilter:
    """Return the filters in the query string of the list of changes, or of a feed of it."""
    return ChangesFilter(**clean_valid(ChangesForm(query)))


class PredictionsForm(forms.Form):
    """The filter of the list of predictions."""

    outcome = forms.ChoiceField(choices=[("judged", "All judged")], required=False)


def parse_judged_only(query: QueryDict) -> bool:
    """Return whether a query string selects judged predictions only."""
    return bool(clean_valid(PredictionsForm(query)).get("outcome"))


class SeatFilterForm(forms.Form):
    """The seats that a reader selects: their slugs, separated by commas."""

    lens = LineField(max_length=1000, required=False)

    def clean_lens(self) -> tuple[str, ...]:
        return tuple(filter(None, self.cleaned_data["lens"].split(",")))


class CostForm(forms.Form):
    """What a reader would use in a month: seats, and a field per meter."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in (SEATS, *Meter.values):
            self.fields[name] = TypedField()


def parse_usage(query: QueryDict) -> Typed:
    """Return what a query string says of a reader's usage, as typed: (field, text), without empty fields."""
    if not query:
        return ()
    return tuple((name, text) for name, text in clean_valid(CostForm(query)).items() if text)


class NeedsField(forms.Field):
    """What a reader must have: one per parameter, or several separated by commas. One more than counts is kept."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> tuple[str, ...]:
        needs = dict.fromkeys(normalize_query(need) for text in value or [] for need in text.split(","))
        return tuple(filter(None, needs))[: MAX_NEEDS + 1]


class NeedsForm(forms.Form):
    """The must-haves of a reader: `self-hosting`, `license:mit`, `context-window:128000`."""

    need = NeedsField(required=False)


def parse_needs(query: QueryDict) -> tuple[str, ...]:
    """Return the must-haves in a query string, as written."""
    return clean_valid(NeedsForm(query)).get("need", ())


class ComparisonOptionsForm(SeatFilterForm, NeedsForm):
    """The query string of a comparison page. Other parameters are ignored."""

    only = forms.ChoiceField(choices=[("differences", "Facts that differ only")], required=False)


class ComparisonOptions(NamedTuple):
    """What a reader selected on a comparison page: only the facts that differ, the slugs of seats to count,
    must-haves, and what they would use in a month, as typed.
    """

    only_differences: bool = False
    seat_slugs: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    usage: Typed = ()


class BadgeForm(forms.Form):
    """The size of a badge. An unknown size is small."""

    size = forms.ChoiceField(choices=[("small", "Small"), ("large", "Large")], required=False)


def parse_badge_size(query: QueryDict) -> str:
    """Return the size of a badge that a query string selects: small or large."""
    return clean_valid(BadgeForm(query)).get("size") or "small"


def parse_seat_slugs(query: QueryDict) -> tuple[str, ...]:
    """Return the slugs of the seats that a query string selects."""
    return clean_valid(SeatFilterForm(query)).get("lens", ())


def parse_comparison_options(query: QueryDict) -> ComparisonOptions:
    """Return what the query string of a comparison page selects."""
    if not query:  # the usual case; cleaning a form would take a tenth of the time of a 304
        return ComparisonOptions()
    cleaned = clean_valid(ComparisonOptionsForm(query))
    return ComparisonOptions(
        cleaned.get("only") == "differences", cleaned.get("lens", ()), cleaned.get("need", ()), parse_usage(query)
    )


def clean_valid(form: forms.Form) -> dict[str, Any]:
    """Return the valid fields of a form; invalid ones are left out, as if they had not been sent."""
    form.is_valid()
    return form.cleaned_data


def normalize_query(text: str) -> str:
    """Return typed text as one line of at most MAX_QUERY_LENGTH characters.

    It has the normal form of names, in NFKC, so that full-width letters find ASCII names, and without characters that
    nobody types: controls, surrogates, and the private-use delimiters of highlights.
    """
    line = normalize_line(unicodedata.normalize("NFKC", text[: 4 * MAX_QUERY_LENGTH]))
    typed = "".join(" " if unicodedata.category(character) in _NOT_TYPED else character for character in line)
    return normalize_line(typed)[:MAX_QUERY_LENGTH].rstrip()


class TypedField(forms.Field):
    """A line that a person typed. Any input is normalized to one, so there are no errors."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def to_python(self, value: Any) -> str:
        return normalize_query(str(value or ""))


class TypedLinesField(forms.Field):
    """Typed lines under one name: in their order, without empty lines and duplicates, at most `most`."""

    widget = forms.MultipleHiddenInput

    def __init__(self, *, most: int, **options: Any) -> None:
        super().__init__(required=False, **options)
        self.most = most

    def to_python(self, value: Any) -> tuple[str, ...]:
        lines = dict.fromkeys(normalize_query(line) for line in value or [])
        return tuple(filter(None, lines))[: self.most]


class SearchForm(forms.Form):
    """A search. An unknown kind or page is ignored."""

    q = TypedField()
    kind = forms.ChoiceField(
        choices=[("tools", "Tools"), ("comparisons", "Comparisons"), ("reviews", "Reviews")], required=False
    )
    page = TypedField()


class PickerForm(forms.Form):
    """Two tools, each by any of its names."""

    a = TypedField()
    b = TypedField()


class SuggestForm(PickerForm):
    """What has been typed so far, under the name of the field it was typed into."""

    q = TypedField()
    t = TypedField()


class CustomForm(SeatFilterForm, NeedsForm):
    """Tools to show in columns, each by any of its names.

    It takes one tool more than there are columns, so that the page can say that it left tools out.
    """

    COLUMNS = 4

    t = TypedLinesField(most=COLUMNS + 1)


class CustomOptions(NamedTuple):
    """What a reader entered on the page of columns: tools as typed, the first tool too many, the slugs of seats,
    must-haves, and what they would use in a month, as typed.
    """

    typed: tuple[str, ...]
    beyond: tuple[str, ...]
    seat_slugs: tuple[str, ...]
    needs: tuple[str, ...]
    usage: Typed = ()


def parse_custom_options(query: QueryDict) -> CustomOptions:
    """Return what the query string of the page of columns holds."""
    cleaned = clean_valid(CustomForm(query))
    typed = cleaned.get("t", ())
    return CustomOptions(
        typed[: CustomForm.COLUMNS],
        typed[CustomForm.COLUMNS :],
        cleaned.get("lens", ()),
        cleaned.get("need", ()),
        parse_usage(query),
    )


def clean_all(form: forms.Form) -> dict[str, str]:
    """Return every field of a form that accepts anything; "" for a field that is missing or not understood."""
    form.is_valid()
    return {name: form.cleaned_data.get(name, "") for name in form.fields}
