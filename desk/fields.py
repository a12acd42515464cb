"""Form fields of the desk's pages."""

from typing import Any

from django import forms
from django.contrib.admin.options import BaseModelAdmin
from django.urls import reverse_lazy

from web.fields import FORMFIELD_OVERRIDES, MultilineField
from web.normalize import normalize_line

MARKDOWN_PREVIEW_URL = reverse_lazy("admin:tools_tool_markdown")
"""Where static/desk/preview.js renders the Markdown of a field: the value of its `data-preview`."""


class NormalizedTextAdmin(BaseModelAdmin):
    """An admin, or an inline, whose forms normalize text."""

    formfield_overrides = FORMFIELD_OVERRIDES


class LinesField(MultilineField):
    """A list of short texts, one per line. Trims them, and drops empty lines and case-insensitive duplicates."""

    def __init__(self, *, max_length: int, **options: Any) -> None:
        """Limit each line to `max_length` characters."""
        self.max_line_length = max_length
        super().__init__(**options)

    def prepare_value(self, value: object) -> object:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
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

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.clean(data) != (initial or [])
        except forms.ValidationError:
            return True


class NativeDateInput(forms.DateInput):
    """A date input that uses the browser's own calendar."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")
