"""Form fields for the value of a fact, by the kind of its attribute, and for an attribute's choices."""

from collections.abc import Collection, Sequence
from typing import Unpack

from django import forms

from desk.fields import NativeDateInput
from desk.shapes import TextFieldOptions
from tools.choices import AttributeKind, Grade
from tools.values import (
    MAX_CHOICE_NAME_LENGTH,
    MAX_CHOICES,
    MAX_NEED_LENGTH,
    SEPARATOR,
    Scale,
    parse_value,
    slug_choice,
    validate_choice_slug,
)
from web.fields import LineField, MultilineField
from web.normalize import normalize_line

CHOICE_SEPARATOR = "|"  # between a choice's name and its slug, where they are typed
NEED_SEPARATOR = ":"  # between the slug and the need


class ValueField(LineField):
    """A value that is typed, cleaned to the canonical form of its attribute's kind."""

    def __init__(self, *, scale: Scale, **options: Unpack[TextFieldOptions]) -> None:
        self.scale = scale
        super().__init__(**options)

    def clean(self, value: object) -> str:
        text: str = super().clean(value)
        try:
            return parse_value(self.scale, text) if text else ""
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def has_changed(self, initial: str | None, data: str | None) -> bool:
        """Return whether the value changed: `128k` is the same as `128000`."""
        if not data:
            return bool(initial)
        try:
            return self.clean(data) != normalize_line(initial or "")
        except forms.ValidationError:
            return True


class SeveralChoicesField(forms.MultipleChoiceField):
    """Choices to tick. The cleaned value is their slugs, as facts have them."""

    widget = forms.CheckboxSelectMultiple

    def prepare_value(self, value: Collection[str] | None) -> Collection[str] | None:
        return value.split(SEPARATOR) if isinstance(value, str) else value

    def clean(self, value: object) -> str:
        chosen = set(super().clean(value))
        return SEPARATOR.join(slug for slug, _ in self.choices if slug in chosen)  # type: ignore[misc, union-attr]

    def has_changed(self, initial: Collection[str] | None, data: Collection[str] | None) -> bool:
        return super().has_changed(self.prepare_value(initial or []), data)


def build_value_field(scale: Scale, *, max_length: int) -> forms.Field:
    """Return the field for the value of a fact: a select, boxes to tick, or a line with its unit."""
    match scale.kind:
        case AttributeKind.CHOICE if scale.several:
            return SeveralChoicesField(choices=scale.options, label="Values")
        case AttributeKind.CHOICE:
            return forms.ChoiceField(choices=[("", "—"), *scale.options], label="Value")
        case AttributeKind.GRADE:
            return forms.ChoiceField(choices=[("", "—"), *Grade.choices], label="Value")
        case AttributeKind.DAY:
            return ValueField(scale=scale, max_length=max_length, label="Day", widget=NativeDateInput)
        case AttributeKind.NUMBER:
            label = f"Number, in {scale.unit}" if scale.unit else "Number"
            widget = forms.TextInput(attrs={"inputmode": "decimal", "placeholder": "128000 or 128k"})
            return ValueField(scale=scale, max_length=max_length, label=label, widget=widget)
        case AttributeKind.VERSION:
            widget = forms.TextInput(attrs={"placeholder": "1.10"})
            return ValueField(scale=scale, max_length=max_length, label="Version", widget=widget)
    return ValueField(scale=scale, max_length=max_length, label="Value")


class ChoicesField(MultilineField):
    """The choices of an attribute, one name per line. A line may end in a slug and a need: `MIT | mit: you must sell`.

    The slug of a new choice is made from its name. The cleaned value is a list of {"slug", "name", "need"}, without an
    empty need.
    """

    def prepare_value(self, value: list[dict[str, str]] | str | None) -> str | None:
        return write_choices(value) if isinstance(value, list) else value

    def clean(self, value: object) -> list[dict[str, str]]:
        lines = [line for line in map(normalize_line, (super().clean(value) or "").splitlines()) if line]
        if len(lines) > MAX_CHOICES:
            raise forms.ValidationError(f"An attribute has at most {MAX_CHOICES} choices.")
        return [_parse_choice(line) for line in lines]

    def has_changed(self, initial: object, data: object) -> bool:
        try:
            return self.clean(data) != (initial or [])
        except forms.ValidationError:
            return True


def write_choices(choices: Sequence[dict[str, str]]) -> str:
    """Return choices as lines of text: the name, the slug where it cannot be made from the name, and the need."""
    return "\n".join(map(_write_choice, choices))


def _write_choice(choice: dict[str, str]) -> str:
    name, slug, need = choice["name"], choice["slug"], choice.get("need", "")
    if need:
        return f"{name} {CHOICE_SEPARATOR} {slug}{NEED_SEPARATOR} {need}"
    is_plain = slug_choice(name) == slug and CHOICE_SEPARATOR not in name
    return name if is_plain else f"{name} {CHOICE_SEPARATOR} {slug}"


def _parse_choice(line: str) -> dict[str, str]:
    name, separator, rest = (part.strip() for part in line.rpartition(CHOICE_SEPARATOR))
    slug, _, need = (part.strip() for part in rest.partition(NEED_SEPARATOR))
    if not separator:
        name, slug, need = line, "", ""
    slug = slug or slug_choice(name)
    if not name or not slug:
        raise forms.ValidationError(f"“{line}” needs a name with a letter or a digit.")
    if len(name) > MAX_CHOICE_NAME_LENGTH:
        raise forms.ValidationError(f"“{name[:40]}…” has more than {MAX_CHOICE_NAME_LENGTH} characters.")
    try:
        validate_choice_slug(slug)
    except forms.ValidationError as error:
        raise forms.ValidationError(f"“{slug}”: {error.message}") from None
    if len(need) > MAX_NEED_LENGTH:
        raise forms.ValidationError(f"“{need[:40]}…” has more than {MAX_NEED_LENGTH} characters.")
    return {"slug": slug, "name": name, **({"need": need} if need else {})}
