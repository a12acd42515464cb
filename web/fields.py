"""Form fields for text that people type. Their values have the normal form of `web.normalize`."""

from typing import Any

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db import models

from web.mail_addresses import AddressValidator, encode_address
from web.normalize import normalize_line, normalize_text


def get_max_length(model: type[models.Model], field: str) -> int:
    """Return how many characters the column of a field holds; of a list, each of its items."""
    column = model._meta.get_field(field)
    text = column.base_field if isinstance(column, ArrayField) else column
    length: int = text.max_length  # type: ignore[union-attr, assignment] # a CharField with one
    return length


class LineField(forms.CharField):
    """One line of text."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(normalize_line(value) if isinstance(value, str) else value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether the text changed: white space and invisible characters are no change."""
        return super().has_changed(normalize_line(initial) if isinstance(initial, str) else initial, data)


class MultilineField(forms.CharField):
    """Text of several lines. Browsers send CRLF line endings; the cleaned value has LF only."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        return super().to_python(normalize_text(value) if isinstance(value, str) else value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(normalize_text(initial) if isinstance(initial, str) else initial, data)


class WebAddressField(LineField, forms.URLField):
    """An http or https address."""


class EmailAddressField(LineField, forms.EmailField):
    """An email address. The domain of its value is in ASCII."""

    default_validators = [AddressValidator()]

    def to_python(self, value: Any) -> Any:
        typed = super().to_python(value)
        return encode_address(typed) if isinstance(typed, str) else typed


class SlugLineField(LineField, forms.SlugField):
    """A slug."""


# For `ModelAdmin.formfield_overrides`: the fields that a model's columns of text get.
FORMFIELD_OVERRIDES: dict[type[models.Field], dict[str, Any]] = {
    models.CharField: {"form_class": LineField},
    models.TextField: {"form_class": MultilineField},
    models.SlugField: {"form_class": SlugLineField},
    models.URLField: {"form_class": WebAddressField},
    models.EmailField: {"form_class": EmailAddressField},
}
