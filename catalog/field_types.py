"""Types of the fields of a catalog file: each brings a value into its normal form, and checks it."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils import timezone
from pydantic import AfterValidator, BeforeValidator, Field

from catalog.problems import format_value
from tools import slugs, values
from tools.models import (
    Tool,
    validate_web_address,
)
from tools.models.plan import MAX_TRIAL_DAYS
from tools.models.tool import validate_model_id
from tools.presets import MAX_SEATS
from web import clock
from web.fields import get_max_length
from web.normalize import normalize_line, normalize_text

MAX_TEXT_LENGTH = 50_000  # characters; several times the length of any reasonable review

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_BREAKS = "\n\r\x85\u2028\u2029"
_LINE_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")


def _check_storable(text: str, control: re.Pattern[str]) -> str:
    if match := control.search(text):
        if match[0] in _LINE_BREAKS:
            raise ValueError("has a line break; write it in one line")
        raise ValueError(f"has the control character U+{ord(match[0]):04X}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("has half of a surrogate pair, which is not a character") from None
    return text


def _check_line(text: str) -> str:
    return _check_storable(text, _LINE_CONTROL)


def normalize_name(value: object) -> object:
    """Return text in the normal form of a line. Anything else, and text with a line break in it, stays as it is."""
    if not isinstance(value, str) or _LINE_CONTROL.search(value.strip()):
        return value
    return normalize_line(value)


def _normalize_words(value: object) -> object:
    return normalize_text(value) if isinstance(value, str) else value


def _check_not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _adapt_validator[T](validate: Callable[[T], None]) -> Callable[[T], T]:
    def check(value: T) -> T:
        try:
            validate(value)
        except DjangoValidationError as error:
            raise ValueError(f"{format_value(value)}: {' '.join(error.messages)}") from None
        return value

    return check


def _check_web_address(text: str) -> str:
    if text:
        try:
            validate_web_address(text)
        except DjangoValidationError:
            raise ValueError(f"{format_value(text)} is not an http or https address") from None
    return text


def parse_instant(value: object) -> object:
    """Return a time as a datetime in UTC; return anything but text unchanged. Raises ValueError with a message."""
    if not isinstance(value, str):
        return value
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f'{format_value(value)} is not a time like "2026-11-01T09:00:00Z"') from None
    if instant.tzinfo is None:
        raise ValueError(f"{format_value(value)} has no time zone; write Z for UTC")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{format_value(value)} is out of range") from None


def _parse_day(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise ValueError(f'{format_value(value)} is not a day like "2026-11-01"')
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{format_value(value)} is not a valid date") from None


def _parse_number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return Decimal(value) if isinstance(value, int) else value


def _check_amount(value: Decimal) -> Decimal:
    if not value.is_finite() or value <= 0:
        raise ValueError("must be greater than 0")
    if value >= 10**8 or value != round(value, 6):
        raise ValueError(f"{value} has more than 8 digits before or 6 after the decimal point")
    return value


def _check_count(limit: int) -> Callable[[int], int]:
    def check(value: int) -> int:
        if not 1 <= value <= limit:
            raise ValueError(f"{value} is not between 1 and {limit}")
        return value

    return check


def _check_past(value: datetime) -> datetime:
    if value > timezone.now():
        raise ValueError("is in the future")
    return value


def _check_past_day(value: date) -> date:
    if value > clock.today():
        raise ValueError("is in the future")
    return value


Line = Annotated[str, BeforeValidator(normalize_name), AfterValidator(_check_line)]
Words = Annotated[
    str,
    BeforeValidator(_normalize_words),
    Field(max_length=MAX_TEXT_LENGTH),
    AfterValidator(lambda text: _check_storable(text, _CONTROL)),
]
RequiredLine = Annotated[Line, AfterValidator(_check_not_blank)]
ToolName = Annotated[RequiredLine, Field(max_length=get_max_length(Tool, "name"))]
Slug = Annotated[
    str,
    BeforeValidator(normalize_name),
    Field(max_length=slugs.MAX_LENGTH),
    AfterValidator(_adapt_validator(slugs.validate_slug)),
]
ModelId = Annotated[
    Line, Field(max_length=get_max_length(Tool, "model_ids")), AfterValidator(_adapt_validator(validate_model_id))
]
ToolSlug = Annotated[Slug, AfterValidator(_adapt_validator(slugs.validate_pairable))]
ChoiceSlug = Annotated[
    str,
    BeforeValidator(normalize_name),
    Field(max_length=slugs.MAX_LENGTH),
    AfterValidator(_adapt_validator(values.validate_choice_slug)),
]
WebAddress = Annotated[Line, Field(max_length=get_max_length(Tool, "website")), AfterValidator(_check_web_address)]
Instant = Annotated[datetime, BeforeValidator(parse_instant), AfterValidator(_adapt_validator(clock.validate_year))]
PastInstant = Annotated[Instant, AfterValidator(_check_past)]
Day = Annotated[date, BeforeValidator(_parse_day), AfterValidator(_adapt_validator(clock.validate_year))]
PastDay = Annotated[Day, AfterValidator(_check_past_day)]
PlanAmount = Annotated[Decimal, BeforeValidator(_parse_number), AfterValidator(_check_amount)]
Seats = Annotated[int, AfterValidator(_check_count(MAX_SEATS))]
TrialDays = Annotated[int, AfterValidator(_check_count(MAX_TRIAL_DAYS))]
