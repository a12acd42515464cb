"""The fields that differ between two states of a row, as text and HTML. No queries."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import SequenceMatcher
from typing import Any

from django.db import models
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from comparisons.editor_lines import EditorLine, is_editor_line
from newsletter.content import is_stored_pieces, write_piece_lines
from tools.presets import is_stored_presets, write_preset_lines
from tools.rates import is_stored_rates, write_rate_lines
from web.caching import process_cache
from web.words import format_day, format_moment

NO_VALUE = "—"
LONG_TEXT_LENGTH = 60  # characters; changes of longer texts are marked within the text
CONTEXT_LENGTH = 80  # characters shown on either side of a change in a long text
MAX_WORDS = 2_000  # texts up to this length are compared word by word, longer ones line by line

type Names = Mapping[type[models.Model], Mapping[int, str]]
"""The names of rows that other rows refer to, by model and id."""
type Values = Mapping[str, Any]
"""The values of a row by column name; a many-to-many field has its own name and a list of ids."""

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs: its name, its label, both values as text, and the change as HTML."""

    name: str
    label: str
    before: str
    after: str
    html: SafeString


def compare_states(
    fields: Sequence[models.Field], before: Values | None, after: Values | None, names: Names
) -> list[FieldChange]:
    """Return the fields that differ between two states of a row, in their order. None is a row that does not exist."""
    changes = []
    for field in fields:
        old, new = ((values or {}).get(field.attname) for values in (before, after))
        if (old or None) == (new or None):
            continue
        old_text, new_text = format_value(field, old, names), format_value(field, new, names)
        if old_text == new_text and isinstance(new, list) and is_stored_pieces(new):
            continue  # only what the program notes about the pieces differs
        if before is not None and after is not None:
            html = render_difference(old_text, new_text)
        else:
            html = format_html("{}", new_text or old_text)
        label = str(capfirst(field.verbose_name))
        changes.append(FieldChange(field.name, label, old_text or NO_VALUE, new_text or NO_VALUE, html))
    return changes


def format_value(field: models.Field, value: Any, names: Names) -> str:
    """Return the value of a field as an editor reads it; "" for no value."""
    if value in (None, "", []):
        return ""
    if field.is_relation:
        known = names.get(field.related_model, {}) if field.related_model else {}
        ids: list[int] = value if isinstance(value, list) else [value]
        return ", ".join(known.get(pk, f"number {pk}, which no longer exists") for pk in ids)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    match value:
        case bool():
            return "yes" if value else "no"
        case datetime():
            return format_moment(value, with_seconds=True)
        case date():
            return format_day(value)
        case list() if is_stored_rates(value):
            return write_rate_lines(value).replace("\n", "; ")
        case list() if is_stored_presets(value):
            return write_preset_lines(value).replace("\n", "; ")
        case list() if is_stored_pieces(value):
            return write_piece_lines(value)
        case list():
            return ", ".join(map(_format_item, value))
    return f"{value:f}".rstrip("0").rstrip(".") if field.get_internal_type() == "DecimalField" else str(value)


def _format_item(item: object) -> str:
    """Return an item of a list, such as a choice of an attribute, as an editor reads it."""
    if not isinstance(item, dict):
        return str(item)
    if is_editor_line(item):
        return EditorLine(**item).description
    return f"{item['name']} ({item['need']})" if item.get("need") else str(item["name"])


def render_difference(old: str, new: str) -> SafeString:
    """Return a change as HTML: short texts side by side, long ones as one text with deletions and insertions marked."""
    if max(len(old), len(new)) < LONG_TEXT_LENGTH or not old or not new:
        nothing = mark_safe(f'<span class="nothing">{NO_VALUE}</span>')  # noqa: S308 (our constant)
        deleted = format_html("<del>{}</del>", old) if old else nothing
        inserted = format_html("<ins>{}</ins>", new) if new else nothing
        return format_html("{} → {}", deleted, inserted)
    return _render_long_difference(old, new)


@process_cache(maxsize=256)
def _render_long_difference(old: str, new: str) -> SafeString:
    pattern = _WORDS if max(len(_WORDS.findall(text)) for text in (old, new)) <= MAX_WORDS else _LINES
    old_words, new_words = pattern.findall(old), pattern.findall(new)
    parts = []
    for tag, i, j, k, m in SequenceMatcher(None, old_words, new_words, autojunk=pattern is _LINES).get_opcodes():
        deleted, inserted = "".join(old_words[i:j]), "".join(new_words[k:m])
        if tag == "equal":
            parts.append(conditional_escape(_cut_middle(deleted, is_first=i == 0, is_last=j == len(old_words))))
            continue
        if deleted:
            parts.append(format_html("<del>{}</del>", deleted))
        if inserted:
            parts.append(format_html("<ins>{}</ins>", inserted))
    return format_html_join("", "{}", ((part,) for part in parts))


def _cut_middle(text: str, *, is_first: bool, is_last: bool) -> str:
    """Return an unchanged passage without its middle if it is long. At an end of the text, keep only the inner side."""
    head, tail = ("" if is_first else text[:CONTEXT_LENGTH]), ("" if is_last else text[-CONTEXT_LENGTH:])
    return text if len(text) <= len(head) + len(tail) + CONTEXT_LENGTH else f"{head}…{tail}"
