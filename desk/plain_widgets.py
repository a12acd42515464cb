"""Widgets as Django renders them, without its templates: a page of a thousand fields takes a third of the time."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString, mark_safe

from desk.shapes import Context

INPUTS = ("text", "number", "url", "email", "hidden", "checkbox", "date")
_PLACE = "django/forms/widgets/"


class PlainRenderer(DjangoTemplates):
    """A form renderer that writes usual widgets and empty lists of errors by itself, and leaves others to Django."""

    def render(self, template_name: str, context: Context, request: HttpRequest | None = None) -> str:
        if write := _WRITERS.get(template_name):
            return write(context["widget"])
        if template_name.startswith("django/forms/errors/list/") and not context["errors"]:
            return ""
        return super().render(template_name, context, request)


def write_options(choices: Iterable[tuple[str, str]], chosen: str) -> SafeString:
    """Return the options of a select, of which one may be selected."""
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, mark_safe(" selected") if value == chosen else "", label) for value, label in choices),
    )


def _write_attributes(attributes: Mapping[str, Any]) -> str:
    return "".join(
        f" {conditional_escape(name)}"
        if value is True
        else f' {conditional_escape(name)}="{conditional_escape(value)}"'
        for name, value in attributes.items()
        if value is not False
    )


def _write_input(widget: Mapping[str, Any]) -> str:
    value = widget["value"]
    written = "" if value is None else f' value="{conditional_escape(value)}"'
    name = conditional_escape(widget["name"])
    return f'<input type="{widget["type"]}" name="{name}"{written}{_write_attributes(widget["attrs"])}>'


def _write_textarea(widget: Mapping[str, Any]) -> str:
    attributes = _write_attributes(widget["attrs"])
    text = conditional_escape(widget["value"]) if widget["value"] else ""
    return f'<textarea name="{conditional_escape(widget["name"])}"{attributes}>\n{text}</textarea>'


def _write_select(widget: Mapping[str, Any]) -> str:
    parts = [f'<select name="{conditional_escape(widget["name"])}"{_write_attributes(widget["attrs"])}>']
    for group, options, _ in widget["optgroups"]:
        if group:
            parts.append(f'\n  <optgroup label="{conditional_escape(group)}">')
        for option in options:
            value, attributes = conditional_escape(option["value"]), _write_attributes(option["attrs"])
            parts.append(f'\n  <option value="{value}"{attributes}>{conditional_escape(option["label"])}</option>')
        if group:
            parts.append("\n  </optgroup>")
    return "".join([*parts, "\n</select>"])


def _write_choices(widget: Mapping[str, Any]) -> str:
    """Return radio buttons or checkboxes, each in its label."""
    of_div = {name: value for name in ("id", "class") if (value := widget["attrs"].get(name))}
    parts = [f"<div{_write_attributes(of_div)}>"]
    for group, options, _ in widget["optgroups"]:
        if group:
            parts.append(f"\n  <div><label>{conditional_escape(group)}</label>")
        for option in options:
            own = option["attrs"].get("id")
            target = f' for="{conditional_escape(own)}"' if own else ""
            label = conditional_escape(option["label"])
            parts.append(f"<div>\n    <label{target}>{_write_input(option)} {label}</label></div>")
        if group:
            parts.append("\n  </div>")
    return "".join([*parts, "\n</div>"])


_WRITERS: Mapping[str, Callable[[Mapping[str, object]], str]] = {
    **{f"{_PLACE}{kind}.html": _write_input for kind in INPUTS},
    f"{_PLACE}textarea.html": _write_textarea,
    f"{_PLACE}select.html": _write_select,
    f"{_PLACE}radio.html": _write_choices,
    f"{_PLACE}checkbox_select.html": _write_choices,
}
PLAIN_RENDERER = PlainRenderer()
"""To give to formsets, which give it to their forms, and to forms as `default_renderer`."""
