"""The values of facts: parsed from what people write, and stored in one canonical form per kind of attribute.

choice   the slugs of its choices, in the attribute's order, joined by ", "
grade    yes, partly, or no
number   digits with a point, without needless zeros: 128000, 0.5
version  1.10
day      2026-11-01
text     as written

The database turns canonical values into words, and knows which values are canonical: tools/sql/facts.sql.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from tools import slugs
from tools.choices import AttributeKind, Grade
from web import clock
from web.folding import fold

SEPARATOR = ", "
ALIAS_SEPARATOR = " = "  # between another name of a choice and its slug
MAX_ALIAS_LENGTH = 100  # characters
MAX_DIGITS, MAX_PLACES = 15, 6  # of a number, before and after the point
MAX_CHOICES = 100  # of one attribute
MAX_CHOICE_NAME_LENGTH = 100  # characters
MAX_NEED_LENGTH = 200  # characters

_NUMBER = re.compile(
    # With separators, a number has groups of three digits and does not begin with 0: `0,125` has a decimal comma.
    r"(?P<sign>[-−]?)(?P<digits>[1-9]\d{0,2}(?P<separator>[,\u00a0\u202f ])\d{3}(?:(?P=separator)\d{3})*|\d+)"
    r"(?P<fraction>\.\d+)?\s?(?P<scale>k|m|bn|b|t)?",
    re.ASCII | re.IGNORECASE,
)
_SCALES = {"": 0, "k": 3, "m": 6, "b": 9, "bn": 9, "t": 12}  # powers of ten
_VERSION = re.compile(r"v?(\d[\w.+-]*)", re.ASCII | re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


# Unlike other slugs, a choice's has points, because versions and licenses do: `apache-2.0`.
validate_choice_slug = RegexValidator(
    r"\A[a-z0-9]+(?:[-.][a-z0-9]+)*\Z", "Use lowercase letters, digits, and single hyphens or points.", "slug"
)


class Option(NamedTuple):
    """One of the choices of an attribute."""

    slug: str
    name: str


def read_options(choices: Iterable[Mapping[str, str]]) -> tuple[Option, ...]:
    """Return the choices of an attribute as it stores them: {"slug", "name"}, and what else they say."""
    return tuple(Option(choice["slug"], choice["name"]) for choice in choices)


class Alias(NamedTuple):
    """What else people call an attribute, or one of its choices, given by slug."""

    name: str
    choice: str = ""


def read_alias(text: str) -> Alias:
    """Return an alias as attributes store it: `SSO`, or of a choice `ASL = apache-2.0`."""
    name, _, choice = text.partition(ALIAS_SEPARATOR)
    return Alias(name.strip(), choice.strip())


class Scale(NamedTuple):
    """What values the facts of an attribute can have."""

    kind: str
    options: tuple[Option, ...] = ()
    several: bool = False
    unit: str = ""


def parse_value(scale: Scale, text: str) -> str:
    """Return the canonical form of a value that somebody wrote. Raises ValueError with a message.

    `text` is in normal form (web.normalize). Choices are understood by slug or name, numbers with thousands separators,
    k, M, or B, and the unit: `128k`, `128,000 tokens`.
    """
    return _PARSERS[scale.kind](scale, text)


def can_parse(scale: Scale, text: str) -> bool:
    """Return whether a value that somebody wrote is one of its attribute's kind."""
    try:
        parse_value(scale, text)
    except ValueError:
        return False
    return True


def fits(scale: Scale, value: str) -> bool:
    """Return whether a value has the canonical form of its attribute's kind."""
    try:
        return parse_value(scale, value) == value
    except ValueError:
        return False


def _parse_text(scale: Scale, text: str) -> str:
    return text


def _parse_choice(scale: Scale, text: str) -> str:
    by_word = {fold(word): option.slug for option in scale.options for word in (option.name, option.slug)}
    is_one = fold(text) in by_word  # a name may have a comma in it
    words = [text] if is_one else [word.strip() for word in re.split("[,;\n]", text) if word.strip()] or [text]
    if unknown := [word for word in words if fold(word) not in by_word]:
        names = ", ".join(option.name for option in scale.options)
        raise ValueError(f"“{unknown[0]}” is not one of {names}.")
    chosen = {by_word[fold(word)] for word in words}
    if len(chosen) > 1 and not scale.several:
        raise ValueError("This attribute has one value only.")
    return SEPARATOR.join(option.slug for option in scale.options if option.slug in chosen)


def _parse_grade(scale: Scale, text: str) -> str:
    if (grade := fold(text)) not in Grade.values:
        raise ValueError(f"“{text}” is not one of yes, partly, no.")
    return grade


def _parse_number(scale: Scale, text: str) -> str:
    if scale.unit and fold(text).endswith(fold(scale.unit)):
        text = text[: -len(scale.unit)].rstrip()
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"“{text}” is not a number such as 128000, 128k, or 0.5.")
    digits = re.sub(r"\D", "", match["digits"])
    number = Decimal(f"{digits}{match['fraction'] or ''}").scaleb(_SCALES[(match["scale"] or "").lower()])
    if number >= 10**MAX_DIGITS or number != round(number, MAX_PLACES):
        raise ValueError(f"“{text}” has more than {MAX_DIGITS} digits before or {MAX_PLACES} after the point.")
    sign = "-" if match["sign"] and number else ""
    written = f"{number:f}"
    return sign + (written.rstrip("0").rstrip(".") if "." in written else written)


def _parse_version(scale: Scale, text: str) -> str:
    if (match := _VERSION.fullmatch(text)) is None:
        raise ValueError(f"“{text}” is not a version such as 1.10.")
    return match[1]


def _parse_day(scale: Scale, text: str) -> str:
    if not _DAY.fullmatch(text):
        raise ValueError(f"“{text}” is not a day such as 2026-11-01.")
    try:
        clock.validate_year(date.fromisoformat(text))
    except ValidationError as error:
        raise ValueError(error.message) from None
    except ValueError:
        raise ValueError(f"“{text}” is not a valid date.") from None
    return text


_PARSERS: dict[str, Callable[[Scale, str], str]] = {
    AttributeKind.TEXT.value: _parse_text,
    AttributeKind.CHOICE.value: _parse_choice,
    AttributeKind.GRADE.value: _parse_grade,
    AttributeKind.NUMBER.value: _parse_number,
    AttributeKind.VERSION.value: _parse_version,
    AttributeKind.DAY.value: _parse_day,
}


def slug_choice(name: str) -> str:
    """Return the slug of a choice, made from its name: `Apache-2.0` gives `apache-2.0`. "" if nothing is left."""
    words = re.sub(r"[^a-z0-9.]+", "-", fold(name))
    return re.sub(r"[-.]*-[-.]*|\.{2,}", "-", words).strip("-.")[: slugs.MAX_LENGTH].rstrip("-.")
