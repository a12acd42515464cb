"""The schema of the catalog file (docs/product.md), and the wording of its problems.

Each model is one kind of object in the file. An optional key has an empty default. `withdrawn_at`, `added_at`,
`superseded_at`, `correction`, `renamed_from`, `judged_on`, `former_slugs`, and `corrections` carry history; the export
omits them if empty.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Model
from django.utils import timezone
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from catalog.problems import ImportProblem, Place
from comparisons.editor_lines import EditorLine, StoredLine, find_line_errors, store_lines
from reviews.basis import find_basis_errors
from reviews.choices import Basis, Behind, Outcome, Verdict
from reviews.models import Prediction, Review, Reviewer
from reviews.verdicts import find_verdict_errors
from tools import slugs, values
from tools.choices import AttributeKind, Better, Beyond, Meter, Period, PlanKind
from tools.currencies import CURRENCIES
from tools.models import (
    CURRENCY_PATTERN,
    Attribute,
    Category,
    Correction,
    Fact,
    Plan,
    Tool,
    find_plan_errors,
    validate_web_address,
)
from tools.models.plan import MAX_SEATS, MAX_TRIAL_DAYS
from tools.models.tool import validate_model_id
from tools.presets import Preset, StoredPreset, find_preset_errors
from tools.rates import Rate, StoredRate, read_rates
from tools.values import MAX_ALIAS_LENGTH, MAX_CHOICE_NAME_LENGTH, MAX_CHOICES, MAX_NEED_LENGTH
from web import clock
from web.normalize import normalize_line, normalize_text

FORMAT = "shipside-catalog/2"
OLD_FORMATS = ("shipside-catalog/1",)  # in which every fact is text
MAX_TEXT_LENGTH = 50_000  # characters; several times the length of any reasonable review

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")


def _check_storable(text: str, control: re.Pattern[str]) -> str:
    if match := control.search(text):
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


def _get_max_length(model: type[Model], field: str) -> int:
    """Return how many characters the column of a field holds."""
    length: int = model._meta.get_field(field).max_length  # type: ignore[union-attr, assignment] # a CharField with one
    return length


Line = Annotated[str, BeforeValidator(normalize_name), AfterValidator(_check_line)]
Words = Annotated[
    str,
    BeforeValidator(_normalize_words),
    Field(max_length=MAX_TEXT_LENGTH),
    AfterValidator(lambda text: _check_storable(text, _CONTROL)),
]
RequiredLine = Annotated[Line, AfterValidator(_check_not_blank)]
ToolName = Annotated[RequiredLine, Field(max_length=_get_max_length(Tool, "name"))]
Slug = Annotated[
    str,
    BeforeValidator(normalize_name),
    Field(max_length=slugs.MAX_LENGTH),
    AfterValidator(_adapt_validator(slugs.validate_slug)),
]
ModelId = Annotated[Line, Field(max_length=100), AfterValidator(_adapt_validator(validate_model_id))]
ToolSlug = Annotated[Slug, AfterValidator(_adapt_validator(slugs.validate_pairable))]
ChoiceSlug = Annotated[
    str,
    BeforeValidator(normalize_name),
    Field(max_length=slugs.MAX_LENGTH),
    AfterValidator(_adapt_validator(values.validate_choice_slug)),
]
WebAddress = Annotated[Line, Field(max_length=_get_max_length(Tool, "website")), AfterValidator(_check_web_address)]
Instant = Annotated[datetime, BeforeValidator(parse_instant), AfterValidator(_adapt_validator(clock.validate_year))]
PastInstant = Annotated[Instant, AfterValidator(_check_past)]
Day = Annotated[date, BeforeValidator(_parse_day), AfterValidator(_adapt_validator(clock.validate_year))]
PastDay = Annotated[Day, AfterValidator(_check_past_day)]
PlanAmount = Annotated[Decimal, BeforeValidator(_parse_number), AfterValidator(_check_amount)]
Seats = Annotated[int, AfterValidator(_check_count(MAX_SEATS))]
TrialDays = Annotated[int, AfterValidator(_check_count(MAX_TRIAL_DAYS))]


def _dump_choices(choices: list[Any]) -> list[dict[str, str]]:
    """Return choices as the attribute stores them: without the keys that are empty."""
    return [choice.model_dump(exclude_defaults=True) for choice in choices]


class CatalogPart(BaseModel):
    # Validators are built when the first file is read: most processes read none.
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class PresetPart(CatalogPart):
    name: RequiredLine
    seats: int | None = None
    usage: dict[str, int] = {}


def _store_presets(parts: list[PresetPart]) -> list[StoredPreset]:
    presets = [Preset.of(part.model_dump()) for part in parts]
    if errors := find_preset_errors(presets):
        raise ValueError(" ".join(f"Preset {place + 1}: {message}" for place, message in errors.items()))
    return [preset.stored for preset in presets]


CategoryName = Annotated[RequiredLine, Field(max_length=_get_max_length(Category, "name"))]


class CategoryPart(CatalogPart):
    slug: Slug
    name: CategoryName
    description: Words = ""
    aliases: list[CategoryName] = []
    presets: Annotated[list[PresetPart], AfterValidator(_store_presets)] = []
    former_slugs: list[Slug] = []


class ChoicePart(CatalogPart):
    slug: ChoiceSlug
    name: Annotated[RequiredLine, Field(max_length=MAX_CHOICE_NAME_LENGTH)]
    need: Annotated[Line, Field(max_length=MAX_NEED_LENGTH)] = ""


class AttributePart(CatalogPart):
    slug: Slug
    name: Annotated[RequiredLine, Field(max_length=_get_max_length(Attribute, "name"))]
    categories: list[Slug] = []
    kind: Annotated[Literal[*AttributeKind.values], BeforeValidator(normalize_name)] = AttributeKind.TEXT.value  # type: ignore[valid-type]
    heading: Annotated[Line, Field(max_length=_get_max_length(Attribute, "heading"))] = ""
    explanation: Annotated[Line, Field(max_length=_get_max_length(Attribute, "explanation"))] = ""
    decides: bool = False
    need: Annotated[Line, Field(max_length=_get_max_length(Attribute, "need"))] = ""
    several: bool = False
    choices: Annotated[list[ChoicePart], Field(max_length=MAX_CHOICES), AfterValidator(_dump_choices)] = []
    unit: Annotated[Line, Field(max_length=_get_max_length(Attribute, "unit"))] = ""
    better: Annotated[Literal["", *Better.values], BeforeValidator(normalize_name)] = ""  # type: ignore[valid-type]
    aliases: list[Annotated[RequiredLine, Field(max_length=MAX_ALIAS_LENGTH)]] = []


class ReviewerPart(CatalogPart):
    slug: Slug
    name: Annotated[RequiredLine, Field(max_length=_get_max_length(Reviewer, "name"))]
    lens: Annotated[RequiredLine, Field(max_length=_get_max_length(Reviewer, "lens"))]
    bio: Words = ""
    disclosure: Annotated[RequiredLine, Field(max_length=_get_max_length(Reviewer, "disclosure"))]
    behind: Annotated[Literal[*Behind.values], BeforeValidator(normalize_name)] = Behind.PERSONA.value  # type: ignore[valid-type]
    seat: Annotated[int, Field(ge=1, le=32767)]
    former_slugs: list[Slug] = []


class SourcedPart(CatalogPart):
    """What plans and facts have in common: the source, their history, and whether the value it supersedes was wrong."""

    source: WebAddress = ""
    verified_on: PastDay | None = None
    added_at: PastInstant | None = None
    superseded_at: PastInstant | None = None
    correction: bool = False
    corrects: bool = False

    @model_validator(mode="after")
    def check_history(self) -> Self:
        if self.corrects and self.superseded_at:
            raise ValueError("only a current value corrects the one before it; a superseded one has correction")
        if self.correction and not self.superseded_at:
            raise ValueError("only a superseded value can be a correction")
        if self.added_at and self.superseded_at and self.added_at >= self.superseded_at:
            raise ValueError("added_at is not before superseded_at")
        return self


class RatePart(CatalogPart):
    meter: Annotated[Literal[*Meter.values], BeforeValidator(normalize_name)]  # type: ignore[valid-type]
    amount: PlanAmount | None = None
    per: int | None = None
    included: int = 0
    beyond: Annotated[Literal[*Beyond.values], BeforeValidator(normalize_name)] = Beyond.COSTS.value  # type: ignore[valid-type]


def _store_rates(parts: list[RatePart]) -> list[StoredRate]:
    return [Rate(part.meter, part.amount, part.per, part.included, part.beyond).stored for part in parts]


class PlanPart(SourcedPart):
    name: Annotated[RequiredLine, Field(max_length=_get_max_length(Plan, "name"))]
    kind: Annotated[Literal[*PlanKind.values], BeforeValidator(normalize_name)]  # type: ignore[valid-type]
    amount: PlanAmount | None = None
    currency: Annotated[str, BeforeValidator(normalize_name), Field(pattern=f"^{CURRENCY_PATTERN}$")] | None = None
    period: Annotated[Literal[*Period.values] | None, BeforeValidator(normalize_name)] = None  # type: ignore[valid-type]
    unit: Annotated[Line, Field(max_length=_get_max_length(Plan, "unit"))] = ""
    per_seat: bool = False
    is_from: bool = False
    billed_yearly: bool = False
    minimum_seats: Seats | None = None
    maximum_seats: Seats | None = None
    trial_days: TrialDays | None = None
    rates: Annotated[list[RatePart], AfterValidator(_store_rates)] = []
    renamed_from: Annotated[Line, Field(max_length=_get_max_length(Plan, "name"))] = ""

    @model_validator(mode="after")
    def check_plan(self) -> "PlanPart":
        if self.renamed_from and not self.added_at:
            raise ValueError("a plan with renamed_from needs added_at, the time at which it was renamed")
        if self.currency and not self.superseded_at and self.currency not in CURRENCIES:
            raise ValueError(f"“{self.currency}” is not a currency, such as USD")
        price: dict[str, Any] = {name: getattr(self, name) for name in Plan.VALUE_FIELDS}
        # The rates are a list of stored rates by now, whatever the annotation says.
        if errors := find_plan_errors(**{**price, "rates": read_rates(price["rates"])}):
            raise ValueError(" ".join(errors.values()))
        return self


class FactPart(SourcedPart):
    attribute: Slug
    value: Annotated[RequiredLine, Field(max_length=_get_max_length(Fact, "value"))]
    note: Annotated[Line, Field(max_length=_get_max_length(Fact, "note"))] = ""


class PredictionPart(CatalogPart):
    claim: Annotated[RequiredLine, Field(max_length=_get_max_length(Prediction, "claim"))]
    due_on: Day
    outcome: Annotated[Literal[*Outcome.values], BeforeValidator(normalize_name)] = Outcome.OPEN.value  # type: ignore[valid-type]
    note: Words = ""
    source: WebAddress = ""
    judged_on: PastDay | None = None

    @model_validator(mode="after")
    def check_open_is_not_judged(self) -> "PredictionPart":
        if self.outcome == Outcome.OPEN and self.judged_on:
            raise ValueError("an open prediction has no judged_on")
        return self


class ReviewPart(CatalogPart):
    reviewer: Slug
    verdict: Annotated[Literal["", *Verdict.values], BeforeValidator(normalize_name)]  # type: ignore[valid-type]
    gist: Annotated[Line, Field(max_length=_get_max_length(Review, "gist"))] = ""
    quote: Words
    flips_if: Words = ""
    basis: Annotated[Literal["", *Basis.values], BeforeValidator(normalize_name)] = ""  # type: ignore[valid-type]
    basis_version: Annotated[Line, Field(max_length=_get_max_length(Review, "basis_version"))] = ""
    basis_days: int | None = None
    published_at: Instant | None = None
    withdrawn_at: PastInstant | None = None
    predictions: list[PredictionPart] = []

    @model_validator(mode="after")
    def check_verdict(self) -> Self:
        is_draft = self.published_at is None
        if errors := find_verdict_errors(verdict=self.verdict, quote=self.quote, is_draft=is_draft):
            raise ValueError(" ".join(errors.values()))
        return self

    @model_validator(mode="after")
    def check_basis(self) -> Self:
        if errors := find_basis_errors(**{name: getattr(self, name) for name in Review.BASIS_FIELDS}):
            raise ValueError(" ".join(errors.values()))
        if "basis" in self.model_fields_set:  # a basis is said as a whole: what it leaves out is empty
            self.model_fields_set.update(Review.BASIS_FIELDS)
        return self


class CorrectionPart(CatalogPart):
    note: Annotated[RequiredLine, Field(max_length=_get_max_length(Correction, "note"))]
    made_at: PastInstant


class ToolPart(CatalogPart):
    slug: ToolSlug
    name: ToolName
    short_name: Annotated[Line, Field(max_length=_get_max_length(Tool, "short_name"))] = ""
    category: Slug
    tagline: Annotated[Line, Field(max_length=_get_max_length(Tool, "tagline"))] = ""
    description: Words = ""
    website: WebAddress = ""
    aliases: list[ToolName] = []
    model_ids: list[ModelId] = []
    example: bool = False
    published_at: Instant | None = None
    withdrawn_at: PastInstant | None = None
    former_slugs: list[ToolSlug] = []
    plans: list[PlanPart] = []
    facts: list[FactPart] = []
    reviews: list[ReviewPart] = []
    corrections: list[CorrectionPart] = []


class EditorLinePart(CatalogPart):
    side: str = ""
    words: Line = ""
    link: str = ""
    key: str = ""
    hidden: bool = False


def _dump_lines(parts: list[EditorLinePart]) -> list[StoredLine]:
    """Return lines as the comparison stores them. Raises ValueError with a message per line that cannot stand."""
    lines = [EditorLine(**part.model_dump()) for part in parts]
    if errors := find_line_errors(lines):
        raise ValueError(" ".join(f"Line {place + 1}: {message}" for place, message in errors.items()))
    return store_lines(lines)


class ComparisonPart(CatalogPart):
    tools: Annotated[list[Slug], Field(min_length=2, max_length=2)]
    introduction: Words = ""
    lines: Annotated[list[EditorLinePart], AfterValidator(_dump_lines)] = []
    published_at: Instant | None = None
    withdrawn_at: PastInstant | None = None


SECTIONS: dict[str, type[CatalogPart]] = {
    "categories": CategoryPart,
    "attributes": AttributePart,
    "reviewers": ReviewerPart,
    "tools": ToolPart,
    "comparisons": ComparisonPart,
}


def check_part(model: type[CatalogPart], raw: object, place: Place) -> CatalogPart | list[ImportProblem]:
    """Return `raw` as a `model`, or every problem in it with its place in the file."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        return [_build_problem(details, place) for details in error.errors(include_url=False)]


