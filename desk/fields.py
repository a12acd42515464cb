"""Form fields of the desk's pages."""

from collections.abc import Sequence
from typing import Any, Unpack

from django import forms
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import ForeignKey
from django.http import HttpRequest
from django.urls import reverse_lazy

from desk.ids import parse_id
from desk.shapes import FieldOptions
from web.fields import FORMFIELD_OVERRIDES, MultilineField
from web.normalize import normalize_line

MARKDOWN_PREVIEW_URL = reverse_lazy("admin:tools_tool_markdown")
"""Where static/desk/preview.js renders the Markdown of a field: the value of its `data-preview`."""


class SearchedSelect(AutocompleteSelect):
    """Django's autocomplete field, which raises ValueError if a form with a key that is no number is shown again."""

    def optgroups(self, name: str, value: Sequence[str], attr: dict[str, object] | None = None) -> list[Any]:
        return super().optgroups(name, [key for key in value if not key or parse_id(key)], attr)


class NormalizedTextAdmin(BaseModelAdmin):
    """An admin, or an inline, whose forms normalize text."""

    formfield_overrides = FORMFIELD_OVERRIDES

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField | None:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", SearchedSelect(db_field, self.admin_site, using=kwargs.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class LinesField(MultilineField):
    """A list of short texts, one per line. Trims them, and drops empty lines and case-insensitive duplicates."""

    def __init__(self, *, max_length: int, **options: Unpack[FieldOptions]) -> None:
        """Limit each line to `max_length` characters."""
        self.max_line_length = max_length
        super().__init__(**options)

    def prepare_value(self, value: object) -> object:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: object) -> list[str]:
        lines: dict[str, str] = {}
        for line in super().clean(value).splitlines():
            if words := normalize_line(line):
                lines.setdefault(words.casefold(), words)
        for line in lines.values():
            if len(line) > self.max_line_length:
                raise forms.ValidationError(
                    f"“{line[:40]}…” has {len(line)} characters; a line can have at most {self.max_line_length}."
                )
        return list(lines.values())

    def has_changed(self, initial: object, data: object) -> bool:
        try:
            return self.clean(data) != (initial or [])
        except forms.ValidationError:
            return True


class NativeDateInput(forms.DateInput):
    """A date input that uses the browser's own calendar."""

    input_type = "date"

    def __init__(self, attrs: dict[str, object] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")
