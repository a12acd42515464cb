"""The shapes of what `comparisons.reading` reads: typed dictionaries, as PostgreSQL builds them in JSON.

Times and days are ISO text. Amounts are exact decimals. Lists are None when empty.
"""

from decimal import Decimal
from typing import Any, NamedTuple, NotRequired, TypedDict

from tools.presets import StoredPreset
from tools.rates import StoredRate
from tools.values import Alias, Option, Scale


class Criterion(NamedTuple):
    """What tools can be judged by: an attribute, and what values it has."""

    slug: str
    name: str
    kind: str
    better: str = ""
    unit: str = ""
    options: tuple[Option, ...] = ()


class PriceFields(TypedDict):
    """The columns of a plan that make up its price. Statements select these, and `Price.of_record` takes them."""

    kind: str
    amount: Decimal | None
    currency: str | None
    period: str | None
    unit: str
    per_seat: bool
    is_from: bool
    billed_yearly: bool
    minimum_seats: int | None
    maximum_seats: int | None
    trial_days: int | None
    rates: list[StoredRate]


class FormerPrice(PriceFields):
    """A superseded price of a plan. With `correction` we were wrong; otherwise it changed."""

    until: str
    correction: bool


class FormerFact(TypedDict):
    """A superseded value of a fact, in words; `correction` as for a price."""

    words: str
    note: str
    until: str
    correction: bool


class PlanRecord(PriceFields):
    """A current plan with its superseded prices, newest first."""

    name: str
    source: str
    verified_on: str | None
    was: list[FormerPrice] | None


class ChoiceRecord(TypedDict):
    """One of the choices of an attribute. `need` says what a reader needs for whom it decides; it may be missing."""

    slug: str
    name: str
    need: NotRequired[str]


class FactRecord(TypedDict):
    """A current fact with its superseded values, newest first. `attribute` is an id, by which tools' facts align.

    `slug` to `choices` are the attribute's. `value` has the canonical form of its kind, `words` is what readers see.
    """

    attribute: int
    slug: str
    name: str
    heading: str
    explanation: str
    kind: str
    better: str
    decides: bool
    need: str
    unit: str
    choices: list[ChoiceRecord]
    value: str
    words: str
    note: str
    source: str
    verified_on: str | None
    was: list[FormerFact] | None


class PredictionRecord(TypedDict):
    claim: str
    due_on: str
    outcome: str
    note: str
    source: str


class WordsRecord(TypedDict):
    """What a seat says: the words of an edition, and how it knows (reviews.basis)."""

    verdict: str
    gist: str
    quote: str
    flips_if: str
    basis: str
    basis_version: str
    basis_days: int | None


class ReviewRecord(WordsRecord):
    """A current review and its reviewer.

    `id` is the edition's, `reviewer` the reviewer's, `seat` the position on the panel. `counted` is False for a review
    that a seat filter leaves out of the panel's numbers.
    """

    id: int
    reviewer: int
    slug: str
    name: str
    lens: str
    behind: str
    seat: int
    counted: bool
    published_at: str
    predictions: list[PredictionRecord] | None


class CorrectionRecord(TypedDict):
    """A mistake about a tool that we corrected."""

    note: str
    made_at: str


class ToolFlip(TypedDict):
    """A verdict of a seat (`name`) that flipped, and what it was."""

    name: str
    verdict: str
    was: str
    published_at: str


class ToolFields(TypedDict):
    """A tool's own fields that pages show. Records select these columns, and columns of a page carry them."""

    slug: str
    name: str
    short_name: str
    tagline: str
    description: str
    website: str
    example: bool
    """Whether it is described for demonstration only."""


class ToolRecord(ToolFields):
    """Everything that a column shows, except votes, which change too often to be cached with it.

    Reviews are in seat order, corrections newest first, plans and facts in the order of entry and of attributes.
    `ship`, `seats` (counts), and `percent` (0–100, None without a review) are the panel's numbers.
    """

    id: int
    logo: str
    category_slug: str
    category_name: str
    presets: list[StoredPreset]
    """Of its category."""
    ship: int
    seats: int
    percent: int | None
    reviews: list[ReviewRecord] | None
    plans: list[PlanRecord] | None
    facts: list[FactRecord] | None
    corrections: list[CorrectionRecord] | None
    flips: list[ToolFlip] | None
    """Oldest first."""


class PairRecord(TypedDict):
    """A comparison with what a link to it shows."""

    first_slug: str
    first_name: str
    second_slug: str
    second_name: str
    category: str


class ScoredPairRecord(PairRecord):
    """A published comparison with the panels' verdicts on both tools: (reviewer's name, verdict) in seat order."""

    published_at: str
    first_short_name: str
    second_short_name: str
    first_marks: list[tuple[str, str]] | None
    second_marks: list[tuple[str, str]] | None


