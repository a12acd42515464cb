"""Form fields of the desk's pages."""

from typing import Any

from django import forms
from django.urls import reverse_lazy

MARKDOWN_PREVIEW_URL = reverse_lazy("admin:tools_tool_markdown")
"""Where static/desk/preview.js renders the Markdown of a field: the value of its `data-preview`."""


class MultilineField(forms.CharField):
    """Text of several lines. Browsers send CRLF line endings; the cleaned value has LF only."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(initial, self.to_python(data))


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
            if words := " ".join(line.split()):
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
