"""One form in three versions: as its user opened it, as they sent it, and as the database has it now.

The first is read from the history at the version that the form carries (`events.read_states`), and not from hidden
fields: those would double the size of a form of a thousand fields, and the history cannot be forged by a browser.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString

from desk.fields import LinesField
from desk.history.events import TrackedModel
from desk.history.field_changes import LONG_TEXT_LENGTH, NO_VALUE, Values, render_difference
from desk.history.merging import Row
from desk.row_inputs import RowsField

type BuildForm = Callable[[QueryDict | None], forms.BaseForm]
"""Build a form whose initial values are those of one version, bound to what was posted or unbound."""


@dataclass(frozen=True, slots=True)
class Typed:
    """Input that differs from both other versions."""

    values: tuple[str, ...]


@dataclass(slots=True)
class FormVersions:
    """The versions of one form. None is a row that does not exist in that version, or no longer."""

    key: str  # its prefix
    label: str  # "" for the object's own form
    base: BuildForm | None
    theirs: BuildForm | None
    is_removed: bool = False  # by the user who posted it
    gone: str = "They removed it, and you changed it."

    def read(self, posted: QueryDict) -> tuple[Row | None, Row | None, Row | None]:
        """Return the values of all fields: base, mine, and theirs, such that equal values are equal."""
        base, theirs = (build(posted) if build else None for build in (self.base, self.theirs))
        known = [form for form in (base, theirs) if form is not None]
        names = [name for name in known[0].fields if all(name in form.fields for form in known)] if known else []
        was, other = ({name: read_initial(form, name) for name in names} if form else None for form in (base, theirs))
        if self.is_removed:
            return was, None, other
        mine = {}
        for name in names:
            unchanged = next((form for form in known if name not in form.changed_data), None)
            mine[name] = read_initial(unchanged, name) if unchanged else read_typed(known[0], name)
        return was, mine, other


def read_initial(form: forms.BaseForm, name: str) -> Any:
    """Return the initial value of a field: a tuple for a list of entries, None for no value."""
    field = form.fields[name]
    value = form.get_initial_for_field(field, name)
    if isinstance(field, LinesField):
        return tuple(value or ())
    value = field.prepare_value(value)
    if isinstance(field, forms.ModelMultipleChoiceField):
        return tuple(sorted(str(one) for one in value or ()))
    return None if value in ("", []) else value


def read_typed(form: forms.BaseForm, name: str) -> Any:
    """Return what was typed into a field, as `read_initial` would return it."""
    field, data = form.fields[name], form[name].data
    if isinstance(field, LinesField):
        try:
            return tuple(field.clean(data))
        except ValidationError:
            return Typed((str(data),))
    if isinstance(field, forms.ModelMultipleChoiceField):
        return tuple(sorted(str(one) for one in data or ()))
    return Typed(tuple(str(one) for one in (data if isinstance(data, list) else [data])))


def build_initial(tracked: TrackedModel, values: Values) -> dict[str, object]:
    """Return the state of a row as the initial values of its form."""
    return {
        field.name: values[field.attname]
        for field in [*tracked.model._meta.concrete_fields, *tracked.history._history_m2m_fields]
        if field.attname in values
    }


def build_row(model: type[models.Model], values: Values) -> models.Model:
    """Return a row with the values of a state, for a form that needs an instance."""
    names = {field.attname for field in model._meta.concrete_fields}
    return model(**{name: value for name, value in values.items() if name in names})


# -- What a browser would post -------------------------------------------------------------------------------


def write_value(posted: QueryDict, form: forms.BaseForm, name: str, value: object) -> None:
    """Put a merged value into a posted form: theirs as their unbound form would post it, or a merged list."""
    bound = form[name]
    drop_controls(posted, bound.html_name)
    if value == read_initial(form, name):
        for control, values in read_controls(str(bound)).items():
            posted.setlist(control, values)
    elif isinstance(value, tuple):
        lines = isinstance(bound.field, LinesField)
        posted.setlist(bound.html_name, ["\n".join(value)] if lines else list(value))


def drop_controls(posted: QueryDict, name: str) -> None:
    """Remove a field from a posted form: its control, or the controls of its rows."""
    for key in [key for key in posted if re.fullmatch(rf"{re.escape(name)}(-[0-9]+-.+)?", key, re.DOTALL)]:
        del posted[key]


class _Controls(HTMLParser):
    """The successful controls of a piece of a form."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self.select: tuple[str, bool] | None = None
        self.options: list[tuple[str, bool]] = []
        self.area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        name = has.get("name", "")
        if tag == "select":
            self.select, self.options = (name, "multiple" in has), []
        elif tag == "option" and self.select:
            self.options.append((has.get("value", ""), "selected" in has))
        elif not name or "disabled" in has:
            return
        elif tag == "textarea":
            self.area = name
            self.values.setdefault(name, []).append("")
        elif tag == "input" and has.get("type") not in ("submit", "button", "image", "reset", "file"):
            if has.get("type") not in ("checkbox", "radio"):
                self.values.setdefault(name, []).append(has.get("value", ""))
            elif "checked" in has:
                self.values.setdefault(name, []).append(has.get("value", "on"))

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.values[self.area][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.area is not None:
            self.values[self.area][-1] = self.values[self.area][-1].removeprefix("\n")
            self.area = None
        elif tag == "select" and self.select is not None:
            name, is_multiple = self.select
            chosen = [value for value, is_selected in self.options if is_selected]
            if not chosen and not is_multiple and self.options:
                chosen = [self.options[0][0]]
            if name and chosen:
                self.values.setdefault(name, []).extend(chosen)
            self.select = None


def read_controls(html: str) -> dict[str, list[str]]:
    """Return what a browser would post of a piece of a form: the values of each control."""
    parser = _Controls()
    parser.feed(html)
    parser.close()
    return parser.values


def read_all_controls(form: forms.BaseForm) -> dict[str, list[str]]:
    """Return what a browser would post of an unbound form."""
    return {name: values for bound in form for name, values in read_controls(str(bound)).items()}


# -- What the editor reads -----------------------------------------------------------------------------------


def describe(
    base_form: BuildForm | None, theirs: BuildForm, posted: QueryDict, name: str
) -> Iterator[tuple[str, SafeString]]:
    """Yield the versions of a field that is asked, as (what, HTML). Long texts show what differs from the base."""
    base = describe_value(base_form(None), name) if base_form else None
    if base is not None:
        yield "Before", format_html("{}", _shorten(base) or NO_VALUE)
    for title, text in (
        ("Theirs", describe_value(theirs(None), name)),
        ("Yours", describe_value(theirs(posted), name)),
    ):
        if base is not None and min(len(base), len(text)) > LONG_TEXT_LENGTH:
            yield title, render_difference(base, text)
        else:
            yield title, format_html("{}", text or NO_VALUE)


def describe_value(form: forms.BaseForm, name: str) -> str:
    """Return the value of a field, typed or initial, as text with the label of a choice."""
    bound = form[name]
    value, field = bound.value(), bound.field
    if isinstance(field, RowsField):
        return field.describe(value)
    if isinstance(field, forms.BooleanField):
        return "yes" if value and value != "False" else "no"
    if isinstance(field, forms.ModelChoiceField):
        keys = [
            str(one) for one in (value if isinstance(value, list | tuple) else [value]) if str(one or "").isdecimal()
        ]
        return ", ".join(map(str, field.queryset.filter(pk__in=keys))) if keys and field.queryset is not None else ""
    if isinstance(field, forms.ChoiceField):
        choices = dict(field.choices)  # type: ignore[arg-type] # an iterable of pairs once the form is made
        labels = {str(key): str(label) for key, label in choices.items() if not isinstance(label, list | tuple)}
        return labels.get(str(value), str(value or "")) if value else ""
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value if part)
    return "" if value is None else str(value)


def _shorten(text: str) -> str:
    return text if len(text) <= 2 * LONG_TEXT_LENGTH else f"{text[: 2 * LONG_TEXT_LENGTH]}…"
