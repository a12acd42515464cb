"""What differs between two states of a row, field by field, in words and HTML. No queries."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import SequenceMatcher
from typing import Any

from django.db import models
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from web.caching import process_cache
from web.words import format_day

NOTHING = "—"
LONG_TEXT = 60  # characters, from which on a change is shown within the text and not as two texts
AROUND = 80  # characters kept on either side of what changed in a long text
MOST_PIECES = 2_000  # words of a text up to which it is compared word by word; above, line by line

type Names = Mapping[type[models.Model], Mapping[int, str]]
"""What rows are called that others point to: by model, then id."""
type Values = Mapping[str, Any]
"""A row by the names of its columns; a many-to-many field by its own name, with ids."""

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs: its name, what it is called, what it was and is in words, and both as HTML."""

    name: str
    label: str
    before: str
    after: str
    html: SafeString


def field_changes(fields: list[Any], before: Values | None, after: Values | None, names: Names) -> list[FieldChange]:
    """What differs between two states of a row, in the order of the fields; None is a row that is not there."""
    changes = []
    for field in fields:
        old, new = ((values or {}).get(field.attname) for values in (before, after))
        if (old or None) == (new or None):
            continue
        was, now = said(field, old, names), said(field, new, names)
        html = difference(was, now) if before is not None and after is not None else format_html("{}", now or was)
        label = str(capfirst(field.verbose_name))
        changes.append(FieldChange(field.name, label, was or NOTHING, now or NOTHING, html))
    return changes


def said(field: Any, value: Any, names: Names) -> str:
    """The value of a field as an editor reads it; "" for nothing."""
    if value in (None, "", []):
        return ""
    if field.is_relation:
        known = names.get(field.related_model, {})
        ids = value if isinstance(value, list) else [value]
        return ", ".join(known.get(pk, f"number {pk}, which is gone") for pk in ids)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    match value:
        case datetime():
            return f"{format_day(value.date())}, {value:%H:%M:%S} UTC"
        case date():
            return format_day(value)
        case list():
            return ", ".join(map(str, value))
    return f"{value:f}".rstrip("0").rstrip(".") if field.get_internal_type() == "DecimalField" else str(value)


def difference(old: str, new: str) -> SafeString:
    """From one text to another: short ones beside each other, long ones as one text with what went and came marked."""
    if max(len(old), len(new)) < LONG_TEXT or not old or not new:
        gone = format_html("<del>{}</del>", old) if old else mark_safe(f'<span class="nothing">{NOTHING}</span>')  # noqa: S308
        came = format_html("<ins>{}</ins>", new) if new else mark_safe(f'<span class="nothing">{NOTHING}</span>')  # noqa: S308
        return format_html("{} → {}", gone, came)
    return _within(old, new)


@process_cache(maxsize=256)
def _within(old: str, new: str) -> SafeString:
    pieces = _WORDS if max(len(_WORDS.findall(text)) for text in (old, new)) <= MOST_PIECES else _LINES
    one, two = pieces.findall(old), pieces.findall(new)
    parts = []
    for what, i, j, k, m in SequenceMatcher(None, one, two, autojunk=pieces is _LINES).get_opcodes():
        gone, came = "".join(one[i:j]), "".join(two[k:m])
        if what == "equal":
            parts.append(conditional_escape(_shortened(gone, is_first=i == 0, is_last=j == len(one))))
            continue
        if gone:
            parts.append(format_html("<del>{}</del>", gone))
        if came:
            parts.append(format_html("<ins>{}</ins>", came))
    return format_html_join("", "{}", ((part,) for part in parts))


def _shortened(text: str, *, is_first: bool, is_last: bool) -> str:
    """What is the same, without its middle where it is long; at an end of the text only the side next to a change."""
    head, tail = ("" if is_first else text[:AROUND]), ("" if is_last else text[-AROUND:])
    return text if len(text) <= len(head) + len(tail) + AROUND else f"{head}…{tail}"
