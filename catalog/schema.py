"""The schema of the catalog file (docs/product.md).

Each model is one kind of object in the file. An optional key has an empty default. `withdrawn_at`, `added_at`,
`superseded_at`, `correction`, `renamed_from`, `judged_on`, `former_slugs`, and `corrections` carry history; the export
omits them if empty.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from catalog.field_types import (
    ChoiceSlug,
    Day,
    Instant,
    Line,
    ModelId,
    PastDay,
    PastInstant,
    PlanAmount,
    RequiredLine,
    Seats,
    Slug,
    ToolName,
    ToolSlug,
    TrialDays,
    WebAddress,
    Words,
    normalize_name,
)
from comparisons.editor_lines import EditorLine, StoredLine, find_line_errors, store_lines
from reviews.basis import find_basis_errors
from reviews.choices import Basis, Behind, Outcome, Verdict
from reviews.models import Prediction, Review, Reviewer
from reviews.verdicts import find_verdict_errors
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
)
from tools.presets import Preset, StoredPreset, find_preset_errors
from tools.rates import Rate, StoredRate, read_rates
from tools.values import MAX_ALIAS_LENGTH, MAX_CHOICE_NAME_LENGTH, MAX_CHOICES, MAX_NEED_LENGTH
from web.fields import get_max_length

FORMAT = "shipside-catalog/2"
OLD_FORMATS = ("shipside-catalog/1",)  # in which every fact is text


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


CategoryName = Annotated[RequiredLine, Field(max_length=get_max_length(Category, "name"))]


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
    name: Annotated[RequiredLine, Field(max_length=get_max_length(Attribute, "name"))]
    categories: list[Slug] = []
    kind: Annotated[Literal[*AttributeKind.values], BeforeValidator(normalize_name)] = AttributeKind.TEXT.value  # type: ignore[valid-type]
    heading: Annotated[Line, Field(max_length=get_max_length(Attribute, "heading"))] = ""
    explanation: Annotated[Line, Field(max_length=get_max_length(Attribute, "explanation"))] = ""
    decides: bool = False
    need: Annotated[Line, Field(max_length=get_max_length(Attribute, "need"))] = ""
    several: bool = False
    choices: Annotated[list[ChoicePart], Field(max_length=MAX_CHOICES), AfterValidator(_dump_choices)] = []
    unit: Annotated[Line, Field(max_length=get_max_length(Attribute, "unit"))] = ""
    better: Annotated[Literal["", *Better.values], BeforeValidator(normalize_name)] = ""  # type: ignore[valid-type]
    aliases: list[Annotated[RequiredLine, Field(max_length=MAX_ALIAS_LENGTH)]] = []


class ReviewerPart(CatalogPart):
    slug: Slug
    name: Annotated[RequiredLine, Field(max_length=get_max_length(Reviewer, "name"))]
    lens: Annotated[RequiredLine, Field(max_length=get_max_length(Reviewer, "lens"))]
    bio: Words = ""
    disclosure: Annotated[RequiredLine, Field(max_length=get_max_length(Reviewer, "disclosure"))]
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
    name: Annotated[RequiredLine, Field(max_length=get_max_length(Plan, "name"))]
    kind: Annotated[Literal[*PlanKind.values], BeforeValidator(normalize_name)]  # type: ignore[valid-type]
    amount: PlanAmount | None = None
    currency: Annotated[str, BeforeValidator(normalize_name), Field(pattern=f"^{CURRENCY_PATTERN}$")] | None = None
    period: Annotated[Literal[*Period.values] | None, BeforeValidator(normalize_name)] = None  # type: ignore[valid-type]
    unit: Annotated[Line, Field(max_length=get_max_length(Plan, "unit"))] = ""
    per_seat: bool = False
    is_from: bool = False
    billed_yearly: bool = False
    minimum_seats: Seats | None = None
    maximum_seats: Seats | None = None
    trial_days: TrialDays | None = None
    rates: Annotated[list[RatePart], AfterValidator(_store_rates)] = []
    renamed_from: Annotated[Line, Field(max_length=get_max_length(Plan, "name"))] = ""

    @model_validator(mode="after")
    def check_plan(self) -> "PlanPart":
        if self.renamed_from and not self.added_at:
            raise ValueError("a plan with renamed_from needs added_at, the time at which it was renamed")
        if self.currency and not self.superseded_at and self.currency not in CURRENCIES:
            raise ValueError(f"“{self.currency}” is not a currency, such as USD")
        price: dict[str, Any] = {name: getattr(self, name) for name in Plan.VALUE_FIELDS}
        # The rates are a list of stored rates by now, regardless of the annotation.
        if errors := find_plan_errors(**{**price, "rates": read_rates(price["rates"])}):
            raise ValueError(" ".join(errors.values()))
        return self


class FactPart(SourcedPart):
    attribute: Slug
    value: Annotated[RequiredLine, Field(max_length=get_max_length(Fact, "value"))]
    note: Annotated[Line, Field(max_length=get_max_length(Fact, "note"))] = ""


class PredictionPart(CatalogPart):
    claim: Annotated[RequiredLine, Field(max_length=get_max_length(Prediction, "claim"))]
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
    gist: Annotated[Line, Field(max_length=get_max_length(Review, "gist"))] = ""
    quote: Words
    flips_if: Words = ""
    basis: Annotated[Literal["", *Basis.values], BeforeValidator(normalize_name)] = ""  # type: ignore[valid-type]
    basis_version: Annotated[Line, Field(max_length=get_max_length(Review, "basis_version"))] = ""
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
        if "basis" in self.model_fields_set:  # a basis is given as a whole: keys that it omits are empty
            self.model_fields_set.update(Review.BASIS_FIELDS)
        return self


class CorrectionPart(CatalogPart):
    note: Annotated[RequiredLine, Field(max_length=get_max_length(Correction, "note"))]
    made_at: PastInstant


class ToolPart(CatalogPart):
    slug: ToolSlug
    name: ToolName
    short_name: Annotated[Line, Field(max_length=get_max_length(Tool, "short_name"))] = ""
    category: Slug
    tagline: Annotated[Line, Field(max_length=get_max_length(Tool, "tagline"))] = ""
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
