"""Conversion of an attribute and its facts to another kind, such as from text to choices.

Facts are rewritten and not superseded: what they say stays the same and only becomes comparable, so readers have no
change to see (docs/decisions/0021-typed-facts.md). The history at the desk has both versions.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from tools.choices import AttributeKind, Grade
from tools.models import Attribute, ContentRevision, Fact
from tools.row_history import CHANGED, record_changes
from tools.values import SEPARATOR, Scale, parse_value
from web.folding import fold

REASON = "converted to another kind"
MAX_SUGGESTED_CHOICES = 40
MAX_CHOICE_LENGTH = 40  # characters of a text that is suggested as a choice


class Conversion(NamedTuple):
    """What a value becomes: a canonical value, and a note; an empty note leaves the note of a fact as it is."""

    value: str
    note: str


class ValuesChangedError(Exception):
    """Facts have values that the conversion does not mention, because somebody has saved them in the meantime."""


@transaction.atomic
def convert_attribute(*, attribute: Attribute, conversions: Mapping[str, Conversion], by: User) -> int:
    """Save an attribute that has another kind, and convert its current facts. Return how many facts changed.

    `conversions` says what each present value becomes. Raises ValuesChangedError.
    """
    ContentRevision.lock()
    facts = list(Fact.objects.current().filter(attribute=attribute.pk).select_for_update(of=("self",), no_key=True))
    if not {fact.value for fact in facts} <= conversions.keys():
        raise ValuesChangedError
    attribute._change_reason = REASON  # type: ignore[attr-defined] # read by django-simple-history
    attribute.save()
    changed = []
    for fact in facts:
        before = fact.value, fact.note
        value, note = conversions[fact.value]
        fact.value, fact.note = value, note or fact.note
        if (fact.value, fact.note) != before:
            changed.append(fact)
    Fact.objects.bulk_update(changed, ["value", "note"], batch_size=1000)
    record_changes(Fact, [fact.pk for fact in changed], CHANGED, by=by, reason=REASON, at=timezone.now())
    return len(changed)


def suggest_choices(values: Mapping[str, int]) -> list[str]:
    """Return names for choices: the short ones among the present values, the most frequent spelling of each."""
    names: dict[str, str] = {}
    for value in values:
        if len(value) <= MAX_CHOICE_LENGTH:
            names.setdefault(fold(value), value)
    return list(names.values())[:MAX_SUGGESTED_CHOICES]


def suggest_conversion(scale: Scale, text: str) -> Conversion:
    """Return what a text most likely means. The value is "" if that is not clear; what it leaves out is the note.

    For a choice it is every choice whose name is in the text, for a grade its first word, for a number its first one.
    """
    try:
        return Conversion(parse_value(scale, text), "")
    except ValueError:
        return Conversion(_find_value(scale, text), text)


def _find_value(scale: Scale, text: str) -> str:
    match scale.kind:
        case AttributeKind.CHOICE:
            return _find_choices(scale, fold(text))
        case AttributeKind.GRADE:
            first = re.match(r"\w+", fold(text))
            return first[0] if first and first[0] in Grade.values else ""
        case AttributeKind.NUMBER:
            pattern = r"\d[\d,]*(?:\.\d+)?\s?(?:bn|[kmbt])?(?!\w)"
        case AttributeKind.VERSION:
            pattern = r"\d+(?:\.\d+)+"
        case AttributeKind.DAY:
            pattern = r"\d{4}-\d\d-\d\d"
        case _:
            return ""
    found = re.search(pattern, text, re.ASCII | re.IGNORECASE)
    try:
        return parse_value(scale, found[0].strip()) if found else ""
    except ValueError:
        return ""


def _find_choices(scale: Scale, words: str) -> str:
    """Return the choices named in a folded text; "" if there is none, or several where one is allowed."""
    named = {
        name: option.slug
        for option in scale.options
        if re.search(rf"(?<!\w){re.escape(name := fold(option.name))}(?!\w)", words)
    }
    # `GPL` is part of `GPL or LGPL`, but not of `LGPL`: a name within a longer one that is there too does not count.
    slugs = [slug for name, slug in named.items() if not any(name != other and name in other for other in named)]
    return SEPARATOR.join(slugs) if len(slugs) == 1 or scale.several else ""