def _build_problem(details: ErrorDetails, place: Place) -> ImportProblem:
    loc = tuple(step for step in details["loc"] if step not in ("function-after", "function-before"))
    return ImportProblem(place + loc, _describe_build_problem(details))


def _describe_build_problem(details: ErrorDetails) -> str:
    context: dict[str, Any] = details.get("ctx", {})
    value = format_value(details["input"])
    match details["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not a known key"
        case "literal_error":
            return f"{value} is not one of {_format_choices(context['expected'])}"
        case "string_type":
            return f"must be text, not {value}"
        case "bool_type":
            return f"must be true or false, not {value}"
        case "int_type" | "int_from_float":
            return f"must be a whole number, not {value}"
        case "is_instance_of" | "decimal_type":
            return f"must be a number, not {value}"
        case "datetime_type" | "date_type":
            return f"must be text with a date, not {value}"
        case "list_type":
            return f"must be a list, not {value}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"must be an object, not {value}"
        case "string_too_long" | "too_long" if isinstance(details["input"], str):
            return f"has {len(details['input'])} characters; the maximum is {context['max_length']}"
        case "too_short" | "too_long":
            return f"has {context['actual_length']} items instead of two"
        case "string_pattern_mismatch":
            return f"{value} is not three capital letters such as USD"
        case "greater_than_equal" | "less_than_equal":
            return f"{value} is not between 1 and 32767"
        case "value_error":
            return str(context["error"])
        case _:
            return details["msg"]


def _format_choices(expected: str) -> str:
    """Return pydantic's `'ship' or 'skip'` as `ship, skip`, without the empty choice."""
    return expected.removeprefix("'', ").replace("'", "").replace(" or ", ", ")


def format_value(value: object) -> str:
    """Return a value as it appears in the file, truncated if it is long."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            text = value.encode(errors="replace").decode()
            return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}…"'
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return str(value)
