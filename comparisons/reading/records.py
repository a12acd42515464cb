"""The shapes of what `comparisons.reading` reads: typed dictionaries, as PostgreSQL builds them in JSON.

Times and days are ISO text. Amounts are exact decimals. Lists are None when empty.
"""

from decimal import Decimal
from typing import TypedDict


class FormerPrice(TypedDict):
    """What a plan cost until it was superseded; times are ISO text."""

    kind: str
    amount: Decimal | None
    currency: str | None
    period: str | None
    unit: str
    until: str


class FormerFact(TypedDict):
    """What a fact said until it was superseded; times are ISO text."""

    value: str
    until: str


class PlanRecord(TypedDict):
    """A standing plan, and what it cost before, newest first; days are ISO text."""

    name: str
    kind: str
    amount: Decimal | None
    currency: str | None
    period: str | None
    unit: str
    source: str
    verified_on: str | None
    was: list[FormerPrice] | None


class FactRecord(TypedDict):
    """A standing fact, and what it said before; `attribute` is the id that lines it up with other tools' facts."""

    attribute: int
    name: str
    value: str
    source: str
    verified_on: str | None
    was: list[FormerFact] | None


class PredictionRecord(TypedDict):
    claim: str
    due_on: str
    outcome: str
    note: str
    source: str


class ReviewRecord(TypedDict):
    """A current review: the edition's id, its reviewer's id, slug, name, lens and seat, whether the panel's numbers
    count it (a lens may leave it out), and what it says; times are ISO text.
    """

    id: int
    reviewer: int
    slug: str
    name: str
    lens: str
    seat: int
    counted: bool
    verdict: str
    quote: str
    flips_if: str
    published_at: str
    predictions: list[PredictionRecord] | None


class CorrectionRecord(TypedDict):
    """What we got wrong about a tool and put right; times are ISO text."""

    note: str
    made_at: str


class ToolRecord(TypedDict):
    """Everything that a column shows, but the votes: they change too often to be kept with it.

    Lists are None when empty; reviews are in seat order, corrections newest first, the rest as entered.

    `ship`, `seats` (counts) and `percent` (0–100, None without a review) are the panel's.
    """

    id: int
    slug: str
    name: str
    tagline: str
    description: str
    website: str
    logo: str
    category_slug: str
    category_name: str
    ship: int
    seats: int
    percent: int | None
    reviews: list[ReviewRecord] | None
    plans: list[PlanRecord] | None
    facts: list[FactRecord] | None
    corrections: list[CorrectionRecord] | None


class PairRecord(TypedDict):
    """A comparison as other pages link to it."""

    first_slug: str
    first_name: str
    second_slug: str
    second_name: str
    category: str


class EditionRecord(TypedDict):
    """A published edition of one seat's review of a tool, current or not; times are ISO text."""

    id: int
    slug: str
    name: str
    seat: int
    verdict: str
    quote: str
    flips_if: str
    published_at: str
    predictions: list[PredictionRecord] | None


class GonePlan(TypedDict):
    """A plan that no standing one of its name follows, with what it cost, newest first."""

    name: str
    was: list[FormerPrice]


class GoneFact(TypedDict):
    """A fact that no standing one of its attribute follows, with its values, newest first."""

    name: str
    was: list[FormerFact]


class HistoryRecord(TypedDict):
    """Lists are None when empty; editions are in seat order, each seat's oldest first."""

    editions: list[EditionRecord] | None
    plans: list[GonePlan] | None
    facts: list[GoneFact] | None
