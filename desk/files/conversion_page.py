"""The page that converts an attribute and its facts to another kind: the kind, then a row per present value."""

from collections import Counter
from typing import NamedTuple

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from desk.files.converting import (
    Conversion,
    ValuesChangedError,
    convert_attribute,
    suggest_choices,
    suggest_conversion,
)
from desk.shapes import Cleaned
from desk.value_fields import ChoicesField
from tools.choices import AttributeKind
from tools.models import Attribute, Fact, find_attribute_errors
from tools.values import Scale, parse_value, read_options, slug_choice
from web.fields import LineField, get_max_length
from web.http import SeeOther
from web.words import count_of

CHANGED = "Someone has saved a fact of this attribute in the meantime. Nothing was converted. These are the values now."
TOO_MANY = "Its facts have {:,} different values, too many for one page. Convert them with a catalog file."
MAX_VALUES = 500  # distinct values on one page: three fields each


class KindForm(forms.Form):
    """The kind that an attribute is to have."""

    kind = forms.ChoiceField(choices=AttributeKind)
    several = forms.BooleanField(
        required=False, label="Several values", help_text="For choices: one tool may have several."
    )
    choices = ChoicesField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 10, "class": "vLargeTextField"}),
        help_text="For choices: one per line, in the order in which readers see them.",
    )
    unit = LineField(
        required=False,
        max_length=get_max_length(Attribute, "unit"),
        help_text="For numbers: what they count, such as “tokens”.",
    )

    def clean(self) -> Cleaned:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if cleaned["kind"] != AttributeKind.CHOICE:  # suggestions for choices are not errors
            cleaned["choices"], cleaned["several"] = [], False
        if cleaned["kind"] != AttributeKind.NUMBER:
            cleaned["unit"] = ""
        errors = find_attribute_errors(
            kind=cleaned["kind"],
            options=self.scale.options,
            several=cleaned["several"],
            unit=cleaned["unit"],
            better="",
        )
        for field, message in errors.items():
            self.add_error(field, message)
        return cleaned

    @property
    def scale(self) -> Scale:
        """The values that facts will have. Only for a form without errors."""
        options = read_options(self.cleaned_data["choices"])
        return Scale(
            self.cleaned_data["kind"], options, several=self.cleaned_data["several"], unit=self.cleaned_data["unit"]
        )


class ConversionRow(NamedTuple):
    """A present value, how many facts have it, and what it becomes."""

    value: str
    facts: int
    number: int
    becomes: str
    note: str
    error: str = ""


def handle_conversion(request: HttpRequest, attribute: Attribute, *, context: dict[str, object]) -> HttpResponse:
    """Show the form, then what would change, then convert. `context` is the desk's own."""
    current = Fact.objects.current().filter(attribute=attribute).order_by()
    values = Counter(dict(current.values_list("value").annotate(number=Count("pk")).order_by("-number", "value")))
    form = KindForm(request.POST if request.method == "POST" else None, initial=_suggest_kind(attribute, values))
    context |= {"title": f"Convert {attribute}", "attribute": attribute, "form": form, "facts": values.total()}
    if len(values) > MAX_VALUES:
        messages.error(request, TOO_MANY.format(len(values)))
        return SeeOther(reverse("admin:tools_attribute_change", args=[attribute.pk]))
    if form.is_valid():
        scale = form.scale
        entered = _read_entered(request)
        rows = [
            _build_row(scale, number, value, values[value], entered.get(value)) for number, value in enumerate(values)
        ]
        is_ready = entered.keys() >= values.keys() and not any(row.error for row in rows)
        if is_ready and "convert" in request.POST:
            return _convert(request, attribute, form, rows)
        context |= {"rows": rows, "scale": scale, "is_ready": is_ready, "entered": bool(entered)}
    return TemplateResponse(request, "desk/files/convert.html", context)


def _suggest_kind(attribute: Attribute, values: Counter[str]) -> dict[str, object]:
    """Return the initial values of the form: what the attribute is, or, for text, choices made from its values."""
    if attribute.kind != AttributeKind.TEXT:
        return {name: getattr(attribute, name) for name in ("kind", "several", "choices", "unit")}
    names = {slug: name for name in reversed(suggest_choices(values)) if (slug := slug_choice(name))}
    choices = [{"slug": slug, "name": name} for slug, name in reversed(names.items())]
    return {"kind": AttributeKind.CHOICE, "several": False, "choices": choices, "unit": ""}


def _read_entered(request: HttpRequest) -> dict[str, tuple[str, str]]:
    """Return what the editor entered for each value: {value: (what it becomes, note)}."""
    line = LineField(required=False)
    entered = {}
    for number in range(MAX_VALUES):
        if (value := request.POST.get(f"row-{number}")) is None:
            break
        becomes, note = (request.POST.get(f"{name}-{number}", "") for name in ("becomes", "note"))
        entered[value] = line.clean(becomes), line.clean(note)
    return entered


def _build_row(scale: Scale, number: int, value: str, facts: int, entered: tuple[str, str] | None) -> ConversionRow:
    """Return the row of a value: as the editor entered it, or as suggested if they have not seen it yet."""
    if entered is None:
        suggested = suggest_conversion(scale, value)
        return ConversionRow(value, facts, number, suggested.value, suggested.note[: _note_length()])
    becomes, note = entered
    error = "" if becomes else "Enter what it becomes."
    try:
        becomes = parse_value(scale, becomes) if becomes else ""
    except ValueError as problem:
        error = str(problem)
    if not error and len(note) > _note_length():
        error = f"The note has {len(note)} characters; the maximum is {_note_length()}."
    return ConversionRow(value, facts, number, becomes, note, error)


def _note_length() -> int:
    length: int = Fact._meta.get_field("note").max_length  # type: ignore[assignment] # a CharField with one
    return length


def _convert(request: HttpRequest, attribute: Attribute, form: KindForm, rows: list[ConversionRow]) -> HttpResponse:
    for name in ("kind", "several", "choices", "unit"):
        setattr(attribute, name, form.cleaned_data[name])
    if attribute.kind != AttributeKind.NUMBER:
        attribute.better = ""
    conversions = {row.value: Conversion(row.becomes, row.note) for row in rows}
    here = reverse("admin:tools_attribute_convert", args=[attribute.pk])
    try:
        changed = convert_attribute(attribute=attribute, conversions=conversions, by=request.user)  # type: ignore[arg-type] # signed in
    except ValuesChangedError:
        messages.warning(request, CHANGED)
        return SeeOther(here)
    messages.success(
        request, f"{attribute} is a {attribute.get_kind_display().lower()} now; {count_of(changed, 'fact')} changed."
    )
    return SeeOther(reverse("admin:tools_attribute_change", args=[attribute.pk]))
