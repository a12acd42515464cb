"""Form fields of the desk's pages."""

from typing import Any

from django import forms
from django.urls import reverse_lazy

PREVIEW = reverse_lazy("admin:tools_tool_markdown")
"""Who shows Markdown as readers will see it: the `data-preview` of a field (static/desk/preview.js)."""


class WordsField(forms.CharField):
    """Words of several lines. Browsers send lines that end in CR and LF; what is kept ends them in LF alone."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(initial, self.to_python(data))


class LinesField(WordsField):
    """A list of short texts, one a line: trimmed, without empty ones, each once in whatever case."""

    def __init__(self, *, max_length: int, **options: Any) -> None:
        """Take the longest that one line may be, in characters."""
        self.longest_line = max_length
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        lines: dict[str, str] = {}
        for line in super().clean(value).splitlines():
            if words := " ".join(line.split()):
                lines.setdefault(words.casefold(), words)
        for line in lines.values():
            if len(line) > self.longest_line:
                raise forms.ValidationError(
                    f"“{line[:40]}…” has {len(line)} characters; {self.longest_line} is the most for a line."
                )
        return list(lines.values())

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.clean(data) != (initial or [])
        except forms.ValidationError:
            return True


class DayInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")