class EditionRecord(WordsRecord):
    """A published edition of one seat's review of a tool, current or superseded."""

    id: int
    slug: str
    name: str
    seat: int
    published_at: str
    predictions: list[PredictionRecord] | None


class DiscontinuedPlan(TypedDict):
    """A plan that is no longer offered, with its prices, newest first."""

    name: str
    was: list[FormerPrice]


class DiscontinuedFact(TypedDict):
    """A fact that no longer has a current value, with its former values, newest first."""

    name: str
    was: list[FormerFact]


class StatedPlan(PriceFields):
    """A plan as it is stored, current or superseded."""

    name: str
    renamed_from: str
    source: str
    verified_on: str | None
    added_at: str | None
    superseded_at: str | None
    correction: bool


class PlanSpan(StatedPlan):
    """A plan with the time at which it was first shown. `since` is None while the tool is a draft."""

    since: str | None


class HistoryRecord(TypedDict):
    """The history of a tool. Editions are in seat order, and per seat oldest first."""

    editions: list[EditionRecord] | None
    plans: list[DiscontinuedPlan] | None
    facts: list[DiscontinuedFact] | None
    prices: list[PlanSpan] | None
    """Every price of every plan, by name and time."""


class ExportedPlanSpan(PlanSpan):
    """A plan of any tool, given by its slug. With `is_last`, no other price of it followed."""

    tool: str
    example: bool
    is_last: bool


class StatedFact(TypedDict):
    """A fact, current or superseded, in words."""

    words: str
    note: str
    source: str
    verified_on: str | None
    superseded_at: str | None
    correction: bool


class ExportedFactSpan(StatedFact):
    """A fact of any tool, as stored and in words, with the time at which it was first shown. `attribute` is a slug."""

    tool: str
    example: bool
    attribute: str
    name: str
    kind: str
    value: str
    since: str
    is_last: bool


class ExportedEdition(WordsRecord):
    """An edition of a seat's review, with the time at which it was superseded. `tool` and `seat` are slugs."""

    tool: str
    seat: str
    published_at: str
    until: str | None


class ExportedPrediction(PredictionRecord):
    """A prediction, with the times at which its edition was published and superseded. `tool` and `seat` are slugs."""

    tool: str
    seat: str
    published_at: str
    until: str | None
    judged_on: str | None


class FlipRecord(TypedDict):
    """A verdict that flipped, and what it was before. `reviewer` is a slug."""

    reviewer: str
    name: str
    verdict: str
    gist: str
    quote: str
    flips_if: str
    was_verdict: str
    was_quote: str
    was_published_at: str


class ChangeRecord(TypedDict):
    """A change that readers see. `origin` is a ChangeOrigin, and `id` that of the row that it names.

    `old` and `new` are plans, or facts of `attribute`: of one that ended there is no new one, of a new one no old one.
    `flip` belongs to a flip, `note` to an editor's correction. `updated_at` is when the wording last changed;
    None unless it was asked for.
    """

    origin: int
    id: int
    at: str
    updated_at: str | None
    tool_slug: str
    tool_name: str
    tagline: str
    category_id: int
    category: str
    flip: FlipRecord | None
    old: Any
    new: Any
    attribute: str | None
    note: str | None


class ListedColumns(NamedTuple):
    """The published tools in the order of their names, as lists filter them: a list per column, all equally long."""

    ids: list[int]
    categories: list[int]
    """Ids."""
    entries: list[str]
    """Kinds of plans, or ""."""
    camps: list[str]
    """Of their panels."""
    monthly: list[Decimal | None]
    """The least dollars a month; None if it is not known."""


class ListedAttribute(NamedTuple):
    """An attribute by which lists filter. Its scale has options, for grades too, unless it is a number."""

    id: int
    slug: str
    name: str
    scale: Scale
    better: str
    aliases: tuple[Alias, ...] = ()


class ListedCategory(NamedTuple):
    """A category with published tools, and the attributes by which they can be filtered."""

    id: int
    slug: str
    name: str
    attributes: tuple[ListedAttribute, ...]
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that such tools are called."""
        return (self.name, *self.aliases)


class ListedFact(NamedTuple):
    """A current value of an attribute, in canonical form and in words, and the ids of the tools that have it."""

    attribute: int
    value: str
    words: str
    tools: list[int]


class MappedTool(TypedDict):
    """A tool with the panel's counts, and the verdicts on it: (reviewer's id, verdict)."""

    slug: str
    name: str
    short_name: str
    ship: int
    seats: int
    verdicts: list[tuple[int, str]]


class MappedCategory(TypedDict):
    """A category with published tools: how many, when the newest verdict was published, and the best that are judged,
    in the order of their ranking, without examples.
    """

    slug: str
    name: str
    total: int
    judged_at: str | None
    tools: list[MappedTool] | None
